-- The user's notifications, read ones too, newest first.
-- role: platform_app
-- uses: idx_notifications_user_id
SELECT id, type, title, message, link, is_read, created_at
  FROM app.notifications
 WHERE user_id = %(user)s
 ORDER BY created_at DESC
 LIMIT 50;
