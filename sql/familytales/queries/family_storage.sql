-- What a family uses of what it may, in bytes, and by book how much is in it. Real sizes: texts in bytes, media as they
-- lie in S3. Books with the most media come first.
-- role: familytales_app
-- uses: families_pkey, idx_memory_books_family, idx_media_objects_place
SELECT id, name, storage_limit_bytes, total_used_bytes, storage_archived_bytes, breakdown
  FROM family_storage(%(family)s);
