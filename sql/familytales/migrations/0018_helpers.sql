-- What policies and applications ask about the user. These functions belong to familytales_authz, which reads what they
-- read and nothing else, and they run with its rights: so a policy on family_members may ask them without asking
-- itself. A policy calls them in a sub-select, `= ANY ((SELECT familytales.my_families('read'))::uuid[])`: once for a
-- statement instead of once for a row.
--
-- New or replaced functions: no lock that anybody could wait for, but for a column and two indexes on small tables.

-- The same as before, with its names looked up now instead of by whoever calls it: policies, functions and the audit
-- log cannot mean different users by it, whatever the search_path.
CREATE OR REPLACE FUNCTION familytales.current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.current_user_id', true), '')::uuid;

-- lint: allow generated-column-rewrites: a few rows for each family
ALTER TABLE familytales.family_members
    ADD COLUMN can_download boolean NOT NULL GENERATED ALWAYS AS
        (coalesce((permissions ->> 'can_download')::boolean, true)) STORED;

-- Viewer is 1, owner is 5; what is no role is 0.
CREATE FUNCTION familytales.rank(role text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(array_position(ARRAY['viewer', 'member', 'editor', 'admin', 'owner'], role), 0)
$$;

-- The families in which the user may do something. One that is not active is none of them, and whoever is no active
-- user has none.
CREATE OR REPLACE FUNCTION familytales.my_families(wanted text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- What nearly every statement asks; the shorter query is the faster one.
    IF wanted = 'read' THEN
        RETURN ARRAY(
            SELECT member.family_id
              FROM familytales.family_members AS member
              JOIN familytales.families AS family ON family.id = member.family_id
              JOIN familytales.users AS account ON account.id = member.user_id
             WHERE member.user_id = familytales.current_user_id()
               AND member.is_active AND family.is_active AND account.is_active
        );
    END IF;
    IF wanted IS NULL OR wanted NOT IN ('read', 'post', 'edit', 'delete', 'invite', 'download', 'admin') THEN
        RAISE EXCEPTION 'unknown permission %', wanted
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Known: read, post, edit, delete, invite, download, admin';
    END IF;
    RETURN ARRAY(
        SELECT member.family_id
          FROM familytales.family_members AS member
          JOIN familytales.families AS family ON family.id = member.family_id
          JOIN familytales.users AS account ON account.id = member.user_id
         WHERE member.user_id = familytales.current_user_id()
           AND member.is_active AND family.is_active AND account.is_active
           AND CASE wanted
                   WHEN 'post' THEN member.can_post
                   WHEN 'edit' THEN member.can_edit
                   WHEN 'delete' THEN member.can_delete
                   WHEN 'invite' THEN member.can_invite
                   WHEN 'admin' THEN member.can_admin
                   WHEN 'download' THEN member.can_download
                                        AND coalesce((family.settings ->> 'allow_downloads')::boolean, true)
               END
    );
END
$$;

-- Settings that policies ask have to be what they should be. What was something else says nothing.
UPDATE familytales.families
   SET settings = settings - 'allow_downloads'
 WHERE jsonb_typeof(settings -> 'allow_downloads') <> 'boolean';

ALTER TABLE familytales.families
    ADD CONSTRAINT families_settings_allow_downloads
        CHECK (coalesce(jsonb_typeof(settings -> 'allow_downloads'), 'boolean') = 'boolean') NOT VALID;

ALTER TABLE familytales.families VALIDATE CONSTRAINT families_settings_allow_downloads;

-- What hidden_books and closed_books look for.
CREATE INDEX idx_memory_books_privacy ON familytales.memory_books (family_id, created_by)
    WHERE privacy = 'private' OR NOT is_collaborative;

-- The private books of others in the user's families, be he active there or not: it only takes away.
CREATE OR REPLACE FUNCTION familytales.hidden_books() RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT book.id
          FROM familytales.family_members AS member
          JOIN familytales.memory_books AS book ON book.family_id = member.family_id
         WHERE member.user_id = familytales.current_user_id()
           AND (book.privacy = 'private' OR NOT book.is_collaborative)
           AND book.privacy = 'private'
           AND book.created_by <> member.user_id
    );
END
$$;

-- The books of others to which the user adds nothing: private ones, and those that are not collaborative.
CREATE FUNCTION familytales.closed_books() RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT book.id
          FROM familytales.family_members AS member
          JOIN familytales.memory_books AS book ON book.family_id = member.family_id
         WHERE member.user_id = familytales.current_user_id()
           AND (book.privacy = 'private' OR NOT book.is_collaborative)
           AND book.created_by <> member.user_id
    );
END
$$;

-- The users who share, or shared, a family with the user: what somebody told stays when he has left, and so does his
-- name.
CREATE OR REPLACE FUNCTION familytales.my_comembers() RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Whoever shares two families with the user stands in it twice, which does no harm.
    RETURN ARRAY(
        SELECT other.user_id
          FROM familytales.family_members AS member
          JOIN familytales.families AS family ON family.id = member.family_id
          JOIN familytales.users AS account ON account.id = member.user_id
          JOIN familytales.family_members AS other ON other.family_id = member.family_id
         WHERE member.user_id = familytales.current_user_id()
           AND member.is_active AND family.is_active AND account.is_active
    );
