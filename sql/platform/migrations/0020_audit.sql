-- The audit log: who changed which row, from what to what. It belongs to platform_audit, and so does the function that
-- writes it; nobody else can add, change or remove a row. New objects, and triggers on tables that are locked for a
-- moment (SHARE ROW EXCLUSIVE).

CREATE TABLE audit.audit_log (
    id              bigint       NOT NULL GENERATED ALWAYS AS IDENTITY,
    schema_name     name         NOT NULL,
    table_name      name         NOT NULL,
    record_id       uuid         NOT NULL,
    action          varchar(20)  NOT NULL CHECK (action IN ('INSERT', 'UPDATE', 'DELETE')),
    organization_id uuid,
    user_id         uuid,
    db_role         name         NOT NULL,
    ip_address      inet,
    request_id      text,
    transaction_id  xid8         NOT NULL,
    old_values      jsonb,
    new_values      jsonb,
    changed_fields  text[],
    created_at      timestamptz  NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

COMMENT ON COLUMN audit.audit_log.user_id IS 'app.current_user_id of the transaction; no foreign key, since it outlives the account';
COMMENT ON COLUMN audit.audit_log.db_role IS 'The role that logged in, whatever it became with SET ROLE';
COMMENT ON COLUMN audit.audit_log.ip_address IS 'app.client_ip of the transaction: where the pooler stands is no news';
COMMENT ON COLUMN audit.audit_log.request_id IS 'app.request_id of the transaction, to be found in the logs of the application';

CREATE INDEX idx_audit_table_record ON audit.audit_log (record_id, created_at DESC);
CREATE INDEX idx_audit_user_id ON audit.audit_log (user_id, created_at DESC) WHERE user_id IS NOT NULL;
CREATE INDEX idx_audit_org_id ON audit.audit_log (organization_id, created_at DESC) WHERE organization_id IS NOT NULL;

ALTER TABLE audit.audit_log ENABLE ROW LEVEL SECURITY;

SELECT ops.create_default_partition('audit.audit_log', 'audit_log_default');
SELECT ops.create_months('audit.audit_log', 'audit_log', 0, 6);

INSERT INTO ops.partition_policy (parent, every, premake, keep, on_expiry, leaf_options, prefix)
VALUES ('audit.audit_log', '1 month', 6, '24 months', 'drop',
        ARRAY['autovacuum_vacuum_scale_factor=0.1', 'autovacuum_analyze_scale_factor=0.05'], 'audit_log');

CREATE FUNCTION audit.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: no % of %.%', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', HINT = 'What is too old is dropped by partition: ops.partition_policy.';
END
$$;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON audit.audit_log
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON audit.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

-- Once for a statement: the rows before and after are there as two tables. A row that did not change is not logged. What
-- the trigger names is left out: columns that say nothing (updated_at), or that the database derives (search).
--
-- The three settings are the application's word for who asks, from where, and in which request. Empty is nobody; what is
-- no uuid or no address is an error, so that a change is not logged under no name by mistake.
CREATE FUNCTION audit.log_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    actor    constant uuid   := NULLIF(current_setting('app.current_user_id', true), '');
    address  constant inet   := NULLIF(current_setting('app.client_ip', true), '');
    request  constant text   := NULLIF(current_setting('app.request_id', true), '');
    left_out constant text[] := TG_ARGV[0];
    tenant   constant text   := TG_ARGV[1];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO audit.audit_log (schema_name, table_name, record_id, action, organization_id, user_id, db_role,
                                     ip_address, request_id, transaction_id, old_values, new_values, changed_fields)
        SELECT TG_TABLE_SCHEMA, TG_TABLE_NAME, pair.id, TG_OP, (pair.after ->> tenant)::uuid, actor, session_user,
               address, request, pg_current_xact_id(), change.before, change.after, change.fields
          -- Both sides of a row are brought together by grouping: a join would be planned for one row and kept, and
          -- the session's next statement may have a hundred thousand. OFFSET 0 keeps the planner from writing each
          -- row out once for every use of it.
          FROM (SELECT side.id,
                       (array_agg(side.row) FILTER (WHERE NOT side.is_new))[1] AS before,
                       (array_agg(side.row) FILTER (WHERE side.is_new))[1] - left_out AS after
                  FROM (SELECT was.id, false AS is_new, to_jsonb(was) AS row FROM old_rows AS was
                        UNION ALL
                        SELECT became.id, true, to_jsonb(became) FROM new_rows AS became) AS side
                 GROUP BY side.id
                OFFSET 0) AS pair
         CROSS JOIN LATERAL (
               SELECT array_agg(field.key ORDER BY field.key) AS fields,
                      jsonb_object_agg(field.key, pair.before -> field.key) AS before,
                      jsonb_object_agg(field.key, field.value) AS after
                 FROM jsonb_each(pair.after) AS field
                WHERE field.value IS DISTINCT FROM pair.before -> field.key) AS change
         WHERE change.fields IS NOT NULL;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO audit.audit_log (schema_name, table_name, record_id, action, organization_id, user_id, db_role,
                                     ip_address, request_id, transaction_id, new_values)
        SELECT TG_TABLE_SCHEMA, TG_TABLE_NAME, row.id, TG_OP, (row.values ->> tenant)::uuid, actor, session_user,
               address, request, pg_current_xact_id(), row.values - left_out
          FROM (SELECT became.id, to_jsonb(became) AS values FROM new_rows AS became OFFSET 0) AS row;
    ELSE
        INSERT INTO audit.audit_log (schema_name, table_name, record_id, action, organization_id, user_id, db_role,
                                     ip_address, request_id, transaction_id, old_values)
        SELECT TG_TABLE_SCHEMA, TG_TABLE_NAME, row.id, TG_OP, (row.values ->> tenant)::uuid, actor, session_user,
               address, request, pg_current_xact_id(), row.values - left_out
          FROM (SELECT was.id, to_jsonb(was) AS values FROM old_rows AS was OFFSET 0) AS row;
    END IF;
    RETURN NULL;
END
$$;

-- A TRUNCATE has no rows to log, so audited tables take none.
CREATE FUNCTION audit.refuse_truncate() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '%.% is audited, and TRUNCATE would leave no trace', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', HINT = 'Use DELETE.';
END
$$;

-- A trigger that looks at whole statements is for one kind of them, so each table has three. The arguments: columns that
-- are left out, and the column that names the organisation.
DO $$
DECLARE
    audited   text[];
    kind      text[];
BEGIN
    FOREACH audited SLICE 1 IN ARRAY ARRAY[
        ['auth.users',               'audit_users',                '{updated_at,search,last_login_at,last_login_ip}', ''],
        ['auth.roles',               'audit_roles',                '{updated_at}',        ''],
        ['auth.user_roles',          'audit_user_roles',           '{}',                  ''],
        ['app.organizations',        'audit_organizations',        '{updated_at,search}', 'id'],
        ['app.organization_members', 'audit_organization_members', '{}',                  'organization_id'],
        ['app.projects',             'audit_projects',             '{updated_at,search,is_private}', 'organization_id']
    ] LOOP
        FOREACH kind SLICE 1 IN ARRAY ARRAY[
            ['insert', 'REFERENCING NEW TABLE AS new_rows'],
            ['update', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'],
            ['delete', 'REFERENCING OLD TABLE AS old_rows']
        ] LOOP
            EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT '
                           'EXECUTE FUNCTION audit.log_changes(%L, %L)',
                           audited[2] || '_' || kind[1], kind[1], audited[1], kind[2], audited[3], audited[4]);
        END LOOP;
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
                       'EXECUTE FUNCTION audit.refuse_truncate()', audited[2] || '_truncate', audited[1]);
    END LOOP;
END
$$;

-- From here on the log is platform_audit's ----------------------------------------------------
-- CREATE on the schemas is what an owner of something in them must have.
GRANT USAGE, CREATE ON SCHEMA audit TO platform_audit;

SELECT ops.let_maintain_partitions('platform_audit');

ALTER TABLE audit.audit_log OWNER TO platform_audit;

DO $$
DECLARE
    leaf regclass;
BEGIN
    FOR leaf IN SELECT inhrelid::regclass FROM pg_catalog.pg_inherits
                 WHERE inhparent = 'audit.audit_log'::regclass LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO platform_audit', leaf);
    END LOOP;
END
$$;

ALTER FUNCTION audit.log_changes() OWNER TO platform_audit;

ALTER FUNCTION audit.refuse_change() OWNER TO platform_audit;
