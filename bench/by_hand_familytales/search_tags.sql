SELECT segment.id, segment.family_id, segment.memory_book_id, book.title AS memory_book_title, segment.thread_id,
       thread.title AS thread_title, segment.user_id, segment.content_type, segment.sequence_number,
       segment.text_content, segment.audio_transcript, segment.photo_urls, segment.created_at,
       ARRAY(SELECT DISTINCT tag.tag_name::text FROM familytales.content_tags AS tag
              WHERE tag.content_segment_id = segment.id ORDER BY 1) AS tags
  FROM (SELECT known.id, known.created_at
          FROM (SELECT DISTINCT tag.content_segment_id
                  FROM familytales.content_tags AS tag
                  JOIN familytales.memory_books AS book ON book.id = tag.memory_book_id
                                                       AND (book.privacy <> 'private' OR book.created_by = %(user)s)
                  JOIN familytales.family_members AS member ON member.family_id = tag.family_id
                                                           AND member.user_id = %(user)s AND member.is_active
                  JOIN familytales.families AS family ON family.id = member.family_id AND family.is_active
                  JOIN familytales.users AS account ON account.id = member.user_id AND account.is_active
                 WHERE tag.family_id = %(family)s
                   AND tag.tag_name = ANY (%(tags)s)) AS tagged
          JOIN familytales.segment_ids AS known ON known.id = tagged.content_segment_id
         ORDER BY known.created_at DESC
        OFFSET 0) AS hit
  JOIN familytales.content_segments AS segment
    ON segment.id = hit.id AND segment.created_at = hit.created_at AND NOT segment.is_deleted
  JOIN familytales.threads AS thread ON thread.id = segment.thread_id
  JOIN familytales.memory_books AS book ON book.id = segment.memory_book_id
 ORDER BY segment.created_at DESC
 LIMIT 50;
