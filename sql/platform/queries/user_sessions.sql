-- Where somebody is logged in, for the page on which he ends sessions.
-- role: platform_auth
-- uses: idx_sessions_user_id
SELECT id, device_info, ip_address, user_agent, last_activity_at
  FROM auth.sessions
 WHERE user_id = %(user)s
   AND expires_at > now()
 ORDER BY last_activity_at DESC;
