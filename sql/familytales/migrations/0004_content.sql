-- The content itself, in one partition for each year of creation, and what hangs on it. New tables only.
--
-- A unique constraint on a partitioned table must include the partition key, so neither the id of a segment nor its
-- number within the thread could be unique, and nothing could refer to it. The registry segment_ids is what owns both.
-- A trigger keeps it; no application role writes to it.

CREATE TABLE familytales.segment_ids (
    id              uuid        PRIMARY KEY,
    family_id       uuid        NOT NULL,
    thread_id       uuid        NOT NULL,
    sequence_number integer     NOT NULL CHECK (sequence_number > 0),
    created_at      timestamptz NOT NULL,
    UNIQUE (id, family_id),
    UNIQUE (thread_id, sequence_number),
    FOREIGN KEY (thread_id, family_id) REFERENCES familytales.threads (id, family_id) ON DELETE CASCADE
);

CREATE INDEX idx_segment_ids_thread ON familytales.segment_ids (thread_id, family_id);

-- family_id, memory_book_id and sequence_number come from the thread; what an INSERT says about them is not asked.
CREATE TABLE familytales.content_segments (
    id                     uuid        NOT NULL DEFAULT gen_random_uuid(),
    family_id              uuid        NOT NULL,
    memory_book_id         uuid        NOT NULL,
    thread_id              uuid        NOT NULL,
    user_id                uuid        NOT NULL,
    content_type           varchar(50) NOT NULL CHECK (content_type IN ('text', 'audio', 'photo', 'mixed')),
    sequence_number        integer     NOT NULL,
    text_content           text,
    audio_url              text,
    audio_duration_seconds integer     CHECK (audio_duration_seconds >= 0),
    audio_transcript       text,
    photo_urls             text[]      NOT NULL DEFAULT '{}',
    is_edited              boolean     NOT NULL DEFAULT false,
    edited_at              timestamptz,
    is_deleted             boolean     NOT NULL DEFAULT false,
    deleted_at             timestamptz,
    created_at             timestamptz NOT NULL DEFAULT now(),
    view_count             integer     NOT NULL DEFAULT 0 CHECK (view_count >= 0),
    reaction_count         integer     NOT NULL DEFAULT 0 CHECK (reaction_count >= 0),
    metadata               jsonb       NOT NULL CHECK (jsonb_typeof(metadata) = 'object')
                           DEFAULT '{"device_type": null, "location": null, "weather": null, "ai_insights": {}}',
    CHECK (content_type <> 'photo' OR cardinality(photo_urls) > 0),
    CHECK (content_type <> 'audio' OR audio_url IS NOT NULL),
    CHECK (content_type <> 'text' OR text_content IS NOT NULL),
    CHECK (is_deleted = (deleted_at IS NOT NULL)),
    PRIMARY KEY (id, created_at),
    FOREIGN KEY (id) REFERENCES familytales.segment_ids (id) ON DELETE CASCADE,
    FOREIGN KEY (family_id, user_id) REFERENCES familytales.family_members (family_id, user_id)
        DEFERRABLE INITIALLY DEFERRED
) PARTITION BY RANGE (created_at);

CREATE INDEX idx_content_segments_thread ON familytales.content_segments (thread_id, sequence_number);
CREATE INDEX idx_content_segments_family ON familytales.content_segments (family_id, created_at DESC);
CREATE INDEX idx_content_segments_user ON familytales.content_segments (user_id, family_id, created_at DESC);

-- Numbers are handed out under the lock of the thread's row: two writers of one thread wait for each other, and neither
-- a gap nor a collision can come of it.
CREATE FUNCTION familytales.register_segment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE familytales.threads AS thread
       SET next_sequence_number = thread.next_sequence_number + 1
     WHERE thread.id = NEW.thread_id AND NOT thread.is_locked
    RETURNING thread.next_sequence_number - 1, thread.family_id, thread.memory_book_id
         INTO NEW.sequence_number, NEW.family_id, NEW.memory_book_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'thread % does not exist or is locked', NEW.thread_id
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    INSERT INTO familytales.segment_ids (id, family_id, thread_id, sequence_number, created_at)
    VALUES (NEW.id, NEW.family_id, NEW.thread_id, NEW.sequence_number, NEW.created_at);
    RETURN NEW;
END
$$;

CREATE FUNCTION familytales.unregister_segment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM familytales.segment_ids WHERE id = OLD.id;
    RETURN NULL;
END
$$;

CREATE FUNCTION familytales.keep_segment_identity() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'id, place, author and creation of a segment never change'
        USING ERRCODE = 'check_violation', HINT = 'Create a new segment instead.';
END
$$;

