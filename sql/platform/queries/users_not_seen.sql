-- Who has not logged in for half a year; the longest first.
-- role: platform_support
-- uses: idx_users_last_login
SELECT id, email, last_login_at
  FROM auth.users
 WHERE last_login_at < now() - interval '180 days'
   AND deleted_at IS NULL
 ORDER BY last_login_at NULLS FIRST
 LIMIT 100;
