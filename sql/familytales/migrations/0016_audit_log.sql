-- The audit log: who did what that matters, from what to what. It belongs to familytales_audit, and so do the functions
-- that write it; nobody else can add, change or remove a row. New objects only.

CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'The audit log and what writes it';

-- As the design has it, with a family, the role and the transaction beside. user_id may be nobody: jobs and staff
-- change things, too.
CREATE TABLE audit.audit_log (
    id             uuid         NOT NULL DEFAULT gen_random_uuid(),
    user_id        uuid,
    action         varchar(100) NOT NULL CHECK (action <> ''),
    schema_name    name         NOT NULL,
    table_name     varchar(100) NOT NULL,
    record_id      uuid,
    family_id      uuid,
    old_values     jsonb,
    new_values     jsonb,
    changed_fields text[],
    ip_address     inet,
    user_agent     text,
    request_id     text,
    db_role        name         NOT NULL,
    transaction_id xid8         NOT NULL,
    created_at     timestamptz  NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

COMMENT ON COLUMN audit.audit_log.user_id IS
    'app.current_user_id of the transaction; no foreign key, since it outlives the account';
COMMENT ON COLUMN audit.audit_log.db_role IS 'The role that logged in, whatever it became with SET ROLE';
COMMENT ON COLUMN audit.audit_log.ip_address IS 'app.client_ip of the transaction: where the pooler stands is no news';
COMMENT ON COLUMN audit.audit_log.request_id IS
    'app.request_id of the transaction, to be found in the logs of the application';

CREATE INDEX idx_audit_log_user ON audit.audit_log (user_id, created_at DESC) WHERE user_id IS NOT NULL;
CREATE INDEX idx_audit_log_action ON audit.audit_log (action, created_at DESC);
CREATE INDEX idx_audit_log_family ON audit.audit_log (family_id, created_at DESC) WHERE family_id IS NOT NULL;
CREATE INDEX idx_audit_log_record ON audit.audit_log (record_id, created_at DESC);

-- Few rows a month, and asked by time: the seven years that content is kept are too long for addresses of people.
CREATE INDEX idx_audit_log_created ON audit.audit_log (created_at);

ALTER TABLE audit.audit_log ENABLE ROW LEVEL SECURITY;

SELECT ops.create_default_partition('audit.audit_log', 'audit_log_default');

INSERT INTO ops.partition_policy (parent, every, premake, keep, on_expiry, leaf_options, prefix)
VALUES ('audit.audit_log', '1 month', 6, '24 months', 'drop',
        ARRAY['autovacuum_vacuum_scale_factor=0.1', 'autovacuum_analyze_scale_factor=0.05'], 'audit_log');

DO $$
DECLARE
    step text;
BEGIN
    FOR step IN SELECT run FROM ops.partitions_to_create('audit.audit_log') LOOP
        EXECUTE step;
    END LOOP;
END
$$;

-- From here on the log is familytales_audit's ----------------------------------------------------
-- CREATE on the schemas is what an owner of something in them must have.
GRANT USAGE, CREATE ON SCHEMA audit TO familytales_audit;

SELECT ops.let_maintain_partitions('familytales_audit');

ALTER TABLE audit.audit_log OWNER TO familytales_audit;

DO $$
DECLARE
    leaf regclass;
BEGIN
    FOR leaf IN SELECT inhrelid::regclass FROM pg_catalog.pg_inherits
                 WHERE inhparent = 'audit.audit_log'::regclass LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO familytales_audit', leaf);
    END LOOP;
END
$$;

SET LOCAL ROLE familytales_audit;

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO familytales_owner;

CREATE FUNCTION audit.tenant_column() RETURNS name
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 'family_id'::name;

-- A dump reads partitions one by one, and those to come have the same rights.
CREATE POLICY backup_read ON audit.audit_log FOR SELECT TO familytales_backup USING (true);

SELECT ops.copy_open_policies('audit.audit_log');

ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO familytales_backup;

DO $$
DECLARE
    wanted regclass;
BEGIN
    FOR wanted IN SELECT oid::regclass FROM pg_catalog.pg_class
                   WHERE relkind IN ('r', 'p') AND relowner = 'familytales_audit'::regrole LOOP
        EXECUTE format('GRANT SELECT ON %s TO familytales_backup', wanted);
    END LOOP;
END
$$;

-- Something that is no change of a row: a family handed over, a user erased, a year brought back.
CREATE FUNCTION audit.note(action text, of_table regclass, record_id uuid, family_id uuid, new_values jsonb)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO audit.audit_log (schema_name, table_name, record_id, action, family_id, user_id, db_role, ip_address,
                                 user_agent, request_id, transaction_id, new_values)
    SELECT relnamespace::regnamespace, relname, note.record_id, note.action, note.family_id,
           NULLIF(current_setting('app.current_user_id', true), '')::uuid, session_user,
           NULLIF(current_setting('app.client_ip', true), '')::inet,
           left(NULLIF(current_setting('app.user_agent', true), ''), 500),
           left(NULLIF(current_setting('app.request_id', true), ''), 200),
           pg_current_xact_id(), note.new_values
      FROM pg_class WHERE oid = of_table;
END
$$;

SET LOCAL ROLE familytales_owner;
