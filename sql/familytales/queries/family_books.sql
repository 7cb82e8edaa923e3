-- The books of a family that the user may read, at most 100, with what is in them; the one with the latest news first.
-- role: familytales_app
-- uses: idx_memory_books_family
SELECT id, family_id, title, description, cover_image_url, created_by, is_collaborative, privacy, created_at,
       updated_at, metadata, thread_count, segment_count, contributor_count, photo_count, audio_count, last_activity,
       created_by_name
  FROM family_books(%(family)s);
