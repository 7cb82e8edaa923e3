-- What users do with organisations, where one row alone could not be allowed: each function checks who asks, does all
-- of it or nothing, and says no in the same words whatever the reason, when the reason would tell about others. They
-- run as the owner of the tables. New functions only.

-- An organisation and its first owner come into being together; neither row could be allowed alone.
CREATE OR REPLACE FUNCTION app.create_organization(organization_name text, organization_slug text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    creator    constant uuid := auth.current_user_id();
    created_id constant uuid := gen_random_uuid();
BEGIN
    IF NOT EXISTS (SELECT FROM auth.users WHERE id = creator AND status = 'active' AND deleted_at IS NULL) THEN
        RAISE EXCEPTION 'no active user' USING
            ERRCODE = 'insufficient_privilege', HINT = 'Set app.current_user_id in this transaction.';
    END IF;
    INSERT INTO app.organizations (id, name, slug, created_by)
    VALUES (created_id, organization_name, organization_slug, creator);
    INSERT INTO app.organization_members (organization_id, user_id, role, status, joined_at)
    VALUES (created_id, creator, 'owner', 'active', now());
    RETURN created_id;
END
$$;

-- The organisation with all that is in it is out of reach at once; its slug is free again. The rows stay.
CREATE FUNCTION app.delete_organization(organization uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE app.organizations
       SET status = 'deleted', deleted_at = now()
     WHERE id = organization
       AND id = ANY (authz.orgs('owner'));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only an owner deletes an organisation' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

-- Invite an address, with at most the role one has oneself. The token is told this once and goes into the e-mail; the
-- answer is the same whether the address has an account or not.
CREATE FUNCTION app.invite_member(organization uuid, invited_email text, invited_role text DEFAULT 'member',
                                  valid_for interval DEFAULT '7 days')
    RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    inviter constant uuid := auth.current_user_id();
    -- 244 random bits from the server's cryptographic source.
    token   constant text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
BEGIN
    IF organization IS NULL OR NOT organization = ANY (authz.orgs('admin'))
       OR authz.rank(invited_role) NOT BETWEEN 1 AND authz.rank(app.get_organization_role(organization)) THEN
        RAISE EXCEPTION 'only an admin invites, and to no higher role than his own'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF valid_for IS NULL OR valid_for NOT BETWEEN interval '1 minute' AND interval '30 days' THEN
        RAISE EXCEPTION 'valid_for is %, which is not between 1 minute and 30 days', valid_for
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Two who invite the same address at once queue here.
    PERFORM FROM app.organizations WHERE id = organization FOR NO KEY UPDATE;
    UPDATE app.invitations
       SET revoked_at = now()
     WHERE organization_id = organization
       AND lower(email) = lower(invited_email)
       AND accepted_at IS NULL
       AND revoked_at IS NULL;
    INSERT INTO app.invitations (organization_id, email, role, token_hash, invited_by, expires_at)
    VALUES (organization, invited_email, invited_role, encode(sha256(convert_to(token, 'UTF8')), 'hex'), inviter,
            now() + valid_for);
    RETURN token;
END
$$;

CREATE FUNCTION app.revoke_invitation(invitation uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE app.invitations
       SET revoked_at = now()
     WHERE id = invitation
       AND organization_id = ANY (authz.orgs('admin'))
       AND accepted_at IS NULL
       AND revoked_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no open invitation of yours' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

-- Join with a token: once, in time, with the invited address verified, and while whoever invited still might. Two who
-- come at the same moment queue at the invitation's row, and the second finds it used. Somebody who is suspended stays
-- so, and somebody who is a member already keeps his role.
CREATE FUNCTION app.accept_invitation(token text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    guest   constant uuid := auth.current_user_id();
    invited app.invitations;
BEGIN
    UPDATE app.invitations AS invitation
       SET accepted_at = now(), accepted_by = guest
      FROM auth.users AS account, app.organizations AS organization, app.organization_members AS inviter,
           auth.users AS inviters_account
     WHERE invitation.token_hash = encode(sha256(convert_to(token, 'UTF8')), 'hex')
       AND invitation.accepted_at IS NULL
       AND invitation.revoked_at IS NULL
       AND invitation.expires_at > now()
       AND account.id = guest
       AND account.status = 'active'
       AND account.deleted_at IS NULL
       AND account.email_verified
       AND lower(account.email) = lower(invitation.email)
       AND organization.id = invitation.organization_id
       AND organization.deleted_at IS NULL
       AND organization.status IN ('active', 'trial')
       AND inviter.organization_id = invitation.organization_id
       AND inviter.user_id = invitation.invited_by
       AND inviter.status = 'active'
       AND authz.rank(inviter.role) >= greatest(authz.rank('admin'), authz.rank(invitation.role))
       AND inviters_account.id = inviter.user_id
       AND inviters_account.status = 'active'
       AND inviters_account.deleted_at IS NULL
    RETURNING invitation.* INTO invited;
    IF FOUND THEN
        INSERT INTO app.organization_members AS member
               (organization_id, user_id, role, invited_by, invited_at, joined_at, status)
        VALUES (invited.organization_id, guest, invited.role, invited.invited_by, invited.created_at, now(), 'active')
        ON CONFLICT (organization_id, user_id) DO UPDATE
           SET role = CASE WHEN member.status = 'active' THEN member.role ELSE excluded.role END,
               invited_by = excluded.invited_by, invited_at = excluded.invited_at,
               joined_at = CASE WHEN member.status = 'active' THEN member.joined_at ELSE excluded.joined_at END,
               status = 'active'
         WHERE member.status <> 'suspended';
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this invitation cannot be accepted' USING
            ERRCODE = 'insufficient_privilege',
            HINT = 'It may be used, revoked or too old, or be for another address; ask for a new one.';
    END IF;
    RETURN invited.organization_id;
END
$$;

-- Change a member's role or status; what is NULL stays. An owner may change everybody; an admin those below him, up to
-- his own role; everybody may step down or leave. Whoever was removed, or has not joined, comes back by an invitation.
--
-- The last owner stays. Changes of one organisation queue at its row, and the rows that this one rests on are locked:
-- two owners cannot depose each other, and a transaction that still sees an older state of them fails.
CREATE FUNCTION app.set_member(organization uuid, member uuid, new_role text DEFAULT NULL,
                               new_status text DEFAULT NULL)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    asking      constant uuid := auth.current_user_id();
    asking_rank integer := 0;
    current     record;
    wanted      record;
BEGIN
    IF NOT (authz.rank(new_role) > 0 OR new_role IS NULL)
       OR NOT (new_status IN ('active', 'suspended', 'removed') OR new_status IS NULL) THEN
        RAISE EXCEPTION 'role % and status % are no role and status of a member', new_role, new_status
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Roles: viewer, member, admin, owner. Status: active, suspended, removed.';
    END IF;
    PERFORM FROM app.organizations WHERE id = organization FOR NO KEY UPDATE;
    PERFORM FROM app.organization_members
      WHERE organization_id = organization AND (user_id IN (asking, member) OR role = 'owner')
      ORDER BY user_id FOR NO KEY UPDATE;
    -- In an organisation that is suspended nobody has a rank.
    IF organization = ANY (authz.orgs('viewer')) THEN
        asking_rank := authz.rank(app.get_organization_role(organization));
    END IF;
    SELECT role, status INTO current FROM app.organization_members
     WHERE organization_id = organization AND user_id = member;
    SELECT coalesce(new_role, current.role) AS role, coalesce(new_status, current.status) AS status INTO wanted;

    IF asking_rank = 0 OR current.role IS NULL OR NOT (
           -- oneself, downwards
           (member = asking AND authz.rank(wanted.role) <= asking_rank AND wanted.status IN ('active', 'removed'))
           OR asking_rank = authz.rank('owner')
           OR (asking_rank = authz.rank('admin')
               AND authz.rank(current.role) < asking_rank
               AND authz.rank(wanted.role) <= asking_rank))
    THEN
        RAISE EXCEPTION 'you may not change this member' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF current.status IN ('removed', 'pending') AND wanted.status NOT IN (current.status, 'removed') THEN
        RAISE EXCEPTION 'who was removed, or has not joined, has to be invited' USING
            ERRCODE = 'insufficient_privilege', HINT = 'app.invite_member';
    END IF;

    UPDATE app.organization_members SET role = wanted.role, status = wanted.status
     WHERE organization_id = organization AND user_id = member;

    IF NOT EXISTS (SELECT FROM app.organization_members AS other
                     JOIN auth.users AS account ON account.id = other.user_id
                    WHERE other.organization_id = organization AND other.role = 'owner' AND other.status = 'active'
                      AND account.status = 'active' AND account.deleted_at IS NULL) THEN
        RAISE EXCEPTION 'an organisation keeps at least one active owner' USING ERRCODE = 'check_violation',
            HINT = 'Make somebody else an owner first.';
    END IF;
    IF wanted.status = 'removed' THEN
        DELETE FROM app.project_members WHERE organization_id = organization AND user_id = member;
    END IF;
END
$$;

-- Who may see a project at all: admins decide, and within the organisation also who created it.
CREATE FUNCTION app.set_project_visibility(project uuid, new_visibility text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE app.projects
       SET visibility = new_visibility
     WHERE id = project
       AND (organization_id = ANY (authz.orgs('admin'))
            OR (organization_id = ANY (authz.orgs('member'))
                AND created_by = auth.current_user_id()
                AND visibility <> 'public'
                AND new_visibility <> 'public'));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'you may not change who sees this project' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

-- A notification for somebody who shares an organisation with the sender, or for oneself.
CREATE FUNCTION app.notify(recipient uuid, notification_type text, notification_title text,
                           notification_message text DEFAULT NULL, notification_link text DEFAULT NULL,
                           notification_metadata jsonb DEFAULT '{}')
    RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    created_id uuid;
BEGIN
    IF NOT EXISTS (SELECT FROM app.organization_members AS member
                    WHERE member.user_id = recipient
                      AND member.status = 'active'
                      AND member.organization_id = ANY (authz.orgs('viewer'))) THEN
        RAISE EXCEPTION 'only colleagues are notified' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO app.notifications (user_id, type, title, message, link, metadata)
    VALUES (recipient, notification_type, notification_title, notification_message, notification_link,
            notification_metadata)
    RETURNING id INTO created_id;
    RETURN created_id;
END
$$;

GRANT EXECUTE ON FUNCTION app.delete_organization(uuid), app.invite_member(uuid, text, text, interval),
    app.revoke_invitation(uuid), app.accept_invitation(text), app.set_member(uuid, uuid, text, text),
    app.set_project_visibility(uuid, text), app.notify(uuid, text, text, text, text, jsonb) TO platform_app;

-- They ask the helpers, which are platform_authz's.
SET LOCAL ROLE platform_authz;

GRANT EXECUTE ON FUNCTION authz.orgs(text), authz.readable_orgs(text), authz.colleagues(), authz.own_projects(),
    app.get_organization_role(uuid) TO platform_owner;

SET LOCAL ROLE platform_owner;
