-- Who may do what. Every table is closed by row level security; what is not granted here is refused.
-- Row level security is not FORCEd: the owner never logs in, and the definer functions below rely on reading past it.

-- Helpers ----------------------------------------------------
-- A policy calls them as `= ANY ((SELECT familytales.my_families('read'))::uuid[])`: the sub-select makes it one call
-- for a statement instead of one for each row. They run as the owner, so that a policy on family_members may ask them
-- without asking itself.

-- Who is asking: the application says so at the start of each transaction, with
--     SELECT set_config('app.current_user_id', $1, true)
-- After the transaction the value is empty, not unset, also behind a pooler: both mean nobody.
CREATE FUNCTION familytales.current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT NULLIF(current_setting('app.current_user_id', true), '')::uuid
$$;

-- The families in which the user may do something: read, post, edit, delete, invite or admin.
CREATE FUNCTION familytales.my_families(wanted text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF wanted NOT IN ('read', 'post', 'edit', 'delete', 'invite', 'admin') THEN
        RAISE EXCEPTION 'unknown permission %', wanted USING HINT = 'Known: read, post, edit, delete, invite, admin';
    END IF;
    RETURN (
        SELECT coalesce(array_agg(member.family_id), '{}')
          FROM familytales.family_members AS member
          JOIN familytales.families AS family ON family.id = member.family_id
          JOIN familytales.users AS account ON account.id = member.user_id
         WHERE member.user_id = familytales.current_user_id()
           AND member.is_active AND family.is_active AND account.is_active
           AND CASE wanted
                   WHEN 'read' THEN true
                   WHEN 'post' THEN member.can_post
                   WHEN 'edit' THEN member.can_edit
                   WHEN 'delete' THEN member.can_delete
                   WHEN 'invite' THEN member.can_invite
                   WHEN 'admin' THEN member.can_admin
               END
    );
END
$$;

-- The private books of others in the user's families.
CREATE FUNCTION familytales.hidden_books() RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(book.id), '{}')
          FROM familytales.memory_books AS book
         WHERE book.privacy = 'private'
           AND book.created_by <> familytales.current_user_id()
           AND book.family_id = ANY (familytales.my_families('read'))
    );
END
$$;

-- The users who share a family with the user.
CREATE FUNCTION familytales.my_comembers() RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT member.user_id), '{}')
          FROM familytales.family_members AS member
         WHERE member.family_id = ANY (familytales.my_families('read'))
    );
END
$$;

-- A login knows the user by what Clerk calls him, before anybody can be the current user.
CREATE FUNCTION familytales.user_id_of_clerk(clerk_user_id text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT id FROM familytales.users WHERE clerk_id = clerk_user_id AND is_active
$$;

-- A family and its owner's membership come into being together; neither row could be allowed alone.
CREATE FUNCTION familytales.create_family(family_name text, family_description text DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    creator    constant uuid := familytales.current_user_id();
    created_id constant uuid := gen_random_uuid();
BEGIN
    IF NOT EXISTS (SELECT FROM familytales.users WHERE id = creator AND is_active) THEN
        RAISE EXCEPTION 'no active user' USING
            ERRCODE = 'insufficient_privilege', HINT = 'Set app.current_user_id in this transaction.';
    END IF;
    INSERT INTO familytales.families (id, name, description, owner_id)
    VALUES (created_id, family_name, family_description, creator);
    INSERT INTO familytales.family_members (family_id, user_id, role)
    VALUES (created_id, creator, 'owner');
    RETURN created_id;
END
$$;

GRANT USAGE ON SCHEMA familytales TO familytales_app;
GRANT EXECUTE ON FUNCTION familytales.current_user_id(), familytales.my_families(text), familytales.hidden_books(),
    familytales.my_comembers(), familytales.user_id_of_clerk(text), familytales.create_family(text, text)
    TO familytales_app;

-- Users: oneself and those one shares a family with. Column grants leave out clerk_id, e-mail and subscription. -----
ALTER TABLE familytales.users ENABLE ROW LEVEL SECURITY;

CREATE POLICY users_read ON familytales.users FOR SELECT TO familytales_app
    USING (id = (SELECT familytales.current_user_id()) OR id = ANY ((SELECT familytales.my_comembers())::uuid[]));
CREATE POLICY users_insert ON familytales.users FOR INSERT TO familytales_app
    WITH CHECK (id = (SELECT familytales.current_user_id()));
CREATE POLICY users_update ON familytales.users FOR UPDATE TO familytales_app
    USING (id = (SELECT familytales.current_user_id()))
    WITH CHECK (id = (SELECT familytales.current_user_id()));

GRANT SELECT (id, display_name, avatar_url, is_active, created_at, last_login_at) ON familytales.users
    TO familytales_app;
GRANT INSERT (id, clerk_id, email, display_name, avatar_url, metadata) ON familytales.users TO familytales_app;
GRANT UPDATE (display_name, avatar_url, last_login_at, metadata) ON familytales.users TO familytales_app;

-- Families, members, invitations ----------------------------------------------------
ALTER TABLE familytales.families ENABLE ROW LEVEL SECURITY;
ALTER TABLE familytales.family_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE familytales.family_invites ENABLE ROW LEVEL SECURITY;

CREATE POLICY families_read ON familytales.families FOR SELECT TO familytales_app
    USING (id = ANY ((SELECT familytales.my_families('read'))::uuid[]));
CREATE POLICY families_update ON familytales.families FOR UPDATE TO familytales_app
    USING (id = ANY ((SELECT familytales.my_families('admin'))::uuid[]))
    WITH CHECK (id = ANY ((SELECT familytales.my_families('admin'))::uuid[]));
CREATE POLICY family_members_read ON familytales.family_members FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[]));
CREATE POLICY family_invites_read ON familytales.family_invites FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('invite'))::uuid[]));

