-- The role that owns every object of this database. Nobody logs in as it: row level security does not hold for owners,
-- so whoever works as the owner does so on purpose, with SET ROLE.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'platform_owner') THEN
        CREATE ROLE platform_owner NOLOGIN;
    END IF;
END
$$;

-- From PostgreSQL 16 on, whoever creates a role may administer it, but not act as it. Creating objects for it needs
-- that.
GRANT platform_owner TO CURRENT_USER;