END
$$;

-- Whether the user sees all of these segments. To those that are deleted or archived nobody adds anything.
CREATE FUNCTION familytales.sees_segments(segments uuid[]) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT count(*) = cardinality(segments)
              FROM unnest(segments) AS wanted (id)
              JOIN familytales.segment_ids AS known ON known.id = wanted.id
              JOIN familytales.content_segments AS segment
                ON segment.id = known.id AND segment.created_at = known.created_at AND NOT segment.is_deleted
             WHERE known.family_id = ANY (familytales.my_families('read'))
               AND known.memory_book_id <> ALL (familytales.hidden_books()));
END
$$;

-- The user, as long as he is active.
CREATE FUNCTION familytales.active_user() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT account.id FROM familytales.users AS account
             WHERE account.id = familytales.current_user_id() AND account.is_active);
END
$$;

-- An address is for the user himself and for those who administer a family of his; for others it is NULL.
CREATE FUNCTION familytales.email_of(member_id uuid) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT account.email FROM familytales.users AS account
             WHERE account.id = member_id
               AND (account.id = familytales.active_user()
                    OR EXISTS (SELECT FROM familytales.family_members AS member
                                WHERE member.user_id = account.id
                                  AND member.is_active
                                  AND member.family_id = ANY (familytales.my_families('admin')))));
END
$$;

-- Whether visitors may read a book. Asked of one row after the other: visitors look at one book.
CREATE FUNCTION familytales.is_public(book_id uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM familytales.memory_books AS book
                     JOIN familytales.families AS family ON family.id = book.family_id
                    WHERE book.id = book_id AND book.privacy = 'public' AND family.is_active);
END
$$;

CREATE OR REPLACE FUNCTION familytales.user_id_of_clerk(clerk_user_id text) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT account.id FROM familytales.users AS account
             WHERE account.clerk_id = clerk_user_id AND account.is_active);
END
$$;

-- The key of an object, to be fetched as it was uploaded. NULL for whoever may not, and for what is not there.
CREATE FUNCTION familytales.download_key(media_id uuid) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT object.s3_key FROM familytales.media_objects AS object
             WHERE object.id = media_id
               AND object.family_id = ANY (familytales.my_families('download'))
               AND CASE WHEN object.memory_book_id IS NULL
                        THEN object.uploaded_by = familytales.current_user_id()
                        ELSE object.memory_book_id <> ALL (familytales.hidden_books()) END
               AND (NOT object.segment_is_deleted OR object.family_id = ANY (familytales.my_families('delete'))));
END
$$;

-- From here on they are familytales_authz's ----------------------------------------------------
GRANT USAGE ON SCHEMA familytales TO familytales_authz;
-- CREATE is what an owner of something in a schema must have.
GRANT CREATE ON SCHEMA familytales TO familytales_authz;

GRANT EXECUTE ON FUNCTION familytales.current_user_id(), familytales.rank(text) TO familytales_authz;

GRANT SELECT (id, email, clerk_id, display_name, avatar_url, is_active, last_login_at) ON familytales.users
    TO familytales_authz;
GRANT SELECT ON familytales.families, familytales.family_members, familytales.memory_books, familytales.threads,
    familytales.segment_ids, familytales.content_segments, familytales.photo_narrations, familytales.content_tags,
    familytales.media_objects
    TO familytales_authz;

ALTER FUNCTION familytales.my_families(text) OWNER TO familytales_authz;
ALTER FUNCTION familytales.hidden_books() OWNER TO familytales_authz;
ALTER FUNCTION familytales.closed_books() OWNER TO familytales_authz;
ALTER FUNCTION familytales.my_comembers() OWNER TO familytales_authz;
ALTER FUNCTION familytales.sees_segments(uuid[]) OWNER TO familytales_authz;
ALTER FUNCTION familytales.active_user() OWNER TO familytales_authz;
ALTER FUNCTION familytales.email_of(uuid) OWNER TO familytales_authz;
ALTER FUNCTION familytales.is_public(uuid) OWNER TO familytales_authz;
ALTER FUNCTION familytales.user_id_of_clerk(text) OWNER TO familytales_authz;
ALTER FUNCTION familytales.download_key(uuid) OWNER TO familytales_authz;

-- The owner's own functions ask them, too.
SET LOCAL ROLE familytales_authz;

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

GRANT EXECUTE ON FUNCTION familytales.my_families(text), familytales.hidden_books(), familytales.closed_books(),
    familytales.my_comembers(), familytales.sees_segments(uuid[]), familytales.active_user(),
    familytales.email_of(uuid), familytales.is_public(uuid), familytales.user_id_of_clerk(text),
    familytales.download_key(uuid)
    TO familytales_owner;

GRANT EXECUTE ON FUNCTION familytales.my_families(text), familytales.hidden_books(), familytales.closed_books(),
    familytales.my_comembers(), familytales.sees_segments(uuid[]), familytales.active_user(),
    familytales.email_of(uuid), familytales.user_id_of_clerk(text), familytales.download_key(uuid)
    TO familytales_app;

GRANT EXECUTE ON FUNCTION familytales.is_public(uuid) TO familytales_public;

SET LOCAL ROLE familytales_owner;

GRANT EXECUTE ON FUNCTION familytales.rank(text) TO familytales_app;
