-- What was changed in an organisation, newest first.
-- role: platform_support
-- uses: idx_audit_org_id
SELECT created_at, schema_name, table_name, record_id, action, user_id, changed_fields
  FROM audit.audit_log
 WHERE organization_id = %(organization)s
 ORDER BY created_at DESC
 LIMIT 100;
