-- role: familytales_audit
-- The same for the audit log, as its owner.
ANALYZE audit.audit_log;
