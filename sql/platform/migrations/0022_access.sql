-- Who may do what, of everything: docs/platform_access.md shows it as a table. Policies are replaced in the transaction
-- of this file, so that there is no moment without one; each table is locked for that moment (ACCESS EXCLUSIVE).
--
-- A row of a project is seen by members of its organisation; when the project is private, only by the organisation's
-- admins, and by who created the project or was added to it. The two shorter questions come first: the list of a user's
-- own projects is only made when a private row is met.

-- Roles that read everything of a table ----------------------------------------------------
-- platform_authz   what its functions ask
-- platform_support everything but credentials, sessions and tokens
-- platform_backup  every row of every table; BYPASSRLS is not the master user's to give on RDS, so it has policies
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['auth.users', 'auth.roles', 'auth.user_roles', 'app.organizations',
                                  'app.organization_members', 'app.projects', 'app.project_members', 'app.task_ids',
                                  'app.tasks', 'app.comments'] LOOP
        EXECUTE format('CREATE POLICY authz_read ON %s FOR SELECT TO platform_authz USING (true)', wanted);
    END LOOP;
    FOREACH wanted IN ARRAY ARRAY['auth.users', 'auth.roles', 'auth.user_roles', 'app.organizations',
                                  'app.organization_members', 'app.invitations', 'app.projects',
                                  'app.project_members', 'app.task_ids', 'app.tasks', 'app.comments',
                                  'app.attachments', 'app.notifications', 'analytics.events',
                                  'analytics.page_views'] LOOP
        EXECUTE format('CREATE POLICY support_read ON %s FOR SELECT TO platform_support USING (true)', wanted);
    END LOOP;
    FOR wanted IN SELECT oid::regclass::text FROM pg_catalog.pg_class
                   WHERE relrowsecurity AND NOT relispartition AND relowner = 'platform_owner'::regrole LOOP
        EXECUTE format('CREATE POLICY backup_read ON %s FOR SELECT TO platform_backup USING (true)', wanted);
    END LOOP;
    -- Partitions, too: a dump reads them one by one.
    FOR wanted IN SELECT oid::regclass::text FROM pg_catalog.pg_class
                   WHERE relkind IN ('r', 'p', 'm', 'S') AND relowner = 'platform_owner'::regrole LOOP
        EXECUTE format('GRANT SELECT ON %s TO platform_backup', wanted);
    END LOOP;
END
$$;

GRANT SELECT (id, email, first_name, last_name, avatar_url, search, status, deleted_at) ON auth.users
    TO platform_authz;
GRANT SELECT (id, name) ON auth.roles TO platform_authz;
GRANT SELECT ON auth.user_roles, app.organizations, app.organization_members, app.projects, app.project_members,
    app.task_ids, app.tasks, app.comments TO platform_authz;

GRANT USAGE ON SCHEMA auth, app, analytics, audit TO platform_support;
GRANT SELECT ON auth.users, auth.roles, auth.user_roles, app.organizations, app.organization_members, app.projects,
    app.project_members, app.task_ids, app.tasks, app.comments, app.attachments, app.notifications, analytics.events,
    analytics.page_views TO platform_support;
-- Not the hash of the token.
GRANT SELECT (id, organization_id, email, role, invited_by, expires_at, accepted_at, accepted_by, revoked_at,
              created_at)
    ON app.invitations TO platform_support;

GRANT USAGE ON SCHEMA auth, app, analytics, audit, authz, ops, part, archive TO platform_backup;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO platform_backup;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO platform_backup;

-- One's own account and notifications ----------------------------------------------------
DROP POLICY users_update_policy ON auth.users;

CREATE POLICY users_update_policy ON auth.users FOR UPDATE TO platform_app
    USING (id = (SELECT authz.active_user()))
    WITH CHECK (id = (SELECT authz.active_user()));

DROP POLICY notifications_update_policy ON app.notifications;

CREATE POLICY notifications_update_policy ON app.notifications FOR UPDATE TO platform_app
    USING (user_id = (SELECT authz.active_user()))
    WITH CHECK (user_id = (SELECT authz.active_user()));

-- Organisations and who is in them ----------------------------------------------------
-- Everything that changes a membership is a function, for it depends on the ranks of two people.
DROP POLICY organizations_select_policy ON app.organizations;

CREATE POLICY organizations_select_policy ON app.organizations FOR SELECT TO platform_app
    USING (id = ANY ((SELECT authz.readable_orgs('viewer'))::uuid[]));

