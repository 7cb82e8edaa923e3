-- What policies and applications ask about the user. These functions belong to platform_authz, which reads what they
-- read and nothing else, and they run with its rights: so a policy on organization_members may ask them without asking
-- itself. A policy calls them in a sub-select, `= ANY ((SELECT authz.orgs('member'))::uuid[])`: once for a statement
-- instead of once for a row.
--
-- New or replaced functions: no lock that anybody could wait for.

-- The same as before, with its names looked up now instead of by whoever calls it: policies, functions and the audit
-- log cannot mean different users by it, whatever the search_path.
CREATE OR REPLACE FUNCTION auth.current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.current_user_id', true), '')::uuid;

-- Viewer is 1, owner is 4; what is no role is 0.
CREATE FUNCTION authz.rank(role text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT coalesce(array_position(ARRAY['viewer', 'member', 'admin', 'owner'], role), 0)
$$;

-- The organisations in which the user may do what the given role may do. One that is deleted or suspended is none of
-- them, and whoever is no active user has none.
CREATE OR REPLACE FUNCTION authz.orgs(min_role text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted constant integer := authz.rank(min_role);
BEGIN
    IF wanted = 0 THEN
        RAISE EXCEPTION 'unknown role %', min_role USING HINT = 'Known: viewer, member, admin, owner';
    END IF;
    RETURN (
        SELECT coalesce(array_agg(member.organization_id), '{}')
          FROM app.organization_members AS member
          JOIN app.organizations AS organization ON organization.id = member.organization_id
          JOIN auth.users AS account ON account.id = member.user_id
         WHERE member.user_id = auth.current_user_id()
           AND member.status = 'active'
           AND authz.rank(member.role) >= wanted
           AND organization.deleted_at IS NULL
           AND organization.status IN ('active', 'trial')
           AND account.status = 'active'
           AND account.deleted_at IS NULL
    );
END
$$;

-- The organisations in which the user may read what the given role may read. One that is suspended is among them:
-- whoever is behind with his payments still sees what is his. Written out a second time: every statement asks this, and
-- one function that asked another would cost it a call more.
CREATE FUNCTION authz.readable_orgs(min_role text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted constant integer := authz.rank(min_role);
BEGIN
    IF wanted = 0 THEN
        RAISE EXCEPTION 'unknown role %', min_role USING HINT = 'Known: viewer, member, admin, owner';
    END IF;
    RETURN (
        SELECT coalesce(array_agg(member.organization_id), '{}')
          FROM app.organization_members AS member
          JOIN app.organizations AS organization ON organization.id = member.organization_id
          JOIN auth.users AS account ON account.id = member.user_id
         WHERE member.user_id = auth.current_user_id()
           AND member.status = 'active'
           AND authz.rank(member.role) >= wanted
           AND organization.deleted_at IS NULL
           AND organization.status <> 'deleted'
           AND account.status = 'active'
           AND account.deleted_at IS NULL
    );
END
$$;

-- The user, as long as he is active: whoever is suspended may still read what is his own, and writes nothing.
CREATE FUNCTION authz.active_user() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT account.id FROM auth.users AS account
             WHERE account.id = auth.current_user_id()
               AND account.status = 'active'
               AND account.deleted_at IS NULL);
END
$$;

-- The users who share an organisation with the user.
CREATE OR REPLACE FUNCTION authz.colleagues() RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT member.user_id), '{}')
          FROM app.organization_members AS member
         WHERE member.status = 'active'
           AND member.organization_id = ANY (authz.readable_orgs('viewer'))
    );
END
$$;

-- The projects of these organisations that the user created or was added to.
CREATE FUNCTION authz.own_projects() RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    organizations constant uuid[] := authz.readable_orgs('viewer');
BEGIN
    RETURN ARRAY(
        SELECT member.project_id
          FROM app.project_members AS member
         WHERE member.user_id = auth.current_user_id()
           AND member.organization_id = ANY (organizations)
        UNION
        SELECT project.id
          FROM app.projects AS project
         WHERE project.created_by = auth.current_user_id()
           AND project.organization_id = ANY (organizations)
    );
