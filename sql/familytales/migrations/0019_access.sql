-- Who may do what, of everything: docs/familytales_access.md shows it as a table. Policies are replaced in the
-- transaction of this file, so that there is no moment without one; each table is locked for that moment (ACCESS
-- EXCLUSIVE).

-- Roles that read everything of a table ----------------------------------------------------
-- familytales_authz    what its functions ask
-- familytales_support  accounts, families and counts; column grants leave out what is told, and every title
-- familytales_backup   every row of every table; BYPASSRLS is not the master user's to give on RDS, so it has policies
-- familytales_media    what it adds to, in every family
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['users', 'families', 'family_members', 'memory_books', 'threads', 'segment_ids',
                                  'content_segments', 'photo_narrations', 'content_tags', 'media_objects'] LOOP
        EXECUTE format('CREATE POLICY authz_read ON familytales.%I FOR SELECT TO familytales_authz USING (true)',
                       wanted);
    END LOOP;
    FOREACH wanted IN ARRAY ARRAY['users', 'families', 'family_members', 'family_invites', 'memory_books', 'threads',
                                  'media_objects', 'archived_segments'] LOOP
        EXECUTE format('CREATE POLICY support_read ON familytales.%I FOR SELECT TO familytales_support USING (true)',
                       wanted);
    END LOOP;
    FOREACH wanted IN ARRAY ARRAY['content_segments', 'photo_narrations', 'media_objects', 'media_deletions'] LOOP
        EXECUTE format('CREATE POLICY media_read ON familytales.%I FOR SELECT TO familytales_media USING (true)',
                       wanted);
    END LOOP;
    FOR wanted IN SELECT oid::regclass::text FROM pg_catalog.pg_class
                   WHERE relrowsecurity AND NOT relispartition AND relowner = 'familytales_owner'::regrole LOOP
        EXECUTE format('CREATE POLICY backup_read ON %s FOR SELECT TO familytales_backup USING (true)', wanted);
    END LOOP;
    -- Partitions, too: a dump reads them one by one.
    FOR wanted IN SELECT oid::regclass::text FROM pg_catalog.pg_class
                   WHERE relkind IN ('r', 'p', 'S') AND relowner = 'familytales_owner'::regrole LOOP
        EXECUTE format('GRANT SELECT ON %s TO familytales_backup', wanted);
    END LOOP;
END
$$;

-- lint: allow opaque-block: partitions that are there get the policy of their table
SELECT ops.copy_open_policies('familytales.content_segments');

GRANT USAGE ON SCHEMA familytales, audit, ops, part, archive TO familytales_backup;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO familytales_backup;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO familytales_backup;

GRANT USAGE ON SCHEMA familytales TO familytales_support, familytales_media, familytales_archivist, familytales_public;

GRANT SELECT ON familytales.families, familytales.family_members, familytales.archived_segments
    TO familytales_support;
GRANT SELECT (id, email, display_name, subscription_tier, subscription_expires_at, storage_used_bytes, is_active,
              created_at, updated_at, last_login_at)
    ON familytales.users TO familytales_support;
GRANT SELECT (id, family_id, email, role, invited_by, expires_at, accepted_at, accepted_by, created_at)
    ON familytales.family_invites TO familytales_support;
GRANT SELECT (id, family_id, created_by, is_collaborative, privacy, thread_count, segment_count, contributor_count,
              photo_count, audio_count, last_activity_at, created_at, updated_at)
    ON familytales.memory_books TO familytales_support;
GRANT SELECT (id, family_id, memory_book_id, started_by, participant_count, segment_count, last_segment_at, is_locked,
              created_at, updated_at)
    ON familytales.threads TO familytales_support;
GRANT SELECT (id, family_id, memory_book_id, content_segment_id, kind, content_type, bytes, uploaded_by, created_at)
    ON familytales.media_objects TO familytales_support;

-- Archivists ----------------------------------------------------
CREATE POLICY archivist_read ON ops.detached_partitions FOR SELECT TO familytales_archivist USING (true);
CREATE POLICY archivist_read ON familytales.archived_partitions FOR SELECT TO familytales_archivist USING (true);
CREATE POLICY archivist_read ON familytales.archived_segments FOR SELECT TO familytales_archivist USING (true);

GRANT USAGE ON SCHEMA archive, ops TO familytales_archivist;
GRANT SELECT ON ops.detached_partitions, familytales.archived_partitions, familytales.archived_segments
    TO familytales_archivist;

-- An error, when these days cannot be attached now, and what helps.
CREATE FUNCTION familytales.check_room(lower_bound timestamptz, upper_bound timestamptz) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    other regclass;
    late  boolean;
BEGIN
    SELECT leaf.partition INTO other
      FROM ops.partition_bounds('familytales.content_segments') AS leaf
     WHERE leaf.lower_bound < check_room.upper_bound AND leaf.upper_bound > check_room.lower_bound
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% holds segments of the same days', other
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Run the job partitions: it goes to the archive when it has expired. One at a time can be back.';
    END IF;
    late := EXISTS (SELECT FROM familytales.content_segments AS segment
                     WHERE segment.created_at >= lower_bound AND segment.created_at < upper_bound);
    IF late THEN
        RAISE EXCEPTION 'segments of these days came late, and lie in the default partition'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run the job partitions first.';
    END IF;
