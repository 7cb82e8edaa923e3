SELECT id, type, title, message, link, created_at
  FROM app.notifications
 WHERE user_id = %(user)s
   AND NOT is_read
 ORDER BY created_at DESC
 LIMIT 50;
