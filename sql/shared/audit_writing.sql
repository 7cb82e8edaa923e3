-- What writes the audit log: the same in every service. A service has a table audit.audit_log, which names the tenant
-- of a row in a column of its own, and a function audit.tenant_column() that says which; both are made before this, and
-- belong to the role that the log belongs to. As that role this file makes its functions, so that nobody else can
-- change them. New and replaced functions only.
SELECT set_config('role', relowner::regrole::text, true) FROM pg_catalog.pg_class
 WHERE oid = 'audit.audit_log'::regclass;

CREATE OR REPLACE FUNCTION audit.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: no % of %.%', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'What is too old is dropped by partition: ops.partition_policy.';
END
$$;

-- A TRUNCATE has no rows to log, so audited tables take none.
CREATE OR REPLACE FUNCTION audit.refuse_truncate() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '%.% is audited, and TRUNCATE would leave no trace', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', HINT = 'Use DELETE.';
END
$$;

-- Write the function that logs the changes of one table: rows that came, went or changed, once for a statement. It
-- names the columns of the table: whole rows as jsonb, compared key by key, cost half as much again, most of it for
-- texts of the search that are thrown away at once. It runs as the owner of the log, to whom it belongs.
--
-- left_out are columns that say nothing (updated_at), are derived (search), or must not be kept for years (an address);
-- tenant is the column that names the tenant, if there is one. A row that did not change is not logged. No nested loop:
-- a plan that was made for one row is kept, and the session's next statement may have a hundred thousand.
--
-- The settings are the application's word for who asks, from where, with what, and in which request. Empty is nobody;
-- what is no uuid or no address is an error, so that a change is not logged under no name by mistake. The last two come
-- from strangers, and are cut where nobody reads on.
CREATE FUNCTION audit.write_logger(logger name, of_table regclass, left_out text[], tenant name) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $write$
DECLARE
    fields  text[] := ARRAY(SELECT attname FROM pg_attribute
                             WHERE attrelid = of_table AND attnum > 0 AND NOT attisdropped
                               AND attname <> ALL (left_out)
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
    agent   constant text := left(NULLIF(current_setting('app.user_agent', true), ''), 500);
    request constant text := left(NULLIF(current_setting('app.request_id', true), ''), 200);
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO audit.audit_log (schema_name, table_name, record_id, action, %7$I, user_id, db_role, ip_address,
                                     user_agent, request_id, transaction_id, new_values)
        SELECT TG_TABLE_SCHEMA, TG_TABLE_NAME, became.id, TG_OP, %8$s, actor, session_user, address, agent, request,
               pg_current_xact_id(), (SELECT to_jsonb(side) FROM (SELECT %6$s) AS side)
          FROM new_rows AS became;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO audit.audit_log (schema_name, table_name, record_id, action, %7$I, user_id, db_role, ip_address,
                                     user_agent, request_id, transaction_id, old_values)
        SELECT TG_TABLE_SCHEMA, TG_TABLE_NAME, was.id, TG_OP, %2$s, actor, session_user, address, agent, request,
               pg_current_xact_id(), (SELECT to_jsonb(side) FROM (SELECT %5$s) AS side)
          FROM old_rows AS was;
    ELSE
        INSERT INTO audit.audit_log (schema_name, table_name, record_id, action, %7$I, user_id, db_role, ip_address,
                                     user_agent, request_id, transaction_id, old_values, new_values, changed_fields)
        SELECT TG_TABLE_SCHEMA, TG_TABLE_NAME, pair.id, TG_OP, pair.tenant, actor, session_user, address, agent,
               request, pg_current_xact_id(), pair.before - pair.same, pair.after - pair.same, pair.changed
          FROM (SELECT became.id, %8$s AS tenant,
                       array_remove(ARRAY[%3$s], NULL) AS changed,
                       array_remove(ARRAY[%4$s], NULL) AS same,
                       (SELECT to_jsonb(side) FROM (SELECT %5$s) AS side) AS before,
                       (SELECT to_jsonb(side) FROM (SELECT %6$s) AS side) AS after
                  FROM old_rows AS was
                  JOIN new_rows AS became ON became.id = was.id
                OFFSET 0) AS pair
         WHERE cardinality(pair.changed) > 0;
    END IF;
    RETURN NULL;
END
$body$
$function$, logger, CASE WHEN tenant IS NULL THEN 'NULL::uuid' ELSE format('was.%I', tenant) END,
        changed, same, before, after, audit.tenant_column(),
        CASE WHEN tenant IS NULL THEN 'NULL::uuid' ELSE format('became.%I', tenant) END);
END
$write$;

-- Log the changes of a table from now on. To be called by the owner of the table, and again, with the same names, when
-- a column of it comes or goes. A trigger that looks at whole statements is for one kind of them, hence three.
CREATE FUNCTION audit.watch(of_table regclass, left_out text[], tenant name DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bare   constant name := (SELECT relname FROM pg_class WHERE oid = of_table);
    logger constant name := 'log_changes_of_' || bare;
BEGIN
    PERFORM audit.write_logger(logger, of_table, left_out, tenant);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION audit.%I()',
                   'audit_' || bare || '_insert', of_table, logger);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER UPDATE ON %s '
                   'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION audit.%I()',
                   'audit_' || bare || '_update', of_table, logger);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION audit.%I()',
                   'audit_' || bare || '_delete', of_table, logger);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_truncate()',
                   'audit_' || bare || '_truncate', of_table);
END
$$;

DO $$
DECLARE
    owner constant name := (SELECT nspowner::regrole::text FROM pg_catalog.pg_namespace WHERE nspname = 'ops');
BEGIN
    EXECUTE format('GRANT EXECUTE ON FUNCTION audit.refuse_change(), audit.refuse_truncate(),'
                   ' audit.write_logger(name, regclass, text[], name), audit.watch(regclass, text[], name) TO %s',
                   owner);
    PERFORM pg_catalog.set_config('role', owner, true);
END
$$;
