-- Ids that grow with time. A random id lands anywhere in its index, so that nearly each insert dirties a page of its
-- own and writes that whole page to the WAL after a checkpoint; neighbours in time are neighbours in the index.
--
-- UUID version 7 (RFC 9562): 48 bits of milliseconds, the version, 12 bits of the fraction of the millisecond, 62
-- random bits. Within one session they never go back while the clock does not. It has no fixed search_path, which
-- would cost as much again: it runs with its caller's rights.
CREATE FUNCTION ops.uuid_v7() RETURNS uuid
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
AS $$
DECLARE
    microseconds constant bigint := extract(epoch FROM clock_timestamp()) * 1000000;
BEGIN
    -- From the 20th character on, a random uuid has its variant and the random bits behind it.
    RETURN lpad(to_hex(microseconds / 1000), 12, '0')
           || '7' || lpad(to_hex(microseconds % 1000 * 4096 / 1000), 3, '0')
           || substr(gen_random_uuid()::text, 20);
END
$$;
