-- Staff look for a customer by a part of the name or address. Where pg_trgm is installed, an index serves that; where
-- it is not, the same question reads the table.
DO $$
DECLARE
    home name := (SELECT extnamespace::regnamespace::name FROM pg_catalog.pg_extension WHERE extname = 'pg_trgm');
BEGIN
    IF home IS NOT NULL THEN
        EXECUTE format('CREATE INDEX idx_users_names ON auth.users USING gin '
                       '((coalesce(first_name, '''') || '' '' || coalesce(last_name, '''') || '' '' || email) '
                       '%I.gin_trgm_ops)', home);
        EXECUTE format('CREATE INDEX idx_organizations_names ON app.organizations USING gin '
                       '(name %I.gin_trgm_ops)', home);
    END IF;
END
$$;
