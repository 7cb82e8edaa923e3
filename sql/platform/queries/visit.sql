-- The way that one visit took through the pages.
-- role: platform_analytics
-- uses: idx_page_views_session_id
SELECT created_at, url, referrer, duration_ms
  FROM analytics.page_views
 WHERE session_id = %(visit)s
 ORDER BY created_at;