END
$$;

-- By name, as ops.detached_partitions lists it. Its segments can be read at once; counters follow with the next run of
-- the job `partitions`.
CREATE FUNCTION familytales.bring_back(partition_name text, stays interval DEFAULT '7 days') RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF stays IS NULL OR stays < interval '1 hour' OR stays > interval '90 days' THEN
        RAISE EXCEPTION 'stays is %, and must be from 1 hour to 90 days', stays
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'What is to be kept longer for good is a change of ops.partition_policy.';
    END IF;
    IF NOT EXISTS (SELECT FROM ops.find_detached(partition_name) AS was
                    WHERE was.parent = 'familytales.content_segments'::regclass) THEN
        RAISE EXCEPTION 'there is no archived partition %', partition_name
            USING ERRCODE = 'undefined_table', HINT = 'SELECT * FROM ops.detached_partitions lists them.';
    END IF;
    PERFORM familytales.check_room(was.lower_bound, was.upper_bound)
       FROM ops.find_detached(partition_name) AS was WHERE was.attached_until IS NULL;
    PERFORM familytales.fit_archived(was.partition)
       FROM ops.find_detached(partition_name) AS was WHERE was.attached_until IS NULL;
    PERFORM ops.attach_partition(partition_name, stays);
    PERFORM audit.note('BRING_BACK', 'familytales.content_segments', NULL, NULL,
                       jsonb_build_object('partition', partition_name, 'stays', stays));
END
$$;

GRANT EXECUTE ON FUNCTION familytales.bring_back(text, interval) TO familytales_archivist;

-- Users ----------------------------------------------------
-- Accounts are made by register_user, which also decides about their ids.
DROP POLICY users_insert ON familytales.users;
DROP POLICY users_update ON familytales.users;

REVOKE INSERT ON familytales.users FROM familytales_app;
REVOKE INSERT (id, clerk_id, email, display_name, avatar_url, metadata) ON familytales.users FROM familytales_app;

CREATE POLICY users_update ON familytales.users FOR UPDATE TO familytales_app
    USING (id = (SELECT familytales.active_user()))
    WITH CHECK (id = (SELECT familytales.active_user()));

-- Families ----------------------------------------------------
DROP POLICY families_read ON familytales.families;
DROP POLICY families_update ON familytales.families;
DROP POLICY family_members_read ON familytales.family_members;
DROP POLICY family_invites_read ON familytales.family_invites;

CREATE POLICY families_read ON familytales.families FOR SELECT TO familytales_app
    USING (id = ANY ((SELECT familytales.my_families('read'))::uuid[]));
CREATE POLICY families_update ON familytales.families FOR UPDATE TO familytales_app
    USING (id = ANY ((SELECT familytales.my_families('admin'))::uuid[]))
    WITH CHECK (id = ANY ((SELECT familytales.my_families('admin'))::uuid[]));
CREATE POLICY family_members_read ON familytales.family_members FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[]));
CREATE POLICY family_invites_read ON familytales.family_invites FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('invite'))::uuid[]));

-- Books ----------------------------------------------------
DROP POLICY memory_books_read ON familytales.memory_books;
DROP POLICY memory_books_insert ON familytales.memory_books;
DROP POLICY memory_books_update ON familytales.memory_books;
DROP POLICY memory_books_delete ON familytales.memory_books;

CREATE POLICY memory_books_read ON familytales.memory_books FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND (privacy <> 'private' OR created_by = (SELECT familytales.current_user_id())));
-- To publish is an administrator's decision: what is told in a family is told to it.
CREATE POLICY memory_books_insert ON familytales.memory_books FOR INSERT TO familytales_app
    WITH CHECK (family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                AND created_by = (SELECT familytales.current_user_id())
                AND (privacy <> 'public' OR family_id = ANY ((SELECT familytales.my_families('admin'))::uuid[])));
CREATE POLICY memory_books_update ON familytales.memory_books FOR UPDATE TO familytales_app
    USING ((created_by = (SELECT familytales.current_user_id())
            AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))
           OR (privacy <> 'private' AND family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[])))
    WITH CHECK ((created_by = (SELECT familytales.current_user_id())
                 AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))
                OR (privacy <> 'private' AND family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[])));
-- One's own, as long as nobody else has told something in it; so it is with threads.
CREATE POLICY memory_books_delete ON familytales.memory_books FOR DELETE TO familytales_app
    USING ((created_by = (SELECT familytales.current_user_id())
            AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
            AND NOT EXISTS (SELECT FROM familytales.thread_participants AS participant
                             WHERE participant.memory_book_id = memory_books.id
                               AND participant.user_id <> memory_books.created_by))
           OR (privacy <> 'private' AND family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])));

-- The database makes the ids, here and below: who could choose one would learn from a refusal that it is taken.
REVOKE INSERT (id) ON familytales.memory_books, familytales.threads, familytales.content_segments,
    familytales.photo_narrations, familytales.content_links, familytales.content_tags FROM familytales_app;

