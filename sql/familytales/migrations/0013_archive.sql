-- What happens to counters when segments change, and when whole years go to the archive and come back.
--
-- A thread counts what can be read in it. Before a year is detached, its segments are taken out of the counters, thread
-- by thread, and their sums are put down here: a few rows for a thread, whatever the number of its segments. When the
-- year comes back, the sums are added again. The bytes stay in the family's storage all the while, for they are still
-- stored; how many of them lie in the archive is counted beside.
--
-- New objects, and triggers on tables that are locked for a moment.

ALTER TABLE familytales.families
    ADD COLUMN storage_archived_bytes bigint NOT NULL DEFAULT 0 CHECK (storage_archived_bytes >= 0);

-- Partitions whose segments are no longer counted, be it that they are detached or about to be.
CREATE TABLE familytales.archived_partitions (
    partition   regclass    PRIMARY KEY,
    lower_bound timestamptz NOT NULL,
    upper_bound timestamptz NOT NULL,
    -- Whether all of its segments are.
    is_complete boolean     NOT NULL DEFAULT false
);

ALTER TABLE familytales.archived_partitions ENABLE ROW LEVEL SECURITY;

-- What somebody has in the archive of a thread. No foreign key to the thread: segments that are deleted with their
-- thread look here whether they were counted.
CREATE TABLE familytales.archived_segments (
    thread_id      uuid     NOT NULL,
    user_id        uuid     NOT NULL,
    partition      regclass NOT NULL REFERENCES familytales.archived_partitions (partition),
    family_id      uuid     NOT NULL REFERENCES familytales.families (id) ON DELETE CASCADE,
    memory_book_id uuid     NOT NULL,
    stored         integer  NOT NULL CHECK (stored > 0),
    segments       integer  NOT NULL CHECK (segments >= 0),
    photos         integer  NOT NULL CHECK (photos >= 0),
    audios         integer  NOT NULL CHECK (audios >= 0),
    bytes          bigint   NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (thread_id, user_id, partition)
);

CREATE INDEX idx_archived_segments_partition ON familytales.archived_segments (partition, thread_id);
CREATE INDEX idx_archived_segments_family ON familytales.archived_segments (family_id);

COMMENT ON COLUMN familytales.archived_segments.stored IS 'Rows, with those that are marked as deleted';
COMMENT ON COLUMN familytales.archived_segments.segments IS 'Rows that are not deleted; so are photos and audios';

ALTER TABLE familytales.archived_segments ENABLE ROW LEVEL SECURITY;

-- Changed and deleted segments ----------------------------------------------------
-- A row as it was (sign -1) or has become (+1).
CREATE TYPE familytales.segment_side AS (
    family_id      uuid,
    memory_book_id uuid,
    thread_id      uuid,
    user_id        uuid,
    created_at     timestamptz,
    sign           integer,
    segments       integer,
    photos         integer,
    audios         integer,
    bytes          bigint
);

