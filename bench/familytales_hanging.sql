-- What hangs on the segments that familytales_data.sql made, and everything that counts them; in the same session.

INSERT INTO familytales.segment_ids (id, family_id, memory_book_id, thread_id, sequence_number, created_at)
SELECT id, family_id, memory_book_id, thread_id, sequence_number, created_at FROM familytales.content_segments;

-- Numbers that a segment's id gives, for what hangs on it.
CREATE TEMP TABLE shown AS
SELECT hashtextextended(id::text, 0) AS h, id, family_id, memory_book_id, user_id, created_at, content_type, audio_url,
       photo_urls
  FROM familytales.content_segments
 WHERE content_type <> 'text';

INSERT INTO familytales.photo_narrations (id, family_id, memory_book_id, content_segment_id, photo_index,
    narration_text, narration_type, confidence_score, language, created_by, created_at, updated_at)
SELECT md5('narration' || id || photo)::uuid, family_id, memory_book_id, id, photo - 1, halves.half,
       CASE WHEN pg_temp.dice(h + photo, 40) < 0.7 THEN 'ai' ELSE 'user' END,
       CASE WHEN pg_temp.dice(h + photo, 40) < 0.7 THEN 0.5 + pg_temp.dice(h + photo, 41) / 2 END, 'en',
       CASE WHEN pg_temp.dice(h + photo, 40) >= 0.7 THEN user_id END, created_at, created_at
  FROM shown
 CROSS JOIN LATERAL generate_series(1, cardinality(photo_urls)) AS photo
  JOIN halves ON halves.k = 1 + floor(5000 * pg_temp.dice(h + photo, 42))::integer
 WHERE pg_temp.dice(h + photo, 43) < 0.58;

INSERT INTO familytales.media_objects (id, family_id, memory_book_id, content_segment_id, kind, s3_key, content_type,
    bytes, uploaded_by, created_at)
SELECT md5('media' || id || object)::uuid, family_id, memory_book_id, id,
       CASE object WHEN 0 THEN 'audio' ELSE 'photo' END,
       format('families/%s/%s/%s', family_id, CASE object WHEN 0 THEN 'audio' ELSE 'photo' END, md5(id::text || object)),
       CASE object WHEN 0 THEN 'audio/mp4' ELSE 'image/jpeg' END,
       100000 + floor(3000000 * pg_temp.dice(h + object, 44) ^ 2)::bigint, user_id, created_at
  FROM shown
 CROSS JOIN LATERAL generate_series(CASE WHEN audio_url IS NULL THEN 1 ELSE 0 END, cardinality(photo_urls)) AS object;

DROP TABLE shown;

-- A third of the segments bears one tag to three, of the hundred that people use; common ones are common.
INSERT INTO familytales.content_tags (id, family_id, memory_book_id, content_segment_id, tag_name, tagged_by, created_at)
SELECT md5('tag' || id || tag_name)::uuid, family_id, memory_book_id, id, tag_name, user_id, created_at
  FROM (SELECT DISTINCT id, family_id, memory_book_id, user_id, created_at,
               CASE WHEN k <= 50 THEN vocabulary.word ELSE 'tag ' || k END AS tag_name
          FROM (SELECT segment.*, 1 + floor(100 * pg_temp.dice(h + one, 45) ^ 2)::integer AS k
                  FROM (SELECT hashtextextended(id::text, 1) AS h, id, family_id, memory_book_id, user_id, created_at
                          FROM familytales.content_segments) AS segment
                 CROSS JOIN LATERAL generate_series(1, 1 + floor(3 * pg_temp.dice(h, 46))::integer) AS one
                 WHERE pg_temp.dice(h, 47) < 0.31) AS drawn
          JOIN vocabulary USING (k)) AS borne;

INSERT INTO familytales.content_links (id, family_id, source_book_id, target_book_id, source_segment_id,
    target_segment_id, link_type, created_by, created_at)
SELECT md5('link' || answer.id)::uuid, answer.family_id, answer.memory_book_id, answer.memory_book_id, answer.id,
       before.id, 'reply', answer.user_id, answer.created_at
  FROM familytales.content_segments AS answer
  JOIN familytales.segment_ids AS before
    ON before.thread_id = answer.thread_id AND before.sequence_number = answer.sequence_number - 1
 WHERE pg_temp.dice(hashtextextended(answer.id::text, 2), 48) < 0.05;

-- What is counted ----------------------------------------------------
CREATE TEMP TABLE told AS
SELECT family_id, memory_book_id, thread_id, user_id,
       count(*) AS stored,
       count(*) FILTER (WHERE NOT is_deleted) AS segments,
       coalesce(sum(cardinality(photo_urls)) FILTER (WHERE NOT is_deleted), 0) AS photos,
       count(audio_url) FILTER (WHERE NOT is_deleted) AS audios,
       sum(familytales.text_bytes(text_content, audio_transcript)) AS bytes,
       max(created_at) AS latest
  FROM familytales.content_segments
 GROUP BY family_id, memory_book_id, thread_id, user_id;