-- A book in which others have told something cannot be taken from them, and only administrators publish one. Whether
-- others tell something in it is for who created it to say.
CREATE FUNCTION familytales.check_privacy() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.privacy = 'private' AND OLD.privacy <> 'private'
       AND EXISTS (SELECT FROM familytales.thread_participants AS participant
                    WHERE participant.memory_book_id = NEW.id AND participant.user_id <> NEW.created_by) THEN
        RAISE EXCEPTION 'book % cannot become private: others have told something in it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'memory_books_private_is_ones_own',
                  HINT = 'Create a private book, and tell it there.';
    END IF;
    IF row_security_active('familytales.memory_books') THEN
        IF NEW.privacy = 'public' AND OLD.privacy <> 'public'
           AND NEW.family_id <> ALL (familytales.my_families('admin')) THEN
            RAISE EXCEPTION 'only administrators of the family make a book public'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF NEW.is_collaborative <> OLD.is_collaborative
           AND NEW.created_by <> familytales.current_user_id()
           AND NEW.family_id <> ALL (familytales.my_families('admin')) THEN
            RAISE EXCEPTION 'only who created a book, and administrators, open it to others or close it'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER check_privacy BEFORE UPDATE OF privacy, is_collaborative ON familytales.memory_books
    FOR EACH ROW
    WHEN ((OLD.privacy, OLD.is_collaborative) IS DISTINCT FROM (NEW.privacy, NEW.is_collaborative))
    EXECUTE FUNCTION familytales.check_privacy();

-- Threads ----------------------------------------------------
DROP POLICY threads_read ON familytales.threads;
DROP POLICY threads_insert ON familytales.threads;
DROP POLICY threads_update ON familytales.threads;
DROP POLICY threads_delete ON familytales.threads;

CREATE POLICY threads_read ON familytales.threads FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[]));
CREATE POLICY threads_insert ON familytales.threads FOR INSERT TO familytales_app
    WITH CHECK (family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                AND started_by = (SELECT familytales.current_user_id())
                AND memory_book_id <> ALL ((SELECT familytales.closed_books())::uuid[]));
CREATE POLICY threads_update ON familytales.threads FOR UPDATE TO familytales_app
    USING (memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND (family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[])
                OR (started_by = (SELECT familytales.current_user_id())
                    AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))));
CREATE POLICY threads_delete ON familytales.threads FOR DELETE TO familytales_app
    USING (memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND (family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])
                OR (started_by = (SELECT familytales.current_user_id())
                    AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                    AND NOT EXISTS (SELECT FROM familytales.thread_participants AS participant
                                     WHERE participant.thread_id = threads.id
                                       AND participant.user_id <> threads.started_by))));

-- A book that the user does not see is refused like one that does not exist.
CREATE FUNCTION familytales.admit_thread() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF row_security_active('familytales.threads')
       AND NOT EXISTS (SELECT FROM familytales.memory_books AS book
                        WHERE book.id = NEW.memory_book_id AND book.family_id = NEW.family_id) THEN
        RAISE EXCEPTION 'new row violates row-level security policy for table "threads"'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER admit BEFORE INSERT ON familytales.threads
    FOR EACH ROW EXECUTE FUNCTION familytales.admit_thread();

-- The policies above ask of the book or thread as it was when the statement began. Whoever waited for its row, while
-- somebody told something there, looks again.
CREATE FUNCTION familytales.check_deletion() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    others boolean;
BEGIN
    -- What goes with a book or family goes as the owner of the tables.
    IF row_security_active(TG_RELID) THEN
        IF OLD.family_id <> ALL (familytales.my_families('delete')) THEN
            IF TG_TABLE_NAME = 'threads' THEN
                others := EXISTS (SELECT FROM familytales.thread_participants AS participant
                                   WHERE participant.thread_id = OLD.id
                                     AND participant.user_id <> familytales.current_user_id());
            ELSE
                others := EXISTS (SELECT FROM familytales.thread_participants AS participant
                                   WHERE participant.memory_book_id = OLD.id
                                     AND participant.user_id <> familytales.current_user_id());
            END IF;
            IF others THEN
                RAISE EXCEPTION 'others have told something in it' USING ERRCODE = 'insufficient_privilege';
            END IF;
        END IF;
    END IF;
    RETURN OLD;
END
$$;

CREATE TRIGGER check_deletion BEFORE DELETE ON familytales.memory_books
    FOR EACH ROW EXECUTE FUNCTION familytales.check_deletion();

CREATE TRIGGER check_deletion BEFORE DELETE ON familytales.threads
    FOR EACH ROW EXECUTE FUNCTION familytales.check_deletion();

CREATE POLICY thread_participants_read ON familytales.thread_participants FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[]));
CREATE POLICY archived_segments_read ON familytales.archived_segments FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[]));

GRANT SELECT ON familytales.thread_participants, familytales.archived_segments TO familytales_app;

-- Segments ----------------------------------------------------
-- Deleting is a mark. What is marked is seen by its author, and by who may delete; either may take it back, unless
-- somebody else set the mark.
ALTER TABLE familytales.content_segments ADD COLUMN deleted_by uuid;