END
$$;

-- Whether an organisation shows anything to visitors at all. Asked of one row after the other: visitors look at one
-- organisation, and a list of all that show something would grow with the number of customers.
CREATE FUNCTION authz.is_open(organization uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM app.organizations AS found
                    WHERE found.id = organization
                      AND found.deleted_at IS NULL
                      AND found.status IN ('active', 'trial'));
END
$$;

CREATE FUNCTION authz.shows_projects(organization uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM app.projects AS project
                    WHERE project.organization_id = organization
                      AND project.visibility = 'public'
                      AND project.deleted_at IS NULL
                      AND project.status <> 'deleted');
END
$$;

-- What shows_projects asks, and the public reader's own list.
CREATE INDEX idx_projects_visibility ON app.projects (organization_id, name)
    WHERE visibility = 'public' AND deleted_at IS NULL;

-- Nobody who is suspended, and no account that was deleted, holds a role.
CREATE OR REPLACE FUNCTION auth.has_role(role_name text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM auth.user_roles AS held
          JOIN auth.roles AS role ON role.id = held.role_id
          JOIN auth.users AS account ON account.id = held.user_id
         WHERE held.user_id = auth.current_user_id()
           AND role.name = role_name
           AND (held.expires_at IS NULL OR held.expires_at > now())
           AND account.status = 'active'
           AND account.deleted_at IS NULL
    );
END
$$;

CREATE FUNCTION app.is_organization_member(org_id uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN org_id = ANY (authz.readable_orgs('viewer'));
END
$$;

-- NULL for whoever is no active member, and for an organisation that is not there: the two are not told apart.
CREATE FUNCTION app.get_organization_role(org_id uuid) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT member.role FROM app.organization_members AS member
             WHERE member.organization_id = org_id
               AND member.user_id = auth.current_user_id()
               AND member.organization_id = ANY (authz.readable_orgs('viewer')));
END
$$;

-- Whether the user may read the project, be it as a visitor of a public one. false also for what is not there.
CREATE FUNCTION app.can_access_project(proj_id uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM app.projects AS project
         WHERE project.id = proj_id
           AND project.deleted_at IS NULL
           AND project.status <> 'deleted'
           AND CASE project.visibility
               WHEN 'public' THEN
                   project.organization_id = ANY (authz.readable_orgs('viewer'))
                   OR EXISTS (SELECT FROM app.organizations AS organization
                               WHERE organization.id = project.organization_id
                                 AND organization.deleted_at IS NULL
                                 AND organization.status IN ('active', 'trial'))
               WHEN 'organization' THEN
                   project.organization_id = ANY (authz.readable_orgs('viewer'))
               ELSE
                   project.organization_id = ANY (authz.readable_orgs('admin'))
                   OR project.id = ANY (authz.own_projects())
               END
    );
END
$$;

-- From here on they are platform_authz's ----------------------------------------------------
GRANT USAGE ON SCHEMA auth, app, authz TO platform_authz;
GRANT CREATE ON SCHEMA auth, app, authz TO platform_authz;

GRANT EXECUTE ON FUNCTION auth.current_user_id(), authz.rank(text) TO platform_authz;

ALTER FUNCTION authz.orgs(text) OWNER TO platform_authz;
ALTER FUNCTION authz.readable_orgs(text) OWNER TO platform_authz;
ALTER FUNCTION authz.active_user() OWNER TO platform_authz;
ALTER FUNCTION authz.colleagues() OWNER TO platform_authz;
ALTER FUNCTION authz.own_projects() OWNER TO platform_authz;
ALTER FUNCTION authz.is_open(uuid) OWNER TO platform_authz;
ALTER FUNCTION authz.shows_projects(uuid) OWNER TO platform_authz;
ALTER FUNCTION auth.has_role(text) OWNER TO platform_authz;
ALTER FUNCTION app.is_organization_member(uuid) OWNER TO platform_authz;
ALTER FUNCTION app.get_organization_role(uuid) OWNER TO platform_authz;
ALTER FUNCTION app.can_access_project(uuid) OWNER TO platform_authz;