DROP POLICY organization_members_select_policy ON app.organization_members;

CREATE POLICY organization_members_select_policy ON app.organization_members FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.readable_orgs('viewer'))::uuid[]));

CREATE POLICY invitations_select_policy ON app.invitations FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.readable_orgs('admin'))::uuid[]));

GRANT SELECT (id, organization_id, email, role, invited_by, expires_at, accepted_at, accepted_by, revoked_at,
              created_at)
    ON app.invitations TO platform_app;

-- Projects ----------------------------------------------------
DROP POLICY projects_select_policy ON app.projects;
DROP POLICY projects_insert_policy ON app.projects;
DROP POLICY projects_update_policy ON app.projects;

CREATE POLICY projects_select_policy ON app.projects FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.readable_orgs('viewer'))::uuid[])
           AND (NOT is_private
                OR created_by = (SELECT auth.current_user_id())
                OR organization_id = ANY ((SELECT authz.readable_orgs('admin'))::uuid[])
                OR id = ANY ((SELECT authz.own_projects())::uuid[])));

-- To publish is an admin's decision.
CREATE POLICY projects_insert_policy ON app.projects FOR INSERT TO platform_app
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND created_by = (SELECT auth.current_user_id())
                AND (visibility <> 'public' OR organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])));

-- A project is put away, be it by a mark, and brought back by its creator and by admins.
CREATE POLICY projects_update_policy ON app.projects FOR UPDATE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
           AND (NOT is_private
                OR created_by = (SELECT auth.current_user_id())
                OR organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
                OR id = ANY ((SELECT authz.own_projects())::uuid[]))
           AND ((deleted_at IS NULL AND status <> 'deleted')
                OR created_by = (SELECT auth.current_user_id())
                OR organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])))
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND ((deleted_at IS NULL AND status <> 'deleted')
                     OR created_by = (SELECT auth.current_user_id())
                     OR organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])));

-- The database makes the ids: who could choose one would learn from a refusal that it is taken, also by a stranger.
REVOKE INSERT (id) ON app.projects FROM platform_app;
GRANT INSERT (visibility) ON app.projects TO platform_app;

CREATE POLICY project_members_select_policy ON app.project_members FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.readable_orgs('viewer'))::uuid[])
           AND (organization_id = ANY ((SELECT authz.readable_orgs('admin'))::uuid[])
                OR project_id = ANY ((SELECT authz.own_projects())::uuid[])));

-- Whoever sees a project as one of its own may bring others in; who may put them out is the same people.
CREATE POLICY project_members_insert_policy ON app.project_members FOR INSERT TO platform_app
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
                OR (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                    AND project_id = ANY ((SELECT authz.own_projects())::uuid[])));

CREATE POLICY project_members_delete_policy ON app.project_members FOR DELETE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
           OR (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
               AND project_id = ANY ((SELECT authz.own_projects())::uuid[])));

GRANT SELECT, DELETE ON app.project_members TO platform_app;
GRANT INSERT (organization_id, project_id, user_id) ON app.project_members TO platform_app;

-- Tasks ----------------------------------------------------
DROP POLICY tasks_select_policy ON app.tasks;
DROP POLICY tasks_insert_policy ON app.tasks;
DROP POLICY tasks_update_policy ON app.tasks;
DROP POLICY tasks_delete_policy ON app.tasks;

CREATE POLICY tasks_select_policy ON app.tasks FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.readable_orgs('viewer'))::uuid[])
           AND (NOT is_private
                OR organization_id = ANY ((SELECT authz.readable_orgs('admin'))::uuid[])
                OR project_id = ANY ((SELECT authz.own_projects())::uuid[])));

CREATE POLICY tasks_insert_policy ON app.tasks FOR INSERT TO platform_app
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND reporter_id = (SELECT auth.current_user_id())
                AND (NOT is_private
                     OR organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
                     OR project_id = ANY ((SELECT authz.own_projects())::uuid[])));

-- Who does it, who asked for it, and admins; whoever hands a task on may not be one of them afterwards. Whoever only
-- does it does not mark it as deleted, nor bring it back.
CREATE POLICY tasks_update_policy ON app.tasks FOR UPDATE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
           OR (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
               AND (reporter_id = (SELECT auth.current_user_id())
                    OR (assignee_id = (SELECT auth.current_user_id()) AND deleted_at IS NULL))
               AND (NOT is_private OR project_id = ANY ((SELECT authz.own_projects())::uuid[]))))
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
                OR (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                    AND (deleted_at IS NULL OR reporter_id = (SELECT auth.current_user_id()))
                    AND (NOT is_private OR project_id = ANY ((SELECT authz.own_projects())::uuid[]))));

