-- Removing partitions, keeping them aside, and taking them back. New objects only.

-- Removing partitions ----------------------------------------------------
-- Delete one portion of what a partition that has expired holds, from the registry, and with it what hangs on it; how
-- many rows. The partition stays attached meanwhile: a row and its comments go together, a crash leaves nothing to
-- clean up, and a row that somebody opens again stays. Detaching first would hide the rows and leave their comments,
-- and dropping a detached table locks the tables that it refers to against everybody.
CREATE FUNCTION ops.purge_partition(partition regclass) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    expired record;
    deleted bigint;
BEGIN
    SELECT * INTO expired FROM ops.expired_partitions() AS one WHERE one.partition = purge_partition.partition;
    IF expired.registry IS NULL OR expired.on_expiry = 'detach' THEN
        RAISE EXCEPTION '% is no partition that is to be purged', partition
            USING HINT = 'SELECT * FROM ops.partition_report says which have expired; '
                         'ops.partition_policy, when they do.';
    END IF;
    -- Whoever has a row locked is at work on it; it is left for the next time.
    EXECUTE format('WITH gone AS (SELECT id FROM ONLY %s WHERE (%s) IS NOT TRUE LIMIT 5000 FOR UPDATE SKIP LOCKED)'
                   ' DELETE FROM %s AS registry USING gone WHERE registry.id = gone.id',
                   partition, coalesce(expired.open_rows, 'false'), expired.registry);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END
$$;

-- One attempt. Writers of the partition are kept away first, so that what is found in it stays true; readers are not,
-- for this reads all of it. A partition that may not go after all is left alone, with a warning.
CREATE FUNCTION ops.try_expire_partition(partition regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET lock_timeout = '50ms'
AS $$
DECLARE
    expired  record;
    held     text;
    present  boolean;
    deadline timestamptz;
    affected regclass[];
BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', partition);
    SELECT * INTO expired FROM ops.expired_partitions() AS one WHERE one.partition = try_expire_partition.partition;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is no partition that has expired', partition
            USING HINT = 'SELECT * FROM ops.partition_report says which have; ops.partition_policy, when they do.';
    END IF;
    held := ops.held_because(partition, expired.open_rows);
    IF held IS NULL AND expired.registry IS NOT NULL AND expired.on_expiry <> 'detach' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM ONLY %s)', partition) INTO present;
        held := CASE WHEN present THEN 'rows that are not purged yet' END;
    END IF;
    IF held IS NOT NULL THEN
        RAISE WARNING '% has expired but is kept, because it has %', partition, held;
        RETURN;
    END IF;
    affected := (SELECT array_agg(other ORDER BY other) FROM (
                     SELECT partition UNION SELECT one.partition FROM ops.partition_bounds(expired.parent) AS one
                      WHERE one.is_default) AS those (other));
    deadline := clock_timestamp() + interval '50 ms';
    PERFORM ops.lock_together(deadline, 'ACCESS EXCLUSIVE', VARIADIC expired.parent || affected);
    IF expired.on_expiry = 'detach' THEN
        PERFORM ops.lock_together(deadline, 'SHARE ROW EXCLUSIVE',
                                  VARIADIC ops.referenced_tables(expired.parent));
        PERFORM ops.detach_into_archive(expired.parent, partition, expired.lower_bound, expired.upper_bound);
    ELSE
        EXECUTE format('DROP TABLE %s', partition);
    END IF;
END
$$;

CREATE FUNCTION ops.expire_partition(partition regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM ops.patiently(format('SELECT ops.try_expire_partition(%L)', partition));
END
$$;

-- The table keeps its rows, keys and rights; what refers to its rows refers to their registry, and stays valid. Rows
-- that came late may have made a second partition of the same days, which then gets a number, as do its indexes.
CREATE FUNCTION ops.detach_into_archive(of_parent regclass, partition regclass,
                                        lower_bound timestamptz, upper_bound timestamptz) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    leaf_name constant name := (SELECT relname FROM pg_class WHERE oid = partition);
    free_name name          := leaf_name;
    number    integer       := 1;
    index_    name;
BEGIN
    EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', of_parent, partition);
    WHILE to_regclass(format('archive.%I', free_name)) IS NOT NULL LOOP
        number := number + 1;
        free_name := format('%s_%s', leaf_name, number);
    END LOOP;
    IF free_name <> leaf_name THEN
        EXECUTE format('ALTER TABLE %s RENAME TO %I', partition, free_name);
        FOR index_ IN SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = partition LOOP
            EXECUTE format('ALTER INDEX part.%I RENAME TO %I', index_, format('%s_%s', left(index_, 58), number));
        END LOOP;
    END IF;
    EXECUTE format('ALTER TABLE %s SET SCHEMA archive', partition);
    PERFORM ops.note_detached(partition, of_parent, lower_bound, upper_bound);
END
$$;

CREATE FUNCTION ops.try_attach_partition(partition regclass, of_parent regclass,
                                         lower_bound timestamptz, upper_bound timestamptz) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO'
    SET lock_timeout = '50ms'
AS $$
DECLARE
    conflict record;
    leaf_name constant name := (SELECT relname FROM pg_class WHERE oid = partition);
    key       constant name := (SELECT own.key FROM ops.partition_policies() AS own WHERE own.parent = of_parent);
BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', of_parent);
    SELECT * INTO conflict FROM ops.partition_conflict(of_parent, leaf_name, lower_bound, upper_bound);
    IF conflict.problem IS NOT NULL THEN
        RAISE EXCEPTION '%', conflict.problem USING ERRCODE = 'duplicate_table', HINT = conflict.mend;
    END IF;
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT bounds CHECK (%I IS NOT NULL AND %I >= %L AND %I < %L)',
                   partition, key, key, lower_bound, key, upper_bound);
    EXECUTE format('ALTER TABLE %s SET SCHEMA part', partition);
    PERFORM ops.copy_open_policies(of_parent, partition);
    PERFORM ops.attach_leaf(of_parent, partition, key, 'ACCESS EXCLUSIVE', lower_bound, upper_bound);
END
$$;

-- Bring a partition back from the archive, for a while: then it is detached again, having expired.
CREATE FUNCTION ops.attach_partition(name text, stays interval DEFAULT '7 days') RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
    SET datestyle = 'ISO'
AS $$
DECLARE
    was record;
BEGIN
    SELECT * INTO was FROM ops.find_detached(name);
    IF NOT FOUND OR was.attached_until IS NOT NULL THEN
        RAISE EXCEPTION 'there is no detached partition %', name
            USING ERRCODE = 'undefined_table', HINT = 'SELECT * FROM ops.detached_partitions lists them.';
    END IF;
    PERFORM ops.patiently(format('SELECT ops.try_attach_partition(%L, %L, %L, %L)', was.partition, was.parent,
                                 was.lower_bound, was.upper_bound));
    PERFORM ops.note_attached(was.partition, now() + stays);
END
$$;
