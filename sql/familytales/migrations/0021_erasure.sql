-- A user can ask to be forgotten. What he told in a family's books stays, under nobody's name; his private books, which
-- nobody else ever saw, go; so does everything by which he could be known. A family that he owns is handed over first,
-- or deleted. New objects only.

ALTER TABLE familytales.users ADD COLUMN erased_at timestamptz;

ALTER TABLE familytales.users
    ADD CONSTRAINT users_erased_are_nobody
        CHECK (erased_at IS NULL OR (NOT is_active AND display_name IS NULL AND avatar_url IS NULL
                                     AND clerk_id = 'erased:' || id AND email LIKE 'erased:' || id || '@%'
                                     AND last_login_at IS NULL AND metadata = '{}')) NOT VALID;

ALTER TABLE familytales.users VALIDATE CONSTRAINT users_erased_are_nobody;

-- A book names its author by his membership, whose row erasing does not lock. So whoever begins a book holds its author's
-- account, and is waited for by who erases that; whoever comes later finds it erased.
CREATE FUNCTION familytales.hold_author() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM familytales.users AS author
      WHERE author.id = NEW.created_by AND author.erased_at IS NULL
        FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'user % is erased, or there is none', NEW.created_by USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;

-- After the row is admitted, so that a stranger learns nothing.
CREATE TRIGGER hold_author AFTER INSERT ON familytales.memory_books
    FOR EACH ROW EXECUTE FUNCTION familytales.hold_author();

-- For the owner of the schema. The audit log has no names and addresses (0022), and keeps what was done.
CREATE FUNCTION ops.erase_user(erased uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    account record;
    owned   text;
BEGIN
    -- Families first, as whoever tells something in them.
    PERFORM familytales.lock_families(array_agg(member.family_id))
       FROM familytales.family_members AS member WHERE member.user_id = erased;
    -- And whoever founds a family, or begins a book, in the erased one's name: each holds his row (KEY SHARE).
    SELECT * INTO account FROM familytales.users AS held WHERE held.id = erased FOR UPDATE;
    IF NOT FOUND OR account.erased_at IS NOT NULL THEN
        RAISE EXCEPTION 'there is no user % to erase', erased USING ERRCODE = 'no_data_found';
    END IF;
    SELECT string_agg(family.id::text, ', ' ORDER BY family.id) INTO owned
      FROM familytales.families AS family WHERE family.owner_id = erased;
    IF owned IS NOT NULL THEN
        RAISE EXCEPTION 'user % owns families: %', erased, owned
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'hand_over_family or delete_family first.';
    END IF;
    DELETE FROM familytales.memory_books AS book WHERE book.created_by = erased AND book.privacy = 'private';
    -- Uploads that nobody has seen.
    DELETE FROM familytales.media_objects AS object
     WHERE object.uploaded_by = erased AND object.memory_book_id IS NULL;
    DELETE FROM familytales.family_invites AS invite
     WHERE lower(invite.email) = lower(account.email) AND invite.accepted_at IS NULL;
    UPDATE familytales.family_invites AS invite
       SET email = 'erased:' || erased || '@invalid', metadata = '{"message": null, "permissions": {}}'
     WHERE invite.accepted_by = erased OR lower(invite.email) = lower(account.email);
    UPDATE familytales.family_invites AS invite
       SET revoked_at = CASE WHEN invite.accepted_at IS NULL THEN coalesce(invite.revoked_at, now()) END,
           metadata = invite.metadata || '{"message": null}'
     WHERE invite.invited_by = erased;
    UPDATE familytales.family_members AS member
       SET is_active = false, permissions = '{}' WHERE member.user_id = erased AND member.is_active;
    UPDATE familytales.users AS held
       SET clerk_id = 'erased:' || erased, email = 'erased:' || erased || '@invalid', display_name = NULL,
           avatar_url = NULL, metadata = '{}', last_login_at = NULL, is_active = false, subscription_tier = 'free',
           subscription_expires_at = NULL, erased_at = now()
     WHERE held.id = erased;
    PERFORM audit.note('ERASE', 'familytales.users', erased, NULL, NULL);
END
$$;

-- For the user himself, who says his address once more.
CREATE FUNCTION familytales.erase_me(confirmed_email text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me constant uuid := familytales.require_user();
BEGIN
    IF NOT EXISTS (SELECT FROM familytales.users AS account
                    WHERE account.id = me AND lower(account.email) = lower(confirmed_email)) THEN
        RAISE EXCEPTION 'the account is not erased: it would take the private books of the user for ever'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Confirm with the address of the account.';
    END IF;
    PERFORM ops.erase_user(me);
END
$$;

GRANT EXECUTE ON FUNCTION familytales.erase_me(text) TO familytales_app;
