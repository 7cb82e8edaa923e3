-- Searches. The operators of full-text search are not leakproof, so behind a policy their indexes are of no use: the
-- policy would be asked of every row first. These functions belong to platform_authz, which sees all rows, and ask for
-- the user's organisations themselves. New functions only.
--
-- Each statement is planned once for a session: with the tenant among the words one plan is right for all of them, and
-- planning two dozen partitions anew takes longer than the search.

-- The words somebody typed, and all the words that begin like the last one would in a search for names.
CREATE FUNCTION authz.name_query(words text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(string_agg(quote_literal(word) || ':*', ' & '), '')::tsquery
      FROM unnest(tsvector_to_array(to_tsvector('simple', coalesce(words, '')))) AS word
$$;

-- A query that also asks for one of these tenants, whose ids are among the words of each row. Without a tenant it finds
-- nothing.
CREATE FUNCTION authz.tenant_query(query tsquery, organizations uuid[]) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN cardinality(organizations) > 0 AND numnode(query) > 0
           THEN query && (SELECT string_agg(quote_literal(organization), ' | ')::tsquery
                            FROM unnest(organizations) AS organization) END
$$;

-- The organisations a search is about: the given one or all, as far as the user may read them.
CREATE FUNCTION authz.searched_orgs(organization uuid) RETURNS uuid[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(SELECT readable FROM unnest(authz.readable_orgs('viewer')) AS readable
                  WHERE organization IS NULL OR readable = organization);
END
$$;

-- What lies in a project that was put away is put away with it. That is asked of one row after the other, newest first,
-- and so usually of the first twenty: OFFSET 0 keeps it from being asked of all that was found.
--
-- Newest first. `words` as people type them: "exact phrase", -without, either or other.
CREATE FUNCTION app.search_tasks(words text, organization uuid DEFAULT NULL, max_rows integer DEFAULT 20)
    RETURNS TABLE (id uuid, organization_id uuid, project_id uuid, title varchar, status varchar,
                   priority app.task_priority, assignee_id uuid, due_date timestamptz, created_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    organizations constant uuid[]  := authz.searched_orgs(organization);
    administered  constant uuid[]  := authz.readable_orgs('admin');
    own           constant uuid[]  := authz.own_projects();
    query         constant tsquery := authz.tenant_query(websearch_to_tsquery('english', words), organizations);
BEGIN
    RETURN QUERY
    SELECT task.id, task.organization_id, task.project_id, task.title, task.status, task.priority, task.assignee_id,
           task.due_date, task.created_at
      FROM (SELECT * FROM app.tasks AS found
             WHERE found.search @@ query
               AND found.organization_id = ANY (organizations)
               AND (NOT found.is_private OR found.organization_id = ANY (administered) OR found.project_id = ANY (own))
               AND found.deleted_at IS NULL
             ORDER BY found.created_at DESC
            OFFSET 0) AS task
     WHERE (SELECT project.deleted_at IS NULL AND project.status <> 'deleted'
              FROM app.projects AS project WHERE project.id = task.project_id)
     ORDER BY task.created_at DESC
     LIMIT greatest(least(coalesce(max_rows, 20), 100), 0);
END
$$;

CREATE FUNCTION app.search_projects(words text, organization uuid DEFAULT NULL, max_rows integer DEFAULT 20)
    RETURNS TABLE (id uuid, organization_id uuid, name varchar, slug varchar, status varchar, visibility varchar,
                   created_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    organizations constant uuid[]  := authz.searched_orgs(organization);
    administered  constant uuid[]  := authz.readable_orgs('admin');
    own           constant uuid[]  := authz.own_projects();
    query         constant tsquery := authz.tenant_query(websearch_to_tsquery('english', words), organizations);
BEGIN
    RETURN QUERY
    SELECT project.id, project.organization_id, project.name, project.slug, project.status, project.visibility,
           project.created_at
      FROM app.projects AS project
     WHERE project.search @@ query
       AND project.organization_id = ANY (organizations)
       AND (NOT project.is_private OR project.organization_id = ANY (administered) OR project.id = ANY (own))
       AND project.deleted_at IS NULL
       AND project.status <> 'deleted'
     ORDER BY project.created_at DESC
     LIMIT greatest(least(coalesce(max_rows, 20), 100), 0);
END
$$;

CREATE FUNCTION app.search_comments(words text, organization uuid DEFAULT NULL, max_rows integer DEFAULT 20)
    RETURNS TABLE (id uuid, organization_id uuid, project_id uuid, task_id uuid, user_id uuid, content text,
                   created_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    organizations constant uuid[]  := authz.searched_orgs(organization);
    administered  constant uuid[]  := authz.readable_orgs('admin');
    own           constant uuid[]  := authz.own_projects();
    query         constant tsquery := authz.tenant_query(websearch_to_tsquery('english', words), organizations);
BEGIN
    RETURN QUERY
    SELECT comment.id, comment.organization_id, comment.project_id, comment.task_id, comment.user_id, comment.content,
           comment.created_at
      FROM (SELECT * FROM app.comments AS found
             WHERE found.search @@ query
               AND found.organization_id = ANY (organizations)
               AND (NOT found.is_private OR found.organization_id = ANY (administered) OR found.project_id = ANY (own))
               AND found.deleted_at IS NULL
             ORDER BY found.created_at DESC
            OFFSET 0) AS comment
     WHERE (SELECT project.deleted_at IS NULL AND project.status <> 'deleted'
              FROM app.projects AS project WHERE project.id = comment.project_id)
       AND EXISTS (SELECT FROM app.tasks AS task
                    WHERE task.id = comment.task_id
                      AND task.created_at = (SELECT known.created_at FROM app.task_ids AS known
                                              WHERE known.id = comment.task_id)
                      AND task.deleted_at IS NULL)
     ORDER BY comment.created_at DESC
     LIMIT greatest(least(coalesce(max_rows, 20), 100), 0);
END
$$;

-- Colleagues by the beginnings of their names or address. The members come first, and each of them is looked at: the
-- index would look through everybody's names, and its time would tell how many elsewhere bear one.
CREATE FUNCTION auth.search_users(words text, organization uuid DEFAULT NULL, max_rows integer DEFAULT 20)
    RETURNS TABLE (id uuid, email varchar, first_name varchar, last_name varchar, avatar_url text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    organizations constant uuid[]  := authz.searched_orgs(organization);
    query         constant tsquery := authz.name_query(words);
BEGIN
    RETURN QUERY
    WITH colleagues AS MATERIALIZED (
        SELECT account.id, account.email, account.first_name, account.last_name, account.avatar_url, account.search
          FROM auth.users AS account
         WHERE account.id IN (SELECT member.user_id FROM app.organization_members AS member
                               WHERE member.organization_id = ANY (organizations)
                                 AND member.status = 'active')
           AND account.status = 'active'
           AND account.deleted_at IS NULL)
    SELECT account.id, account.email, account.first_name, account.last_name, account.avatar_url
      FROM colleagues AS account
     WHERE account.search @@ query
     ORDER BY account.last_name, account.first_name, account.email
     LIMIT greatest(least(coalesce(max_rows, 20), 100), 0);
END
$$;

-- Among the user's own organisations, which are few.
CREATE FUNCTION app.search_organizations(words text, max_rows integer DEFAULT 20)
    RETURNS TABLE (id uuid, name varchar, slug varchar, description text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    organizations constant uuid[]  := authz.readable_orgs('viewer');
    query         constant tsquery := websearch_to_tsquery('english', words);
BEGIN
    RETURN QUERY
    SELECT organization.id, organization.name, organization.slug, organization.description
      FROM app.organizations AS organization
     WHERE organization.search @@ query
       AND organization.id = ANY (organizations)
     ORDER BY organization.name
     LIMIT greatest(least(coalesce(max_rows, 20), 100), 0);
END
$$;

-- The newest tasks of one organisation: a page that everybody opens. Named here, the organisation is one value, and the
-- index gives the rows in order; with a list of them everything would be read and sorted.
CREATE FUNCTION app.latest_tasks(organization uuid, max_rows integer DEFAULT 20)
    RETURNS TABLE (id uuid, project_id uuid, title varchar, status varchar, priority app.task_priority,
                   assignee_id uuid, due_date timestamptz, created_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    asking    constant uuid := auth.current_user_id();
    rank      integer;
    all_of_it boolean;
    own       uuid[] := '{}';
BEGIN
    -- What authz.readable_orgs and own_projects ask, of this organisation alone: the page is opened all the time.
    SELECT authz.rank(member.role) INTO rank
      FROM app.organization_members AS member
      JOIN app.organizations AS found ON found.id = member.organization_id
      JOIN auth.users AS account ON account.id = member.user_id
     WHERE member.organization_id = organization
       AND member.user_id = asking
       AND member.status = 'active'
       AND found.deleted_at IS NULL
       AND found.status <> 'deleted'
       AND account.status = 'active'
       AND account.deleted_at IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    all_of_it := rank >= authz.rank('admin');
    IF NOT all_of_it THEN
        own := ARRAY(
            SELECT added.project_id FROM app.project_members AS added
             WHERE added.user_id = asking AND added.organization_id = organization
            UNION ALL
            SELECT project.id FROM app.projects AS project
             WHERE project.created_by = asking AND project.organization_id = organization AND project.is_private);
    END IF;
    RETURN QUERY
    SELECT task.id, task.project_id, task.title, task.status, task.priority, task.assignee_id, task.due_date,
           task.created_at
      FROM (SELECT * FROM app.tasks AS found
             WHERE found.organization_id = organization
               AND (all_of_it OR NOT found.is_private OR found.project_id = ANY (own))
               AND found.deleted_at IS NULL
             ORDER BY found.created_at DESC
            OFFSET 0) AS task
     WHERE (SELECT project.deleted_at IS NULL AND project.status <> 'deleted'
              FROM app.projects AS project WHERE project.id = task.project_id)
     ORDER BY task.created_at DESC
     LIMIT greatest(least(coalesce(max_rows, 20), 100), 0);
END
$$;

ALTER FUNCTION authz.name_query(text) OWNER TO platform_authz;
ALTER FUNCTION authz.tenant_query(tsquery, uuid[]) OWNER TO platform_authz;
ALTER FUNCTION authz.searched_orgs(uuid) OWNER TO platform_authz;
ALTER FUNCTION app.search_tasks(text, uuid, integer) OWNER TO platform_authz;
ALTER FUNCTION app.search_projects(text, uuid, integer) OWNER TO platform_authz;
ALTER FUNCTION app.search_comments(text, uuid, integer) OWNER TO platform_authz;
ALTER FUNCTION auth.search_users(text, uuid, integer) OWNER TO platform_authz;
ALTER FUNCTION app.search_organizations(text, integer) OWNER TO platform_authz;
ALTER FUNCTION app.latest_tasks(uuid, integer) OWNER TO platform_authz;

SET LOCAL ROLE platform_authz;

GRANT EXECUTE ON FUNCTION app.search_tasks(text, uuid, integer), app.search_projects(text, uuid, integer),
    app.search_comments(text, uuid, integer), auth.search_users(text, uuid, integer),
    app.search_organizations(text, integer), app.latest_tasks(uuid, integer) TO platform_app;

SET LOCAL ROLE platform_owner;
