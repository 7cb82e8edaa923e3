-- pg_stat_statements: statistics of every query. pg_trgm: search by a part of a name. The schema needs neither, so a
-- server without them is as good. Whether the master user may create one no catalog tells (on RDS he may, though it
-- asks for a superuser), so it is tried.
DO $$
DECLARE
    wanted name;
BEGIN
    FOR wanted IN SELECT name FROM pg_catalog.pg_available_extensions
                   WHERE name IN ('pg_stat_statements', 'pg_trgm') AND installed_version IS NULL LOOP
        BEGIN
            EXECUTE format('CREATE EXTENSION %I WITH SCHEMA public', wanted);
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE NOTICE '% is there, but % may not create it', wanted, current_user;
        END;
    END LOOP;
END
$$;