UPDATE familytales.content_segments AS segment SET deleted_by = segment.user_id WHERE segment.is_deleted;

DROP POLICY content_segments_read ON familytales.content_segments;
DROP POLICY content_segments_insert ON familytales.content_segments;
DROP POLICY content_segments_update ON familytales.content_segments;

CREATE POLICY content_segments_read ON familytales.content_segments FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND (NOT is_deleted
                OR user_id = (SELECT familytales.current_user_id())
                OR family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])));
CREATE POLICY content_segments_insert ON familytales.content_segments FOR INSERT TO familytales_app
    WITH CHECK (family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                AND user_id = (SELECT familytales.current_user_id())
                AND memory_book_id <> ALL ((SELECT familytales.closed_books())::uuid[]));
-- Which of these may change what, check_change says.
CREATE POLICY content_segments_update ON familytales.content_segments FOR UPDATE TO familytales_app
    USING (memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND ((user_id = (SELECT familytales.current_user_id())
                 AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))
                OR (NOT is_deleted AND family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[]))
                OR family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])))
    WITH CHECK (memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
                AND ((user_id = (SELECT familytales.current_user_id())
                      AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))
                     OR (NOT is_deleted AND family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[]))
                     OR family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])));
CREATE POLICY content_segments_transcribe ON familytales.content_segments FOR UPDATE TO familytales_media
    USING (audio_url IS NOT NULL) WITH CHECK (audio_url IS NOT NULL);

REVOKE UPDATE (is_edited, edited_at, deleted_at) ON familytales.content_segments FROM familytales_app;
GRANT SELECT (id, family_id, memory_book_id, thread_id, user_id, content_type, audio_url, audio_duration_seconds,
              audio_transcript, photo_urls, is_deleted, created_at)
    ON familytales.content_segments TO familytales_media;
GRANT UPDATE (audio_transcript, audio_duration_seconds) ON familytales.content_segments TO familytales_media;

-- Who may change what of a segment: its author everything, who may edit the words, who may delete the mark. The words
-- of others do not become one's own: that they were edited, when, and who deleted them is noted here.
CREATE FUNCTION familytales.check_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me constant uuid := familytales.current_user_id();
BEGIN
    IF row_security_active('familytales.content_segments') AND current_user <> 'familytales_media' THEN
        IF (OLD.text_content, OLD.audio_transcript, OLD.metadata)
           IS DISTINCT FROM (NEW.text_content, NEW.audio_transcript, NEW.metadata)
           AND OLD.user_id IS DISTINCT FROM me
           AND OLD.family_id <> ALL (familytales.my_families('edit')) THEN
            RAISE EXCEPTION 'only the author and editors change a segment' USING ERRCODE = 'insufficient_privilege';
        END IF;
        IF OLD.is_deleted <> NEW.is_deleted
           AND (CASE WHEN NEW.is_deleted THEN OLD.user_id ELSE OLD.deleted_by END) IS DISTINCT FROM me
           AND OLD.family_id <> ALL (familytales.my_families('delete')) THEN
            RAISE EXCEPTION 'only % and who may delete in the family do that',
                            CASE WHEN NEW.is_deleted THEN 'the author' ELSE 'who deleted a segment' END
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    IF (OLD.text_content IS NOT NULL AND OLD.text_content IS DISTINCT FROM NEW.text_content)
       OR (OLD.audio_transcript IS NOT NULL AND OLD.audio_transcript IS DISTINCT FROM NEW.audio_transcript) THEN
        NEW.is_edited := true;
        NEW.edited_at := now();
    END IF;
    IF NEW.is_deleted AND NOT OLD.is_deleted THEN
        NEW.deleted_at := now();
        NEW.deleted_by := me;
    ELSIF OLD.is_deleted AND NOT NEW.is_deleted THEN
        NEW.deleted_at := NULL;
        NEW.deleted_by := NULL;
    ELSIF NEW.is_deleted AND me <> OLD.user_id AND row_security_active('familytales.content_segments') THEN
        -- Who deletes what its author has deleted already takes the mark over: the author cannot take it back.
        NEW.deleted_by := me;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER check_change BEFORE UPDATE ON familytales.content_segments
    FOR EACH ROW EXECUTE FUNCTION familytales.check_change();

-- It runs as whoever changes, and asks who that is.
GRANT EXECUTE ON FUNCTION familytales.current_user_id() TO familytales_media;

-- What hangs on segments ----------------------------------------------------
-- What hangs on a segment that is marked as deleted is marked, too: a policy decides without looking at the segment.
ALTER TABLE familytales.photo_narrations ADD COLUMN segment_is_deleted boolean NOT NULL DEFAULT false;
ALTER TABLE familytales.content_tags ADD COLUMN segment_is_deleted boolean NOT NULL DEFAULT false;
ALTER TABLE familytales.media_objects ADD COLUMN segment_is_deleted boolean NOT NULL DEFAULT false;
-- Either end of a link.
ALTER TABLE familytales.content_links ADD COLUMN segment_is_deleted boolean NOT NULL DEFAULT false;

-- Marking the segment is no change of a narration.
DROP TRIGGER set_timestamp ON familytales.photo_narrations;

