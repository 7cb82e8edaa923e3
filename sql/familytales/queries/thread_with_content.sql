-- A thread with a page of at most 200 segments, each with its author and what is told about its photos. A thread without
-- a segment is one row, too. The next page begins after the last number of this one.
-- role: familytales_app
-- uses: idx_content_segments_thread, photo_narrations_content_segment_id_photo_index_key
SELECT id, family_id, memory_book_id, title, started_by, participant_count, segment_count, last_segment_at, is_locked,
       created_at, updated_at, metadata, segments
  FROM read_thread(%(thread)s, %(after)s);
