-- What is audited, by the functions of the last file. The same tables, columns and triggers as before; each table is
-- locked for a moment (SHARE ROW EXCLUSIVE).
SELECT audit.watch('auth.users', '{updated_at, search, last_login_at, last_login_ip}');

SELECT audit.watch('auth.roles', '{updated_at}');

SELECT audit.watch('auth.user_roles', '{}');

SELECT audit.watch('app.organizations', '{updated_at, search}', 'id');

SELECT audit.watch('app.organization_members', '{}', 'organization_id');

SELECT audit.watch('app.projects', '{updated_at, search, is_private}', 'organization_id');

SET LOCAL ROLE platform_audit;

DROP FUNCTION audit.log_changes();

SET LOCAL ROLE platform_owner;