CREATE TRIGGER set_timestamp
    BEFORE UPDATE OF narration_text, narration_type, confidence_score, language, metadata
    ON familytales.photo_narrations
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();

UPDATE familytales.photo_narrations AS narration
   SET segment_is_deleted = true
  FROM familytales.content_segments AS segment
 WHERE segment.id = narration.content_segment_id AND segment.is_deleted;

UPDATE familytales.content_tags AS tag
   SET segment_is_deleted = true
  FROM familytales.content_segments AS segment
 WHERE segment.id = tag.content_segment_id AND segment.is_deleted;

UPDATE familytales.content_links AS link
   SET segment_is_deleted = true
  FROM familytales.content_segments AS segment
 WHERE segment.id IN (link.source_segment_id, link.target_segment_id) AND segment.is_deleted;

-- In years that were archived before, too.
DO $$
DECLARE
    year regclass;
BEGIN
    FOR year IN SELECT was.partition FROM ops.detached_partitions AS was
                 WHERE was.parent = 'familytales.content_segments'::regclass AND was.attached_until IS NULL LOOP
        EXECUTE format('UPDATE familytales.photo_narrations AS narration SET segment_is_deleted = true'
                       '  FROM %s AS segment WHERE segment.id = narration.content_segment_id AND segment.is_deleted',
                       year);
        EXECUTE format('UPDATE familytales.content_tags AS tag SET segment_is_deleted = true'
                       '  FROM %s AS segment WHERE segment.id = tag.content_segment_id AND segment.is_deleted', year);
        EXECUTE format('UPDATE familytales.content_links AS link SET segment_is_deleted = true  FROM %s AS segment'
                       ' WHERE segment.id IN (link.source_segment_id, link.target_segment_id) AND segment.is_deleted',
                       year);
    END LOOP;
END
$$;

CREATE FUNCTION familytales.mark_what_hangs() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE familytales.photo_narrations AS narration
       SET segment_is_deleted = NEW.is_deleted WHERE narration.content_segment_id = NEW.id;
    UPDATE familytales.content_tags AS tag
       SET segment_is_deleted = NEW.is_deleted WHERE tag.content_segment_id = NEW.id;
    UPDATE familytales.media_objects AS object
       SET segment_is_deleted = NEW.is_deleted WHERE object.content_segment_id = NEW.id;
    -- A link shows when both ends do.
    UPDATE familytales.content_links AS link
       SET segment_is_deleted = NEW.is_deleted OR EXISTS (
               SELECT FROM familytales.segment_ids AS known
                 JOIN familytales.content_segments AS other
                   ON other.id = known.id AND other.created_at = known.created_at AND other.is_deleted
                WHERE known.id IN (link.source_segment_id, link.target_segment_id))
     WHERE link.source_segment_id = NEW.id OR link.target_segment_id = NEW.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER mark_what_hangs AFTER UPDATE ON familytales.content_segments
    FOR EACH ROW WHEN (OLD.is_deleted <> NEW.is_deleted) EXECUTE FUNCTION familytales.mark_what_hangs();

-- A segment that the user does not see is refused like one that does not exist. This runs as whoever inserts, and comes
-- before `place` by its name; the media service sees all.
CREATE FUNCTION familytales.admit_on_segment() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    named constant jsonb := to_jsonb(NEW);
BEGIN
    -- Two conditions, for the second may be asked by the application only.
    IF current_user = 'familytales_app' THEN
        IF NOT familytales.sees_segments(ARRAY(
               SELECT (named ->> key)::uuid
                 FROM unnest(ARRAY['content_segment_id', 'source_segment_id', 'target_segment_id']) AS key
                WHERE named ? key)) THEN
            RAISE EXCEPTION 'new row violates row-level security policy for table "%"', TG_TABLE_NAME
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER admit BEFORE INSERT ON familytales.photo_narrations
    FOR EACH ROW EXECUTE FUNCTION familytales.admit_on_segment();

CREATE TRIGGER admit BEFORE INSERT ON familytales.content_tags
    FOR EACH ROW EXECUTE FUNCTION familytales.admit_on_segment();

CREATE TRIGGER admit BEFORE INSERT ON familytales.content_links
    FOR EACH ROW EXECUTE FUNCTION familytales.admit_on_segment();

-- Whether one of these segments is marked. Whoever is just marking one is waited for, and who comes later waits: so what
-- hangs on a segment is there to be marked, or is marked from the beginning.
CREATE FUNCTION familytales.hold_segments(segments uuid[]) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT coalesce(bool_or(held.is_deleted), false)
              FROM (SELECT segment.is_deleted
                      FROM familytales.segment_ids AS known
                      JOIN familytales.content_segments AS segment
                        ON segment.id = known.id AND segment.created_at = known.created_at
                     WHERE known.id = ANY (segments)
                     ORDER BY known.id
                       FOR SHARE OF segment) AS held);
END
$$;

