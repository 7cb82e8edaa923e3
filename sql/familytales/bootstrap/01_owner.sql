-- The role that owns every object of this database. Nobody logs in as it: row level security does not hold for owners,
-- so whoever works as the owner does so on purpose, with SET ROLE.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'familytales_owner') THEN
        CREATE ROLE familytales_owner NOLOGIN;
    END IF;
END
$$;

-- From PostgreSQL 16 on, whoever creates a role may administer it, but not act as it. Creating objects for it needs
-- that.
GRANT familytales_owner TO CURRENT_USER;

-- Before 16 whoever may create roles may change all of them; from then on, only those whose ADMIN OPTION he has. Given
-- here, it survives an upgrade.
DO $$
BEGIN
    IF current_setting('server_version_num')::integer < 160000 THEN
        GRANT familytales_owner TO CURRENT_USER WITH ADMIN OPTION;
    END IF;
END
$$;
