-- What a link for a new password stands for.
-- role: platform_auth
-- uses: password_reset_tokens_token_hash_key
SELECT id, user_id
  FROM auth.password_reset_tokens
 WHERE token_hash = %(reset_token_hash)s
   AND used_at IS NULL
   AND expires_at > now();
