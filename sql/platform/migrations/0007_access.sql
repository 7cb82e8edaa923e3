-- Who may do what. Every table is closed by row level security; what is not granted here is refused.
-- Row level security is not FORCEd: the owner never logs in, and the definer functions below rely on reading past it.

-- Helpers ----------------------------------------------------
-- A policy calls them as `= ANY ((SELECT authz.orgs('viewer'))::uuid[])`: the sub-select makes it one call for a
-- statement instead of one for each row. They run as the owner, so that a policy on organization_members may ask them
-- without asking itself.

-- The organisations in which the user has at least the given role.
CREATE FUNCTION authz.orgs(min_role text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ladder   constant text[]  := ARRAY['viewer', 'member', 'admin', 'owner'];
    wanted   constant integer := array_position(ladder, min_role);
BEGIN
    IF wanted IS NULL THEN
        RAISE EXCEPTION 'unknown role %', min_role USING HINT = 'Known: ' || array_to_string(ladder, ', ');
    END IF;
    RETURN (
        SELECT coalesce(array_agg(member.organization_id), '{}')
          FROM app.organization_members AS member
          JOIN app.organizations AS organization ON organization.id = member.organization_id
          JOIN auth.users AS account ON account.id = member.user_id
         WHERE member.user_id = auth.current_user_id()
           AND member.status = 'active'
           AND array_position(ladder, member.role::text) >= wanted
           AND organization.deleted_at IS NULL
           AND account.status = 'active'
    );
END
$$;

-- The users who share an organisation with the user.
CREATE FUNCTION authz.colleagues() RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT member.user_id), '{}')
          FROM app.organization_members AS member
         WHERE member.status = 'active'
           AND member.organization_id = ANY (authz.orgs('viewer'))
    );
END
$$;

CREATE FUNCTION auth.has_role(role_name text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM auth.user_roles AS held
          JOIN auth.roles AS role ON role.id = held.role_id
         WHERE held.user_id = auth.current_user_id()
           AND role.name = role_name
           AND (held.expires_at IS NULL OR held.expires_at > now())
    );
END
$$;

-- An organisation and its first owner come into being together; neither row could be allowed alone.
CREATE FUNCTION app.create_organization(organization_name text, organization_slug text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    creator    constant uuid := auth.current_user_id();
    created_id constant uuid := gen_random_uuid();
BEGIN
    IF NOT EXISTS (SELECT FROM auth.users WHERE id = creator AND status = 'active') THEN
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

GRANT USAGE ON SCHEMA auth, app, authz TO platform_app;
GRANT USAGE ON SCHEMA auth TO platform_auth;
GRANT EXECUTE ON FUNCTION auth.current_user_id(), auth.has_role(text), authz.orgs(text), authz.colleagues(),
    app.create_organization(text, text) TO platform_app;
GRANT EXECUTE ON FUNCTION auth.current_user_id() TO platform_auth;

-- Accounts and logins: the login service manages them ----------------------------------------------------
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.user_roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.password_reset_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.email_verification_tokens ENABLE ROW LEVEL SECURITY;

CREATE POLICY login_service ON auth.users TO platform_auth USING (true) WITH CHECK (true);
CREATE POLICY login_service ON auth.credentials TO platform_auth USING (true) WITH CHECK (true);
CREATE POLICY login_service ON auth.roles FOR SELECT TO platform_auth USING (true);
CREATE POLICY login_service ON auth.user_roles TO platform_auth USING (true) WITH CHECK (true);
CREATE POLICY login_service ON auth.sessions TO platform_auth USING (true) WITH CHECK (true);
CREATE POLICY login_service ON auth.password_reset_tokens TO platform_auth USING (true) WITH CHECK (true);
CREATE POLICY login_service ON auth.email_verification_tokens TO platform_auth USING (true) WITH CHECK (true);

-- An account is marked as deleted, never removed, so there is no DELETE on users. What a role may do is decided in
-- migrations, so the login service only reads roles.
GRANT SELECT, INSERT, UPDATE ON auth.users TO platform_auth;
GRANT SELECT ON auth.roles TO platform_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.credentials, auth.user_roles, auth.sessions,
    auth.password_reset_tokens, auth.email_verification_tokens TO platform_auth;

-- Accounts as the application sees them: oneself and colleagues. Column grants leave out phone, addresses of last
-- logins and everything by which an account is verified or locked.
CREATE POLICY users_select_policy ON auth.users FOR SELECT TO platform_app
    USING (id = (SELECT auth.current_user_id()) OR id = ANY ((SELECT authz.colleagues())::uuid[]));
CREATE POLICY users_update_policy ON auth.users FOR UPDATE TO platform_app
    USING (id = (SELECT auth.current_user_id()))
    WITH CHECK (id = (SELECT auth.current_user_id()));

GRANT SELECT (id, email, first_name, last_name, avatar_url, locale, timezone, status,
              created_at, updated_at, deleted_at)
    ON auth.users TO platform_app;
GRANT UPDATE (first_name, last_name, avatar_url, locale, timezone) ON auth.users TO platform_app;

-- Organisations ----------------------------------------------------
ALTER TABLE app.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.organization_members ENABLE ROW LEVEL SECURITY;

CREATE POLICY organizations_select_policy ON app.organizations FOR SELECT TO platform_app
    USING (id = ANY ((SELECT authz.orgs('viewer'))::uuid[]));
CREATE POLICY organizations_update_policy ON app.organizations FOR UPDATE TO platform_app
    USING (id = ANY ((SELECT authz.orgs('admin'))::uuid[]))
    WITH CHECK (id = ANY ((SELECT authz.orgs('admin'))::uuid[]));
CREATE POLICY organization_members_select_policy ON app.organization_members FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('viewer'))::uuid[]));

