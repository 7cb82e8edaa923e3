-- Counters and limits. They are kept by triggers that look at whole statements. Whoever counts locks the family first,
-- then threads, books and users, so that two who tell something wait for each other and neither for ever. Changing or
-- deleting something locks that first, since it is what the statement names: who meets it may be told to try again
-- (40P01), and so may a transaction that writes in two families.
--
--   threads.segment_count, memory_books.segment_count, photo_count, audio_count   segments that are not deleted
--   threads.participant_count      who started it, or has such a segment in it
--   memory_books.contributor_count who has such a segment in it
--   threads.last_segment_at        when the latest segment came, be it deleted or not
--   memory_books.last_activity_at  when the latest thread or segment came
--   families.member_count          active members
--   storage_used_bytes             of a family, and of a user in all his families: the bytes of texts and transcripts,
--                                  deleted or not, since they are still stored; media come with the next file
--
-- New columns have a constant default and cost nothing; each table is locked for a moment.

ALTER TABLE familytales.families
    ADD COLUMN member_count integer NOT NULL DEFAULT 0 CHECK (member_count >= 0);

ALTER TABLE familytales.memory_books
    ADD COLUMN segment_count integer NOT NULL DEFAULT 0 CHECK (segment_count >= 0),
    ADD COLUMN contributor_count integer NOT NULL DEFAULT 0 CHECK (contributor_count >= 0),
    ADD COLUMN photo_count integer NOT NULL DEFAULT 0 CHECK (photo_count >= 0),
    ADD COLUMN audio_count integer NOT NULL DEFAULT 0 CHECK (audio_count >= 0);

-- A counter that moves is no change of the book.
DROP TRIGGER set_timestamp ON familytales.memory_books;

CREATE TRIGGER set_timestamp
    BEFORE UPDATE OF title, description, cover_image_url, is_collaborative, privacy, metadata
    ON familytales.memory_books
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();

DROP TRIGGER set_timestamp ON familytales.families;

CREATE TRIGGER set_timestamp
    BEFORE UPDATE OF name, description, owner_id, subscription_tier, storage_limit_bytes, member_limit, is_active,
                     settings
    ON familytales.families
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();

DROP TRIGGER set_timestamp ON familytales.users;

CREATE TRIGGER set_timestamp
    BEFORE UPDATE OF clerk_id, email, display_name, avatar_url, subscription_tier, subscription_expires_at, is_active,
                     metadata
    ON familytales.users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();

