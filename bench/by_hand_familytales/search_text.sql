WITH asked AS MATERIALIZED (
    SELECT websearch_to_tsquery('simple', %(words)s) && quote_literal(%(family)s::uuid)::tsquery AS query
      FROM familytales.family_members AS member
      JOIN familytales.families AS family ON family.id = member.family_id AND family.is_active
      JOIN familytales.users AS account ON account.id = member.user_id AND account.is_active
     WHERE member.family_id = %(family)s AND member.user_id = %(user)s AND member.is_active
), found AS (
    SELECT words.content_segment_id AS id, words.created_at
      FROM familytales.segment_words AS words
      JOIN familytales.memory_books AS book ON book.id = words.memory_book_id
                                           AND (book.privacy <> 'private' OR book.created_by = %(user)s)
     WHERE words.search @@ (SELECT query FROM asked)
       AND words.family_id = %(family)s
     UNION
    SELECT known.id, known.created_at
      FROM familytales.photo_narrations AS narration
      JOIN familytales.memory_books AS book ON book.id = narration.memory_book_id
                                           AND (book.privacy <> 'private' OR book.created_by = %(user)s)
      JOIN familytales.segment_ids AS known ON known.id = narration.content_segment_id
     WHERE narration.search @@ (SELECT query FROM asked)
       AND narration.family_id = %(family)s
)
SELECT segment.id, segment.family_id, segment.memory_book_id, book.title AS memory_book_title, segment.thread_id,
       thread.title AS thread_title, segment.user_id, segment.content_type, segment.sequence_number,
       segment.text_content, segment.audio_transcript, segment.photo_urls, segment.created_at
  FROM (SELECT * FROM found ORDER BY found.created_at DESC OFFSET 0) AS hit
  JOIN familytales.content_segments AS segment
    ON segment.id = hit.id AND segment.created_at = hit.created_at AND NOT segment.is_deleted
  JOIN familytales.threads AS thread ON thread.id = segment.thread_id
  JOIN familytales.memory_books AS book ON book.id = segment.memory_book_id
 ORDER BY segment.created_at DESC
 LIMIT 50;
