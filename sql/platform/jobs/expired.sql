-- What was for once and is over: sessions and tokens a month after they expired (somebody may ask what happened),
-- invitations that nobody accepted, roles that were given for a time. In portions, each a transaction of its own, so
-- that the first run on a table of years holds nothing up. The conditions stand twice: a row that somebody has just
-- changed is looked at once more, by those of the DELETE alone.
SELECT 'DELETE FROM auth.sessions WHERE id = ANY (ARRAY(SELECT id FROM auth.sessions'
       ' WHERE expires_at < now() - interval ''30 days'' LIMIT 5000))'
       ' AND expires_at < now() - interval ''30 days''' AS run
  FROM generate_series(1, (SELECT (count(*) + 4999) / 5000 FROM auth.sessions
                            WHERE expires_at < now() - interval '30 days'));

SELECT 'DELETE FROM auth.password_reset_tokens WHERE id = ANY (ARRAY(SELECT id FROM auth.password_reset_tokens'
       ' WHERE expires_at < now() - interval ''30 days'' LIMIT 5000))'
       ' AND expires_at < now() - interval ''30 days''' AS run
  FROM generate_series(1, (SELECT (count(*) + 4999) / 5000 FROM auth.password_reset_tokens
                            WHERE expires_at < now() - interval '30 days'));

SELECT 'DELETE FROM auth.email_verification_tokens WHERE id = ANY (ARRAY(SELECT id FROM auth.email_verification_tokens'
       ' WHERE expires_at < now() - interval ''30 days'' LIMIT 5000))'
       ' AND expires_at < now() - interval ''30 days''' AS run
  FROM generate_series(1, (SELECT (count(*) + 4999) / 5000 FROM auth.email_verification_tokens
                            WHERE expires_at < now() - interval '30 days'));

SELECT 'DELETE FROM app.invitations WHERE id = ANY (ARRAY(SELECT id FROM app.invitations'
       ' WHERE accepted_at IS NULL AND expires_at < now() - interval ''30 days'' LIMIT 5000))'
       ' AND accepted_at IS NULL AND expires_at < now() - interval ''30 days''' AS run
  FROM generate_series(1, (SELECT (count(*) + 4999) / 5000 FROM app.invitations
                            WHERE accepted_at IS NULL AND expires_at < now() - interval '30 days'));

SELECT 'DELETE FROM auth.user_roles WHERE id = ANY (ARRAY(SELECT id FROM auth.user_roles'
       ' WHERE expires_at < now() - interval ''30 days'' LIMIT 5000))'
       ' AND expires_at < now() - interval ''30 days''' AS run
  FROM generate_series(1, (SELECT (count(*) + 4999) / 5000 FROM auth.user_roles
                            WHERE expires_at < now() - interval '30 days'));