-- Not limits, tier and counters: nobody raises his own limit.
GRANT SELECT ON familytales.families, familytales.family_members TO familytales_app;
GRANT UPDATE (name, description, settings) ON familytales.families TO familytales_app;
GRANT SELECT (id, family_id, email, role, invited_by, expires_at, accepted_at, accepted_by, created_at, metadata)
    ON familytales.family_invites TO familytales_app;

-- Books: a private one is its author's alone ----------------------------------------------------
ALTER TABLE familytales.memory_books ENABLE ROW LEVEL SECURITY;

CREATE POLICY memory_books_read ON familytales.memory_books FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND (privacy <> 'private' OR created_by = (SELECT familytales.current_user_id())));
CREATE POLICY memory_books_insert ON familytales.memory_books FOR INSERT TO familytales_app
    WITH CHECK (family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                AND created_by = (SELECT familytales.current_user_id()));
CREATE POLICY memory_books_update ON familytales.memory_books FOR UPDATE TO familytales_app
    USING ((created_by = (SELECT familytales.current_user_id())
            AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))
           OR (privacy <> 'private' AND family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[])));
CREATE POLICY memory_books_delete ON familytales.memory_books FOR DELETE TO familytales_app
    USING ((created_by = (SELECT familytales.current_user_id())
            AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))
           OR (privacy <> 'private' AND family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[])));

-- family_id and authors are in no UPDATE grant, here and below: a member of two families could carry rows across.
GRANT SELECT, DELETE ON familytales.memory_books TO familytales_app;
GRANT INSERT (id, family_id, title, description, cover_image_url, created_by, is_collaborative, privacy, metadata)
    ON familytales.memory_books TO familytales_app;
GRANT UPDATE (title, description, cover_image_url, is_collaborative, privacy, metadata)
    ON familytales.memory_books TO familytales_app;

-- Threads ----------------------------------------------------
ALTER TABLE familytales.threads ENABLE ROW LEVEL SECURITY;

CREATE POLICY threads_read ON familytales.threads FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[]));
CREATE POLICY threads_insert ON familytales.threads FOR INSERT TO familytales_app
    WITH CHECK (family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                AND started_by = (SELECT familytales.current_user_id())
                AND memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[]));
CREATE POLICY threads_update ON familytales.threads FOR UPDATE TO familytales_app
    USING (memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND (family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[])
                OR (started_by = (SELECT familytales.current_user_id())
                    AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))));
CREATE POLICY threads_delete ON familytales.threads FOR DELETE TO familytales_app
    USING (memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND family_id = ANY ((SELECT familytales.my_families('delete'))::uuid[]));

GRANT SELECT, DELETE ON familytales.threads TO familytales_app;
GRANT INSERT (id, family_id, memory_book_id, title, started_by, metadata) ON familytales.threads TO familytales_app;
GRANT UPDATE (title, is_locked, metadata) ON familytales.threads TO familytales_app;

-- Content: deleting is an UPDATE of is_deleted, so there is no DELETE -------------------------------------------------
ALTER TABLE familytales.segment_ids ENABLE ROW LEVEL SECURITY;
ALTER TABLE familytales.content_segments ENABLE ROW LEVEL SECURITY;

