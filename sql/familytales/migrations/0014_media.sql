-- Objects in S3, with their real sizes. The design estimated: a megabyte for a recording, half of one for a photo. A
-- family pays for what is stored, so the media service, which sees the objects arrive, says how large they are.
-- New objects only.

CREATE TABLE familytales.media_objects (
    id                 uuid          PRIMARY KEY DEFAULT gen_random_uuid(),
    family_id          uuid          NOT NULL REFERENCES familytales.families (id) ON DELETE CASCADE,
    -- Where it is shown: on a segment, or, a cover, on its book. Both are NULL after the upload, until that is written.
    memory_book_id     uuid,
    content_segment_id uuid,
    kind               varchar(50)   NOT NULL CHECK (kind IN ('photo', 'audio', 'cover')),
    s3_key             varchar(1024) NOT NULL UNIQUE CHECK (s3_key <> ''),
    content_type       varchar(255)  NOT NULL CHECK (content_type LIKE '%/%'),
    bytes              bigint        NOT NULL CHECK (bytes > 0),
    uploaded_by        uuid          NOT NULL,
    created_at         timestamptz   NOT NULL DEFAULT now(),
    CHECK (CASE kind WHEN 'cover' THEN content_segment_id IS NULL
                     ELSE (memory_book_id IS NULL) = (content_segment_id IS NULL) END),
    FOREIGN KEY (memory_book_id, family_id) REFERENCES familytales.memory_books (id, family_id) ON DELETE CASCADE,
    FOREIGN KEY (family_id, memory_book_id, content_segment_id)
        REFERENCES familytales.segment_ids (family_id, memory_book_id, id) ON DELETE CASCADE,
    FOREIGN KEY (family_id, uploaded_by) REFERENCES familytales.family_members (family_id, user_id)
        DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX idx_media_objects_segment ON familytales.media_objects (content_segment_id)
    WHERE content_segment_id IS NOT NULL;
-- So that the sizes of a family's media, by book, are read from the index alone.
CREATE INDEX idx_media_objects_place ON familytales.media_objects (family_id, memory_book_id) INCLUDE (bytes);
CREATE INDEX idx_media_objects_uploader ON familytales.media_objects (uploaded_by, family_id);

-- Uploads that nobody has used yet; the job `expired` looks through them.
CREATE INDEX idx_media_objects_unused ON familytales.media_objects (created_at) WHERE memory_book_id IS NULL;

ALTER TABLE familytales.media_objects ENABLE ROW LEVEL SECURITY;

-- Objects whose rows are gone, whatever took them: the media service deletes them from S3, then from here. No foreign
-- key, since a whole family may be gone.
CREATE TABLE familytales.media_deletions (
    s3_key       varchar(1024) PRIMARY KEY,
    family_id    uuid          NOT NULL,
    bytes        bigint        NOT NULL,
    requested_at timestamptz   NOT NULL DEFAULT now()
);

CREATE INDEX idx_media_deletions_requested_at ON familytales.media_deletions (requested_at);

ALTER TABLE familytales.media_deletions ENABLE ROW LEVEL SECURITY;

-- An upload belongs to its family for good; it is put in one place, once.
CREATE FUNCTION familytales.keep_media_identity() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'family, key, uploader and place of a media object never change'
        USING ERRCODE = 'check_violation', HINT = 'Upload it again.';
END
$$;

CREATE TRIGGER keep_identity BEFORE UPDATE ON familytales.media_objects
    FOR EACH ROW
    WHEN ((OLD.id, OLD.family_id, OLD.s3_key, OLD.uploaded_by, OLD.created_at)
          IS DISTINCT FROM (NEW.id, NEW.family_id, NEW.s3_key, NEW.uploaded_by, NEW.created_at)
          OR (OLD.memory_book_id IS NOT NULL
              AND (OLD.memory_book_id, OLD.content_segment_id)
                  IS DISTINCT FROM (NEW.memory_book_id, NEW.content_segment_id)))
    EXECUTE FUNCTION familytales.keep_media_identity();

CREATE FUNCTION familytales.count_media() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    sums   jsonb;
    queued text;
BEGIN
    -- One statement for each kind of event, since a transition table is only there for its own.
    IF TG_OP = 'INSERT' THEN
        -- Whoever empties the queue would delete the new object for the old one.
        SELECT one.s3_key INTO queued
          FROM new_rows AS one JOIN familytales.media_deletions AS deletion ON deletion.s3_key = one.s3_key LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'the object % is to be deleted from S3', queued
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Upload it under another key.';
        END IF;
        sums := (SELECT jsonb_agg(one) FROM (SELECT family_id, uploaded_by, sum(bytes) AS more FROM new_rows
                                              GROUP BY family_id, uploaded_by) AS one);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO familytales.media_deletions (s3_key, family_id, bytes)
        SELECT s3_key, family_id, bytes FROM old_rows
            ON CONFLICT (s3_key) DO NOTHING;
        sums := (SELECT jsonb_agg(one) FROM (SELECT family_id, uploaded_by, -sum(bytes) AS more FROM old_rows
                                              GROUP BY family_id, uploaded_by) AS one);
    ELSE
        sums := (SELECT jsonb_agg(one)
                   FROM (SELECT family_id, uploaded_by, sum(side.bytes) AS more
                           FROM (SELECT family_id, uploaded_by, bytes FROM new_rows
                                  UNION ALL SELECT family_id, uploaded_by, -bytes FROM old_rows) AS side
                          GROUP BY family_id, uploaded_by HAVING sum(side.bytes) <> 0) AS one);
    END IF;
    PERFORM familytales.use_storage(used.family_id, used.more)
       FROM (SELECT one.family_id, sum(one.more)::bigint AS more
               FROM jsonb_to_recordset(sums) AS one (family_id uuid, more bigint)
              GROUP BY one.family_id ORDER BY one.family_id) AS used;
    PERFORM familytales.use_storage_of_user(used.uploaded_by, used.more)
       FROM (SELECT one.uploaded_by, sum(one.more)::bigint AS more
               FROM jsonb_to_recordset(sums) AS one (uploaded_by uuid, more bigint)
              GROUP BY one.uploaded_by ORDER BY one.uploaded_by) AS used;
    RETURN NULL;
END
$$;

CREATE TRIGGER count_insert AFTER INSERT ON familytales.media_objects
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION familytales.count_media();

CREATE TRIGGER count_update AFTER UPDATE ON familytales.media_objects
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION familytales.count_media();

CREATE TRIGGER count_delete AFTER DELETE ON familytales.media_objects
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION familytales.count_media();
