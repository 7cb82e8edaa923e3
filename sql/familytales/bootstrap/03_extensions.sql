-- pg_stat_statements: statistics of every query. vector (pgvector): search by meaning. The schema needs neither: without
-- vector there is no table content_embeddings, and jobs/embeddings.sql makes it when the extension has come. Whether
-- the master user may create one no catalog tells (on RDS he may, though it asks for a superuser), so it is tried.
DO $$
DECLARE
    wanted name;
BEGIN
    FOR wanted IN SELECT name FROM pg_catalog.pg_available_extensions
                   WHERE name IN ('pg_stat_statements', 'vector') AND installed_version IS NULL LOOP
        BEGIN
            EXECUTE format('CREATE EXTENSION %I WITH SCHEMA public', wanted);
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE NOTICE '% is there, but % may not create it', wanted, current_user;
        END;
    END LOOP;
END
$$;

-- Whoever writes or searches embeddings names their type, which lives in public.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'vector') THEN
        GRANT USAGE ON SCHEMA public TO familytales_app, familytales_media;
    END IF;
END
$$;
