-- The design's query. Three changes: content_segments is identified by id and created_at, since it is partitioned; a
-- thread without a segment is a row, too; and its list is then empty.
-- role: familytales_app
-- Get thread with all content segments
WITH thread_content AS (
    SELECT
        cs.*,
        u.display_name,
        u.avatar_url,
        array_agg(
            json_build_object(
                'index', pn.photo_index,
                'narration', pn.narration_text,
                'type', pn.narration_type
            ) ORDER BY pn.photo_index
        ) FILTER (WHERE pn.id IS NOT NULL) as photo_narrations
    FROM content_segments cs
    JOIN users u ON cs.user_id = u.id
    LEFT JOIN photo_narrations pn ON cs.id = pn.content_segment_id
    WHERE cs.thread_id = $1
      AND cs.is_deleted = false
    GROUP BY cs.id, cs.created_at, u.display_name, u.avatar_url
)
SELECT
    t.*,
    COALESCE(json_agg(
        tc ORDER BY tc.sequence_number
    ) FILTER (WHERE tc.id IS NOT NULL), '[]') as segments
FROM threads t
LEFT JOIN thread_content tc ON true
WHERE t.id = $1
GROUP BY t.id;
