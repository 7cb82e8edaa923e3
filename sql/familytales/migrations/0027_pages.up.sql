-- What an application shows most: a family's books, a thread, what a family uses and who is there. As functions they ask
-- once who the user is and in which families, not once for each table, and are planned once for a session: planning a
-- dozen partitions takes longer than reading a thread. They belong to familytales_authz, which sees all rows, and ask
-- themselves what policies would. New functions only.

-- A thread with a page of its segments, each with its author and what is told about its photos; no row for who may not
-- read it. Segments and narrations of a thread are in its family and book, by foreign keys.
CREATE FUNCTION familytales.read_thread(wanted uuid, after integer DEFAULT 0)
    RETURNS TABLE (id uuid, family_id uuid, memory_book_id uuid, title varchar, started_by uuid,
                   participant_count integer, segment_count integer, last_segment_at timestamptz, is_locked boolean,
                   created_at timestamptz, updated_at timestamptz, metadata jsonb, segments json)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    families constant uuid[] := familytales.my_families('read');
    hidden   constant uuid[] := familytales.hidden_books();
    since    timestamptz;
    until    timestamptz;
BEGIN
    -- Whoever may not read it finds out in the same time, whether there is such a thread or not.
    IF NOT EXISTS (SELECT FROM familytales.threads AS thread
                    WHERE thread.id = wanted
                      AND thread.family_id = ANY (families)
                      AND thread.memory_book_id <> ALL (hidden)) THEN
        RETURN;
    END IF;
    -- In which years its segments lie, the registry knows: the others are not looked at.
    SELECT min(known.created_at), max(known.created_at) INTO since, until
      FROM familytales.segment_ids AS known
     WHERE known.thread_id = wanted
       AND known.sequence_number > coalesce(after, 0);
    RETURN QUERY
    SELECT thread.id, thread.family_id, thread.memory_book_id, thread.title, thread.started_by,
           thread.participant_count, thread.segment_count, thread.last_segment_at, thread.is_locked,
           thread.created_at, thread.updated_at, thread.metadata, page.segments
      FROM familytales.threads AS thread
      LEFT JOIN LATERAL (
           SELECT json_agg(told ORDER BY told.sequence_number) AS segments
             FROM (SELECT segment.id, segment.sequence_number, segment.user_id, author.display_name, author.avatar_url,
                          segment.content_type, segment.text_content, segment.audio_url, segment.audio_duration_seconds,
                          segment.audio_transcript, segment.photo_urls, segment.is_edited, segment.edited_at,
                          segment.created_at, segment.view_count, segment.reaction_count, segment.metadata,
                          narrations.photo_narrations
                     FROM familytales.content_segments AS segment
                     JOIN familytales.users AS author ON author.id = segment.user_id
                     LEFT JOIN LATERAL (
                          SELECT json_agg(json_build_object('index', narration.photo_index,
                                                            'narration', narration.narration_text,
                                                            'type', narration.narration_type)
                                          ORDER BY narration.photo_index) AS photo_narrations
                            FROM familytales.photo_narrations AS narration
                           WHERE narration.content_segment_id = segment.id
                     ) AS narrations ON segment.content_type IN ('photo', 'mixed')
                    WHERE segment.thread_id = thread.id
                      AND segment.sequence_number > coalesce(after, 0)
                      AND segment.created_at BETWEEN since AND until
                      AND NOT segment.is_deleted
                    ORDER BY segment.sequence_number
                    LIMIT 200) AS told
      ) AS page ON true
     WHERE thread.id = wanted;
END
$$;

-- The books of a family that the user may read, with what is in them; the one with the latest news first.
CREATE FUNCTION familytales.family_books(family uuid, max_rows integer DEFAULT 100)
    RETURNS TABLE (id uuid, family_id uuid, title varchar, description text, cover_image_url text, created_by uuid,
                   is_collaborative boolean, privacy varchar, created_at timestamptz, updated_at timestamptz,
                   metadata jsonb, thread_count integer, segment_count integer, contributor_count integer,
                   photo_count integer, audio_count integer, last_activity timestamptz, created_by_name varchar)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    hidden constant uuid[] := familytales.hidden_books();