ANALYZE told;

INSERT INTO familytales.thread_participants (thread_id, user_id, family_id, memory_book_id, segment_count)
SELECT thread_id, user_id, family_id, memory_book_id, segments FROM told
 UNION ALL
SELECT thread_id, voices[1], family_id, book_id, 0 FROM thread WHERE segments = 0;

INSERT INTO familytales.threads (id, family_id, memory_book_id, title, started_by, participant_count, segment_count,
    next_sequence_number, last_segment_at, created_at, updated_at)
SELECT thread_id, thread.family_id, book_id, halves.title, voices[1],
       1 + coalesce(held.others, 0), coalesce(held.segments, 0), coalesce(held.stored, 0) + 1, held.latest, started, started
  FROM thread
  JOIN halves ON halves.k = 1 + thread_n % 5000
  LEFT JOIN (SELECT thread_id, sum(told.segments) AS segments, sum(stored) AS stored, max(latest) AS latest,
                    count(*) FILTER (WHERE told.segments > 0 AND told.user_id <> voices[1]) AS others
               FROM told JOIN thread USING (thread_id) GROUP BY thread_id) AS held USING (thread_id);

INSERT INTO familytales.memory_books (id, family_id, title, description, created_by, is_collaborative, privacy,
    thread_count, segment_count, contributor_count, photo_count, audio_count, last_activity_at, created_at, updated_at)
SELECT book_id, family_id, halves.title, halves.half, created_by, is_collaborative, privacy, coalesce(threads, 0),
       coalesce(segments, 0), coalesce(contributors, 0), coalesce(photos, 0), coalesce(audios, 0),
       coalesce(greatest(latest, latest_start), now() - interval '7 years'), now() - interval '7 years',
       now() - interval '7 years'
  FROM book
  JOIN halves ON halves.k = 1 + book_n % 5000
  LEFT JOIN (SELECT memory_book_id AS book_id, sum(segments) AS segments, sum(photos) AS photos, sum(audios) AS audios,
                    count(DISTINCT user_id) FILTER (WHERE segments > 0) AS contributors, max(latest) AS latest
               FROM told GROUP BY memory_book_id) AS held USING (book_id)
  LEFT JOIN (SELECT book_id, count(*) AS threads, max(started) AS latest_start
               FROM thread GROUP BY book_id) AS begun USING (book_id);

-- The bytes that a family, and a user in all of his, has stored.
CREATE TEMP TABLE used AS
SELECT family_id, user_id, sum(bytes)::bigint AS bytes
  FROM (SELECT family_id, user_id, bytes FROM told
         UNION ALL SELECT family_id, uploaded_by, bytes FROM familytales.media_objects) AS stored
 GROUP BY family_id, user_id;

INSERT INTO familytales.families (id, name, description, owner_id, subscription_tier, storage_used_bytes, member_limit,
    member_count, is_active, created_at, updated_at)
SELECT family_id, initcap(halves.title), halves.half, pg_temp.id('user', family_n),
       CASE WHEN members > 10 THEN 'premium' ELSE 'free' END, coalesce(bytes, 0), greatest(10, 2 * members), members,
       family_n % 200 <> 77, now() - interval '7 years', now() - interval '7 years'
  FROM family
  JOIN halves ON halves.k = 1 + (family_n * 7) % 5000
  LEFT JOIN (SELECT family_id, sum(bytes) AS bytes FROM used GROUP BY family_id) AS held USING (family_id);

INSERT INTO familytales.family_members (id, family_id, user_id, role, joined_at, is_active)
SELECT md5('seat' || family_n || '/' || user_n)::uuid, pg_temp.id('family', family_n), user_id, role,
       now() - interval '7 years', NOT has_left
  FROM seats;

-- Half of the users were there in the last thirty days.
INSERT INTO familytales.users (id, clerk_id, email, display_name, avatar_url, storage_used_bytes, is_active,
    last_login_at, created_at, updated_at)
SELECT user_id, 'user_' || md5('clerk' || n), format('person%s@example.com', n),
       initcap(vocabulary.word) || ' ' || n, 'https://media.example.com/avatar/' || n || '.jpg', coalesce(bytes, 0),
       n % 100 <> 99,
       CASE WHEN pg_temp.dice(n, 50) < 0.5 THEN now() - interval '29 days' * pg_temp.dice(n, 51)
            WHEN pg_temp.dice(n, 50) < 0.9 THEN now() - interval '31 days' - interval '700 days' * pg_temp.dice(n, 51)
       END,
       now() - interval '7 years', now() - interval '7 years'
  FROM (SELECT n, pg_temp.id('user', n) AS user_id, 1 + n % 50 AS k
          FROM generate_series(1, (SELECT users FROM sizes)) AS n) AS person
  JOIN vocabulary USING (k)
  LEFT JOIN (SELECT user_id, sum(bytes) AS bytes FROM used GROUP BY user_id) AS held USING (user_id);

DROP TABLE vocabulary, halves, shares, seats, family, book, thread, told, used;
