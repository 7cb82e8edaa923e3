-- Accounts, families, and who is in them. Everything that depends on the ranks of two people, on limits, or on a secret
-- is a function; the tables take no INSERT from the application. New functions, one column.
--
-- Nobody gives more than he has, and nobody changes whoever is not below him: an owner everybody, an administrator
-- editors, members and viewers.

-- Accounts ----------------------------------------------------
-- The account of whoever Clerk has let in; the same one when he comes again, with the address that he has now.
CREATE FUNCTION familytales.register_user(clerk_user_id text, email text, display_name text DEFAULT NULL,
                                          avatar_url text DEFAULT NULL) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    account record;
    was     text;
BEGIN
    IF clerk_user_id ILIKE 'erased:%' OR email ILIKE 'erased:%' THEN
        RAISE EXCEPTION 'names that begin with erased: are those of erased users'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF coalesce(clerk_user_id, '') = '' OR coalesce(position('@' IN email), 0) < 2 THEN
        RAISE EXCEPTION 'clerk_user_id is %, email is %: an account needs both', quote_nullable(clerk_user_id),
                        quote_nullable(email)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'An id of Clerk, and an address with an @.';
    END IF;
    IF EXISTS (SELECT FROM familytales.users AS other
                WHERE lower(other.email) = lower(register_user.email) AND other.clerk_id <> clerk_user_id) THEN
        RAISE EXCEPTION 'another account has this address'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'users_email_key',
                  HINT = 'Whoever was made again at Clerk has a new id: ops.rename_clerk_user gives it to his account.';
    END IF;
    was := (SELECT one.email FROM familytales.users AS one WHERE one.clerk_id = clerk_user_id);
    INSERT INTO familytales.users AS held (clerk_id, email, display_name, avatar_url, last_login_at)
    VALUES (clerk_user_id, register_user.email, register_user.display_name, register_user.avatar_url, now())
        ON CONFLICT (clerk_id) DO UPDATE SET email = excluded.email, last_login_at = now()
    RETURNING held.id, held.is_active INTO account;
    IF NOT account.is_active THEN
        RAISE EXCEPTION 'the account is not active' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Invitations go to an address. That it changed is logged, and not what it was: an account can be erased.
    IF was <> register_user.email THEN
        PERFORM audit.note('CHANGE_EMAIL', 'familytales.users', account.id, NULL, NULL);
    END IF;
    RETURN account.id;
END
$$;

-- For staff, when Clerk knows somebody by a new id: he keeps his account.
CREATE FUNCTION ops.rename_clerk_user(was text, becomes text) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    renamed uuid;
BEGIN
    UPDATE familytales.users AS account SET clerk_id = becomes
     WHERE account.clerk_id = was AND account.is_active
    RETURNING account.id INTO renamed;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no active account %', was USING ERRCODE = 'no_data_found';
    END IF;
    PERFORM audit.note('CHANGE_LOGIN', 'familytales.users', renamed, NULL, NULL);
END
$$;

-- That the user was there. He does not say when: his family and staff read it.
REVOKE UPDATE (last_login_at) ON familytales.users FROM familytales_app;

CREATE FUNCTION familytales.note_login() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE familytales.users AS account SET last_login_at = now() WHERE account.id = familytales.active_user();
END
$$;

