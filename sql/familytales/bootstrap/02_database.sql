-- By default every role of the instance may connect and make temporary tables. Here only those that are named may.
-- The statements stand in a block because the database may have any name.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO familytales_owner', current_database());
END
$$;

-- Nothing of the service lives in public but the ledger of migrations, which belongs to the owner.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO familytales_owner;

-- A dump reads the ledger, too.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'familytales_backup') THEN
        GRANT USAGE ON SCHEMA public TO familytales_backup;
    END IF;
END
$$;
