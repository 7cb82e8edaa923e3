-- The functions that write the audit log become those of every service (the next file). They want to know what the log
-- calls a tenant, and note the user agent. What they replace goes. Each table is locked for a moment.
ALTER FUNCTION audit.refuse_truncate() OWNER TO platform_audit;

-- lint: allow drop-function: the next file makes it again, for the role that the log belongs to
DROP FUNCTION audit.watch(regclass, text[], name);

SET LOCAL ROLE platform_audit;

ALTER TABLE audit.audit_log ADD COLUMN user_agent text;

CREATE FUNCTION audit.tenant_column() RETURNS name
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 'organization_id'::name;

DROP FUNCTION audit.write_update_logger(name, regclass, text[], name);

SET LOCAL ROLE platform_owner;