CREATE TRIGGER register BEFORE INSERT ON familytales.content_segments
    FOR EACH ROW EXECUTE FUNCTION familytales.register_segment();

CREATE TRIGGER unregister AFTER DELETE ON familytales.content_segments
    FOR EACH ROW EXECUTE FUNCTION familytales.unregister_segment();

CREATE TRIGGER keep_identity BEFORE UPDATE ON familytales.content_segments
    FOR EACH ROW
    WHEN ((OLD.id, OLD.family_id, OLD.memory_book_id, OLD.thread_id, OLD.user_id, OLD.sequence_number, OLD.created_at)
          IS DISTINCT FROM
          (NEW.id, NEW.family_id, NEW.memory_book_id, NEW.thread_id, NEW.user_id, NEW.sequence_number, NEW.created_at))
    EXECUTE FUNCTION familytales.keep_segment_identity();

-- From last year, for rows that arrive late, to three years ahead. Months would cost a thread 2.6 times as much to
-- read, years 1.1 times.
SELECT ops.create_years('familytales.content_segments', 'content_segments', -1, 3);
SELECT ops.create_default_partition('familytales.content_segments', 'content_segments_default');

CREATE TABLE familytales.photo_narrations (
    id                 uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    family_id          uuid        NOT NULL,
    content_segment_id uuid        NOT NULL,
    photo_index        integer     NOT NULL CHECK (photo_index >= 0),
    narration_text     text        NOT NULL,
    narration_type     varchar(50) NOT NULL DEFAULT 'ai' CHECK (narration_type IN ('ai', 'user', 'edited')),
    confidence_score   float       CHECK (confidence_score BETWEEN 0 AND 1),
    language           varchar(10) NOT NULL DEFAULT 'en',
    created_by         uuid        REFERENCES familytales.users (id) ON DELETE SET NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    metadata           jsonb       NOT NULL CHECK (jsonb_typeof(metadata) = 'object')
                       DEFAULT '{"model_version": null, "detected_objects": [], "detected_people": []}',
    UNIQUE (content_segment_id, photo_index),
    FOREIGN KEY (content_segment_id, family_id) REFERENCES familytales.segment_ids (id, family_id) ON DELETE CASCADE
);

CREATE INDEX idx_photo_narrations_segment ON familytales.photo_narrations (content_segment_id, family_id);
CREATE INDEX idx_photo_narrations_created_by ON familytales.photo_narrations (created_by) WHERE created_by IS NOT NULL;

CREATE TABLE familytales.content_links (
    id                uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    family_id         uuid        NOT NULL,
    source_segment_id uuid        NOT NULL,
    target_segment_id uuid        NOT NULL CHECK (target_segment_id <> source_segment_id),
    link_type         varchar(50) NOT NULL CHECK (link_type IN ('reply', 'reference', 'continuation')),
    created_by        uuid        NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    metadata          jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
    UNIQUE (source_segment_id, target_segment_id, link_type),
    FOREIGN KEY (source_segment_id, family_id) REFERENCES familytales.segment_ids (id, family_id) ON DELETE CASCADE,
    FOREIGN KEY (target_segment_id, family_id) REFERENCES familytales.segment_ids (id, family_id) ON DELETE CASCADE,
    FOREIGN KEY (family_id, created_by) REFERENCES familytales.family_members (family_id, user_id)
        DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX idx_content_links_source ON familytales.content_links (source_segment_id, family_id);
CREATE INDEX idx_content_links_target ON familytales.content_links (target_segment_id, family_id);
CREATE INDEX idx_content_links_created_by ON familytales.content_links (family_id, created_by);

CREATE TABLE familytales.content_tags (
    id                 uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    family_id          uuid         NOT NULL,
    content_segment_id uuid         NOT NULL,
    -- One spelling for a tag, so that a search finds what somebody else has tagged.
    tag_name           varchar(100) NOT NULL CHECK (tag_name = lower(btrim(tag_name)) AND tag_name <> ''),
    tagged_by          uuid         NOT NULL,
    created_at         timestamptz  NOT NULL DEFAULT now(),
    UNIQUE (content_segment_id, tag_name, tagged_by),
    FOREIGN KEY (content_segment_id, family_id) REFERENCES familytales.segment_ids (id, family_id) ON DELETE CASCADE,
    FOREIGN KEY (family_id, tagged_by) REFERENCES familytales.family_members (family_id, user_id)
        DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX idx_content_tags_segment ON familytales.content_tags (content_segment_id, family_id);
CREATE INDEX idx_content_tags_name ON familytales.content_tags (family_id, tag_name);
CREATE INDEX idx_content_tags_user ON familytales.content_tags (family_id, tagged_by);

CREATE TRIGGER set_timestamp BEFORE UPDATE ON familytales.photo_narrations
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();
