-- The schemas, and what every later file builds on. New objects only: no lock that anybody could wait for.

-- A function may be called by everybody unless it is said otherwise, also one that runs with its owner's rights.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE SCHEMA familytales;
COMMENT ON SCHEMA familytales IS 'Families, their members, and their memories';

CREATE SCHEMA ops;
COMMENT ON SCHEMA ops IS 'Maintenance: triggers and partitions';

-- A policy on a partitioned table does not hold for its partitions when these are named directly. Here they cannot be:
-- no application role is ever given USAGE on this schema.
CREATE SCHEMA part;
COMMENT ON SCHEMA part IS 'The partitions; reached through their parents only';

-- An UPDATE that sets updated_at itself (an import, say) keeps its value.
CREATE FUNCTION ops.trigger_set_timestamp() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END
$$;

-- Dates are days in UTC, whatever the session's time zone: else the bounds of neighbours would gape or overlap.
-- The partition is made first and attached then, since that lets readers and writers of the parent go on.
CREATE FUNCTION ops.create_partition(parent_table regclass, partition_name text, start_date date, end_date date)
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
BEGIN
    EXECUTE format('CREATE TABLE part.%I (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)',
                   partition_name, parent_table);
    EXECUTE format('ALTER TABLE part.%I ENABLE ROW LEVEL SECURITY', partition_name);
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION part.%I FOR VALUES FROM (%L) TO (%L)',
                   parent_table, partition_name, start_date::timestamptz, end_date::timestamptz);
END
$$;

-- Rows for which no partition was made in time land in the default partition instead of failing.
CREATE FUNCTION ops.create_default_partition(parent_table regclass, partition_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE TABLE part.%I PARTITION OF %s DEFAULT', partition_name, parent_table);
    EXECUTE format('ALTER TABLE part.%I ENABLE ROW LEVEL SECURITY', partition_name);
END
$$;

-- Years are counted from the running one: 0 is this year, -1 the last one.
CREATE FUNCTION ops.create_years(parent_table regclass, prefix text, first_year integer, last_year integer)
    RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    year date;
BEGIN
    FOR distance IN first_year..last_year LOOP
        year := date_trunc('year', now()) + make_interval(years => distance);
        PERFORM ops.create_partition(parent_table, prefix || to_char(year, '_YYYY'),
                                     year, (year + interval '1 year')::date);
    END LOOP;
END
$$;