CREATE POLICY content_segments_read ON familytales.content_segments FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[]));
CREATE POLICY content_segments_insert ON familytales.content_segments FOR INSERT TO familytales_app
    WITH CHECK (family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                AND user_id = (SELECT familytales.current_user_id())
                AND memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[]));
CREATE POLICY content_segments_update ON familytales.content_segments FOR UPDATE TO familytales_app
    USING (memory_book_id <> ALL ((SELECT familytales.hidden_books())::uuid[])
           AND (family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[])
                OR (user_id = (SELECT familytales.current_user_id())
                    AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[]))));

GRANT SELECT ON familytales.content_segments TO familytales_app;
GRANT INSERT (id, thread_id, user_id, content_type, text_content, audio_url, audio_duration_seconds, audio_transcript,
              photo_urls, metadata)
    ON familytales.content_segments TO familytales_app;
GRANT UPDATE (text_content, audio_transcript, is_edited, edited_at, is_deleted, deleted_at, metadata)
    ON familytales.content_segments TO familytales_app;

-- What hangs on content is visible, and may be added, where the content is visible: the sub-select below obeys the
-- policy of content_segments, so that private books stay private here too.
ALTER TABLE familytales.photo_narrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE familytales.content_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE familytales.content_tags ENABLE ROW LEVEL SECURITY;

CREATE POLICY photo_narrations_read ON familytales.photo_narrations FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND EXISTS (SELECT FROM familytales.content_segments AS segment WHERE segment.id = content_segment_id));
CREATE POLICY photo_narrations_insert ON familytales.photo_narrations FOR INSERT TO familytales_app
    WITH CHECK (family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                AND created_by = (SELECT familytales.current_user_id())
                AND EXISTS (SELECT FROM familytales.content_segments AS segment WHERE segment.id = content_segment_id));
CREATE POLICY photo_narrations_update ON familytales.photo_narrations FOR UPDATE TO familytales_app
    USING ((family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[])
            OR (created_by = (SELECT familytales.current_user_id())
                AND family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])))
           AND EXISTS (SELECT FROM familytales.content_segments AS segment WHERE segment.id = content_segment_id));

CREATE POLICY content_links_read ON familytales.content_links FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND EXISTS (SELECT FROM familytales.content_segments AS source WHERE source.id = source_segment_id)
           AND EXISTS (SELECT FROM familytales.content_segments AS target WHERE target.id = target_segment_id));
CREATE POLICY content_links_insert ON familytales.content_links FOR INSERT TO familytales_app
    WITH CHECK (family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                AND created_by = (SELECT familytales.current_user_id())
                AND EXISTS (SELECT FROM familytales.content_segments AS source WHERE source.id = source_segment_id)
                AND EXISTS (SELECT FROM familytales.content_segments AS target WHERE target.id = target_segment_id));

CREATE POLICY content_tags_read ON familytales.content_tags FOR SELECT TO familytales_app
    USING (family_id = ANY ((SELECT familytales.my_families('read'))::uuid[])
           AND EXISTS (SELECT FROM familytales.content_segments AS segment WHERE segment.id = content_segment_id));
CREATE POLICY content_tags_insert ON familytales.content_tags FOR INSERT TO familytales_app
    WITH CHECK (family_id = ANY ((SELECT familytales.my_families('post'))::uuid[])
                AND tagged_by = (SELECT familytales.current_user_id())
                AND EXISTS (SELECT FROM familytales.content_segments AS segment WHERE segment.id = content_segment_id));
CREATE POLICY content_tags_delete ON familytales.content_tags FOR DELETE TO familytales_app
    USING (tagged_by = (SELECT familytales.current_user_id())
           OR family_id = ANY ((SELECT familytales.my_families('edit'))::uuid[]));

GRANT SELECT ON familytales.photo_narrations, familytales.content_links, familytales.content_tags TO familytales_app;
GRANT INSERT (id, family_id, content_segment_id, photo_index, narration_text, narration_type, confidence_score,
              language, created_by, metadata)
    ON familytales.photo_narrations TO familytales_app;
GRANT UPDATE (narration_text, narration_type, confidence_score, language, metadata)
    ON familytales.photo_narrations TO familytales_app;
GRANT INSERT (id, family_id, source_segment_id, target_segment_id, link_type, created_by, metadata)
    ON familytales.content_links TO familytales_app;
GRANT INSERT (id, family_id, content_segment_id, tag_name, tagged_by), DELETE
    ON familytales.content_tags TO familytales_app;
