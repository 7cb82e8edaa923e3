-- What somebody wrote: part of the copy of his data that he may ask for.
-- role: platform_support
-- uses: idx_comments_user_id
SELECT id, organization_id, task_id, content, created_at
  FROM app.comments
 WHERE user_id = %(user)s
 ORDER BY created_at;
