-- Get all memory books for a family with statistics
SELECT 
    mb.*,
    mbs.thread_count,
    mbs.segment_count,
    mbs.contributor_count,
    mbs.last_activity,
    mbs.photo_count,
    mbs.audio_count,
    u.display_name as created_by_name
FROM memory_books mb
JOIN memory_book_stats mbs ON mb.id = mbs.id
JOIN users u ON mb.created_by = u.id
WHERE mb.family_id = $1
  AND mb.privacy != 'private'
ORDER BY mbs.last_activity DESC;
