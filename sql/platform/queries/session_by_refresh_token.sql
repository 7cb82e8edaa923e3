-- The session that a refresh token prolongs.
-- role: platform_auth
-- uses: sessions_refresh_token_hash_key
SELECT id, user_id, expires_at
  FROM auth.sessions
 WHERE refresh_token_hash = %(refresh_token_hash)s
   AND expires_at > now();
