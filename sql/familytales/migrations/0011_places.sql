-- Whatever hangs on a segment says in which book that is, so that a policy decides about it without looking at the
-- segment, in each of its partitions. Foreign keys hold book, family and segment together.
--
-- Written for tables as small as they are before the first deployment: each is read and rewritten once.

ALTER TABLE familytales.threads
    ADD CONSTRAINT threads_place_key UNIQUE (family_id, memory_book_id, id);

-- The registry ----------------------------------------------------
ALTER TABLE familytales.segment_ids ADD COLUMN memory_book_id uuid;

UPDATE familytales.segment_ids AS known
   SET memory_book_id = thread.memory_book_id
  FROM familytales.threads AS thread
 WHERE thread.id = known.thread_id;

ALTER TABLE familytales.segment_ids ALTER COLUMN memory_book_id SET NOT NULL;

ALTER TABLE familytales.segment_ids
    ADD CONSTRAINT segment_ids_place_key UNIQUE (family_id, memory_book_id, id);

ALTER TABLE familytales.segment_ids DROP CONSTRAINT segment_ids_thread_id_family_id_fkey;

ALTER TABLE familytales.segment_ids
    ADD CONSTRAINT segment_ids_thread_fkey FOREIGN KEY (family_id, memory_book_id, thread_id)
        REFERENCES familytales.threads (family_id, memory_book_id, id) ON DELETE CASCADE;

ALTER TABLE familytales.threads DROP CONSTRAINT threads_id_family_id_key;

-- UNIQUE (thread_id, sequence_number) serves the new key.
DROP INDEX familytales.idx_segment_ids_thread;

-- Narrations, links and tags ----------------------------------------------------
ALTER TABLE familytales.photo_narrations ADD COLUMN memory_book_id uuid;

-- What is filled in here is no change of a narration.
DROP TRIGGER set_timestamp ON familytales.photo_narrations;

UPDATE familytales.photo_narrations AS narration
   SET memory_book_id = known.memory_book_id
  FROM familytales.segment_ids AS known
 WHERE known.id = narration.content_segment_id;

CREATE TRIGGER set_timestamp BEFORE UPDATE ON familytales.photo_narrations
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();

ALTER TABLE familytales.photo_narrations ALTER COLUMN memory_book_id SET NOT NULL;

ALTER TABLE familytales.photo_narrations DROP CONSTRAINT photo_narrations_content_segment_id_family_id_fkey;

ALTER TABLE familytales.photo_narrations
    ADD CONSTRAINT photo_narrations_place_fkey FOREIGN KEY (family_id, memory_book_id, content_segment_id)
        REFERENCES familytales.segment_ids (family_id, memory_book_id, id) ON DELETE CASCADE;

-- UNIQUE (content_segment_id, photo_index) begins with the same column; so do those of links and tags below.
DROP INDEX familytales.idx_photo_narrations_segment;

-- Both ends of a link may lie in different books of one family.
ALTER TABLE familytales.content_links
    ADD COLUMN source_book_id uuid,
    ADD COLUMN target_book_id uuid;

UPDATE familytales.content_links AS link
   SET source_book_id = source.memory_book_id, target_book_id = target.memory_book_id
  FROM familytales.segment_ids AS source, familytales.segment_ids AS target
 WHERE source.id = link.source_segment_id
   AND target.id = link.target_segment_id;

ALTER TABLE familytales.content_links ALTER COLUMN source_book_id SET NOT NULL;

ALTER TABLE familytales.content_links ALTER COLUMN target_book_id SET NOT NULL;

ALTER TABLE familytales.content_links DROP CONSTRAINT content_links_source_segment_id_family_id_fkey;

ALTER TABLE familytales.content_links DROP CONSTRAINT content_links_target_segment_id_family_id_fkey;

ALTER TABLE familytales.content_links
    ADD CONSTRAINT content_links_source_fkey FOREIGN KEY (family_id, source_book_id, source_segment_id)
        REFERENCES familytales.segment_ids (family_id, memory_book_id, id) ON DELETE CASCADE;

ALTER TABLE familytales.content_links
    ADD CONSTRAINT content_links_target_fkey FOREIGN KEY (family_id, target_book_id, target_segment_id)
        REFERENCES familytales.segment_ids (family_id, memory_book_id, id) ON DELETE CASCADE;

DROP INDEX familytales.idx_content_links_source;

ALTER TABLE familytales.content_tags ADD COLUMN memory_book_id uuid;

UPDATE familytales.content_tags AS tag
   SET memory_book_id = known.memory_book_id
  FROM familytales.segment_ids AS known
 WHERE known.id = tag.content_segment_id;

ALTER TABLE familytales.content_tags ALTER COLUMN memory_book_id SET NOT NULL;

ALTER TABLE familytales.content_tags DROP CONSTRAINT content_tags_content_segment_id_family_id_fkey;

ALTER TABLE familytales.content_tags
    ADD CONSTRAINT content_tags_place_fkey FOREIGN KEY (family_id, memory_book_id, content_segment_id)
        REFERENCES familytales.segment_ids (family_id, memory_book_id, id) ON DELETE CASCADE;

DROP INDEX familytales.idx_content_tags_segment;

ALTER TABLE familytales.segment_ids DROP CONSTRAINT segment_ids_id_family_id_key;

-- Whoever adds something names the segment; where that is, the registry knows.
CREATE FUNCTION familytales.place_on_segment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place record;
BEGIN
    SELECT known.family_id, known.memory_book_id INTO place
      FROM familytales.segment_ids AS known WHERE known.id = NEW.content_segment_id;
    IF place.family_id IS NULL OR NEW.family_id <> place.family_id THEN
        RAISE EXCEPTION 'there is no segment %, or not in this family', NEW.content_segment_id
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    NEW.family_id := place.family_id;
    NEW.memory_book_id := place.memory_book_id;
    RETURN NEW;
END
$$;

CREATE FUNCTION familytales.place_link() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    source record;
    target record;
BEGIN
    SELECT known.family_id, known.memory_book_id INTO source
      FROM familytales.segment_ids AS known WHERE known.id = NEW.source_segment_id;
    SELECT known.family_id, known.memory_book_id INTO target
      FROM familytales.segment_ids AS known
     WHERE known.id = NEW.target_segment_id AND known.family_id = source.family_id;
    IF target.family_id IS NULL OR NEW.family_id <> target.family_id THEN
        RAISE EXCEPTION 'there are no segments % and %, or not in one family, or not in this', NEW.source_segment_id,
                        NEW.target_segment_id
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    NEW.family_id := target.family_id;
    NEW.source_book_id := source.memory_book_id;
    NEW.target_book_id := target.memory_book_id;
    RETURN NEW;
END
$$;

CREATE TRIGGER place BEFORE INSERT ON familytales.photo_narrations
    FOR EACH ROW EXECUTE FUNCTION familytales.place_on_segment();

CREATE TRIGGER place BEFORE INSERT ON familytales.content_tags
    FOR EACH ROW EXECUTE FUNCTION familytales.place_on_segment();

CREATE TRIGGER place BEFORE INSERT ON familytales.content_links
    FOR EACH ROW EXECUTE FUNCTION familytales.place_link();
