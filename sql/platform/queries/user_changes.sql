-- What somebody changed, newest first.
-- role: platform_support
-- uses: idx_audit_user_id
SELECT created_at, schema_name, table_name, record_id, action, changed_fields
  FROM audit.audit_log
 WHERE user_id = %(user)s
 ORDER BY created_at DESC
 LIMIT 100;
