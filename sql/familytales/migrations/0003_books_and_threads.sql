-- Memory books and their threads. Every row names its family, and refers to what it belongs to together with the
-- family, so that nothing can hang on another family's row. Authors are members; that is checked at commit, for when a
-- family is deleted its memberships go a moment before what the members wrote. New tables only.

CREATE TABLE familytales.memory_books (
    id               uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    family_id        uuid         NOT NULL REFERENCES familytales.families (id) ON DELETE CASCADE,
    title            varchar(255) NOT NULL,
    description      text,
    cover_image_url  text,
    created_by       uuid         NOT NULL,
    is_collaborative boolean      NOT NULL DEFAULT true,
    privacy          varchar(50)  NOT NULL DEFAULT 'family' CHECK (privacy IN ('family', 'private', 'public')),
    thread_count     integer      NOT NULL DEFAULT 0 CHECK (thread_count >= 0),
    last_activity_at timestamptz  NOT NULL DEFAULT now(),
    created_at       timestamptz  NOT NULL DEFAULT now(),
    updated_at       timestamptz  NOT NULL DEFAULT now(),
    metadata         jsonb        NOT NULL DEFAULT '{"theme": "default", "tags": [], "contributors": []}'
                     CHECK (jsonb_typeof(metadata) = 'object'),
    UNIQUE (id, family_id),
    FOREIGN KEY (family_id, created_by) REFERENCES familytales.family_members (family_id, user_id)
        DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX idx_memory_books_family ON familytales.memory_books (family_id, last_activity_at DESC);
CREATE INDEX idx_memory_books_creator ON familytales.memory_books (family_id, created_by);

CREATE TABLE familytales.threads (
    id                   uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    family_id            uuid         NOT NULL,
    memory_book_id       uuid         NOT NULL,
    title                varchar(255),
    started_by           uuid         NOT NULL,
    participant_count    integer      NOT NULL DEFAULT 1 CHECK (participant_count >= 0),
    segment_count        integer      NOT NULL DEFAULT 0 CHECK (segment_count >= 0),
    next_sequence_number integer      NOT NULL DEFAULT 1 CHECK (next_sequence_number > 0),
    last_segment_at      timestamptz,
    is_locked            boolean      NOT NULL DEFAULT false,
    created_at           timestamptz  NOT NULL DEFAULT now(),
    updated_at           timestamptz  NOT NULL DEFAULT now(),
    metadata             jsonb        NOT NULL DEFAULT '{"topic": null, "mood": null, "participants": []}'
                         CHECK (jsonb_typeof(metadata) = 'object'),
    UNIQUE (id, family_id),
    FOREIGN KEY (memory_book_id, family_id) REFERENCES familytales.memory_books (id, family_id) ON DELETE CASCADE,
    FOREIGN KEY (family_id, started_by) REFERENCES familytales.family_members (family_id, user_id)
        DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX idx_threads_memory_book ON familytales.threads (memory_book_id, family_id, last_segment_at DESC);
CREATE INDEX idx_threads_starter ON familytales.threads (family_id, started_by);

CREATE TRIGGER set_timestamp BEFORE UPDATE ON familytales.memory_books
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();

-- Handing out a sequence number is no change of the thread.
CREATE TRIGGER set_timestamp BEFORE UPDATE OF title, is_locked, metadata ON familytales.threads
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();
