-- The comments of a task, in the order they were written.
-- role: platform_app
-- uses: idx_comments_task_id
SELECT id, user_id, parent_comment_id, content, is_edited, created_at
  FROM app.comments
 WHERE task_id = %(task)s
   AND deleted_at IS NULL
 ORDER BY created_at;
