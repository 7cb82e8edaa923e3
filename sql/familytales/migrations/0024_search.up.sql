-- Searches by words and by tags.
--
-- Full-text search is in what was told and said. Texts are prepared when a row is written; of a long text the first
-- 100,000 characters are searched, since a tsvector ends at a megabyte. The family's id is one of the words, so that
-- the index finds what is in both at once, instead of every family's rows for the word. It is never the only thing that
-- keeps families apart.
--
-- Families tell in many languages: words are taken as they are (`simple`), not as English makes them.
--
-- The words of segments are a table of their own, which is not partitioned: looking into the index of each year took
-- 1.4 times as long as looking into one, and every reader of a whole segment read its words, too. What hangs on an
-- archived segment stays, and so do its words; a search leaves out what it does not find in the table.
--
-- Written for tables as small as they are before the first deployment: each is read, and narrations are rewritten, once.

CREATE FUNCTION familytales.words_of(family_id uuid, text_content text, audio_transcript text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT to_tsvector('simple', left(coalesce(text_content, ''), 100000) || ' '
                                 || left(coalesce(audio_transcript, ''), 100000))
           || array_to_tsvector(ARRAY[family_id::text])
$$;

CREATE TABLE familytales.segment_words (
    content_segment_id uuid        PRIMARY KEY,
    family_id          uuid        NOT NULL,
    memory_book_id     uuid        NOT NULL,
    created_at         timestamptz NOT NULL,
    search             tsvector    NOT NULL,
    FOREIGN KEY (family_id, memory_book_id, content_segment_id)
        REFERENCES familytales.segment_ids (family_id, memory_book_id, id) ON DELETE CASCADE
);

ALTER TABLE familytales.segment_words ENABLE ROW LEVEL SECURITY;

CREATE POLICY authz_read ON familytales.segment_words FOR SELECT TO familytales_authz USING (true);
CREATE POLICY backup_read ON familytales.segment_words FOR SELECT TO familytales_backup USING (true);

GRANT SELECT ON familytales.segment_words TO familytales_authz;

-- What was told before this, in archived years, too.
INSERT INTO familytales.segment_words (content_segment_id, family_id, memory_book_id, created_at, search)
SELECT id, family_id, memory_book_id, created_at, familytales.words_of(family_id, text_content, audio_transcript)
  FROM familytales.content_segments;

DO $$
DECLARE
    year regclass;
BEGIN
    FOR year IN SELECT was.partition FROM ops.detached_partitions AS was
                 WHERE was.parent = 'familytales.content_segments'::regclass AND was.attached_until IS NULL LOOP
        EXECUTE format('INSERT INTO familytales.segment_words'
                       ' (content_segment_id, family_id, memory_book_id, created_at, search)'
                       ' SELECT id, family_id, memory_book_id, created_at,'
                       ' familytales.words_of(family_id, text_content, audio_transcript) FROM %s', year);
    END LOOP;
END
$$;

CREATE INDEX idx_segment_words_fulltext ON familytales.segment_words USING gin (search);

CREATE FUNCTION familytales.keep_words() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO familytales.segment_words (content_segment_id, family_id, memory_book_id, created_at, search)
        VALUES (NEW.id, NEW.family_id, NEW.memory_book_id, NEW.created_at,
                familytales.words_of(NEW.family_id, NEW.text_content, NEW.audio_transcript));
    ELSE
        UPDATE familytales.segment_words AS words
           SET search = familytales.words_of(NEW.family_id, NEW.text_content, NEW.audio_transcript)
         WHERE words.content_segment_id = NEW.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER words_insert AFTER INSERT ON familytales.content_segments
    FOR EACH ROW EXECUTE FUNCTION familytales.keep_words();

CREATE TRIGGER words_update AFTER UPDATE ON familytales.content_segments
    FOR EACH ROW
    WHEN ((OLD.text_content, OLD.audio_transcript) IS DISTINCT FROM (NEW.text_content, NEW.audio_transcript))
    EXECUTE FUNCTION familytales.keep_words();

ALTER TABLE familytales.photo_narrations
    ADD COLUMN search tsvector GENERATED ALWAYS AS (
        to_tsvector('simple', left(narration_text, 100000)) || array_to_tsvector(ARRAY[family_id::text])) STORED;

CREATE INDEX idx_photo_narrations_fulltext ON familytales.photo_narrations USING gin (search);

-- A trigger that runs before the row is written does not see the new `search` yet, so it looks at the columns that
-- somebody can change.
DROP TRIGGER set_timestamp ON familytales.photo_narrations;

CREATE TRIGGER set_timestamp
    BEFORE UPDATE OF narration_text, narration_type, confidence_score, language, metadata
    ON familytales.photo_narrations
    FOR EACH ROW
    WHEN ((OLD.narration_text, OLD.narration_type, OLD.confidence_score, OLD.language, OLD.metadata, OLD.updated_at)
          IS DISTINCT FROM
          (NEW.narration_text, NEW.narration_type, NEW.confidence_score, NEW.language, NEW.metadata, NEW.updated_at))
    EXECUTE FUNCTION ops.trigger_set_timestamp();

-- The operators of full-text search are not leakproof, so behind a policy their index is of no use: the policy would be
-- asked of every row first. This belongs to familytales_authz, which sees all rows, and asks for the user's families
-- itself. It is planned once for a session: with the family among the words, one plan is right for all of them.
--
-- In one family, or in all of the user's. `words` as people type them: "exact phrase", -without, either or other.
-- Newest first.
CREATE FUNCTION familytales.search_segments(words text, family uuid DEFAULT NULL, max_rows integer DEFAULT 50)
    RETURNS TABLE (id uuid, family_id uuid, memory_book_id uuid, memory_book_title varchar, thread_id uuid,
                   thread_title varchar, user_id uuid, content_type varchar, sequence_number integer, text_content text,
                   audio_transcript text, photo_urls text[], created_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    families constant uuid[]  := ARRAY(SELECT mine FROM unnest(familytales.my_families('read')) AS mine
                                        WHERE family IS NULL OR mine = family);
    hidden   constant uuid[]  := familytales.hidden_books();
    typed    constant tsquery := websearch_to_tsquery('simple', words);
    query    constant tsquery := CASE WHEN numnode(typed) > 0 AND cardinality(families) > 0
        THEN typed && (SELECT string_agg(quote_literal(one), ' | ')::tsquery FROM unnest(families) AS one) END;
BEGIN
    RETURN QUERY
    WITH found AS (
        SELECT words.content_segment_id AS id, words.created_at
          FROM familytales.segment_words AS words
         WHERE words.search @@ query
           AND words.family_id = ANY (families)
           AND words.memory_book_id <> ALL (hidden)
         UNION
        SELECT known.id, known.created_at
          FROM familytales.photo_narrations AS narration
          JOIN familytales.segment_ids AS known ON known.id = narration.content_segment_id
         WHERE narration.search @@ query
           AND narration.family_id = ANY (families)
           AND narration.memory_book_id <> ALL (hidden)
    )
    SELECT segment.id, segment.family_id, segment.memory_book_id, book.title, segment.thread_id, thread.title,
           segment.user_id, segment.content_type, segment.sequence_number, segment.text_content,
           segment.audio_transcript, segment.photo_urls, segment.created_at
      -- Usually the newest fifty are looked at, whatever was found: OFFSET 0 keeps the order.
      FROM (SELECT * FROM found ORDER BY found.created_at DESC OFFSET 0) AS hit
      JOIN familytales.content_segments AS segment
        ON segment.id = hit.id AND segment.created_at = hit.created_at AND NOT segment.is_deleted
      JOIN familytales.threads AS thread ON thread.id = segment.thread_id
      JOIN familytales.memory_books AS book ON book.id = segment.memory_book_id
     ORDER BY segment.created_at DESC
     LIMIT greatest(least(coalesce(max_rows, 50), 100), 0);
END
$$;

-- Tags are matched in whatever spelling they are typed. A segment comes with all of its tags.
CREATE FUNCTION familytales.search_tags(tags text[], family uuid DEFAULT NULL, max_rows integer DEFAULT 50)
    RETURNS TABLE (id uuid, family_id uuid, memory_book_id uuid, memory_book_title varchar, thread_id uuid,
                   thread_title varchar, user_id uuid, content_type varchar, sequence_number integer, text_content text,
                   audio_transcript text, photo_urls text[], created_at timestamptz, all_tags text[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    families constant uuid[] := ARRAY(SELECT mine FROM unnest(familytales.my_families('read')) AS mine
                                       WHERE family IS NULL OR mine = family);
    hidden   constant uuid[] := familytales.hidden_books();
    wanted   constant text[] := ARRAY(SELECT lower(btrim(tag)) FROM unnest(tags) AS tag);
BEGIN
    RETURN QUERY
    SELECT segment.id, segment.family_id, segment.memory_book_id, book.title, segment.thread_id, thread.title,
           segment.user_id, segment.content_type, segment.sequence_number, segment.text_content,
           segment.audio_transcript, segment.photo_urls, segment.created_at,
           ARRAY(SELECT DISTINCT tag.tag_name::text FROM familytales.content_tags AS tag
                  WHERE tag.content_segment_id = segment.id ORDER BY 1)
      FROM (SELECT known.id, known.created_at
              FROM (SELECT DISTINCT tag.content_segment_id FROM familytales.content_tags AS tag
                     WHERE tag.family_id = ANY (families)
                       AND tag.tag_name = ANY (wanted)
                       AND tag.memory_book_id <> ALL (hidden)) AS tagged
              JOIN familytales.segment_ids AS known ON known.id = tagged.content_segment_id
             ORDER BY known.created_at DESC
            OFFSET 0) AS hit
      JOIN familytales.content_segments AS segment
        ON segment.id = hit.id AND segment.created_at = hit.created_at AND NOT segment.is_deleted
      JOIN familytales.threads AS thread ON thread.id = segment.thread_id
      JOIN familytales.memory_books AS book ON book.id = segment.memory_book_id
     ORDER BY segment.created_at DESC
     LIMIT greatest(least(coalesce(max_rows, 50), 100), 0);
END
$$;

ALTER FUNCTION familytales.search_segments(text, uuid, integer) OWNER TO familytales_authz;
ALTER FUNCTION familytales.search_tags(text[], uuid, integer) OWNER TO familytales_authz;

SET LOCAL ROLE familytales_authz;

GRANT EXECUTE ON FUNCTION familytales.search_segments(text, uuid, integer),
    familytales.search_tags(text[], uuid, integer)
    TO familytales_app;

SET LOCAL ROLE familytales_owner;
