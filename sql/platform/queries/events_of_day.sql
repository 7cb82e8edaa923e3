-- How often something happened on a day, and by how many users.
-- role: platform_analytics
-- uses: idx_events_type
SELECT count(*) AS events, count(DISTINCT user_id) AS users
  FROM analytics.events
 WHERE event_type = %(event_type)s
   AND created_at >= %(day)s::date
   AND created_at < %(day)s::date + interval '1 day';
