-- What a link that verifies an address stands for.
-- role: platform_auth
-- uses: email_verification_tokens_token_hash_key
SELECT id, user_id, email
  FROM auth.email_verification_tokens
 WHERE token_hash = %(verification_token_hash)s
   AND verified_at IS NULL
   AND expires_at > now();
