-- What was for once and is over: sessions and tokens a month after they expired (somebody may ask what happened),
-- invitations that nobody accepted, roles that were given for a time.
DELETE FROM auth.sessions WHERE expires_at < now() - interval '30 days';

DELETE FROM auth.password_reset_tokens WHERE expires_at < now() - interval '30 days';

DELETE FROM auth.email_verification_tokens WHERE expires_at < now() - interval '30 days';

DELETE FROM app.invitations WHERE accepted_at IS NULL AND expires_at < now() - interval '30 days';

DELETE FROM auth.user_roles WHERE expires_at < now() - interval '30 days';