-- Who takes part in a thread, and with how many segments that are not deleted. Whoever started it stands here from the
-- beginning.
CREATE TABLE familytales.thread_participants (
    thread_id      uuid    NOT NULL,
    user_id        uuid    NOT NULL,
    family_id      uuid    NOT NULL,
    memory_book_id uuid    NOT NULL,
    segment_count  integer NOT NULL DEFAULT 0 CHECK (segment_count >= 0),
    PRIMARY KEY (thread_id, user_id),
    FOREIGN KEY (family_id, memory_book_id, thread_id)
        REFERENCES familytales.threads (family_id, memory_book_id, id) ON DELETE CASCADE,
    FOREIGN KEY (family_id, user_id) REFERENCES familytales.family_members (family_id, user_id)
        DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX idx_thread_participants_book ON familytales.thread_participants (memory_book_id, user_id);
CREATE INDEX idx_thread_participants_user ON familytales.thread_participants (user_id, family_id);

ALTER TABLE familytales.thread_participants ENABLE ROW LEVEL SECURITY;

-- Lock families, in order; whoever waits here waits for the end of a transaction that tells something in one of them.
CREATE FUNCTION familytales.lock_families(families uuid[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM familytales.families AS held
      WHERE held.id = ANY (families)
      ORDER BY held.id
        FOR NO KEY UPDATE;
END
$$;

-- How long things may be ----------------------------------------------------
-- The storage limit counts texts, transcripts and media. What it does not count is short in each row; how many rows
-- somebody makes in a minute is the application's to limit. An address has at most the 2,083 characters that every
-- browser takes. Triggers look at what is written; a CHECK would look at a whole row, whatever
-- changes in it, and rows of before may be longer.
CREATE FUNCTION familytales.refuse_length() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'something in the row of % is too long', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_lengths', HINT = 'At most: ' || TG_ARGV[0];
END
$$;

CREATE TRIGGER check_lengths BEFORE INSERT OR UPDATE OF avatar_url, metadata ON familytales.users
    FOR EACH ROW WHEN (length(NEW.avatar_url) > 2083 OR octet_length(NEW.metadata::text) > 65536)
    EXECUTE FUNCTION familytales.refuse_length('avatar_url 2083 characters, metadata 65536 bytes');

CREATE TRIGGER check_lengths BEFORE INSERT OR UPDATE OF description, settings ON familytales.families
    FOR EACH ROW WHEN (length(NEW.description) > 10000 OR octet_length(NEW.settings::text) > 65536)
    EXECUTE FUNCTION familytales.refuse_length('description 10000 characters, settings 65536 bytes');

CREATE TRIGGER check_lengths
    BEFORE INSERT OR UPDATE OF description, cover_image_url, metadata ON familytales.memory_books
    FOR EACH ROW WHEN (length(NEW.description) > 10000 OR length(NEW.cover_image_url) > 2083
                       OR octet_length(NEW.metadata::text) > 65536)
    EXECUTE FUNCTION familytales.refuse_length(
        'description 10000 characters, cover_image_url 2083, metadata 65536 bytes');

CREATE TRIGGER check_lengths BEFORE INSERT OR UPDATE OF metadata ON familytales.threads
    FOR EACH ROW WHEN (octet_length(NEW.metadata::text) > 65536)
    EXECUTE FUNCTION familytales.refuse_length('metadata 65536 bytes');

CREATE TRIGGER check_lengths BEFORE INSERT OR UPDATE OF audio_url, photo_urls, metadata ON familytales.content_segments
    FOR EACH ROW WHEN (length(NEW.audio_url) > 2083 OR cardinality(NEW.photo_urls) > 100
                       OR octet_length(array_to_string(NEW.photo_urls, '')) > 208300
                       OR octet_length(NEW.metadata::text) > 65536)
    EXECUTE FUNCTION familytales.refuse_length(
        'audio_url 2083 characters, 100 photos, their addresses together 208300 bytes, metadata 65536');

CREATE TRIGGER check_lengths BEFORE INSERT OR UPDATE OF narration_text, metadata ON familytales.photo_narrations
    FOR EACH ROW WHEN (length(NEW.narration_text) > 10000 OR octet_length(NEW.metadata::text) > 65536)
    EXECUTE FUNCTION familytales.refuse_length('narration_text 10000 characters, metadata 65536 bytes');

CREATE TRIGGER check_lengths BEFORE INSERT OR UPDATE OF metadata ON familytales.content_links
    FOR EACH ROW WHEN (octet_length(NEW.metadata::text) > 65536)
    EXECUTE FUNCTION familytales.refuse_length('metadata 65536 bytes');

-- Limits ----------------------------------------------------
-- What a family uses more or less. Beyond the limit is an error, but what becomes less is always possible: a family
-- whose limit was lowered can still delete.
CREATE FUNCTION familytales.use_storage(of_family uuid, more_bytes bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    family record;
BEGIN
    UPDATE familytales.families AS held
       SET storage_used_bytes = held.storage_used_bytes + more_bytes
     WHERE held.id = of_family
       AND (more_bytes <= 0 OR held.storage_used_bytes + more_bytes <= held.storage_limit_bytes);
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT held.storage_used_bytes, held.storage_limit_bytes INTO family
      FROM familytales.families AS held WHERE held.id = of_family;
    -- It is gone when its rows are deleted with it.
    IF FOUND THEN
        RAISE EXCEPTION 'storage limit of family % reached: % bytes used, % more wanted, % allowed',
                        of_family, family.storage_used_bytes, more_bytes, family.storage_limit_bytes
            USING ERRCODE = 'check_violation', CONSTRAINT = 'families_storage_limit',
                  HINT = 'Delete media, delete_left_books (private ones of former members), or raise storage_limit_bytes.';
    END IF;
END
$$;

CREATE FUNCTION familytales.count_members() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    change record;
    family record;
BEGIN
    FOR change IN EXECUTE
        CASE TG_OP
        WHEN 'INSERT' THEN
            'SELECT family_id, count(*) AS more FROM new_rows WHERE is_active GROUP BY family_id ORDER BY family_id'
        WHEN 'DELETE' THEN
            'SELECT family_id, -count(*) AS more FROM old_rows WHERE is_active GROUP BY family_id ORDER BY family_id'
        ELSE
            'SELECT family_id, sum(one) AS more
               FROM (SELECT family_id, is_active::integer AS one FROM new_rows
                     UNION ALL SELECT family_id, -is_active::integer FROM old_rows) AS both_sides
              GROUP BY family_id HAVING sum(one) <> 0 ORDER BY family_id'
        END
    LOOP
        UPDATE familytales.families AS held
           SET member_count = held.member_count + change.more
         WHERE held.id = change.family_id
           AND (change.more <= 0 OR held.member_count + change.more <= held.member_limit);
        CONTINUE WHEN FOUND;
        SELECT held.member_count, held.member_limit INTO family
          FROM familytales.families AS held WHERE held.id = change.family_id;
        IF FOUND THEN
            RAISE EXCEPTION 'member limit of family % reached: % members, % more wanted, % allowed',
                            change.family_id, family.member_count, change.more, family.member_limit
                USING ERRCODE = 'check_violation', CONSTRAINT = 'families_member_limit',
                      HINT = 'Remove a member, or raise member_limit.';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE TRIGGER count_insert AFTER INSERT ON familytales.family_members
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION familytales.count_members();

CREATE TRIGGER count_update AFTER UPDATE ON familytales.family_members
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION familytales.count_members();

CREATE TRIGGER count_delete AFTER DELETE ON familytales.family_members
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION familytales.count_members();

-- Threads in books, people in threads and books ----------------------------------------------------
-- How many people contribute to these books. Called by who has locked the rows of the books, so nobody else is at it.
CREATE FUNCTION familytales.count_contributors(of_books uuid[]) RETURNS void
    -- Not sql: such a function is planned anew by each call.
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE familytales.memory_books AS book
       SET contributor_count = (SELECT count(DISTINCT participant.user_id)
                                  FROM familytales.thread_participants AS participant
                                 WHERE participant.memory_book_id = book.id
                                   AND participant.segment_count > 0)
     WHERE book.id = ANY (of_books);
END
$$;

-- A private book is its author's alone. Policies say so, too, but of the book as it was when the statement began:
-- whoever waited for its row while it became private looks again.
CREATE FUNCTION familytales.refuse_others(privacy text, created_by uuid, authors uuid[]) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF privacy = 'private' AND authors <> ARRAY[created_by] THEN
        RAISE EXCEPTION 'a private book is its author''s alone'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

CREATE FUNCTION familytales.count_threads() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    change record;
    book   record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM familytales.lock_families(array_agg(DISTINCT family_id)) FROM new_rows;
        FOR change IN SELECT memory_book_id, count(*) AS threads, max(created_at) AS latest,
                             array_agg(DISTINCT started_by) AS authors
                        FROM new_rows GROUP BY memory_book_id ORDER BY memory_book_id LOOP
            UPDATE familytales.memory_books AS held
               SET thread_count = held.thread_count + change.threads,
                   last_activity_at = greatest(held.last_activity_at, change.latest)
             WHERE held.id = change.memory_book_id
            RETURNING held.privacy, held.created_by INTO book;
            PERFORM familytales.refuse_others(book.privacy, book.created_by, change.authors);
        END LOOP;
        INSERT INTO familytales.thread_participants (thread_id, user_id, family_id, memory_book_id)
        SELECT id, started_by, family_id, memory_book_id FROM new_rows;
    ELSE
        FOR change IN SELECT memory_book_id, count(*) AS threads FROM old_rows
                       GROUP BY memory_book_id ORDER BY memory_book_id LOOP
            UPDATE familytales.memory_books AS held
               SET thread_count = held.thread_count - change.threads
             WHERE held.id = change.memory_book_id;
        END LOOP;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER count_insert AFTER INSERT ON familytales.threads
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION familytales.count_threads();

CREATE TRIGGER count_delete AFTER DELETE ON familytales.threads
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION familytales.count_threads();

-- Participants go with their thread, before or after its segments do.
CREATE FUNCTION familytales.forget_participants() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    books constant uuid[] := ARRAY(
        SELECT book.id FROM familytales.memory_books AS book
         WHERE book.id IN (SELECT memory_book_id FROM old_rows WHERE segment_count > 0)
         ORDER BY book.id
           FOR NO KEY UPDATE);
BEGIN
    PERFORM familytales.count_contributors(books);
    RETURN NULL;
END
$$;

CREATE TRIGGER count_delete AFTER DELETE ON familytales.thread_participants
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION familytales.forget_participants();

-- Segments ----------------------------------------------------
CREATE FUNCTION familytales.text_bytes(text_content text, audio_transcript text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT (coalesce(octet_length(text_content), 0) + coalesce(octet_length(audio_transcript), 0))::bigint
$$;

-- What a statement changed, summed by thread and author: how many segments, photos and recordings there are more, how
-- many bytes, and when the latest came.
CREATE TYPE familytales.segment_change AS (
    family_id      uuid,
    memory_book_id uuid,
    thread_id      uuid,
    user_id        uuid,
    segments       integer,
    photos         integer,
    audios         integer,
    bytes          bigint,
    latest         timestamptz
);

-- Add changes to participants, books, families and users. The threads themselves are locked, and were counted, by the
-- caller.
CREATE FUNCTION familytales.count_changes(changes familytales.segment_change[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    change  record;
    book    record;
    books   uuid[];
    threads uuid[];
BEGIN
    PERFORM familytales.lock_families(array_agg(DISTINCT one.family_id)) FROM unnest(changes) AS one;
    -- Who comes into a thread, or leaves it with his last segment.
    WITH counted AS (
        INSERT INTO familytales.thread_participants AS participant
                    (thread_id, user_id, family_id, memory_book_id, segment_count)
        SELECT one.thread_id, one.user_id, one.family_id, one.memory_book_id, one.segments
          FROM unnest(changes) AS one
         WHERE one.segments > 0
         ORDER BY one.thread_id, one.user_id
            ON CONFLICT (thread_id, user_id)
            DO UPDATE SET segment_count = participant.segment_count + excluded.segment_count
        RETURNING participant.thread_id, participant.user_id, participant.memory_book_id, participant.segment_count
    ), discounted AS (
        UPDATE familytales.thread_participants AS participant
           SET segment_count = participant.segment_count + one.segments
          FROM unnest(changes) AS one
         WHERE one.segments < 0
           AND participant.thread_id = one.thread_id
           AND participant.user_id = one.user_id
        RETURNING participant.thread_id, participant.memory_book_id, participant.segment_count
    ), moved AS (
        SELECT counted.thread_id, counted.memory_book_id
          FROM counted
          JOIN unnest(changes) AS one ON one.thread_id = counted.thread_id AND one.user_id = counted.user_id
         WHERE counted.segment_count = one.segments
         UNION ALL
        SELECT discounted.thread_id, discounted.memory_book_id FROM discounted WHERE discounted.segment_count = 0
    )
    SELECT array_agg(DISTINCT moved.memory_book_id), array_agg(DISTINCT moved.thread_id) INTO books, threads FROM moved;
    IF threads IS NOT NULL THEN
        UPDATE familytales.threads AS thread
           SET participant_count = (SELECT count(*) FROM familytales.thread_participants AS participant
                                     WHERE participant.thread_id = thread.id
                                       AND (participant.segment_count > 0
                                            OR participant.user_id = thread.started_by))
         WHERE thread.id = ANY (threads);
    END IF;

    FOR change IN SELECT one.memory_book_id, sum(one.segments) AS segments, sum(one.photos) AS photos,
                         sum(one.audios) AS audios, max(one.latest) AS latest,
                         array_agg(DISTINCT one.user_id) AS authors
                    FROM unnest(changes) AS one GROUP BY one.memory_book_id ORDER BY one.memory_book_id LOOP
        CONTINUE WHEN (change.segments, change.photos, change.audios) = (0, 0, 0) AND change.latest IS NULL
                  AND change.memory_book_id <> ALL (coalesce(books, '{}'));
        UPDATE familytales.memory_books AS held
           SET segment_count = held.segment_count + change.segments,
               photo_count = held.photo_count + change.photos,
               audio_count = held.audio_count + change.audios,
               last_activity_at = greatest(held.last_activity_at, change.latest)
         WHERE held.id = change.memory_book_id
        RETURNING held.privacy, held.created_by INTO book;
        -- Only what is new has a time.
        IF FOUND AND change.latest IS NOT NULL THEN
            PERFORM familytales.refuse_others(book.privacy, book.created_by, change.authors);
        END IF;
    END LOOP;
    IF books IS NOT NULL THEN
        PERFORM familytales.count_contributors(books);
    END IF;

    PERFORM familytales.use_storage(used.family_id, used.bytes)
       FROM (SELECT one.family_id, sum(one.bytes)::bigint AS bytes FROM unnest(changes) AS one
              GROUP BY one.family_id HAVING sum(one.bytes) <> 0 ORDER BY one.family_id) AS used;
    PERFORM familytales.use_storage_of_user(used.user_id, used.bytes)
       FROM (SELECT one.user_id, sum(one.bytes)::bigint AS bytes FROM unnest(changes) AS one
              GROUP BY one.user_id HAVING sum(one.bytes) <> 0 ORDER BY one.user_id) AS used;
END
$$;

CREATE FUNCTION familytales.use_storage_of_user(of_user uuid, more_bytes bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE familytales.users AS held
       SET storage_used_bytes = held.storage_used_bytes + more_bytes
     WHERE held.id = of_user;
END
$$;

-- The thread counts the segment while its row is locked for the number: once more would be a second version of it.
CREATE OR REPLACE FUNCTION familytales.register_segment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM familytales.lock_families(ARRAY[thread.family_id])
       FROM familytales.threads AS thread WHERE thread.id = NEW.thread_id;
    UPDATE familytales.threads AS thread
       SET next_sequence_number = thread.next_sequence_number + 1,
           segment_count = thread.segment_count + (NOT NEW.is_deleted)::integer,
           last_segment_at = greatest(thread.last_segment_at, NEW.created_at)
     WHERE thread.id = NEW.thread_id AND NOT thread.is_locked
    RETURNING thread.next_sequence_number - 1, thread.family_id, thread.memory_book_id
         INTO NEW.sequence_number, NEW.family_id, NEW.memory_book_id;
    IF NOT FOUND THEN
        IF EXISTS (SELECT FROM familytales.threads AS thread WHERE thread.id = NEW.thread_id) THEN
            RAISE EXCEPTION 'thread % is locked', NEW.thread_id
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Set its is_locked to false first.';
        END IF;
        RAISE EXCEPTION 'there is no thread %', NEW.thread_id USING ERRCODE = 'foreign_key_violation';
    END IF;
    INSERT INTO familytales.segment_ids (id, family_id, memory_book_id, thread_id, sequence_number, created_at)
    VALUES (NEW.id, NEW.family_id, NEW.memory_book_id, NEW.thread_id, NEW.sequence_number, NEW.created_at);
    RETURN NEW;
END
$$;

-- A thread that somebody else may not see is refused in the words of row level security, like one that does not exist,
-- and before its row is locked. This runs as whoever inserts, unlike `register`, which it comes before by its name.
CREATE FUNCTION familytales.admit_segment() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF row_security_active('familytales.content_segments')
       AND NOT EXISTS (SELECT FROM familytales.threads AS thread WHERE thread.id = NEW.thread_id) THEN
        RAISE EXCEPTION 'new row violates row-level security policy for table "content_segments"'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER admit BEFORE INSERT ON familytales.content_segments
    FOR EACH ROW EXECUTE FUNCTION familytales.admit_segment();

CREATE FUNCTION familytales.count_new_segments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM familytales.count_changes(array_agg(change::familytales.segment_change))
       FROM (SELECT family_id, memory_book_id, thread_id, user_id,
                    count(*) FILTER (WHERE NOT is_deleted),
                    coalesce(sum(cardinality(photo_urls)) FILTER (WHERE NOT is_deleted), 0),
                    count(*) FILTER (WHERE NOT is_deleted AND audio_url IS NOT NULL),
                    sum(familytales.text_bytes(text_content, audio_transcript)),
                    max(created_at)
               FROM new_rows
              GROUP BY family_id, memory_book_id, thread_id, user_id) AS change
     HAVING count(*) > 0;
    RETURN NULL;
END
$$;

CREATE TRIGGER count_insert AFTER INSERT ON familytales.content_segments
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION familytales.count_new_segments();
