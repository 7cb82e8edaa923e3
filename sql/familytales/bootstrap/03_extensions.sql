-- Statistics of every query. The schema itself needs no extension, so a server without this one is as good. Whether the
-- master user may create it no catalog tells (on RDS he may, though it asks for a superuser), so it is tried.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_available_extensions
                WHERE name = 'pg_stat_statements' AND installed_version IS NULL) THEN
        CREATE EXTENSION pg_stat_statements WITH SCHEMA public;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'pg_stat_statements is there, but % may not create it', current_user;
END
$$;
