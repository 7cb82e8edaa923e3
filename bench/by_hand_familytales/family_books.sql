SELECT book.id, book.family_id, book.title, book.description, book.cover_image_url, book.created_by,
       book.is_collaborative, book.privacy, book.created_at, book.updated_at, book.metadata,
       book.thread_count, book.segment_count, book.contributor_count, book.photo_count, book.audio_count,
       book.last_activity_at AS last_activity,
       creator.display_name AS created_by_name
  FROM familytales.memory_books AS book
  JOIN familytales.family_members AS member ON member.family_id = book.family_id
                                           AND member.user_id = %(user)s AND member.is_active
  JOIN familytales.families AS family ON family.id = member.family_id AND family.is_active
  JOIN familytales.users AS account ON account.id = member.user_id AND account.is_active
  JOIN familytales.users AS creator ON creator.id = book.created_by
 WHERE book.family_id = %(family)s
   AND (book.privacy <> 'private' OR book.created_by = %(user)s)
 ORDER BY book.last_activity_at DESC
 LIMIT 100;
