SELECT thread.id, thread.family_id, thread.memory_book_id, thread.title, thread.started_by, thread.participant_count,
       thread.segment_count, thread.last_segment_at, thread.is_locked, thread.created_at, thread.updated_at,
       thread.metadata,
       page.segments
  FROM familytales.threads AS thread
  JOIN familytales.memory_books AS book ON book.id = thread.memory_book_id
                                       AND (book.privacy <> 'private' OR book.created_by = %(user)s)
  JOIN familytales.family_members AS member ON member.family_id = thread.family_id
                                           AND member.user_id = %(user)s AND member.is_active
  JOIN familytales.families AS family ON family.id = member.family_id AND family.is_active
  JOIN familytales.users AS account ON account.id = member.user_id AND account.is_active
  LEFT JOIN LATERAL (
       SELECT json_agg(told ORDER BY told.sequence_number) AS segments
         FROM (SELECT segment.id, segment.sequence_number, segment.user_id, author.display_name, author.avatar_url,
                      segment.content_type, segment.text_content, segment.audio_url, segment.audio_duration_seconds,
                      segment.audio_transcript, segment.photo_urls, segment.is_edited, segment.edited_at,
                      segment.created_at, segment.view_count, segment.reaction_count, segment.metadata,
                      narrations.photo_narrations
                 FROM familytales.content_segments AS segment
                 JOIN familytales.users AS author ON author.id = segment.user_id
                 LEFT JOIN LATERAL (
                      SELECT json_agg(json_build_object('index', narration.photo_index,
                                                        'narration', narration.narration_text,
                                                        'type', narration.narration_type)
                                      ORDER BY narration.photo_index) AS photo_narrations
                        FROM familytales.photo_narrations AS narration
                       WHERE narration.content_segment_id = segment.id
                 ) AS narrations ON segment.content_type IN ('photo', 'mixed')
                WHERE segment.thread_id = thread.id
                  AND segment.sequence_number > %(after)s
                  AND NOT segment.is_deleted
                ORDER BY segment.sequence_number
                LIMIT 200) AS told
  ) AS page ON true
 WHERE thread.id = %(thread)s;
