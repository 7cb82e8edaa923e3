-- Search content segments by tags
SELECT DISTINCT
    cs.*,
    mb.title as memory_book_title,
    t.title as thread_title,
    array_agg(DISTINCT ct.tag_name) as tags
FROM content_segments cs
JOIN content_tags ct ON cs.id = ct.content_segment_id
JOIN threads t ON cs.thread_id = t.id
JOIN memory_books mb ON t.memory_book_id = mb.id
JOIN family_members fm ON mb.family_id = fm.family_id
WHERE fm.user_id = $1
  AND fm.is_active = true
  AND ct.tag_name = ANY($2::text[])
  AND cs.is_deleted = false
GROUP BY cs.id, mb.title, t.title
ORDER BY cs.created_at DESC
LIMIT 50;
