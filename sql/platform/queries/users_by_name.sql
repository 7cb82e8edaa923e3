-- Accounts by whole names or an address, as they are written.
-- role: platform_support
-- uses: idx_users_fulltext
SELECT id, email, first_name, last_name, status
  FROM auth.users
 WHERE search @@ plainto_tsquery('simple', %(name)s)
 ORDER BY email
 LIMIT 50;
