-- Segments in which some words were told, said, or told about a photo; newest first. A function, since behind a policy
-- no full-text index is of use.
-- role: familytales_app
-- uses: idx_segment_words_fulltext, idx_photo_narrations_fulltext
SELECT id, family_id, memory_book_id, memory_book_title, thread_id, thread_title, user_id, content_type,
       sequence_number, text_content, audio_transcript, photo_urls, created_at
  FROM search_segments(%(words)s, %(family)s);