-- Not status and trial_ends_at: nobody prolongs his own trial.
GRANT SELECT ON app.organizations, app.organization_members TO platform_app;
GRANT UPDATE (name, slug, description, logo_url, website_url, industry, size, settings, billing_email)
    ON app.organizations TO platform_app;

-- Projects ----------------------------------------------------
ALTER TABLE app.projects ENABLE ROW LEVEL SECURITY;

CREATE POLICY projects_select_policy ON app.projects FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('viewer'))::uuid[]));
CREATE POLICY projects_insert_policy ON app.projects FOR INSERT TO platform_app
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND created_by = (SELECT auth.current_user_id()));
CREATE POLICY projects_update_policy ON app.projects FOR UPDATE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[]))
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[]));
CREATE POLICY projects_delete_policy ON app.projects FOR DELETE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[]));

-- organization_id is in no UPDATE grant, here and below: a member of two organisations could carry rows across.
-- visibility is not either: publishing is more than a member may decide.
GRANT SELECT, DELETE ON app.projects TO platform_app;
GRANT INSERT (id, organization_id, name, slug, description, settings, metadata, start_date, end_date, created_by)
    ON app.projects TO platform_app;
GRANT UPDATE (name, slug, description, status, settings, metadata, start_date, end_date, deleted_at)
    ON app.projects TO platform_app;

-- Tasks ----------------------------------------------------
ALTER TABLE app.task_ids ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.tasks ENABLE ROW LEVEL SECURITY;

CREATE POLICY tasks_select_policy ON app.tasks FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('viewer'))::uuid[]));
CREATE POLICY tasks_insert_policy ON app.tasks FOR INSERT TO platform_app
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND reporter_id = (SELECT auth.current_user_id()));
CREATE POLICY tasks_update_policy ON app.tasks FOR UPDATE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[]))
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[]));
CREATE POLICY tasks_delete_policy ON app.tasks FOR DELETE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
           OR (reporter_id = (SELECT auth.current_user_id())
               AND organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])));

GRANT SELECT, DELETE ON app.tasks TO platform_app;
GRANT INSERT (id, organization_id, project_id, parent_task_id, title, description, status, priority, assignee_id,
              reporter_id, due_date, estimated_hours, actual_hours, tags, metadata, position, completed_at)
    ON app.tasks TO platform_app;
GRANT UPDATE (project_id, parent_task_id, title, description, status, priority, assignee_id, due_date,
              estimated_hours, actual_hours, tags, metadata, position, completed_at, deleted_at)
    ON app.tasks TO platform_app;

-- Comments and attachments: written by their author ----------------------------------------------------
ALTER TABLE app.comments ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.attachments ENABLE ROW LEVEL SECURITY;

CREATE POLICY comments_select_policy ON app.comments FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('viewer'))::uuid[]));
CREATE POLICY comments_insert_policy ON app.comments FOR INSERT TO platform_app
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND user_id = (SELECT auth.current_user_id()));
CREATE POLICY comments_update_policy ON app.comments FOR UPDATE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
           AND user_id = (SELECT auth.current_user_id()))
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND user_id = (SELECT auth.current_user_id()));

GRANT SELECT ON app.comments TO platform_app;
GRANT INSERT (id, organization_id, task_id, user_id, parent_comment_id, content, mentions, attachments)
    ON app.comments TO platform_app;
GRANT UPDATE (content, mentions, attachments, is_edited, deleted_at) ON app.comments TO platform_app;

CREATE POLICY attachments_select_policy ON app.attachments FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('viewer'))::uuid[]));
CREATE POLICY attachments_insert_policy ON app.attachments FOR INSERT TO platform_app
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND uploaded_by = (SELECT auth.current_user_id()));
CREATE POLICY attachments_update_policy ON app.attachments FOR UPDATE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
           AND uploaded_by = (SELECT auth.current_user_id()))
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND uploaded_by = (SELECT auth.current_user_id()));

GRANT SELECT ON app.attachments TO platform_app;
GRANT INSERT (id, organization_id, task_id, comment_id, uploaded_by, file_name, file_size, mime_type, storage_path,
              storage_provider, checksum, metadata)
    ON app.attachments TO platform_app;
GRANT UPDATE (metadata, deleted_at) ON app.attachments TO platform_app;

-- Notifications: everybody his own ----------------------------------------------------
ALTER TABLE app.notifications ENABLE ROW LEVEL SECURITY;

CREATE POLICY notifications_select_policy ON app.notifications FOR SELECT TO platform_app
    USING (user_id = (SELECT auth.current_user_id()));
CREATE POLICY notifications_update_policy ON app.notifications FOR UPDATE TO platform_app
    USING (user_id = (SELECT auth.current_user_id()))
    WITH CHECK (user_id = (SELECT auth.current_user_id()));

GRANT SELECT ON app.notifications TO platform_app;
GRANT UPDATE (is_read, read_at) ON app.notifications TO platform_app;
