-- Nothing is lost: what is dropped is made of the texts again.
SET LOCAL ROLE familytales_authz;

DROP FUNCTION familytales.search_segments(text, uuid, integer);

DROP FUNCTION familytales.search_tags(text[], uuid, integer);

SET LOCAL ROLE familytales_owner;

DROP TRIGGER set_timestamp ON familytales.photo_narrations;

ALTER TABLE familytales.photo_narrations DROP COLUMN search;

DROP TRIGGER words_insert ON familytales.content_segments;

DROP TRIGGER words_update ON familytales.content_segments;

DROP FUNCTION familytales.keep_words();

-- lint: allow drop-table: its words are those of the texts
DROP TABLE familytales.segment_words;

DROP FUNCTION familytales.words_of(uuid, text, text);

CREATE TRIGGER set_timestamp
    BEFORE UPDATE OF narration_text, narration_type, confidence_score, language, metadata
    ON familytales.photo_narrations
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ops.trigger_set_timestamp();
