-- The answers to a comment.
-- role: platform_app
-- uses: idx_comments_parent_id
SELECT id, user_id, content, created_at
  FROM app.comments
 WHERE parent_comment_id = %(comment)s
   AND deleted_at IS NULL
 ORDER BY created_at;
