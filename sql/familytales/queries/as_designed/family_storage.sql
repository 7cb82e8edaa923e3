-- The design's query, with its estimates of media. Changes: bytes instead of characters; a sum of nothing is 0, not NULL,
-- so that a book without a recording or a photo counts; and a family without a segment has an empty breakdown.
-- role: familytales_app
-- Calculate detailed storage usage for a family
WITH storage_details AS (
    SELECT
        mb.id as memory_book_id,
        mb.title,
        COUNT(DISTINCT cs.id) as segment_count,
        COALESCE(SUM(OCTET_LENGTH(cs.text_content)), 0) as text_bytes,
        COALESCE(SUM(OCTET_LENGTH(cs.audio_transcript)), 0) as transcript_bytes,
        SUM(CASE WHEN cs.audio_url IS NOT NULL THEN 1 ELSE 0 END) as audio_count,
        COALESCE(SUM(CARDINALITY(cs.photo_urls)), 0) as photo_count,
        -- Estimate: 1MB per audio, 500KB per photo
        SUM(CASE WHEN cs.audio_url IS NOT NULL THEN 1048576 ELSE 0 END) as estimated_audio_bytes,
        COALESCE(SUM(CARDINALITY(cs.photo_urls) * 524288), 0) as estimated_photo_bytes
    FROM memory_books mb
    JOIN threads t ON mb.id = t.memory_book_id
    JOIN content_segments cs ON t.id = cs.thread_id
    WHERE mb.family_id = $1
      AND cs.is_deleted = false
    GROUP BY mb.id, mb.title
)
SELECT
    f.id,
    f.name,
    f.storage_limit_bytes,
    COALESCE(SUM(
        sd.text_bytes +
        sd.transcript_bytes +
        sd.estimated_audio_bytes +
        sd.estimated_photo_bytes
    ), 0) as total_used_bytes,
    COALESCE(json_agg(
        json_build_object(
            'memory_book_id', sd.memory_book_id,
            'title', sd.title,
            'segment_count', sd.segment_count,
            'text_bytes', sd.text_bytes,
            'audio_count', sd.audio_count,
            'photo_count', sd.photo_count,
            'total_bytes', sd.text_bytes + sd.transcript_bytes +
                          sd.estimated_audio_bytes + sd.estimated_photo_bytes
        ) ORDER BY sd.text_bytes + sd.transcript_bytes +
                   sd.estimated_audio_bytes + sd.estimated_photo_bytes DESC
    ) FILTER (WHERE sd.memory_book_id IS NOT NULL), '[]') as breakdown
FROM families f
LEFT JOIN storage_details sd ON true
WHERE f.id = $1
GROUP BY f.id, f.name, f.storage_limit_bytes;
