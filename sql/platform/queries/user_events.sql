-- All that is known of what somebody did: part of the copy of his data that he may ask for.
-- role: platform_support
-- uses: idx_events_user_id
SELECT id, event_type, organization_id, session_id, properties, context, ip_address, user_agent, created_at
  FROM analytics.events
 WHERE user_id = %(user)s
 ORDER BY created_at;
