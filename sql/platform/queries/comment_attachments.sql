-- The files of a comment.
-- role: platform_app
-- uses: idx_attachments_comment_id
SELECT id, file_name, file_size, mime_type, uploaded_by, created_at
  FROM app.attachments
 WHERE comment_id = %(comment)s
   AND deleted_at IS NULL
 ORDER BY created_at;
