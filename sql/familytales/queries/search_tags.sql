-- Segments that bear one of some tags, with all the tags they bear; newest first. A function, since one look at the
-- registry says in which year a segment lies.
-- role: familytales_app
-- uses: idx_content_tags_name
SELECT id, family_id, memory_book_id, memory_book_title, thread_id, thread_title, user_id, content_type,
       sequence_number, text_content, audio_transcript, photo_urls, created_at, all_tags AS tags
  FROM search_tags(%(tags)s, %(family)s);
