-- The invitations of an organisation, newest first, for its admins.
-- role: platform_app
-- uses: idx_invitations_organization_id
SELECT id, email, role, invited_by, expires_at, accepted_at, revoked_at, created_at
  FROM app.invitations
 WHERE organization_id = %(organization)s
 ORDER BY created_at DESC
 LIMIT 50;
