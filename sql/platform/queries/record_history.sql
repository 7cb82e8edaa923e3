-- Who changed a row, newest first.
-- role: platform_support
-- uses: idx_audit_table_record
SELECT created_at, action, user_id, db_role, changed_fields, old_values, new_values
  FROM audit.audit_log
 WHERE record_id = %(record)s
 ORDER BY created_at DESC
 LIMIT 100;
