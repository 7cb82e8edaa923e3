-- Who came last.
-- role: platform_support
-- uses: idx_users_created_at
SELECT id, email, status, created_at
  FROM auth.users
 ORDER BY created_at DESC
 LIMIT 50;
