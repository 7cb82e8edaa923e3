-- What happened in an organisation lately, for its admins.
-- role: platform_app
-- uses: idx_events_org_id
SELECT id, event_type, user_id, properties, created_at
  FROM analytics.events
 WHERE organization_id = %(organization)s
   AND created_at > now() - interval '7 days'
 ORDER BY created_at DESC
 LIMIT 100;
