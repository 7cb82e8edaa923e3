-- The session of a token: each request of a browser starts here.
-- role: platform_auth
-- uses: sessions_token_hash_key
SELECT id, user_id, expires_at
  FROM auth.sessions
 WHERE token_hash = %(token_hash)s
   AND expires_at > now();
