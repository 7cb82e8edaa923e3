-- Accounts by any part of name or address: what a customer has to say on the telephone.
-- role: platform_support
-- uses: idx_users_names (pg_trgm)
SELECT id, email, first_name, last_name, status
  FROM auth.users
 WHERE coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || email ILIKE '%%' || %(part)s || '%%'
 ORDER BY email
 LIMIT 50;
