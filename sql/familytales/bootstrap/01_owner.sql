-- The roles that own the objects of this database. Nobody logs in as them: row level security does not hold for owners,
-- so whoever works as one does so on purpose, with SET ROLE.
--
-- familytales_owner  everything but what the next two own
-- familytales_authz  the functions that policies ask, and the searches: it may read what they read, and write nothing
-- familytales_audit  the audit log and the function that writes it, so that nobody else can
DO $$
DECLARE
    wanted name;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['familytales_owner', 'familytales_authz', 'familytales_audit'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
END
$$;

-- A policy for a role holds for whoever inherits from it, and so does a privilege. The owner only becomes one of the
-- other two, with SET ROLE, to make what shall be theirs.
ALTER ROLE familytales_owner NOINHERIT;

-- From PostgreSQL 16 on, whoever creates a role may administer it, but not act as it. Creating objects for it needs
-- that.
GRANT familytales_owner TO CURRENT_USER;
GRANT familytales_authz, familytales_audit TO familytales_owner;

-- Before 16 whoever may create roles may change all of them; from then on, only those whose ADMIN OPTION he has. Given
-- here, it survives an upgrade.
DO $$
BEGIN
    IF current_setting('server_version_num')::integer < 160000 THEN
        GRANT familytales_owner, familytales_authz, familytales_audit TO CURRENT_USER WITH ADMIN OPTION;
    END IF;
END
$$;
