-- What the counters should say, counted from the rows: the job `counters` compares, and can be told to mend. New
-- functions; then existing rows are counted.

-- Every counter that is wrong. Reads everything, archived years too.
CREATE FUNCTION ops.counter_differences()
    RETURNS TABLE (relation regclass, id text, counter name, stored bigint, counted bigint)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    archived text;
    held     text;
BEGIN
    -- Rows of detached years have their bytes in the storage, and nothing else.
    SELECT coalesce(string_agg(format('UNION ALL SELECT family_id, user_id,'
                                      ' familytales.text_bytes(text_content, audio_transcript) AS bytes FROM %s ',
                                      was.partition), '' ORDER BY was.partition::text), '')
      INTO archived
      FROM ops.detached_partitions AS was
      JOIN pg_class AS relation ON relation.oid = was.partition
     WHERE was.parent = 'familytales.content_segments'::regclass AND was.attached_until IS NULL;
    -- What the sums of the archive should be.
    SELECT coalesce(string_agg(format('
        UNION ALL SELECT %L::regclass, thread_id, user_id, count(*), count(*) FILTER (WHERE NOT is_deleted),
                         coalesce(sum(cardinality(photo_urls)) FILTER (WHERE NOT is_deleted), 0),
                         count(*) FILTER (WHERE NOT is_deleted AND audio_url IS NOT NULL),
                         sum(familytales.text_bytes(text_content, audio_transcript))::bigint
                    FROM ONLY %s GROUP BY thread_id, user_id', year.partition, year.partition), ''
                               ORDER BY year.partition::text), '')
      INTO held
      FROM familytales.archived_partitions AS year
      JOIN pg_class AS relation ON relation.oid = year.partition;
    RETURN QUERY EXECUTE '
    WITH readable AS (
        SELECT segment.* FROM familytales.content_segments AS segment
         WHERE NOT EXISTS (SELECT FROM familytales.archived_partitions AS year
                             JOIN familytales.archived_segments AS held ON held.partition = year.partition
                            WHERE year.partition = segment.tableoid::regclass
                              AND held.thread_id = segment.thread_id)
    ), live AS (
        SELECT * FROM readable WHERE NOT is_deleted
    ), stored AS (
        SELECT family_id, user_id, familytales.text_bytes(text_content, audio_transcript) AS bytes
          FROM familytales.content_segments
         UNION ALL SELECT family_id, uploaded_by, bytes FROM familytales.media_objects ' || archived || '
    ), archived (partition, thread_id, user_id, stored, segments, photos, audios, bytes) AS (
        SELECT NULL::regclass, NULL::uuid, NULL::uuid, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint WHERE false
        ' || held || '
    ), sums AS (
        SELECT ''familytales.families''::regclass AS relation, family.id::text AS id, ''member_count''::name AS counter,
               family.member_count::bigint AS stored,
               (SELECT count(*) FROM familytales.family_members AS member
                 WHERE member.family_id = family.id AND member.is_active) AS counted
          FROM familytales.families AS family
         UNION ALL
        SELECT ''familytales.families'', family.id::text, ''storage_used_bytes'', family.storage_used_bytes,
               coalesce(used.bytes, 0)::bigint
          FROM familytales.families AS family
          LEFT JOIN (SELECT family_id, sum(bytes) AS bytes FROM stored GROUP BY 1) AS used ON used.family_id = family.id
         UNION ALL
        SELECT ''familytales.families'', family.id::text, ''storage_archived_bytes'', family.storage_archived_bytes,
               coalesce(used.bytes, 0)::bigint
          FROM familytales.families AS family
          LEFT JOIN (SELECT kept.family_id, sum(archived.bytes) AS bytes
                       FROM familytales.archived_segments AS kept
                       JOIN archived ON archived.partition = kept.partition AND archived.thread_id = kept.thread_id
                                    AND archived.user_id = kept.user_id
                      GROUP BY 1) AS used
                 ON used.family_id = family.id
         UNION ALL
        SELECT ''familytales.users'', account.id::text, ''storage_used_bytes'', account.storage_used_bytes,
               coalesce(used.bytes, 0)::bigint
          FROM familytales.users AS account
          LEFT JOIN (SELECT user_id, sum(bytes) AS bytes FROM stored GROUP BY 1) AS used ON used.user_id = account.id
         UNION ALL
        SELECT ''familytales.memory_books'', book.id::text, ''thread_count'', book.thread_count,
               (SELECT count(*) FROM familytales.threads AS thread WHERE thread.memory_book_id = book.id)
          FROM familytales.memory_books AS book
         UNION ALL
        SELECT ''familytales.memory_books'', book.id::text, one.counter, one.stored, one.counted
          FROM familytales.memory_books AS book
          LEFT JOIN (SELECT memory_book_id, count(*) AS segments, count(DISTINCT user_id) AS contributors,
                            sum(cardinality(photo_urls)) AS photos, count(audio_url) AS audios
                       FROM live GROUP BY 1) AS held ON held.memory_book_id = book.id
         CROSS JOIN LATERAL (VALUES
               (''segment_count''::name, book.segment_count::bigint, coalesce(held.segments, 0)),
               (''contributor_count'', book.contributor_count, coalesce(held.contributors, 0)),
               (''photo_count'', book.photo_count, coalesce(held.photos, 0)),
               (''audio_count'', book.audio_count, coalesce(held.audios, 0))) AS one (counter, stored, counted)
         UNION ALL
        SELECT ''familytales.threads'', thread.id::text, ''segment_count'', thread.segment_count,
               coalesce(held.segments, 0)
          FROM familytales.threads AS thread
          LEFT JOIN (SELECT thread_id, count(*) AS segments FROM live GROUP BY 1) AS held ON held.thread_id = thread.id
         UNION ALL
        SELECT ''familytales.threads'', thread.id::text, ''participant_count'', thread.participant_count,
               held.participants
          FROM familytales.threads AS thread
          JOIN (SELECT thread_id, count(DISTINCT user_id) AS participants
                  FROM (SELECT thread_id, user_id FROM live
                         UNION ALL SELECT id, started_by FROM familytales.threads) AS both_kinds
                 GROUP BY 1) AS held ON held.thread_id = thread.id
         UNION ALL
        SELECT ''familytales.threads'', thread.id::text, ''next_sequence_number'', thread.next_sequence_number,
               coalesce(held.highest, 0) + 1
          FROM familytales.threads AS thread
          LEFT JOIN (SELECT thread_id, max(sequence_number) AS highest FROM familytales.segment_ids GROUP BY 1) AS held
                 ON held.thread_id = thread.id
         WHERE thread.next_sequence_number <= coalesce(held.highest, 0)
         UNION ALL
        SELECT ''familytales.thread_participants'', coalesce(kept.thread_id, held.thread_id) || '' ''
               || coalesce(kept.user_id, held.user_id), ''segment_count'',
               kept.segment_count, coalesce(held.segments, 0)::bigint
          FROM familytales.thread_participants AS kept
          FULL JOIN (SELECT thread_id, user_id, sum(one) AS segments
                       FROM (SELECT thread_id, user_id, 1 AS one FROM live
                              UNION ALL SELECT id, started_by, 0 FROM familytales.threads) AS both_kinds
                      GROUP BY 1, 2) AS held
                 ON held.thread_id = kept.thread_id AND held.user_id = kept.user_id
         UNION ALL
        SELECT ''familytales.archived_segments'', kept.partition || '' '' || kept.thread_id || '' '' || kept.user_id,
               one.counter, one.stored, one.counted
          FROM familytales.archived_segments AS kept
          LEFT JOIN archived ON archived.partition = kept.partition AND archived.thread_id = kept.thread_id
                            AND archived.user_id = kept.user_id
         CROSS JOIN LATERAL (VALUES
               (''stored''::name, kept.stored::bigint, coalesce(archived.stored, 0)),
               (''segments'', kept.segments, coalesce(archived.segments, 0)),
               (''photos'', kept.photos, coalesce(archived.photos, 0)),
               (''audios'', kept.audios, coalesce(archived.audios, 0)),
               (''bytes'', kept.bytes, coalesce(archived.bytes, 0))) AS one (counter, stored, counted)
    )
    SELECT sums.* FROM sums WHERE sums.stored IS DISTINCT FROM sums.counted ORDER BY 1, 2, 3';
END
$$;

-- Set right what is wrong; how many counters that were. Nobody writes meanwhile.
CREATE FUNCTION ops.recount() RETURNS bigint
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wrong record;
    mended bigint := 0;
BEGIN
    LOCK TABLE familytales.content_segments, familytales.media_objects, familytales.family_members,
        familytales.threads, familytales.thread_participants, familytales.memory_books, familytales.families
        IN SHARE ROW EXCLUSIVE MODE;
    -- Sums of the archive come first, since what families have there is the sum of them.
    FOR wrong IN SELECT * FROM ops.counter_differences()
                  ORDER BY relation <> 'familytales.archived_segments'::regclass LOOP
        IF wrong.relation = 'familytales.thread_participants'::regclass THEN
            INSERT INTO familytales.thread_participants AS kept
                        (thread_id, user_id, family_id, memory_book_id, segment_count)
            SELECT thread.id, split_part(wrong.id, ' ', 2)::uuid, thread.family_id, thread.memory_book_id, wrong.counted
              FROM familytales.threads AS thread WHERE thread.id = split_part(wrong.id, ' ', 1)::uuid
                ON CONFLICT (thread_id, user_id) DO UPDATE SET segment_count = excluded.segment_count;
        ELSIF wrong.relation = 'familytales.archived_segments'::regclass THEN
            EXECUTE format('UPDATE familytales.archived_segments SET %I = $1'
                           ' WHERE partition::text || '' '' || thread_id || '' '' || user_id = $2', wrong.counter)
              USING wrong.counted, wrong.id;
        ELSE
            EXECUTE format('UPDATE %s SET %I = $1 WHERE id = $2', wrong.relation, wrong.counter)
              USING wrong.counted, wrong.id::uuid;
        END IF;
        mended := mended + 1;
    END LOOP;
    RETURN mended;
END
$$;

-- For the job: an error names what is wrong, and nothing is changed.
CREATE FUNCTION ops.check_counters() RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wrong record;
BEGIN
    SELECT count(*) AS number, min(format('%s.%s of %s is %s, counted are %s', relation, counter, id, stored, counted))
           AS first
      INTO wrong FROM ops.counter_differences();
    IF wrong.number > 0 THEN
        RAISE EXCEPTION '% counters are wrong; the first: %', wrong.number, wrong.first
            USING ERRCODE = 'data_corrupted',
                  HINT = 'SELECT * FROM ops.counter_differences() lists them, SELECT ops.recount() sets them right.';
    END IF;
END
$$;

-- Rows that were there before the counters.
INSERT INTO familytales.thread_participants (thread_id, user_id, family_id, memory_book_id)
SELECT thread.id, thread.started_by, thread.family_id, thread.memory_book_id FROM familytales.threads AS thread
    ON CONFLICT DO NOTHING;

UPDATE familytales.threads AS thread
   SET last_segment_at = latest.created_at
  FROM (SELECT segment.thread_id, max(segment.created_at) AS created_at
          FROM familytales.content_segments AS segment GROUP BY segment.thread_id) AS latest
 WHERE latest.thread_id = thread.id;

SELECT ops.recount();