-- Live segments change the counters; those that are in the archive already change what is put down there.
CREATE FUNCTION familytales.count_sides(sides familytales.segment_side[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    change record;
    live   familytales.segment_change[] := '{}';
BEGIN
    -- Only where something counts: whoever only looks at a segment waits for nobody.
    PERFORM familytales.lock_families(array_agg(DISTINCT changed.family_id))
       FROM (SELECT side.family_id FROM unnest(sides) AS side
              GROUP BY side.family_id, side.thread_id, side.user_id
             HAVING sum(side.sign) <> 0 OR sum(side.sign * side.segments) <> 0 OR sum(side.sign * side.photos) <> 0
                 OR sum(side.sign * side.audios) <> 0 OR sum(side.sign * side.bytes) <> 0) AS changed;
    FOR change IN
        SELECT side.family_id, side.memory_book_id, side.thread_id, side.user_id, archived.partition,
               sum(side.sign)                AS stored,
               sum(side.sign * side.segments)::integer AS segments,
               sum(side.sign * side.photos)::integer   AS photos,
               sum(side.sign * side.audios)::integer   AS audios,
               sum(side.sign * side.bytes)::bigint     AS bytes
          FROM unnest(sides) AS side
          LEFT JOIN LATERAL (
              SELECT held.partition
                FROM familytales.archived_segments AS held
                JOIN familytales.archived_partitions AS year ON year.partition = held.partition
               WHERE held.thread_id = side.thread_id
                 AND held.user_id = side.user_id
                 AND side.created_at >= year.lower_bound AND side.created_at < year.upper_bound
                 -- These are rows of partitions that are attached, so that no two of them hold the same days.
                 AND EXISTS (SELECT FROM pg_inherits WHERE inhrelid = held.partition)
          ) AS archived ON true
         GROUP BY side.family_id, side.memory_book_id, side.thread_id, side.user_id, archived.partition
        HAVING sum(side.sign) <> 0 OR sum(side.sign * side.segments) <> 0 OR sum(side.sign * side.photos) <> 0
            OR sum(side.sign * side.audios) <> 0 OR sum(side.sign * side.bytes) <> 0
         ORDER BY side.thread_id, side.user_id
    LOOP
        IF change.partition IS NULL THEN
            UPDATE familytales.threads AS thread
               SET segment_count = thread.segment_count + change.segments
             WHERE thread.id = change.thread_id
               AND change.segments <> 0;
            live := live || ROW(change.family_id, change.memory_book_id, change.thread_id, change.user_id,
                                change.segments, change.photos, change.audios, change.bytes,
                                NULL)::familytales.segment_change;
        ELSE
            PERFORM familytales.change_archived(change.partition, change.family_id, change.thread_id, change.user_id,
                                                change.stored::integer, change.segments, change.photos,
                                                change.audios, change.bytes);
        END IF;
    END LOOP;
    IF cardinality(live) > 0 THEN
        PERFORM familytales.count_changes(live);
    END IF;
END
$$;

CREATE FUNCTION familytales.change_archived(of_partition regclass, family uuid, thread uuid, author uuid,
                                            more_stored integer, more_segments integer, more_photos integer,
                                            more_audios integer, more_bytes bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM familytales.archived_segments AS held
     WHERE held.partition = of_partition AND held.thread_id = thread AND held.user_id = author
       AND held.stored + more_stored = 0;
    IF NOT FOUND THEN
        UPDATE familytales.archived_segments AS held
           SET stored = held.stored + more_stored,
               segments = held.segments + more_segments,
               photos = held.photos + more_photos,
               audios = held.audios + more_audios,
               bytes = held.bytes + more_bytes
         WHERE held.partition = of_partition AND held.thread_id = thread AND held.user_id = author;
    END IF;
    UPDATE familytales.families AS held
       SET storage_archived_bytes = held.storage_archived_bytes + more_bytes
     WHERE held.id = family AND more_bytes <> 0;
    PERFORM familytales.use_storage(family, more_bytes);
    PERFORM familytales.use_storage_of_user(author, more_bytes);
END
$$;

CREATE FUNCTION familytales.count_changed_segments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM familytales.count_sides(array_agg(side::familytales.segment_side))
       FROM (SELECT family_id, memory_book_id, thread_id, user_id, created_at, 1,
                    (NOT is_deleted)::integer,
                    CASE WHEN is_deleted THEN 0 ELSE cardinality(photo_urls) END,
                    (NOT is_deleted AND audio_url IS NOT NULL)::integer,
                    familytales.text_bytes(text_content, audio_transcript)
               FROM new_rows
              UNION ALL
             SELECT family_id, memory_book_id, thread_id, user_id, created_at, -1,
                    (NOT is_deleted)::integer,
                    CASE WHEN is_deleted THEN 0 ELSE cardinality(photo_urls) END,
                    (NOT is_deleted AND audio_url IS NOT NULL)::integer,
                    familytales.text_bytes(text_content, audio_transcript)
               FROM old_rows) AS side
     HAVING count(*) > 0;
    RETURN NULL;
END
$$;

CREATE FUNCTION familytales.count_gone_segments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM familytales.count_sides(array_agg(side::familytales.segment_side))
       FROM (SELECT family_id, memory_book_id, thread_id, user_id, created_at, -1,
                    (NOT is_deleted)::integer,
                    CASE WHEN is_deleted THEN 0 ELSE cardinality(photo_urls) END,
                    (NOT is_deleted AND audio_url IS NOT NULL)::integer,
                    familytales.text_bytes(text_content, audio_transcript)
               FROM old_rows) AS side
     HAVING count(*) > 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER count_update AFTER UPDATE ON familytales.content_segments
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION familytales.count_changed_segments();

CREATE TRIGGER count_delete AFTER DELETE ON familytales.content_segments
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION familytales.count_gone_segments();

-- A row of a detached partition goes with its thread, book or family, through the registry. On a partition that is
-- attached again this does nothing: there, the trigger of the table counts.
CREATE FUNCTION familytales.count_gone_archived() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_TABLE_SCHEMA = 'archive' THEN
        PERFORM familytales.change_archived(
            TG_RELID::regclass, OLD.family_id, OLD.thread_id, OLD.user_id, -1, -(NOT OLD.is_deleted)::integer,
            CASE WHEN OLD.is_deleted THEN 0 ELSE -cardinality(OLD.photo_urls) END,
            -(NOT OLD.is_deleted AND OLD.audio_url IS NOT NULL)::integer,
            -familytales.text_bytes(OLD.text_content, OLD.audio_transcript));
        DELETE FROM familytales.segment_ids AS known WHERE known.id = OLD.id;
    END IF;
    RETURN NULL;
END
$$;

-- Into the archive ----------------------------------------------------
-- Add the sums of some threads to the counters again, or take them out.
CREATE FUNCTION familytales.move_sums(of_partition regclass, threads uuid[], sign integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    change record;
BEGIN
    PERFORM familytales.lock_families(array_agg(DISTINCT held.family_id))
       FROM familytales.archived_segments AS held
      WHERE held.partition = of_partition AND held.thread_id = ANY (threads);
    FOR change IN SELECT held.thread_id, sum(held.segments) AS segments FROM familytales.archived_segments AS held
                   WHERE held.partition = of_partition AND held.thread_id = ANY (threads)
                   GROUP BY held.thread_id ORDER BY held.thread_id LOOP
        UPDATE familytales.threads AS thread
           SET segment_count = thread.segment_count + sign * change.segments
         WHERE thread.id = change.thread_id;
    END LOOP;
    PERFORM familytales.count_changes(array_agg(moved::familytales.segment_change))
       FROM (SELECT held.family_id, held.memory_book_id, held.thread_id, held.user_id, sign * held.segments,
                    sign * held.photos, sign * held.audios, 0, NULL::timestamptz
               FROM familytales.archived_segments AS held
              WHERE held.partition = of_partition AND held.thread_id = ANY (threads)) AS moved
     HAVING count(*) > 0;
    FOR change IN SELECT held.family_id, sum(held.bytes) AS bytes FROM familytales.archived_segments AS held
                   WHERE held.partition = of_partition AND held.thread_id = ANY (threads)
                   GROUP BY held.family_id ORDER BY held.family_id LOOP
        UPDATE familytales.families AS family
           SET storage_archived_bytes = family.storage_archived_bytes - sign * change.bytes
         WHERE family.id = change.family_id;
    END LOOP;
END
$$;

-- One portion of threads, or all of them. Writers of the partition are kept away meanwhile, readers are not. Those that
-- were taken out before are left alone, so it can be run again.
CREATE FUNCTION familytales.retire_segments(
    of_partition regclass,
    first_thread uuid DEFAULT '00000000-0000-0000-0000-000000000000',
    last_thread  uuid DEFAULT 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    is_last      boolean DEFAULT true,
    were_counted boolean DEFAULT true
) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    fresh uuid[];
BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', of_partition);
    INSERT INTO familytales.archived_partitions (partition, lower_bound, upper_bound)
    SELECT leaf.partition, leaf.lower_bound, leaf.upper_bound
      FROM ops.partition_bounds('familytales.content_segments') AS leaf
     WHERE leaf.partition = of_partition
     UNION
    SELECT was.partition, was.lower_bound, was.upper_bound
      FROM ops.find_detached(of_partition::text) AS was
     WHERE was.partition = of_partition
        ON CONFLICT DO NOTHING;
    EXECUTE format('
        WITH fresh AS (
            INSERT INTO familytales.archived_segments (thread_id, user_id, partition, family_id, memory_book_id, stored,
                                                       segments, photos, audios, bytes)
            SELECT thread_id, user_id, $1, family_id, memory_book_id, count(*),
                   count(*) FILTER (WHERE NOT is_deleted),
                   coalesce(sum(cardinality(photo_urls)) FILTER (WHERE NOT is_deleted), 0),
                   count(*) FILTER (WHERE NOT is_deleted AND audio_url IS NOT NULL),
                   sum(familytales.text_bytes(text_content, audio_transcript))
              FROM ONLY %s AS segment
             WHERE thread_id BETWEEN $2 AND $3
               AND NOT EXISTS (SELECT FROM familytales.archived_segments AS held
                                WHERE held.partition = $1 AND held.thread_id = segment.thread_id)
             GROUP BY thread_id, user_id, family_id, memory_book_id
            RETURNING thread_id
        )
        SELECT array_agg(DISTINCT thread_id) FROM fresh', of_partition)
       INTO fresh USING of_partition, first_thread, last_thread;
    IF were_counted THEN
        PERFORM familytales.move_sums(of_partition, fresh, -1);
    END IF;
    IF is_last THEN
        UPDATE familytales.archived_partitions SET is_complete = true WHERE partition = of_partition;
    END IF;
END
$$;

-- The portions of what has expired: some five hundred threads each, a transaction of its own.
CREATE FUNCTION familytales.segments_to_retire() RETURNS TABLE (run text)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    expired regclass;
BEGIN
    FOR expired IN SELECT one.partition FROM ops.expired_partitions() AS one
                    WHERE one.parent = 'familytales.content_segments'::regclass
                      AND NOT EXISTS (SELECT FROM familytales.archived_partitions AS year
                                       WHERE year.partition = one.partition AND year.is_complete)
                    ORDER BY one.lower_bound LOOP
        RETURN QUERY EXECUTE format('
            SELECT format(''SELECT familytales.retire_segments(%%L, %%L, %%L, false)'', $1, min(id), max(id))
              FROM (SELECT thread_id::text AS id, (row_number() OVER (ORDER BY thread_id) - 1) / 500 AS portion
                      FROM (SELECT DISTINCT thread_id FROM ONLY %s) AS those) AS numbered
             GROUP BY portion ORDER BY portion', expired) USING expired;
        RETURN QUERY SELECT format('SELECT familytales.retire_segments(%L)', expired);
    END LOOP;
END
$$;

-- Out of the archive ----------------------------------------------------
CREATE FUNCTION familytales.return_segments(
    of_partition regclass,
    first_thread uuid DEFAULT '00000000-0000-0000-0000-000000000000',
    last_thread  uuid DEFAULT 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    is_last      boolean DEFAULT true
) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', of_partition);
    IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = of_partition) THEN
        RAISE EXCEPTION '% is not attached', of_partition USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'SELECT ops.attach_partition(name) attaches it.';
    END IF;
    UPDATE familytales.archived_partitions SET is_complete = false WHERE partition = of_partition;
    PERFORM familytales.move_sums(of_partition, array_agg(DISTINCT held.thread_id), 1)
       FROM familytales.archived_segments AS held
      WHERE held.partition = of_partition AND held.thread_id BETWEEN first_thread AND last_thread;
    DELETE FROM familytales.archived_segments AS held
     WHERE held.partition = of_partition AND held.thread_id BETWEEN first_thread AND last_thread;
    IF is_last THEN
        DELETE FROM familytales.archived_partitions WHERE partition = of_partition;
    END IF;
END
$$;

-- The portions of what is attached, and to stay, but not counted: it was brought back, or is to be kept longer now.
CREATE FUNCTION familytales.segments_to_return() RETURNS TABLE (run text)
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
WITH years AS (
    SELECT year.partition
      FROM familytales.archived_partitions AS year
     WHERE EXISTS (SELECT FROM pg_inherits WHERE inhrelid = year.partition)
       AND year.partition NOT IN (SELECT expired.partition FROM ops.expired_partitions() AS expired)
), portions AS (
    SELECT years.partition, portion,
           format('SELECT familytales.return_segments(%L, %L, %L, false)', years.partition, min(id), max(id)) AS step
      FROM years
     CROSS JOIN LATERAL (
           SELECT thread_id::text AS id, (row_number() OVER (ORDER BY thread_id) - 1) / 500 AS portion
             FROM (SELECT DISTINCT held.thread_id FROM familytales.archived_segments AS held
                    WHERE held.partition = years.partition) AS those) AS numbered
     GROUP BY years.partition, portion
     UNION ALL
    SELECT years.partition, NULL, format('SELECT familytales.return_segments(%L)', years.partition) FROM years
)
SELECT step FROM portions ORDER BY partition::text, portion NULLS LAST
$$;

-- What comes with being detached by ops.expire_partition, in the job or by hand: nothing of it is counted any more;
-- archivists may read it; and what is deleted from it is counted.
CREATE FUNCTION familytales.take_into_archive(of_partition regclass, were_counted boolean DEFAULT true) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM familytales.archived_partitions AS year
                    WHERE year.partition = of_partition AND year.is_complete) THEN
        PERFORM familytales.retire_segments(of_partition, were_counted => were_counted);
    END IF;
    EXECUTE format('CREATE OR REPLACE TRIGGER count_gone_archived AFTER DELETE ON %s'
                   ' FOR EACH ROW EXECUTE FUNCTION familytales.count_gone_archived()', of_partition);
    EXECUTE format('CREATE POLICY archivist_read ON %s FOR SELECT TO familytales_archivist USING (true)',
                   of_partition);
    EXECUTE format('GRANT SELECT ON %s TO familytales_archivist', of_partition);
END
$$;

CREATE FUNCTION familytales.follow_archive() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.attached_until IS NULL) = (NEW.attached_until IS NULL) THEN
        RETURN NULL;
    END IF;
    IF NEW.attached_until IS NULL THEN
        PERFORM familytales.take_into_archive(NEW.partition);
    ELSE
        EXECUTE format('DROP TRIGGER count_gone_archived ON %s', NEW.partition);
        EXECUTE format('DROP POLICY IF EXISTS archivist_read ON %s', NEW.partition);
        EXECUTE format('REVOKE ALL ON %s FROM familytales_archivist', NEW.partition);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER follow_archive AFTER INSERT OR UPDATE ON ops.detached_partitions
    FOR EACH ROW WHEN (NEW.parent = 'familytales.content_segments'::regclass)
    EXECUTE FUNCTION familytales.follow_archive();

-- Years that were detached before this. Their segments are in no counter yet.
SELECT familytales.take_into_archive(was.partition, were_counted => false)
  FROM ops.detached_partitions AS was
 WHERE was.parent = 'familytales.content_segments'::regclass AND was.attached_until IS NULL;

-- What a year in the archive lacks of the table, which had columns and checks added since: without that it could not be
-- attached. A new column has its default there, a generated one its value. A column that the table has lost is not
-- dropped here, and neither is a type changed: the migration that does that to the table does it to the archive.
CREATE FUNCTION familytales.fit_archived(of_partition regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    run text;
BEGIN
    FOR run IN
        WITH wanted AS (
            SELECT * FROM pg_attribute
             WHERE attrelid = 'familytales.content_segments'::regclass AND attnum > 0 AND NOT attisdropped
        ), there AS (
            SELECT * FROM pg_attribute WHERE attrelid = of_partition AND attnum > 0 AND NOT attisdropped
        ), steps (place, run) AS (
            -- What is generated is lost with nobody; anything else is the only copy there is, and stays.
            SELECT 1, format('ALTER TABLE %s DROP COLUMN %I', of_partition, attname) FROM there
             WHERE attname NOT IN (SELECT attname FROM wanted) AND attgenerated = 's'
             UNION ALL
            SELECT 1 + wanted.attnum,
                   format('ALTER TABLE %s ADD COLUMN %I %s%s%s', of_partition, wanted.attname,
                          format_type(wanted.atttypid, wanted.atttypmod),
                          CASE WHEN wanted.attgenerated = 's'
                               THEN format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(preset.adbin, preset.adrelid))
                               WHEN preset.adbin IS NOT NULL
                               THEN format(' DEFAULT %s', pg_get_expr(preset.adbin, preset.adrelid)) ELSE '' END,
                          CASE WHEN wanted.attnotnull THEN ' NOT NULL' ELSE '' END)
              FROM wanted
              LEFT JOIN pg_attrdef AS preset ON preset.adrelid = wanted.attrelid AND preset.adnum = wanted.attnum
             WHERE wanted.attname NOT IN (SELECT attname FROM there)
             UNION ALL
            SELECT 10000, format('ALTER TABLE %s ADD CONSTRAINT %I %s', of_partition, conname, pg_get_constraintdef(oid))
              FROM pg_constraint
             WHERE conrelid = 'familytales.content_segments'::regclass AND contype = 'c'
               AND conname NOT IN (SELECT conname FROM pg_constraint WHERE conrelid = of_partition AND contype = 'c')
        )
        SELECT steps.run FROM steps ORDER BY steps.place
    LOOP
        EXECUTE run;
    END LOOP;
END
$$;

-- A segment cannot come into a year that is about to go: it would be in it, and not in its sums.
CREATE FUNCTION familytales.refuse_archived_year() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM familytales.archived_partitions AS year
                WHERE NEW.created_at >= year.lower_bound AND NEW.created_at < year.upper_bound
                  AND EXISTS (SELECT FROM pg_inherits WHERE inhrelid = year.partition)) THEN
        RAISE EXCEPTION 'segments created on % are being archived', NEW.created_at
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Run the job partitions, and insert it afterwards.';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER refuse_archived_year BEFORE INSERT ON familytales.content_segments
    FOR EACH ROW WHEN (NEW.created_at < now() - interval '1 day')
    EXECUTE FUNCTION familytales.refuse_archived_year();

-- As the design calls it: what the job does about expired years, each step committed by itself.
CREATE PROCEDURE ops.archive_old_content()
    LANGUAGE plpgsql
AS $$
DECLARE
    step text;
BEGIN
    FOR step IN SELECT run FROM familytales.segments_to_retire() LOOP
        EXECUTE step;
        COMMIT;
    END LOOP;
    FOR step IN SELECT run FROM ops.partitions_to_expire('familytales.content_segments') LOOP
        EXECUTE step;
        COMMIT;
    END LOOP;
END
$$;