CREATE POLICY tasks_delete_policy ON app.tasks FOR DELETE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
           OR (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
               AND reporter_id = (SELECT auth.current_user_id())
               AND (NOT is_private OR project_id = ANY ((SELECT authz.own_projects())::uuid[]))));

REVOKE INSERT (id) ON app.tasks FROM platform_app;

-- Comments and attachments ----------------------------------------------------
DROP POLICY comments_select_policy ON app.comments;
DROP POLICY comments_insert_policy ON app.comments;
DROP POLICY comments_update_policy ON app.comments;

CREATE POLICY comments_select_policy ON app.comments FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.readable_orgs('viewer'))::uuid[])
           AND (NOT is_private
                OR organization_id = ANY ((SELECT authz.readable_orgs('admin'))::uuid[])
                OR project_id = ANY ((SELECT authz.own_projects())::uuid[])));

CREATE POLICY comments_insert_policy ON app.comments FOR INSERT TO platform_app
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND user_id = (SELECT auth.current_user_id())
                AND (NOT is_private
                     OR organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
                     OR project_id = ANY ((SELECT authz.own_projects())::uuid[])));

CREATE POLICY comments_update_policy ON app.comments FOR UPDATE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
           AND user_id = (SELECT auth.current_user_id())
           AND (NOT is_private
                OR organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
                OR project_id = ANY ((SELECT authz.own_projects())::uuid[])))
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND user_id = (SELECT auth.current_user_id()));

CREATE POLICY comments_delete_policy ON app.comments FOR DELETE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
           OR (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
               AND user_id = (SELECT auth.current_user_id())
               AND (NOT is_private OR project_id = ANY ((SELECT authz.own_projects())::uuid[]))));

REVOKE INSERT (id) ON app.comments FROM platform_app;
-- Whether a comment was edited is no claim of its author's.
REVOKE UPDATE (is_edited) ON app.comments FROM platform_app;
GRANT DELETE ON app.comments TO platform_app;

DROP POLICY attachments_select_policy ON app.attachments;
DROP POLICY attachments_insert_policy ON app.attachments;
DROP POLICY attachments_update_policy ON app.attachments;

CREATE POLICY attachments_select_policy ON app.attachments FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.readable_orgs('viewer'))::uuid[])
           AND (NOT is_private
                OR organization_id = ANY ((SELECT authz.readable_orgs('admin'))::uuid[])
                OR project_id = ANY ((SELECT authz.own_projects())::uuid[])));

CREATE POLICY attachments_insert_policy ON app.attachments FOR INSERT TO platform_app
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND uploaded_by = (SELECT auth.current_user_id())
                AND (NOT is_private
                     OR organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
                     OR project_id = ANY ((SELECT authz.own_projects())::uuid[])));

CREATE POLICY attachments_update_policy ON app.attachments FOR UPDATE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
           AND uploaded_by = (SELECT auth.current_user_id())
           AND (NOT is_private
                OR organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
                OR project_id = ANY ((SELECT authz.own_projects())::uuid[])))
    WITH CHECK (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
                AND uploaded_by = (SELECT auth.current_user_id()));

CREATE POLICY attachments_delete_policy ON app.attachments FOR DELETE TO platform_app
    USING (organization_id = ANY ((SELECT authz.orgs('admin'))::uuid[])
           OR (organization_id = ANY ((SELECT authz.orgs('member'))::uuid[])
               AND uploaded_by = (SELECT auth.current_user_id())
               AND (NOT is_private OR project_id = ANY ((SELECT authz.own_projects())::uuid[]))));

REVOKE INSERT (id) ON app.attachments FROM platform_app;
GRANT DELETE ON app.attachments TO platform_app;

-- Events: written for oneself, or for nobody; read by the admins of the organisation ------------------------------
CREATE POLICY events_insert_policy ON analytics.events FOR INSERT TO platform_app
    WITH CHECK ((user_id IS NULL OR user_id = (SELECT authz.active_user()))
                AND (organization_id IS NULL OR organization_id = ANY ((SELECT authz.orgs('viewer'))::uuid[])));

CREATE POLICY events_select_policy ON analytics.events FOR SELECT TO platform_app
    USING (organization_id = ANY ((SELECT authz.readable_orgs('admin'))::uuid[]));

