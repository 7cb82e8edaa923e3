-- By default every role of the instance may connect and make temporary tables. Here only those that are named may.
-- The statements stand in a block because the database may have any name.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    -- REFRESH MATERIALIZED VIEW CONCURRENTLY compares through a temporary table.
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO platform_owner', current_database());
END
$$;

-- Nothing of the service lives in public but the ledger of migrations, which belongs to the owner.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO platform_owner;

-- A dump reads the ledger, too.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'platform_backup') THEN
        GRANT USAGE ON SCHEMA public TO platform_backup;
    END IF;
END
$$;
