-- Who of a family was there in the last 30 days, and what he contributed in it; who came last, first.
-- role: familytales_app
-- uses: family_members_family_id_user_id_key, idx_content_segments_family
SELECT family_id, user_id, role, display_name, last_login_at, recent_segments, last_contribution
  FROM active_members(%(family)s);
