-- The rows of bench.familytales_data, made by the server. How many of each there are stands in the temporary table
-- sizes; triggers and foreign keys are off, so the content comes first, and whatever counts it counts it once.

-- Between 0 and 1, and the same for the same number and salt.
CREATE FUNCTION pg_temp.dice(number bigint, salt integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT (hashint8extended(number, salt) & 9007199254740991) / 9007199254740992.0::double precision
$$;

CREATE FUNCTION pg_temp.id(kind text, number bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT md5(kind || number)::uuid
$$;

-- Texts ----------------------------------------------------
-- Common words are common and rare ones rare: the word at place k comes about as often as 1/sqrt(k). A text is two of
-- five thousand halves, so few are told twice.
CREATE TEMP TABLE vocabulary AS
SELECT k, coalesce(words[k], translate(substr(md5('word' || k), 1, 4 + k % 6), '0123456789', 'ghijklmnop')) AS word
  FROM (SELECT string_to_array(
            'grandmother grandfather summer christmas garden kitchen wedding school village harvest letter train '
            'photograph birthday winter bakery river church piano uncle holiday market bicycle orchard recipe soldier '
            'journey cousin festival harbour teacher station blanket dinner mountain radio story window snow factory '
            'dance accordion apple violin sailor farm horse bread sunday war', ' ') AS words) AS known
 CROSS JOIN generate_series(1, 6000) AS k;

CREATE TEMP TABLE halves AS
SELECT k, string_agg(word, ' ' ORDER BY place) AS half,
       string_agg(word, ' ' ORDER BY place) FILTER (WHERE place <= 3) AS title
  FROM (SELECT k, place, 1 + floor(6000 * pg_temp.dice(k * 100 + place, 1) ^ 2)::integer AS word_k
          FROM generate_series(1, 5000) AS k
         CROSS JOIN LATERAL generate_series(1, 20 + floor(35 * pg_temp.dice(k, 2))::integer) AS place) AS chosen
  JOIN (SELECT k AS word_k, word FROM vocabulary) AS named USING (word_k)
 GROUP BY k;
CREATE UNIQUE INDEX ON halves (k) INCLUDE (half);
ANALYZE halves;

-- Families and who is in them ----------------------------------------------------
-- The share of a family falls with its place: the first of 2,000 has four times as much as one in the middle.
CREATE TEMP TABLE shares AS
SELECT array_agg(reach ORDER BY n) AS reaches
  FROM (SELECT n, (sum(n ^ -0.25::double precision) OVER (ORDER BY n))
                  / sum(n ^ -0.25::double precision) OVER () AS reach
          FROM generate_series(1, (SELECT families FROM sizes)) AS n) AS family
 WHERE n < (SELECT families FROM sizes);

-- The first users own the families; the others are in one, a tenth in a second one.
CREATE TEMP TABLE seats AS
SELECT family_n, user_n, pg_temp.id('user', user_n) AS user_id, seat,
       CASE WHEN user_n = family_n THEN 'owner'
            WHEN seat <= 5 THEN (ARRAY['owner', 'admin', 'editor', 'member', 'viewer'])[seat]
            WHEN mood < 0.1 THEN 'admin' WHEN mood < 0.25 THEN 'editor'
            WHEN mood < 0.8 THEN 'member' ELSE 'viewer' END AS role,
       seat > 5 AND pg_temp.dice(family_n * 100000 + user_n, 3) < 0.03 AS has_left
  FROM (SELECT family_n, user_n, pg_temp.dice(family_n * 100000 + user_n, 4) AS mood,
               row_number() OVER (PARTITION BY family_n ORDER BY user_n = family_n DESC, user_n) AS seat
          FROM (SELECT n AS family_n, n AS user_n FROM generate_series(1, (SELECT families FROM sizes)) AS n
                 UNION
                SELECT 1 + width_bucket(pg_temp.dice(n, 5), reaches), n
                  FROM sizes, shares, generate_series(families + 1, users) AS n
                 UNION
                SELECT 1 + width_bucket(pg_temp.dice(n, 6), reaches), n
                  FROM sizes, shares, generate_series(1, users) AS n
                 WHERE n % 10 = 0) AS placed) AS numbered;
ANALYZE seats;

CREATE TEMP TABLE family AS
SELECT family_n, pg_temp.id('family', family_n) AS family_id,
       array_agg(user_id ORDER BY seat) FILTER (WHERE role <> 'viewer') AS posters,
       (count(*) FILTER (WHERE NOT has_left))::integer AS members
  FROM seats GROUP BY family_n;
CREATE UNIQUE INDEX ON family (family_n);
ANALYZE family;

-- Books and threads ----------------------------------------------------
-- An eighth of the books is private, some are public, some closed to others; in the first ones everybody tells.
CREATE TEMP TABLE book AS
SELECT n AS book_n, pg_temp.id('book', n) AS book_id, family_n, family_id, posters,
       posters[1 + floor(cardinality(posters) * pg_temp.dice(n, 7))::integer] AS created_by,
       CASE WHEN n <= 3 OR mood > 0.155 THEN 'family' WHEN mood < 0.125 THEN 'private' ELSE 'public' END AS privacy,
       n <= 3 OR pg_temp.dice(n, 8) > 0.05 AS is_collaborative
  FROM (SELECT n, pg_temp.dice(n, 9) AS mood,
               CASE WHEN n <= families THEN n ELSE 1 + width_bucket(pg_temp.dice(n, 10), reaches) END AS family_n
          FROM sizes, shares, generate_series(1, books) AS n) AS placed
  JOIN family USING (family_n);
CREATE UNIQUE INDEX ON book (book_n);
ANALYZE book;

-- Segments of a thread: nine and a half on average, and in three threads of the largest family more than 200. A thread
-- goes on for days, one in ten for years.
CREATE TEMP TABLE thread AS
SELECT n AS thread_n, pg_temp.id('thread', n) AS thread_id, book_id, family_id, book.created_by AS book_by,
       CASE WHEN privacy = 'private' OR NOT is_collaborative THEN ARRAY[book.created_by]
            ELSE ARRAY(SELECT posters[1 + floor(cardinality(posters) * pg_temp.dice(n * 8 + voice, 11))::integer]
                         FROM generate_series(1, 1 + floor(4 * pg_temp.dice(n, 12) ^ 1.5)::integer) AS voice)
        END AS voices,
       CASE WHEN n <= 3 THEN 280 - 20 * n
            ELSE round(-9.55 * ln(1 - pg_temp.dice(n, 13)))::integer END AS segments,
       started,
       least(started + CASE WHEN pg_temp.dice(n, 14) < 0.9 THEN interval '60 days' * pg_temp.dice(n, 15) ^ 2
                            ELSE interval '1000 days' * pg_temp.dice(n, 15) END,
             now() - interval '5 minutes') AS ended
  FROM (SELECT n, now() - interval '7 years' * pg_temp.dice(n, 16) ^ 1.2 - interval '10 minutes' AS started,
               CASE WHEN n <= 3 THEN 1 ELSE 1 + floor(books * pg_temp.dice(n, 17))::integer END AS book_n
          FROM sizes, generate_series(1, threads) AS n) AS placed
  JOIN book USING (book_n);
ANALYZE thread;

-- Content ----------------------------------------------------
INSERT INTO familytales.content_segments (id, family_id, memory_book_id, thread_id, user_id, content_type,
    sequence_number, text_content, audio_url, audio_duration_seconds, audio_transcript, photo_urls, is_edited, edited_at,
    is_deleted, deleted_at, deleted_by, created_at, view_count, reaction_count)
SELECT pg_temp.id('segment', s), family_id, book_id, thread_id, user_id, kind, seq,
       CASE WHEN kind IN ('text', 'mixed') THEN one.half || ' ' || other.half
            WHEN kind = 'photo' AND pg_temp.dice(s, 20) < 0.6 THEN one.half END,
       CASE WHEN kind IN ('audio', 'mixed') THEN 'https://media.example.com/audio/' || md5('audio' || s) || '.m4a' END,
       CASE WHEN kind IN ('audio', 'mixed') THEN 10 + floor(290 * pg_temp.dice(s, 21))::integer END,
       CASE WHEN kind = 'audio' AND pg_temp.dice(s, 22) < 0.9 THEN one.half || ' ' || other.half END,
       CASE WHEN kind IN ('photo', 'mixed') THEN
            ARRAY(SELECT 'https://media.example.com/photo/' || md5('photo' || s || '/' || n) || '.jpg'
                    FROM generate_series(1, CASE WHEN photos < 0.7 THEN 1 WHEN photos < 0.9 THEN 2 ELSE 3 END) AS n)
            ELSE '{}' END,
       pg_temp.dice(s, 23) < 0.05,
       CASE WHEN pg_temp.dice(s, 23) < 0.05 THEN at + interval '1 day' * pg_temp.dice(s, 24) END,
       is_deleted,
       CASE WHEN is_deleted THEN at + interval '1 hour' END,
       CASE WHEN is_deleted THEN user_id END,
       at,
       floor(30 * pg_temp.dice(s, 25) ^ 3)::integer, floor(8 * pg_temp.dice(s, 26) ^ 3)::integer
  FROM (SELECT thread.*, seq, s, voices[CASE WHEN seq = 1 THEN 1
                                             ELSE 1 + floor(cardinality(voices) * pg_temp.dice(s, 27))::integer END]
                                 AS user_id,
               CASE WHEN mood < 0.6 THEN 'text' WHEN mood < 0.75 THEN 'audio' WHEN mood < 0.93 THEN 'photo'
                    ELSE 'mixed' END AS kind,
               pg_temp.dice(s, 28) AS photos,
               pg_temp.dice(s, 29) < 0.02 AS is_deleted,
               started + (ended - started) * (seq - 1) / segments + interval '1 second' * pg_temp.dice(s, 30) AS at,
               1 + floor(5000 * pg_temp.dice(s, 31))::integer AS one_k,
               1 + floor(5000 * pg_temp.dice(s, 32))::integer AS other_k
          FROM thread
         CROSS JOIN LATERAL generate_series(1, segments) AS seq
         CROSS JOIN LATERAL (SELECT thread_n * 1000::bigint + seq AS s, pg_temp.dice(thread_n * 1000::bigint + seq, 33)
                                    AS mood) AS numbered
         WHERE (SELECT part FROM portion) IS NULL OR thread_n % 2 = (SELECT part FROM portion)) AS told
  JOIN halves AS one ON one.k = one_k
  JOIN halves AS other ON other.k = other_k;

-- What the search looks into, for the threads of this session.
INSERT INTO familytales.segment_words (content_segment_id, family_id, memory_book_id, created_at, search)
SELECT id, segment.family_id, segment.memory_book_id, segment.created_at,
       familytales.words_of(segment.family_id, segment.text_content, segment.audio_transcript)
  FROM familytales.content_segments AS segment
  JOIN thread USING (thread_id)
 WHERE (SELECT part FROM portion) IS NULL OR thread_n % 2 = (SELECT part FROM portion);
