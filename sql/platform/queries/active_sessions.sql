-- How many are here just now.
-- role: platform_auth
-- uses: idx_sessions_last_activity
SELECT count(DISTINCT user_id)
  FROM auth.sessions
 WHERE last_activity_at > now() - interval '15 minutes';