-- The media service may narrate a photo that was deleted in the meantime.
CREATE FUNCTION familytales.take_deletion() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    named constant jsonb := to_jsonb(NEW);
BEGIN
    NEW.segment_is_deleted := familytales.hold_segments(ARRAY(
        SELECT (named ->> key)::uuid
          FROM unnest(ARRAY['content_segment_id', 'source_segment_id', 'target_segment_id']) AS key
         WHERE named ? key));
    RETURN NEW;
END
$$;

CREATE TRIGGER take_deletion BEFORE INSERT ON familytales.photo_narrations
    FOR EACH ROW EXECUTE FUNCTION familytales.take_deletion();

CREATE TRIGGER take_deletion BEFORE INSERT ON familytales.content_tags
    FOR EACH ROW EXECUTE FUNCTION familytales.take_deletion();

CREATE TRIGGER take_deletion BEFORE INSERT ON familytales.content_links
    FOR EACH ROW EXECUTE FUNCTION familytales.take_deletion();

-- Words that somebody else has changed are said to be, as long as their author has not written them anew.
CREATE FUNCTION familytales.note_narrator() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF row_security_active('familytales.photo_narrations') AND OLD.created_by <> familytales.current_user_id()
       AND (OLD.narration_type = 'edited' OR OLD.narration_text <> NEW.narration_text) THEN
        NEW.narration_type := 'edited';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER note_narrator BEFORE UPDATE OF narration_text, narration_type ON familytales.photo_narrations
    FOR EACH ROW EXECUTE FUNCTION familytales.note_narrator();

DROP POLICY photo_narrations_read ON familytales.photo_narrations;
DROP POLICY photo_narrations_insert ON familytales.photo_narrations;
DROP POLICY photo_narrations_update ON familytales.photo_narrations;
DROP POLICY content_links_read ON familytales.content_links;
DROP POLICY content_links_insert ON familytales.content_links;
DROP POLICY content_tags_read ON familytales.content_tags;
DROP POLICY content_tags_insert ON familytales.content_tags;
DROP POLICY content_tags_delete ON familytales.content_tags;

CREATE POLICY photo_narrations_read ON familytales.photo_narrations FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND (NOT segment_is_deleted OR family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])));
-- What nobody but a machine has seen, only the machine says.
CREATE POLICY photo_narrations_insert ON familytales.photo_narrations FOR INSERT TO familytales_app
    WITH CHECK (family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                AND created_by = (SELECT familytales.current_user_id())
                AND narration_type = 'user'
                AND memory_book_id <> ALL ((SELECT familytales.closed_books())::uuid[]));
CREATE POLICY photo_narrations_update ON familytales.photo_narrations FOR UPDATE TO familytales_app
    USING (memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND (NOT segment_is_deleted OR family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[]))
           AND (family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[])
                OR (created_by = (SELECT familytales.current_user_id())
                    AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))))
    WITH CHECK (narration_type IN ('user', 'edited')
                AND memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
                AND (family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[])
                     OR (created_by = (SELECT familytales.current_user_id())
                         AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))));
CREATE POLICY photo_narrations_delete ON familytales.photo_narrations FOR DELETE TO familytales_app
    USING (memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND (family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])
                OR (created_by = (SELECT familytales.current_user_id())
                    AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))));
CREATE POLICY photo_narrations_narrate ON familytales.photo_narrations FOR INSERT TO familytales_media
    WITH CHECK (narration_type = 'ai' AND created_by IS NULL);
CREATE POLICY photo_narrations_renarrate ON familytales.photo_narrations FOR UPDATE TO familytales_media
    USING (narration_type = 'ai') WITH CHECK (narration_type = 'ai');

-- How sure it is, a machine says.
REVOKE INSERT (confidence_score), UPDATE (confidence_score) ON familytales.photo_narrations FROM familytales_app;
GRANT DELETE ON familytales.photo_narrations TO familytales_app;
GRANT SELECT ON familytales.photo_narrations TO familytales_media;
GRANT INSERT (content_segment_id, photo_index, narration_text, narration_type, confidence_score, language, metadata),
    UPDATE (narration_text, confidence_score, language, metadata)
    ON familytales.photo_narrations TO familytales_media;

-- A narration is of a photo that is there. Checked after the row is admitted, so that a stranger learns nothing.
CREATE FUNCTION familytales.check_photo_index() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    photos integer;
BEGIN
    SELECT cardinality(segment.photo_urls) INTO photos
      FROM familytales.segment_ids AS known
      JOIN familytales.content_segments AS segment
        ON segment.id = known.id AND segment.created_at = known.created_at
     WHERE known.id = NEW.content_segment_id;
    -- In the archive nobody looks at photos; what was told about them there stays.
    IF NEW.photo_index >= photos THEN
        RAISE EXCEPTION 'photo_index is %, but the segment has % photos, counted from 0', NEW.photo_index, photos
            USING ERRCODE = 'check_violation', CONSTRAINT = 'photo_narrations_photo_exists';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER check_photo_index AFTER INSERT ON familytales.photo_narrations
    FOR EACH ROW EXECUTE FUNCTION familytales.check_photo_index();

