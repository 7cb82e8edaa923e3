-- The files of a task, with those of its comments.
-- role: platform_app
-- uses: idx_attachments_task_id
SELECT id, comment_id, file_name, file_size, mime_type, uploaded_by, created_at
  FROM app.attachments
 WHERE task_id = %(task)s
   AND deleted_at IS NULL
 ORDER BY created_at;