BEGIN
    IF family IS NULL OR family <> ALL (familytales.my_families('read')) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT book.id, book.family_id, book.title, book.description, book.cover_image_url, book.created_by,
           book.is_collaborative, book.privacy, book.created_at, book.updated_at, book.metadata, book.thread_count,
           book.segment_count, book.contributor_count, book.photo_count, book.audio_count, book.last_activity_at,
           creator.display_name
      FROM familytales.memory_books AS book
      JOIN familytales.users AS creator ON creator.id = book.created_by
     WHERE book.family_id = family
       AND book.id <> ALL (hidden)
     ORDER BY book.last_activity_at DESC
     LIMIT greatest(least(coalesce(max_rows, 100), 500), 0);
END
$$;

-- What a family uses of what it may, in bytes, and by book how much is in it. Books that the user does not see are in
-- the sums of the family, and not in the list.
CREATE FUNCTION familytales.family_storage(family uuid)
    RETURNS TABLE (id uuid, name varchar, storage_limit_bytes bigint, total_used_bytes bigint,
                   storage_archived_bytes bigint, breakdown json)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    hidden constant uuid[] := familytales.hidden_books();
BEGIN
    IF family IS NULL OR family <> ALL (familytales.my_families('read')) THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH media AS MATERIALIZED (
        SELECT object.memory_book_id, sum(object.bytes) AS bytes
          FROM familytales.media_objects AS object
         WHERE object.family_id = family
         GROUP BY object.memory_book_id
    )
    SELECT held.id, held.name, held.storage_limit_bytes, held.storage_used_bytes, held.storage_archived_bytes,
           coalesce((SELECT json_agg(one ORDER BY one.media_bytes DESC, one.title)
                       FROM (SELECT book.id AS memory_book_id, book.title, book.segment_count, book.audio_count,
                                    book.photo_count, coalesce(media.bytes, 0) AS media_bytes
                               FROM familytales.memory_books AS book
                               LEFT JOIN media ON media.memory_book_id = book.id
                              WHERE book.family_id = family
                                AND book.id <> ALL (hidden)) AS one), '[]')
      FROM familytales.families AS held
     WHERE held.id = family;
END
$$;

-- Who of a family was there in the last 30 days, and what he contributed in it, as far as the user may read it.
CREATE FUNCTION familytales.active_members(family uuid)
    RETURNS TABLE (family_id uuid, user_id uuid, role varchar, display_name varchar, last_login_at timestamptz,
                   recent_segments bigint, last_contribution timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    hidden constant uuid[] := familytales.hidden_books();
BEGIN
    IF family IS NULL OR family <> ALL (familytales.my_families('read')) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT member.family_id, member.user_id, member.role, account.display_name, account.last_login_at,
           coalesce(recent.segments, 0), recent.latest
      FROM familytales.family_members AS member
      JOIN familytales.users AS account ON account.id = member.user_id
      LEFT JOIN (SELECT segment.user_id, count(*) AS segments, max(segment.created_at) AS latest
                   FROM familytales.content_segments AS segment
                  WHERE segment.family_id = family
                    AND segment.created_at > now() - interval '30 days'
                    AND segment.memory_book_id <> ALL (hidden)
                    AND NOT segment.is_deleted
                  GROUP BY segment.user_id) AS recent ON recent.user_id = member.user_id
     WHERE member.family_id = family
       AND member.is_active
       AND account.last_login_at > now() - interval '30 days'
     ORDER BY account.last_login_at DESC;
END
$$;

ALTER FUNCTION familytales.read_thread(uuid, integer) OWNER TO familytales_authz;
ALTER FUNCTION familytales.family_books(uuid, integer) OWNER TO familytales_authz;
ALTER FUNCTION familytales.family_storage(uuid) OWNER TO familytales_authz;
ALTER FUNCTION familytales.active_members(uuid) OWNER TO familytales_authz;

SET LOCAL ROLE familytales_authz;

GRANT EXECUTE ON FUNCTION familytales.read_thread(uuid, integer), familytales.family_books(uuid, integer),
    familytales.family_storage(uuid), familytales.active_members(uuid)
    TO familytales_app;

SET LOCAL ROLE familytales_owner;