CREATE POLICY content_links_read ON familytales.content_links FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND source_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND target_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND (NOT segment_is_deleted OR family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])));
CREATE POLICY content_links_insert ON familytales.content_links FOR INSERT TO familytales_app
    WITH CHECK (family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                AND created_by = (SELECT familytales.current_user_id())
                AND source_book_id <> ALL ((SELECT familytales.closed_books())::uuid[])
                AND target_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[]));
CREATE POLICY content_links_delete ON familytales.content_links FOR DELETE TO familytales_app
    USING (source_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND target_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND (family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])
                OR (created_by = (SELECT familytales.current_user_id())
                    AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))));

GRANT DELETE ON familytales.content_links TO familytales_app;

CREATE POLICY content_tags_read ON familytales.content_tags FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND (NOT segment_is_deleted OR family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])));
CREATE POLICY content_tags_insert ON familytales.content_tags FOR INSERT TO familytales_app
    WITH CHECK (family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                AND tagged_by = (SELECT familytales.current_user_id())
                AND memory_book_id <> ALL ((SELECT familytales.closed_books())::uuid[]));
CREATE POLICY content_tags_delete ON familytales.content_tags FOR DELETE TO familytales_app
    USING (memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND (NOT segment_is_deleted OR family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[]))
           AND (family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[])
                OR (tagged_by = (SELECT familytales.current_user_id())
                    AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))));

-- Media ----------------------------------------------------
CREATE POLICY media_objects_read ON familytales.media_objects FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND CASE WHEN memory_book_id IS NULL THEN uploaded_by = (SELECT familytales.current_user_id())
                    ELSE memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[]) END
           AND (NOT segment_is_deleted OR family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])));
CREATE POLICY media_objects_delete ON familytales.media_objects FOR DELETE TO familytales_app
    USING (CASE WHEN memory_book_id IS NULL THEN uploaded_by = (SELECT familytales.current_user_id())
                ELSE memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[]) END
           AND (family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])
                OR (uploaded_by = (SELECT familytales.current_user_id())
                    AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))));
CREATE POLICY media_objects_register ON familytales.media_objects FOR INSERT TO familytales_media WITH CHECK (true);
CREATE POLICY media_objects_resize ON familytales.media_objects FOR UPDATE TO familytales_media
    USING (true) WITH CHECK (true);
CREATE POLICY media_deletions_done ON familytales.media_deletions FOR DELETE TO familytales_media USING (true);

-- Where an object lies is not said here: familytales.download_key asks whether the user may download.
GRANT SELECT (id, family_id, memory_book_id, content_segment_id, kind, content_type, bytes, uploaded_by, created_at,
              segment_is_deleted),
    DELETE
    ON familytales.media_objects TO familytales_app;
GRANT SELECT, INSERT (family_id, kind, s3_key, content_type, bytes, uploaded_by), UPDATE (content_type, bytes)
    ON familytales.media_objects TO familytales_media;
GRANT SELECT, DELETE ON familytales.media_deletions TO familytales_media;