-- The user's own account, with what others do not see of it.
CREATE FUNCTION familytales.my_account()
    RETURNS TABLE (id uuid, email varchar, display_name varchar, avatar_url text, subscription_tier varchar,
                   subscription_expires_at timestamptz, storage_used_bytes bigint, created_at timestamptz,
                   last_login_at timestamptz, metadata jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT account.id, account.email, account.display_name, account.avatar_url, account.subscription_tier,
           account.subscription_expires_at, account.storage_used_bytes, account.created_at, account.last_login_at,
           account.metadata
      FROM familytales.users AS account WHERE account.id = familytales.active_user();
END
$$;

-- The user, or an error: for functions that nobody may call who is no active user.
CREATE FUNCTION familytales.require_user() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me constant uuid := familytales.active_user();
BEGIN
    IF me IS NULL THEN
        RAISE EXCEPTION 'no active user' USING
            ERRCODE = 'insufficient_privilege', HINT = 'Set app.current_user_id in this transaction.';
    END IF;
    RETURN me;
END
$$;

-- Families ----------------------------------------------------
CREATE OR REPLACE FUNCTION familytales.create_family(family_name text, family_description text DEFAULT NULL)
    RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    creator    constant uuid := familytales.require_user();
    created_id constant uuid := gen_random_uuid();
BEGIN
    IF length(coalesce(family_name, '')) NOT BETWEEN 1 AND 255 THEN
        RAISE EXCEPTION 'the name of a family has from 1 to 255 characters, not %', length(coalesce(family_name, ''))
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO familytales.families (id, name, description, owner_id)
    VALUES (created_id, family_name, family_description, creator);
    INSERT INTO familytales.family_members (family_id, user_id, role)
    VALUES (created_id, creator, 'owner');
    RETURN created_id;
END
$$;

-- A family that is not active is seen by nobody, its owner included; he alone can change that, either way.
CREATE FUNCTION familytales.set_family_active(family uuid, active boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE familytales.families AS held
       SET is_active = coalesce(active, held.is_active)
     WHERE held.id = family
       AND held.owner_id = familytales.require_user();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only its owner does that to a family' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

-- For ever, with every memory in it; objects in S3 are put down to be deleted. It has to be inactive already, and its
-- name is said once more.
CREATE FUNCTION familytales.delete_family(family uuid, confirmed_name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    held record;
BEGIN
    PERFORM FROM familytales.family_members AS member
      WHERE member.family_id = family
        AND EXISTS (SELECT FROM familytales.families AS one
                     WHERE one.id = family AND one.owner_id = familytales.require_user())
      ORDER BY member.user_id FOR NO KEY UPDATE;
    SELECT * INTO held FROM familytales.families AS one
     WHERE one.id = family AND one.owner_id = familytales.require_user()
       FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only its owner does that to a family' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF held.is_active OR held.name IS DISTINCT FROM confirmed_name THEN
        RAISE EXCEPTION 'family % is not deleted: it would take % bytes of memories of % members for ever',
                        family, held.storage_used_bytes, held.member_count
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Set it inactive first, and confirm with its exact name.';
    END IF;
    PERFORM audit.note('DELETE_FAMILY', 'familytales.families', family, family,
                       jsonb_build_object('storage_used_bytes', held.storage_used_bytes, 'members', held.member_count));
    DELETE FROM familytales.families AS one WHERE one.id = family;
END
$$;

-- Members ----------------------------------------------------
-- The rank of the user in an active family of his; 0 for whoever has none.
CREATE FUNCTION familytales.my_rank(family uuid) RETURNS integer
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce((SELECT familytales.rank(member.role) FROM familytales.family_members AS member
                      WHERE member.family_id = family
                        AND member.user_id = familytales.current_user_id()
                        AND family = ANY (familytales.my_families('read'))), 0);
END
$$;

-- An error, unless these are exceptions from a role.
CREATE FUNCTION familytales.check_exceptions(permissions jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF permissions IS NULL OR jsonb_typeof(permissions) <> 'object'
       OR permissions - ARRAY['can_edit', 'can_delete', 'can_invite', 'can_download'] <> '{}'
       OR jsonb_path_exists(permissions, '$.* ? (@.type() != "boolean")') THEN
        RAISE EXCEPTION 'permissions are %, and must be exceptions from a role', left(permissions::text, 200)
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'can_edit, can_delete, can_invite, can_download: true or false.';
    END IF;
END
$$;

-- Whether a role with exceptions may something that the giver may not.
CREATE FUNCTION familytales.gives_more(role text, permissions jsonb, giver familytales.family_members) RETURNS boolean
    LANGUAGE sql IMMUTABLE
AS $$
    SELECT (coalesce((permissions ->> 'can_edit')::boolean, role IN ('owner', 'admin', 'editor'))
            AND NOT giver.can_edit)
        OR (coalesce((permissions ->> 'can_delete')::boolean, role IN ('owner', 'admin')) AND NOT giver.can_delete)
        OR (coalesce((permissions ->> 'can_invite')::boolean, role IN ('owner', 'admin')) AND NOT giver.can_invite)
        OR (coalesce((permissions ->> 'can_download')::boolean, true) AND NOT giver.can_download)
$$;

-- Another role, or other exceptions from it. NULL leaves what it is.
CREATE FUNCTION familytales.change_member(family uuid, member uuid, new_role text DEFAULT NULL,
                                          new_permissions jsonb DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine  constant integer := familytales.my_rank(family);
    held  record;
    giver familytales.family_members;
BEGIN
    -- Those who change somebody are locked first, so that two who demote each other wait for each other.
    PERFORM FROM familytales.family_members AS one
      WHERE one.family_id = family AND one.user_id IN (familytales.current_user_id(), member)
      ORDER BY one.user_id FOR NO KEY UPDATE;
    SELECT * INTO giver FROM familytales.family_members AS one
     WHERE one.family_id = family AND one.user_id = familytales.current_user_id();
    SELECT one.role, one.is_active, one.permissions INTO held FROM familytales.family_members AS one
     WHERE one.family_id = family AND one.user_id = member;
    IF NOT FOUND OR mine <> familytales.my_rank(family) OR mine < familytales.rank('admin') OR NOT held.is_active
       OR familytales.rank(held.role) >= mine THEN
        RAISE EXCEPTION 'not allowed to change this member'
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Owners change everybody else; administrators change editors, members and viewers.';
    END IF;
    IF new_role IS NOT NULL AND (familytales.rank(new_role) = 0 OR familytales.rank(new_role) > mine
                                 OR new_role = 'owner') THEN
        RAISE EXCEPTION 'role % is none that can be given', new_role
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'viewer, member, editor or admin; a family changes its owner with hand_over_family.';
    END IF;
    PERFORM familytales.check_exceptions(coalesce(new_permissions, '{}'));
    IF familytales.gives_more(coalesce(new_role, held.role), coalesce(new_permissions, held.permissions), giver) THEN
        RAISE EXCEPTION 'nobody gives more than he has' USING ERRCODE = 'insufficient_privilege',
            HINT = 'Make an exception of what you may not do yourself.';
    END IF;
    UPDATE familytales.family_members AS one
       SET role = coalesce(new_role, one.role), permissions = coalesce(new_permissions, one.permissions)
     WHERE one.family_id = family AND one.user_id = member;
END
$$;

-- A membership ends; what was told stays, with its author's name.
CREATE FUNCTION familytales.remove_member(family uuid, member uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me   constant uuid    := familytales.require_user();
    mine constant integer := familytales.my_rank(family);
    held record;
BEGIN
    PERFORM FROM familytales.family_members AS one
      WHERE one.family_id = family AND one.user_id IN (me, member)
      ORDER BY one.user_id FOR NO KEY UPDATE;
    SELECT one.role, one.is_active INTO held FROM familytales.family_members AS one
     WHERE one.family_id = family AND one.user_id = member;
    IF NOT FOUND OR NOT held.is_active OR mine = 0 OR mine <> familytales.my_rank(family)
       OR (member <> me AND (mine < familytales.rank('admin') OR familytales.rank(held.role) >= mine)) THEN
        RAISE EXCEPTION 'not allowed to remove this member'
            USING ERRCODE = 'insufficient_privilege',
                  HINT = 'Everybody may leave; owners remove everybody else; administrators remove editors, members '
                         'and viewers.';
    END IF;
    IF held.role = 'owner' THEN
        RAISE EXCEPTION 'the owner cannot leave the family'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'hand_over_family first, or delete_family.';
    END IF;
    UPDATE familytales.family_members AS one
       SET is_active = false, permissions = '{}'
     WHERE one.family_id = family AND one.user_id = member;
END
$$;

-- The private books of former members, which nobody sees and which still use the family's storage: its owner may have
-- them deleted, for ever and unread. The family's name is said once more.
CREATE FUNCTION familytales.delete_left_books(family uuid, confirmed_name text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me        constant uuid := familytales.require_user();
    held      record;
    abandoned uuid[];
BEGIN
    SELECT one.name INTO held FROM familytales.families AS one
     WHERE one.id = family AND one.owner_id = me AND one.is_active;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only its owner does that to a family' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Whoever comes back meanwhile is waited for, or comes back to what is left.
    PERFORM FROM familytales.family_members AS member
      WHERE member.family_id = family AND NOT member.is_active
      ORDER BY member.user_id FOR NO KEY UPDATE;
    abandoned := ARRAY(SELECT book.id FROM familytales.memory_books AS book
                         JOIN familytales.family_members AS member
                           ON member.family_id = book.family_id AND member.user_id = book.created_by
                        WHERE book.family_id = family AND book.privacy = 'private' AND NOT member.is_active);
    IF held.name IS DISTINCT FROM confirmed_name THEN
        RAISE EXCEPTION '% private books of former members are not deleted: they would be lost for ever',
                        cardinality(abandoned)
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Confirm with the exact name of the family.';
    END IF;
    PERFORM audit.note('DELETE_LEFT_BOOKS', 'familytales.families', family, family,
                       jsonb_build_object('books', cardinality(abandoned)));
    DELETE FROM familytales.memory_books AS book WHERE book.id = ANY (abandoned);
    RETURN cardinality(abandoned);
END
$$;

CREATE FUNCTION familytales.leave_family(family uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT familytales.remove_member(family, familytales.current_user_id())
$$;

-- To another active member. Who owned it before is an administrator then.
CREATE FUNCTION familytales.hand_over_family(family uuid, new_owner uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me constant uuid := familytales.require_user();
BEGIN
    -- Members first, then the family, as remove_member does: so one waits for the other.
    PERFORM FROM familytales.family_members AS member
      WHERE member.family_id = family AND member.user_id IN (me, new_owner)
      ORDER BY member.user_id FOR NO KEY UPDATE;
    PERFORM FROM familytales.families AS held
      WHERE held.id = family AND held.owner_id = me AND held.is_active
        FOR NO KEY UPDATE;
    IF NOT FOUND OR new_owner = me THEN
        RAISE EXCEPTION 'only its owner hands a family over, and to somebody else'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM FROM familytales.family_members AS member
       JOIN familytales.users AS account ON account.id = member.user_id
      WHERE member.family_id = family AND member.user_id = new_owner AND member.is_active AND account.is_active
        FOR NO KEY UPDATE OF member;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the new owner is no active member of the family'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Invite him first.';
    END IF;
    -- The old one first: there is one owner at a time.
    UPDATE familytales.family_members AS member
       SET role = 'admin' WHERE member.family_id = family AND member.user_id = me;
    UPDATE familytales.family_members AS member
       SET role = 'owner', permissions = '{}' WHERE member.family_id = family AND member.user_id = new_owner;
    UPDATE familytales.families AS held SET owner_id = new_owner WHERE held.id = family;
    PERFORM audit.note('HAND_OVER', 'familytales.families', family, family,
                       jsonb_build_object('from', me, 'to', new_owner));
END
$$;

-- Invitations ----------------------------------------------------
-- The code is in nobody's hands but those of who gets the mail: 244 random bits, of which the SHA-256 is kept. A new
-- invitation to an address takes the place of one that is open.
ALTER TABLE familytales.family_invites ADD COLUMN revoked_at timestamptz;

ALTER TABLE familytales.family_invites
    ADD CONSTRAINT family_invites_accepted_or_revoked CHECK (accepted_at IS NULL OR revoked_at IS NULL) NOT VALID;

ALTER TABLE familytales.family_invites VALIDATE CONSTRAINT family_invites_accepted_or_revoked;

DROP INDEX familytales.family_invites_open_key;

CREATE UNIQUE INDEX family_invites_open_key ON familytales.family_invites (family_id, lower(email))
    WHERE accepted_at IS NULL AND revoked_at IS NULL;

CREATE FUNCTION familytales.invite_hash(code text) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT sha256(convert_to(code, 'UTF8'))
$$;

CREATE FUNCTION familytales.create_invite(family uuid, invited_email text, invited_role text DEFAULT 'member',
                                          valid_for interval DEFAULT '7 days', message text DEFAULT NULL,
                                          invited_permissions jsonb DEFAULT '{}') RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me    constant uuid    := familytales.require_user();
    mine  constant integer := familytales.my_rank(family);
    code  constant text    := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    giver familytales.family_members;
BEGIN
    IF family IS NULL OR family <> ALL (familytales.my_families('invite')) THEN
        RAISE EXCEPTION 'not allowed to invite into this family' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF familytales.rank(invited_role) = 0 OR invited_role = 'owner' OR familytales.rank(invited_role) > mine THEN
        RAISE EXCEPTION 'role % is none that can be given', invited_role
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'viewer, member, editor or admin, and none above one''s own.';
    END IF;
    IF invited_permissions <> '{}' AND family <> ALL (familytales.my_families('admin')) THEN
        RAISE EXCEPTION 'only administrators make exceptions from a role' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM familytales.check_exceptions(invited_permissions);
    IF coalesce(position('@' IN invited_email), 0) < 2 OR length(invited_email) > 255 THEN
        RAISE EXCEPTION 'invited_email is %, and must be an address', quote_nullable(left(invited_email, 300))
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF length(message) > 2000 THEN
        RAISE EXCEPTION 'the message has % characters, and may have 2000', length(message)
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF valid_for IS NULL OR valid_for < interval '1 minute' OR valid_for > interval '30 days' THEN
        RAISE EXCEPTION 'valid_for is %, and must be from 1 minute to 30 days', valid_for
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT * INTO giver FROM familytales.family_members AS one WHERE one.family_id = family AND one.user_id = me;
    IF familytales.gives_more(invited_role, invited_permissions, giver) THEN
        RAISE EXCEPTION 'nobody gives more than he has' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Who is no administrator replaces his own invitations only.
    UPDATE familytales.family_invites AS open
       SET revoked_at = now()
     WHERE open.family_id = family AND lower(open.email) = lower(invited_email)
       AND open.accepted_at IS NULL AND open.revoked_at IS NULL
       AND (open.invited_by = me OR open.expires_at <= now() OR giver.can_admin);
    IF EXISTS (SELECT FROM familytales.family_invites AS open
                WHERE open.family_id = family AND lower(open.email) = lower(invited_email)
                  AND open.accepted_at IS NULL AND open.revoked_at IS NULL) THEN
        RAISE EXCEPTION 'somebody else has invited this address'
            USING ERRCODE = 'insufficient_privilege', HINT = 'Administrators may replace the invitation.';
    END IF;
    INSERT INTO familytales.family_invites (family_id, email, role, invited_by, code_hash, expires_at, metadata)
    VALUES (family, lower(invited_email), invited_role, me, familytales.invite_hash(code), now() + valid_for,
            jsonb_build_object('message', message, 'permissions', invited_permissions))
        ON CONFLICT (family_id, lower(email)) WHERE accepted_at IS NULL AND revoked_at IS NULL DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'somebody else has invited this address just now' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN code;
END
$$;

CREATE FUNCTION familytales.revoke_invite(invite uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE familytales.family_invites AS open
       SET revoked_at = now()
     WHERE open.id = invite
       AND open.accepted_at IS NULL AND open.revoked_at IS NULL
       AND (open.family_id = ANY (familytales.my_families('admin'))
            OR (open.invited_by = familytales.current_user_id()
                AND open.family_id = ANY (familytales.my_families('invite'))));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such open invitation' USING ERRCODE = 'no_data_found';
    END IF;
END
$$;

-- One statement takes the code, so that two who have it cannot both use it: whoever comes second waits for the row, and
-- finds it taken. Why a code is refused is not said: to whoever tries codes that would be news.
--
-- Who invited may have lost since what he gave; then the invitation is void. Who is in the family already stays what he
-- is, and keeps the code open; who left comes back with the role of the invitation.
CREATE FUNCTION familytales.accept_invite(code text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me    constant uuid := familytales.require_user();
    taken record;
BEGIN
    UPDATE familytales.family_invites AS invite
       SET accepted_at = now(), accepted_by = me
      FROM familytales.families AS family, familytales.family_members AS inviter, familytales.users AS account,
           familytales.users AS sender
     WHERE invite.code_hash = familytales.invite_hash(code)
       AND invite.accepted_at IS NULL AND invite.revoked_at IS NULL AND invite.expires_at > now()
       AND family.id = invite.family_id AND family.is_active
       AND inviter.family_id = invite.family_id AND inviter.user_id = invite.invited_by
       AND inviter.is_active AND inviter.can_invite
       AND familytales.rank(inviter.role) >= familytales.rank(invite.role)
       AND (inviter.can_admin OR invite.metadata -> 'permissions' = '{}')
       AND NOT familytales.gives_more(invite.role, invite.metadata -> 'permissions', inviter)
       AND sender.id = inviter.user_id AND sender.is_active
       AND account.id = me AND lower(account.email) = lower(invite.email)
       AND NOT EXISTS (SELECT FROM familytales.family_members AS member
                        WHERE member.family_id = invite.family_id AND member.user_id = me AND member.is_active)
    RETURNING invite.family_id, invite.role, invite.invited_by, invite.metadata -> 'permissions' AS permissions
         INTO taken;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the invitation is not valid' USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    INSERT INTO familytales.family_members AS member (family_id, user_id, role, invited_by, permissions)
    VALUES (taken.family_id, me, taken.role, taken.invited_by, coalesce(taken.permissions, '{}'))
        ON CONFLICT (family_id, user_id) DO UPDATE
           SET is_active = true, role = excluded.role, permissions = excluded.permissions,
               invited_by = excluded.invited_by, joined_at = now();
    RETURN taken.family_id;
END
$$;

GRANT SELECT (revoked_at) ON familytales.family_invites TO familytales_app, familytales_support;

GRANT EXECUTE ON FUNCTION
    familytales.register_user(text, text, text, text), familytales.note_login(), familytales.my_account(),
    familytales.create_family(text, text),
    familytales.set_family_active(uuid, boolean), familytales.delete_family(uuid, text),
    familytales.change_member(uuid, uuid, text, jsonb), familytales.remove_member(uuid, uuid),
    familytales.delete_left_books(uuid, text), familytales.leave_family(uuid),
    familytales.hand_over_family(uuid, uuid),
    familytales.create_invite(uuid, text, text, interval, text, jsonb), familytales.revoke_invite(uuid),
    familytales.accept_invite(text)
    TO familytales_app;

-- What a family pays for. Not the application's: nobody raises his own limit.
CREATE FUNCTION ops.set_limits(family uuid, tier text, storage_bytes bigint, members integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF coalesce(tier, '') NOT IN ('free', 'premium', 'enterprise') OR coalesce(storage_bytes, -1) < 0
       OR coalesce(members, 0) < 1 THEN
        RAISE EXCEPTION 'limits are %, % bytes, % members', quote_nullable(tier), storage_bytes, members
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'free, premium or enterprise; bytes from 0; members from 1.';
    END IF;
    UPDATE familytales.families AS held
       SET subscription_tier = tier, storage_limit_bytes = storage_bytes, member_limit = members
     WHERE held.id = family;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no family %', family USING ERRCODE = 'no_data_found';
    END IF;
END
$$;
