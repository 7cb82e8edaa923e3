-- The account of an address, however it is written: a login starts here.
-- role: platform_auth
-- uses: users_email_key
SELECT account.id, account.status, credential.password_hash, credential.failed_login_attempts, credential.locked_until
  FROM auth.users AS account
  LEFT JOIN auth.credentials AS credential ON credential.user_id = account.id
 WHERE lower(account.email) = lower(%(email)s)
   AND account.deleted_at IS NULL;
