-- The design's query. Two changes: what somebody contributed to another family, or deleted, is not counted.
-- role: familytales_app
-- Get active family members in the last 30 days
SELECT
    fm.family_id,
    fm.user_id,
    fm.role,
    u.display_name,
    u.last_login_at,
    COUNT(DISTINCT cs.id) as recent_segments,
    MAX(cs.created_at) as last_contribution
FROM family_members fm
JOIN users u ON fm.user_id = u.id
LEFT JOIN content_segments cs ON cs.user_id = u.id
    AND cs.family_id = fm.family_id
    AND cs.is_deleted = false
    AND cs.created_at > NOW() - INTERVAL '30 days'
WHERE fm.family_id = $1
  AND fm.is_active = true
  AND u.last_login_at > NOW() - INTERVAL '30 days'
GROUP BY fm.family_id, fm.user_id, fm.role, u.display_name, u.last_login_at
ORDER BY u.last_login_at DESC;
