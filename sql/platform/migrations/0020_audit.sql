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

COMMENT ON COLUMN audit.audit_log.user_id IS
    'app.current_user_id of the transaction; no foreign key, since it outlives the account';
COMMENT ON COLUMN audit.audit_log.db_role IS 'The role that logged in, whatever it became with SET ROLE';
COMMENT ON COLUMN audit.audit_log.ip_address IS 'app.client_ip of the transaction: where the pooler stands is no news';
COMMENT ON COLUMN audit.audit_log.request_id IS
    'app.request_id of the transaction, to be found in the logs of the application';

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
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'What is too old is dropped by partition: ops.partition_policy.';
END
$$;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON audit.audit_log
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_change();

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON audit.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

-- Rows that came or went, once for a statement. The trigger's arguments: columns that are left out because they say
-- nothing (updated_at) or are derived (search), and the column that names the organisation.
--
-- The three settings are the application's word for who asks, from where, and in which request. Empty is nobody; what
-- is no uuid or no address is an error, so that a change is not logged under no name by mistake.
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
    IF TG_OP = 'INSERT' THEN
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

-- Changed rows are most of the work, so each table has a function that names its columns: whole rows as jsonb,
-- compared key by key, cost half as much again, most of it for texts of the search that are thrown away at once. This
-- writes that function, as platform_audit, to whom it then belongs.
--
-- A row that did not change is not logged. No nested loop: a plan that was made for one row is kept, and the session's
-- next statement may have a hundred thousand.
CREATE FUNCTION audit.write_update_logger(logger name, of_table regclass, left_out text[], tenant name) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $write$
DECLARE
    fields text[] := ARRAY(SELECT attname FROM pg_attribute
                            WHERE attrelid = of_table AND attnum > 0 AND NOT attisdropped AND attname <> ALL (left_out)
                            ORDER BY attname);
    changed text := (SELECT string_agg(format('CASE WHEN was.%1$I IS DISTINCT FROM became.%1$I THEN %1$L END', field),
                                       ', ')
                       FROM unnest(fields) AS field);
    same    text := replace(changed, 'IS DISTINCT', 'IS NOT DISTINCT');
    before  text := (SELECT string_agg(format('was.%I', field), ', ') FROM unnest(fields) AS field);
    after   text := (SELECT string_agg(format('became.%I', field), ', ') FROM unnest(fields) AS field);
BEGIN
    EXECUTE format($function$
CREATE OR REPLACE FUNCTION audit.%1$I() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET enable_nestloop = off
    SET jit = off
AS $body$
DECLARE
    actor   constant uuid := NULLIF(current_setting('app.current_user_id', true), '');
    address constant inet := NULLIF(current_setting('app.client_ip', true), '');
    request constant text := NULLIF(current_setting('app.request_id', true), '');
BEGIN
    INSERT INTO audit.audit_log (schema_name, table_name, record_id, action, organization_id, user_id, db_role,
                                 ip_address, request_id, transaction_id, old_values, new_values, changed_fields)
    SELECT TG_TABLE_SCHEMA, TG_TABLE_NAME, pair.id, TG_OP, pair.tenant, actor, session_user, address, request,
           pg_current_xact_id(), pair.before - pair.same, pair.after - pair.same, pair.changed
      FROM (SELECT became.id, %2$s AS tenant,
                   array_remove(ARRAY[%3$s], NULL) AS changed,
                   array_remove(ARRAY[%4$s], NULL) AS same,
                   (SELECT to_jsonb(side) FROM (SELECT %5$s) AS side) AS before,
                   (SELECT to_jsonb(side) FROM (SELECT %6$s) AS side) AS after
              FROM old_rows AS was
              JOIN new_rows AS became ON became.id = was.id
            OFFSET 0) AS pair
     WHERE cardinality(pair.changed) > 0;
    RETURN NULL;
END
$body$
$function$, logger, CASE WHEN tenant IS NULL THEN 'NULL::uuid' ELSE format('became.%I', tenant) END,
        changed, same, before, after);
END
$write$;

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

ALTER FUNCTION audit.write_update_logger(name, regclass, text[], name) OWNER TO platform_audit;

SET LOCAL ROLE platform_audit;

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO platform_owner;

GRANT EXECUTE ON FUNCTION audit.log_changes(), audit.write_update_logger(name, regclass, text[], name)
    TO platform_owner;

SET LOCAL ROLE platform_owner;

-- What is audited ----------------------------------------------------
-- To be called again, with the same names, when a column comes or goes (tests/sql/test_audit.py looks at that). A
-- trigger that looks at whole statements is for one kind of them, hence three.
CREATE FUNCTION audit.watch(of_table regclass, left_out text[], tenant name DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bare   constant name := (SELECT relname FROM pg_class WHERE oid = of_table);
    logger constant name := 'log_changes_of_' || bare;
BEGIN
    PERFORM audit.write_update_logger(logger, of_table, left_out, tenant);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION audit.log_changes(%L, %L)',
                   'audit_' || bare || '_insert', of_table, left_out, tenant);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER UPDATE ON %s '
                   'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION audit.%I()',
                   'audit_' || bare || '_update', of_table, logger);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION audit.log_changes(%L, %L)',
                   'audit_' || bare || '_delete', of_table, left_out, tenant);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_truncate()',
                   'audit_' || bare || '_truncate', of_table);
END
$$;

-- audit_users_insert, audit_users_update, audit_users_delete, audit_users_truncate
SELECT audit.watch('auth.users', '{updated_at, search, last_login_at, last_login_ip}');

-- audit_roles_insert, audit_roles_update, audit_roles_delete, audit_roles_truncate
SELECT audit.watch('auth.roles', '{updated_at}');

-- audit_user_roles_insert, audit_user_roles_update, audit_user_roles_delete, audit_user_roles_truncate
SELECT audit.watch('auth.user_roles', '{}');

-- audit_organizations_insert, audit_organizations_update, audit_organizations_delete, audit_organizations_truncate
SELECT audit.watch('app.organizations', '{updated_at, search}', 'id');

-- audit_organization_members_insert, audit_organization_members_update, audit_organization_members_delete,
-- audit_organization_members_truncate
SELECT audit.watch('app.organization_members', '{}', 'organization_id');

-- audit_projects_insert, audit_projects_update, audit_projects_delete, audit_projects_truncate
SELECT audit.watch('app.projects', '{updated_at, search, is_private}', 'organization_id');
