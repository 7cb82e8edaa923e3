-- Refused while there are embeddings: they cost a model's work for each segment.
DO $$
BEGIN
    IF to_regclass('familytales.content_embeddings') IS NOT NULL THEN
        LOCK TABLE familytales.content_embeddings IN ACCESS EXCLUSIVE MODE;
        IF EXISTS (SELECT FROM familytales.content_embeddings) THEN
            RAISE EXCEPTION 'familytales.content_embeddings has rows, which would be lost'
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      HINT = 'Keep the migration, or delete the embeddings first.';
        END IF;
        DROP FUNCTION familytales.similar_segments(public.vector, text, uuid, integer);
        DROP TABLE familytales.content_embeddings;
    END IF;
END
$$;

DROP FUNCTION ops.create_embeddings();
