-- Comments of an organisation by their words, newest first.
-- role: platform_app
-- uses: idx_comments_fulltext
SELECT id, task_id, user_id, content, created_at
  FROM app.search_comments(%(words)s, %(organization)s);
