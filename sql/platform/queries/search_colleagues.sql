-- Colleagues by the beginnings of their names or address.
-- role: platform_app
-- uses: idx_org_members_user_id
SELECT id, email, first_name, last_name
  FROM auth.search_users(%(name)s, %(organization)s);
