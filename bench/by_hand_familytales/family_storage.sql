SELECT family.id, family.name, family.storage_limit_bytes, family.storage_used_bytes AS total_used_bytes,
       family.storage_archived_bytes,
       coalesce((SELECT json_agg(one ORDER BY one.media_bytes DESC, one.title)
                   FROM (SELECT book.id AS memory_book_id, book.title, book.segment_count, book.audio_count,
                                book.photo_count, coalesce(media.bytes, 0) AS media_bytes
                           FROM familytales.memory_books AS book
                           LEFT JOIN (SELECT memory_book_id, sum(bytes) AS bytes FROM familytales.media_objects
                                       WHERE family_id = %(family)s GROUP BY memory_book_id) AS media
                                  ON media.memory_book_id = book.id
                          WHERE book.family_id = family.id
                            AND (book.privacy <> 'private' OR book.created_by = %(user)s)) AS one), '[]') AS breakdown
  FROM familytales.families AS family
  JOIN familytales.family_members AS member ON member.family_id = family.id
                                           AND member.user_id = %(user)s AND member.is_active
  JOIN familytales.users AS account ON account.id = member.user_id AND account.is_active
 WHERE family.id = %(family)s
   AND family.is_active;