-- Put an upload of one's own on a segment of one's own.
CREATE FUNCTION familytales.attach_media(media_id uuid, segment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me constant uuid := familytales.active_user();
BEGIN
    PERFORM familytales.hold_segments(ARRAY[segment_id]);
    UPDATE familytales.media_objects AS object
       SET memory_book_id = segment.memory_book_id, content_segment_id = segment.id
      FROM familytales.segment_ids AS known
      JOIN familytales.content_segments AS segment
        ON segment.id = known.id AND segment.created_at = known.created_at
     WHERE known.id = segment_id
       AND segment.user_id = me
       AND NOT segment.is_deleted
       AND segment.family_id = ANY (familytales.my_families('post'))
       AND object.id = media_id
       AND object.uploaded_by = me
       AND object.family_id = segment.family_id
       AND object.kind <> 'cover'
       AND object.memory_book_id IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no upload % of the user''s that waits, or no segment % of his', media_id, segment_id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

-- An upload of one's own as the cover of a book that one may change. It takes the place of the one before, which goes.
CREATE FUNCTION familytales.attach_cover(media_id uuid, book_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me   constant uuid := familytales.active_user();
    book record;
BEGIN
    SELECT held.id, held.family_id INTO book FROM familytales.memory_books AS held
     WHERE held.id = book_id
       AND held.id <> ALL (familytales.hidden_books())
       AND ((held.created_by = me AND held.family_id = ANY (familytales.my_families('post')))
            OR held.family_id = ANY (familytales.my_families('edit')));
    -- One after the other: each removes the cover of the one before.
    PERFORM familytales.lock_families(ARRAY[book.family_id]);
    UPDATE familytales.media_objects AS object
       SET memory_book_id = book.id
     WHERE object.id = media_id
       AND object.kind = 'cover'
       AND object.uploaded_by = me
       AND object.family_id = book.family_id
       AND object.memory_book_id IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no cover % of the user''s that waits, or no book % that he may change', media_id, book_id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM familytales.media_objects AS object
     WHERE object.memory_book_id = book.id AND object.kind = 'cover' AND object.id <> media_id;
END
$$;

GRANT EXECUTE ON FUNCTION familytales.attach_media(uuid, uuid), familytales.attach_cover(uuid, uuid)
    TO familytales_app;

-- Views and reactions of a segment that the user sees. One more, or one less of a reaction.
CREATE FUNCTION familytales.count_view(segment_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE familytales.content_segments AS segment
       SET view_count = segment.view_count + 1
      FROM familytales.segment_ids AS known
     WHERE known.id = segment_id
       AND segment.id = known.id AND segment.created_at = known.created_at
       AND segment.family_id = ANY (familytales.my_families('read'))
       AND segment.memory_book_id <> ALL (familytales.hidden_books())
       AND NOT segment.is_deleted;
END
$$;

CREATE FUNCTION familytales.count_reaction(segment_id uuid, more integer DEFAULT 1) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF more IS NULL OR more NOT IN (1, -1) THEN
        RAISE EXCEPTION 'more is %, and must be 1 or -1', more USING ERRCODE = 'invalid_parameter_value';
    END IF;
    UPDATE familytales.content_segments AS segment
       SET reaction_count = greatest(segment.reaction_count + more, 0)
      FROM familytales.segment_ids AS known
     WHERE known.id = segment_id
       AND segment.id = known.id AND segment.created_at = known.created_at
       AND segment.family_id = ANY (familytales.my_families('read'))
       AND segment.memory_book_id <> ALL (familytales.hidden_books())
       AND NOT segment.is_deleted;
END
$$;

GRANT EXECUTE ON FUNCTION familytales.count_view(uuid), familytales.count_reaction(uuid, integer) TO familytales_app;

-- Visitors: public books ----------------------------------------------------
-- They see no people: an author is an id. What is marked as deleted is not there.
CREATE INDEX idx_memory_books_public ON familytales.memory_books (last_activity_at DESC) WHERE privacy = 'public';

CREATE POLICY memory_books_visit ON familytales.memory_books FOR SELECT TO familytales_public
    USING (privacy = 'public' AND familytales.is_public(id));
CREATE POLICY threads_visit ON familytales.threads FOR SELECT TO familytales_public
    USING (familytales.is_public(memory_book_id));
CREATE POLICY content_segments_visit ON familytales.content_segments FOR SELECT TO familytales_public
    USING (NOT is_deleted AND familytales.is_public(memory_book_id));
-- The sub-selects obey the policy above: what hangs on a deleted segment is not there either.
CREATE POLICY photo_narrations_visit ON familytales.photo_narrations FOR SELECT TO familytales_public
    USING (familytales.is_public(memory_book_id)
           AND EXISTS (SELECT FROM familytales.content_segments AS segment WHERE segment.id = content_segment_id));
CREATE POLICY content_tags_visit ON familytales.content_tags FOR SELECT TO familytales_public
    USING (familytales.is_public(memory_book_id)
           AND EXISTS (SELECT FROM familytales.content_segments AS segment WHERE segment.id = content_segment_id));

GRANT SELECT (id, title, description, cover_image_url, privacy, thread_count, segment_count, contributor_count,
              photo_count, audio_count, last_activity_at, created_at)
    ON familytales.memory_books TO familytales_public;
GRANT SELECT (id, memory_book_id, title, participant_count, segment_count, last_segment_at, created_at)
    ON familytales.threads TO familytales_public;
GRANT SELECT (id, memory_book_id, thread_id, user_id, content_type, sequence_number, text_content, audio_url,
              audio_duration_seconds, audio_transcript, photo_urls, is_edited, created_at)
    ON familytales.content_segments TO familytales_public;
GRANT SELECT (id, memory_book_id, content_segment_id, photo_index, narration_text, narration_type, language)
    ON familytales.photo_narrations TO familytales_public;
GRANT SELECT (memory_book_id, content_segment_id, tag_name) ON familytales.content_tags TO familytales_public;

-- The audit log ----------------------------------------------------
-- Administrators see what was done in their family, staff everything; from where and with what is for staff alone.
GRANT USAGE ON SCHEMA familytales TO familytales_audit;
GRANT USAGE ON SCHEMA audit TO familytales_app, familytales_support;

SET LOCAL ROLE familytales_audit;

CREATE POLICY audit_log_read ON audit.audit_log FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('admin'))::uuid[])
           -- Private books are nobody else's business, and that there are some neither.
           AND (table_name <> 'memory_books'
                OR user_id = (SELECT familytales.current_user_id())
                OR (record_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
                    AND coalesce(old_values ->> 'privacy', '') <> 'private'
                    AND coalesce(new_values ->> 'privacy', '') <> 'private'
                    -- What does not say how private a book was, is told of books that can be seen.
                    AND (coalesce(old_values, '{}') ? 'privacy' OR coalesce(new_values, '{}') ? 'privacy'
                         OR EXISTS (SELECT FROM familytales.memory_books AS book WHERE book.id = record_id)))));
CREATE POLICY support_read ON audit.audit_log FOR SELECT TO familytales_support USING (true);

SELECT ops.copy_open_policies('audit.audit_log');

GRANT SELECT (id, user_id, action, schema_name, table_name, record_id, family_id, old_values, new_values,
              changed_fields, created_at)
    ON audit.audit_log TO familytales_app;
GRANT SELECT ON audit.audit_log TO familytales_support;

SET LOCAL ROLE familytales_owner;