CREATE POLICY page_views_insert_policy ON analytics.page_views FOR INSERT TO platform_app
    WITH CHECK (user_id IS NULL OR user_id = (SELECT authz.active_user()));

GRANT USAGE ON SCHEMA analytics TO platform_app;
GRANT SELECT (id, event_type, user_id, organization_id, session_id, properties, context, created_at)
    ON analytics.events TO platform_app;
GRANT INSERT (event_type, user_id, organization_id, session_id, properties, context, ip_address, user_agent)
    ON analytics.events TO platform_app;
GRANT INSERT (user_id, session_id, url, referrer, duration_ms, metadata) ON analytics.page_views TO platform_app;

-- Reports ----------------------------------------------------
CREATE POLICY analytics_read ON analytics.events FOR SELECT TO platform_analytics USING (true);

CREATE POLICY analytics_read ON analytics.page_views FOR SELECT TO platform_analytics USING (true);

-- Not where from and with what: addresses are personal.
GRANT USAGE ON SCHEMA analytics TO platform_analytics;
GRANT SELECT (id, event_type, user_id, organization_id, session_id, properties, created_at)
    ON analytics.events TO platform_analytics;
GRANT SELECT (id, user_id, session_id, url, referrer, duration_ms, created_at)
    ON analytics.page_views TO platform_analytics;

-- Visitors who are nobody ----------------------------------------------------
CREATE POLICY public_read ON app.organizations FOR SELECT TO platform_public
    USING (deleted_at IS NULL AND status IN ('active', 'trial') AND authz.shows_projects(id));

CREATE POLICY public_read ON app.projects FOR SELECT TO platform_public
    USING (visibility = 'public' AND deleted_at IS NULL AND status <> 'deleted' AND authz.is_open(organization_id));

-- The projects in the sub-select are those that the policy above lets through.
CREATE POLICY public_read ON app.tasks FOR SELECT TO platform_public
    USING (deleted_at IS NULL AND NOT is_private
           AND EXISTS (SELECT FROM app.projects AS project WHERE project.id = tasks.project_id));

GRANT USAGE ON SCHEMA app, auth TO platform_public;
GRANT SELECT (id, name, slug, description, logo_url, website_url) ON app.organizations TO platform_public;
GRANT SELECT (id, organization_id, name, slug, description, status, visibility, start_date, end_date, created_at)
    ON app.projects TO platform_public;
GRANT SELECT (id, organization_id, project_id, parent_task_id, title, status, priority, due_date, tags, created_at,
              completed_at, deleted_at)
    ON app.tasks TO platform_public;

-- The audit log: read by staff, and dumped ----------------------------------------------------
-- Its policies are platform_audit's to make.
SET LOCAL ROLE platform_audit;

CREATE POLICY support_read ON audit.audit_log FOR SELECT TO platform_support USING (true);

CREATE POLICY backup_read ON audit.audit_log FOR SELECT TO platform_backup USING (true);

GRANT SELECT ON audit.audit_log TO platform_support, platform_backup;
GRANT SELECT ON SEQUENCE audit.audit_log_id_seq TO platform_backup;

DO $$
DECLARE
    leaf regclass;
BEGIN
    FOR leaf IN SELECT inhrelid::regclass FROM pg_catalog.pg_inherits
                 WHERE inhparent = 'audit.audit_log'::regclass LOOP
        EXECUTE format('GRANT SELECT ON %s TO platform_backup', leaf);
    END LOOP;
END
$$;

ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO platform_backup;

ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO platform_backup;

SELECT ops.copy_open_policies('audit.audit_log');

SET LOCAL ROLE platform_authz;

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

GRANT EXECUTE ON FUNCTION auth.has_role(text), authz.orgs(text), authz.readable_orgs(text), authz.active_user(),
    authz.colleagues(), authz.own_projects(), app.is_organization_member(uuid),
    app.get_organization_role(uuid), app.can_access_project(uuid) TO platform_app;
GRANT EXECUTE ON FUNCTION auth.has_role(text) TO platform_auth;
GRANT EXECUTE ON FUNCTION authz.is_open(uuid), authz.shows_projects(uuid) TO platform_public;

SET LOCAL ROLE platform_owner;

GRANT USAGE ON SCHEMA authz TO platform_public;
GRANT EXECUTE ON FUNCTION auth.current_user_id() TO platform_public;

-- Partitions that are there already; later ones are made with these policies.
SELECT ops.copy_open_policies(parent) FROM ops.partition_policy WHERE parent <> 'audit.audit_log'::regclass;
