-- Search by meaning, where the server has pgvector. Embeddings are a table of their own: not every segment has one, and
-- they come again with every new model.
--
-- No index of nearest neighbours: it finds the forty nearest of all families, and row level security then takes away
-- those of others, often all forty. A family has a few thousand segments, and comparing with each of them is exact.

-- Makes them, unless they are there or the server lacks the extension; whether they are there then. The job
-- `embeddings` asks again, for a server that gets the extension later.
CREATE FUNCTION ops.create_embeddings() RETURNS boolean
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $create$
DECLARE
    vector constant regtype := to_regtype('public.vector');
BEGIN
    IF vector IS NULL OR to_regclass('familytales.content_embeddings') IS NOT NULL THEN
        RETURN vector IS NOT NULL;
    END IF;
    -- 384 numbers are 1,544 bytes, and stay in the row; from some 500 on they would be kept apart, and every comparison
    -- would fetch them from there.
    CREATE TABLE familytales.content_embeddings (
        content_segment_id uuid              PRIMARY KEY,
        family_id          uuid              NOT NULL,
        memory_book_id     uuid              NOT NULL,
        model              varchar(100)      NOT NULL CHECK (model <> ''),
        embedding          public.vector(384) NOT NULL,
        created_at         timestamptz       NOT NULL DEFAULT now(),
        FOREIGN KEY (family_id, memory_book_id, content_segment_id)
            REFERENCES familytales.segment_ids (family_id, memory_book_id, id) ON DELETE CASCADE
    );
    CREATE INDEX idx_content_embeddings_family ON familytales.content_embeddings (family_id, model);
    ALTER TABLE familytales.content_embeddings ENABLE ROW LEVEL SECURITY;
    CREATE TRIGGER place BEFORE INSERT ON familytales.content_embeddings
        FOR EACH ROW EXECUTE FUNCTION familytales.place_on_segment();

    CREATE POLICY backup_read ON familytales.content_embeddings FOR SELECT TO familytales_backup USING (true);
    CREATE POLICY authz_read ON familytales.content_embeddings FOR SELECT TO familytales_authz USING (true);
    CREATE POLICY media_read ON familytales.content_embeddings FOR SELECT TO familytales_media USING (true);
    CREATE POLICY media_embed ON familytales.content_embeddings FOR INSERT TO familytales_media WITH CHECK (true);
    CREATE POLICY media_embed_again ON familytales.content_embeddings FOR UPDATE TO familytales_media
        USING (true) WITH CHECK (true);
    CREATE POLICY content_embeddings_read ON familytales.content_embeddings FOR SELECT TO familytales_app
        USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
               AND memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
               -- What was told can be guessed from its embedding: none of what is marked as deleted.
               AND familytales.sees_segments(ARRAY[content_segment_id]));
    GRANT SELECT ON familytales.content_embeddings TO familytales_authz, familytales_media, familytales_app;
    GRANT INSERT (content_segment_id, model, embedding), UPDATE (model, embedding)
        ON familytales.content_embeddings TO familytales_media;

    -- The nearest by cosine, nearest first; distance 0 is the same, 2 the opposite.
    CREATE FUNCTION familytales.similar_segments(wanted public.vector, wanted_model text, family uuid,
                                                 max_rows integer DEFAULT 10)
        RETURNS TABLE (content_segment_id uuid, distance double precision)
        LANGUAGE plpgsql STABLE SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp
    AS $body$
    DECLARE
        hidden constant uuid[] := familytales.hidden_books();
    BEGIN
        IF family IS NULL OR family <> ALL (familytales.my_families('read')) THEN
            RETURN;
        END IF;
        RETURN QUERY
        SELECT near.content_segment_id, near.distance
          FROM (SELECT held.content_segment_id, held.embedding OPERATOR(public.<=>) wanted AS distance
                  FROM familytales.content_embeddings AS held
                 WHERE held.family_id = family
                   AND held.model = wanted_model
                   AND held.memory_book_id <> ALL (hidden)
                 ORDER BY 2
                OFFSET 0) AS near
          JOIN familytales.segment_ids AS known ON known.id = near.content_segment_id
          JOIN familytales.content_segments AS segment
            ON segment.id = known.id AND segment.created_at = known.created_at AND NOT segment.is_deleted
         ORDER BY near.distance, near.content_segment_id
         LIMIT greatest(least(coalesce(max_rows, 10), 100), 0);
    END
    $body$;
    REVOKE ALL ON FUNCTION familytales.similar_segments(public.vector, text, uuid, integer) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION familytales.similar_segments(public.vector, text, uuid, integer) TO familytales_app;
    RETURN true;
END
$create$;

SELECT ops.create_embeddings();
