-- What somebody looked at: part of the copy of his data that he may ask for.
-- role: platform_support
-- uses: idx_page_views_user_id
SELECT id, session_id, url, referrer, duration_ms, created_at
  FROM analytics.page_views
 WHERE user_id = %(user)s
 ORDER BY created_at;
