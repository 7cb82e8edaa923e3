-- The rows of bench.platform_data, made by the server in one transaction. How many of each there are stands in the
-- temporary table sizes; triggers and foreign keys are off.

-- Between 0 and 1, and the same for the same number and salt.
CREATE FUNCTION pg_temp.dice(number bigint, salt integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT (hashint8extended(number, salt) & 9007199254740991) / 9007199254740992.0::double precision
$$;

CREATE FUNCTION pg_temp.id(kind text, number bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT md5(kind || number)::uuid
$$;

-- As ops.uuid_v7 would have made it at that time.
CREATE FUNCTION pg_temp.id_at(kind text, number bigint, at timestamptz) RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
            || '7' || substr(md5(kind || number), 14, 3) || '8' || substr(md5(kind || number), 18))::uuid
$$;

-- Texts ----------------------------------------------------
-- Common words are common and rare ones rare: the word at place k comes about as often as 1/sqrt(k).
CREATE TEMP TABLE vocabulary AS
SELECT k, coalesce(words[k], translate(substr(md5('word' || k), 1, 7), '0123456789', 'ghijklmnop')) AS word
  FROM (SELECT string_to_array(
            'report invoice customer deploy release button login search export import upload mobile design contract '
            'budget meeting review server backup payment address calendar message colour filter translate printer '
            'warehouse shipping supplier licence renewal onboarding dashboard summary quarter forecast interview '
            'training workshop migration cleanup outage alert latency refund voucher newsletter campaign banner survey '
            'feedback roadmap prototype estimate audit', ' ') AS words) AS known
 CROSS JOIN generate_series(1, 2000) AS k;

CREATE TEMP TABLE texts AS
SELECT k,
       string_agg(word, ' ' ORDER BY place) FILTER (WHERE place <= 3) AS title,
       string_agg(word, ' ' ORDER BY place) FILTER (WHERE place > 3)  AS body
  FROM (SELECT k, place, 1 + floor(2000 * pg_temp.dice(k * 100 + place, 1) ^ 2)::integer AS word_k
          FROM generate_series(1, 5000) AS k CROSS JOIN generate_series(1, 15) AS place) AS chosen
  JOIN (SELECT k AS word_k, word FROM vocabulary) AS named USING (word_k)
 GROUP BY k;
CREATE UNIQUE INDEX ON texts (k);
ANALYZE texts;

-- Organisations and who is in them ----------------------------------------------------
-- The share of an organisation falls with its place: the largest of 200 has a twelfth of everything.
CREATE TEMP TABLE org AS
SELECT n AS organization_n, pg_temp.id('organization', n) AS id,
       sum(n ^ -0.8) OVER (ORDER BY n) / sum(n ^ -0.8) OVER () AS reach
  FROM generate_series(1, (SELECT organizations FROM sizes)) AS n;

CREATE TEMP TABLE shares AS
SELECT array_agg(reach::double precision ORDER BY organization_n) AS reaches
  FROM org WHERE organization_n < (SELECT organizations FROM sizes);

INSERT INTO auth.users (id, email, email_verified, first_name, last_name, status, last_login_at, created_at, updated_at,
                        deleted_at)
SELECT pg_temp.id('user', n), format('%s.%s.%s@example.com', lower(first_name), lower(last_name), n), true, first_name,
       last_name,
       CASE WHEN mood < 0.01 THEN 'suspended' WHEN mood < 0.015 THEN 'deleted' ELSE 'active' END,
       CASE WHEN pg_temp.dice(n, 3) < 0.95 THEN now() - interval '400 days' * pg_temp.dice(n, 4) ^ 3 END,
       joined, joined, CASE WHEN mood >= 0.01 AND mood < 0.015 THEN now() - interval '1 day' END
  FROM (SELECT n, pg_temp.dice(n, 2) AS mood, now() - interval '700 days' * pg_temp.dice(n, 5) AS joined,
               (ARRAY['Ada', 'Bruno', 'Chiara', 'David', 'Elif', 'Farid', 'Greta', 'Hiro', 'Ines', 'Jonas', 'Katja',
                      'Liam', 'Maria', 'Nadia', 'Omar', 'Paula'])[1 + floor(16 * pg_temp.dice(n, 6))] AS first_name,
               (ARRAY['Almeida', 'Brandt', 'Costa', 'Dubois', 'Eriksen', 'Fischer', 'Garcia', 'Haas', 'Ivanova',
                      'Jansen', 'Kowalski', 'Lindqvist', 'Moreau', 'Nowak', 'Okafor', 'Petrov', 'Quinn', 'Rossi',
                      'Schmidt', 'Tanaka', 'Ueda', 'Vogel', 'Weber', 'Yilmaz'])[1 + floor(24 * pg_temp.dice(n, 7))]
                   AS last_name
          FROM generate_series(1, (SELECT users FROM sizes)) AS n) AS person;

-- Some cannot be written to, some are gone: whoever asks must not forget them.
INSERT INTO app.organizations (id, name, slug, description, status, trial_ends_at, created_by, created_at, updated_at,
                               deleted_at)
SELECT org.id, initcap(texts.title) || ' Ltd', 'organization-' || n, texts.body,
       CASE n % 50 WHEN 7 THEN 'suspended' WHEN 9 THEN 'deleted' WHEN 11 THEN 'trial' ELSE 'active' END,
       CASE WHEN n % 10 = 1 THEN now() + interval '1 day' * (n * 7 % 30 - 4) END,
       pg_temp.id('user', n), now() - interval '700 days', now() - interval '700 days',
       CASE WHEN n % 50 = 9 THEN now() - interval '10 days' END
  FROM (SELECT id, organization_n AS n FROM org) AS org
  JOIN texts ON texts.k = n;

-- Numbers are compared as integers throughout: as floating ones, no index and no hash would find them.
--
-- The first four of each are an owner, an admin, a member and a viewer; the rest go where many are. A sixth is in a
-- second organisation, a few in a third.
CREATE TEMP TABLE seats AS
SELECT organization_n, user_n, pg_temp.id('user', user_n) AS user_id,
       (row_number() OVER (PARTITION BY organization_n ORDER BY user_n))::integer AS seat
  FROM (SELECT DISTINCT organization_n, user_n
          FROM (SELECT n AS user_n,
                       CASE WHEN n <= 4 * organizations THEN (n - 1) % organizations + 1
                            ELSE 1 + width_bucket(pg_temp.dice(n, 9), reaches) END AS organization_n
                  FROM sizes, shares, generate_series(1, users) AS n
                UNION ALL
                SELECT n, 1 + width_bucket(pg_temp.dice(n, 11), reaches)
                  FROM sizes, shares, generate_series(1, users) AS n WHERE pg_temp.dice(n, 10) < 0.17
                UNION ALL
                SELECT n, 1 + width_bucket(pg_temp.dice(n, 12), reaches)
                  FROM sizes, shares, generate_series(1, users) AS n WHERE pg_temp.dice(n, 10) < 0.05) AS every
       ) AS once;
CREATE UNIQUE INDEX ON seats (organization_n, seat);
ANALYZE seats;

ALTER TABLE org ADD COLUMN seats integer;
UPDATE org SET seats = (SELECT count(*) FROM seats WHERE seats.organization_n = org.organization_n);
ANALYZE org;

INSERT INTO app.organization_members (id, organization_id, user_id, role, invited_by, joined_at, status)
SELECT pg_temp.id('member', row_number() OVER (ORDER BY organization_n, user_n)), org.id, user_id,
       CASE WHEN user_n <= organizations THEN 'owner'
            WHEN user_n <= 2 * organizations OR (user_n > 4 * organizations AND role < 0.05) THEN 'admin'
            WHEN user_n <= 3 * organizations OR (user_n > 4 * organizations AND role < 0.85) THEN 'member'
            ELSE 'viewer' END,
       CASE WHEN user_n > organizations THEN pg_temp.id('user', organization_n) END, now() - interval '300 days',
       CASE WHEN user_n <= 4 * organizations OR state >= 0.03 THEN 'active' WHEN state < 0.01 THEN 'pending'
            WHEN state < 0.02 THEN 'suspended' ELSE 'removed' END
  FROM sizes, seats
  JOIN org USING (organization_n)
 CROSS JOIN LATERAL (SELECT pg_temp.dice(user_n * 1000 + organization_n, 13) AS role,
                            pg_temp.dice(user_n * 1000 + organization_n, 14) AS state) AS thrown;

INSERT INTO app.invitations (id, organization_id, email, role, token_hash, invited_by, expires_at, accepted_at,
                             accepted_by, revoked_at, created_at)
SELECT pg_temp.id_at('invitation', n, sent), org.id, format('guest.%s@example.com', n), 'member',
       md5('invitation' || n) || md5('token' || n), pg_temp.id('user', organization_n), sent + interval '7 days',
       CASE WHEN outcome < 0.7 THEN sent + interval '1 day' END,
       CASE WHEN outcome < 0.7 THEN seats.user_id END,
       CASE WHEN outcome >= 0.9 THEN sent + interval '2 days' END, sent
  FROM (SELECT n, 1 + width_bucket(pg_temp.dice(n, 15), reaches) AS organization_n, pg_temp.dice(n, 16) AS outcome,
               now() - interval '90 days' * pg_temp.dice(n, 17) AS sent
          FROM sizes, shares, generate_series(1, invitations) AS n) AS one
  JOIN org USING (organization_n)
  JOIN seats USING (organization_n)
 WHERE seat = floor(1 + org.seats * pg_temp.dice(one.n, 18))::integer;

-- Accounts ----------------------------------------------------
INSERT INTO auth.credentials (user_id, password_hash)
SELECT id, 'scrypt' || md5(id::text) FROM auth.users;

INSERT INTO auth.roles (id, name) SELECT pg_temp.id('role', n), 'role ' || n FROM generate_series(1, 8) AS n;

INSERT INTO auth.user_roles (user_id, role_id, granted_by, granted_at, expires_at)
SELECT pg_temp.id('user', n), pg_temp.id('role', 1 + n % 8), pg_temp.id('user', 1 + n % 5),
       now() - interval '1 day' * n,
       CASE WHEN n % 3 = 0 THEN now() + interval '300 days' * (pg_temp.dice(n, 19) - 0.2) END
  FROM generate_series(1, (SELECT least(users, 500) FROM sizes)) AS n;

INSERT INTO auth.sessions (id, user_id, token_hash, refresh_token_hash, last_activity_at, expires_at, created_at)
SELECT pg_temp.id_at('session', n, began), pg_temp.id('user', 1 + floor(users * pg_temp.dice(n, 20))::integer),
       md5('session' || n) || md5('token' || n),
       CASE WHEN n % 4 > 0 THEN md5('session' || n) || md5('refresh' || n) END,
       began + interval '1 day' * pg_temp.dice(n, 21), began + interval '30 days', began
  FROM sizes, generate_series(1, sessions) AS n
 CROSS JOIN LATERAL (SELECT now() - interval '59 days' * (1 - n::double precision / sessions) AS began) AS at;

INSERT INTO auth.password_reset_tokens (user_id, token_hash, expires_at, created_at)
SELECT pg_temp.id('user', n), md5('reset' || n) || md5('token' || n), at + interval '1 hour', at
  FROM sizes, generate_series(1, users) AS n
 CROSS JOIN LATERAL (SELECT now() - interval '30 days' * pg_temp.dice(n, 22) ^ 4 AS at) AS asked;

INSERT INTO auth.email_verification_tokens (user_id, token_hash, email, expires_at, created_at)
SELECT pg_temp.id('user', n), md5('verify' || n) || md5('token' || n), format('new.%s@example.com', n),
       at + interval '1 day', at
  FROM sizes, generate_series(1, users) AS n
 CROSS JOIN LATERAL (SELECT now() - interval '30 days' * pg_temp.dice(n, 23) AS at) AS asked;

-- Projects ----------------------------------------------------
CREATE TEMP TABLE project AS
SELECT n, pg_temp.id('project', n) AS id, organization_n, org.id AS organization_id, org.seats,
       CASE WHEN visible < 0.6 THEN 'organization' WHEN visible < 0.9 THEN 'private' ELSE 'public' END AS visibility,
       seats.user_id AS created_by, gone < 0.03 AS is_deleted, gone >= 0.03 AND gone < 0.15 AS is_archived
  FROM (SELECT n, pg_temp.dice(n, 24) AS visible, pg_temp.dice(n, 25) AS gone,
               CASE WHEN n <= 3 * organizations THEN (n - 1) % organizations + 1
                    ELSE 1 + width_bucket(pg_temp.dice(n, 26), reaches) END AS organization_n
          FROM sizes, shares, generate_series(1, projects) AS n) AS one
  JOIN org USING (organization_n)
  JOIN seats USING (organization_n)
 WHERE seats.seat = floor(1 + org.seats * pg_temp.dice(one.n, 27))::integer;
CREATE UNIQUE INDEX ON project (n);
ANALYZE project;

INSERT INTO app.projects (id, organization_id, name, slug, description, status, visibility, start_date, end_date,
                          created_by, created_at, updated_at, deleted_at)
SELECT project.id, organization_id, initcap(texts.title) || ' ' || n, 'project-' || n, texts.body,
       CASE WHEN is_deleted THEN 'deleted' WHEN is_archived THEN 'archived' ELSE 'active' END, visibility,
       current_date - 380, CASE WHEN n % 2 = 0 THEN current_date - 300 + floor(600 * pg_temp.dice(n, 28))::integer END,
       created_by, now() - interval '380 days', now() - interval '1 day' * pg_temp.dice(n, 29),
       CASE WHEN is_deleted THEN now() - interval '20 days' END
  FROM project
  JOIN texts ON texts.k = 1 + project.n % 5000
 ORDER BY project.n;

INSERT INTO app.project_members (organization_id, project_id, user_id)
SELECT DISTINCT project.organization_id, project.id, seats.user_id
  FROM project
 CROSS JOIN generate_series(1, 8) AS place
  JOIN seats ON seats.organization_n = project.organization_n
            AND seat = floor(1 + project.seats * pg_temp.dice(project.n * 10 + place, 30))::integer
 WHERE visibility = 'private' AND pg_temp.dice(project.n * 10 + place, 31) < 0.6;

-- Tasks ----------------------------------------------------
-- In the order of their creation, as they came. Some projects are busy, most are small.
CREATE TEMP TABLE task AS
SELECT n, pg_temp.id_at('task', n, at) AS id, at AS created_at,
       1 + floor(projects * pg_temp.dice(n, 32) ^ 1.5)::integer AS project_n
  FROM sizes, generate_series(1, tasks) AS n
 CROSS JOIN LATERAL (
       SELECT now() - interval '364 days' * (1 - (n - pg_temp.dice(n, 33)) / tasks::double precision) AS at) AS created;
ANALYZE task;

CREATE TEMP TABLE placed_task AS
SELECT task.n, task.id, task.created_at, project.id AS project_id, project.organization_id, project.organization_n,
       project.seats, project.visibility = 'private' AS is_private,
       CASE WHEN pg_temp.dice(task.n, 34) < 0.1
            THEN lag(task.id, 2) OVER (PARTITION BY project.n ORDER BY task.n) END AS parent_task_id
  FROM task JOIN project ON project.n = task.project_n;
CREATE UNIQUE INDEX ON placed_task (n);
ANALYZE placed_task;

INSERT INTO app.task_ids (id, organization_id, project_id, created_at)
SELECT id, organization_id, project_id, created_at FROM placed_task ORDER BY n;

INSERT INTO app.tasks (id, organization_id, project_id, is_private, parent_task_id, title, description, status,
                       priority, assignee_id, reporter_id, due_date, tags, created_at, updated_at, completed_at,
                       deleted_at)
SELECT task.id, organization_id, project_id, is_private, parent_task_id,
       -- A word that a score of tasks have, as a ticket's number would be.
       texts.title || ' t' || floor(tasks / 20 * pg_temp.dice(task.n, 35)), texts.body, status,
       (ARRAY['low', 'medium', 'high', 'urgent'])[1 + floor(4 * pg_temp.dice(task.n, 36))]::app.task_priority,
       assignee.user_id, reporter.user_id,
       CASE WHEN pg_temp.dice(task.n, 37) < 0.6 THEN created_at + interval '30 days' * pg_temp.dice(task.n, 38) END,
       CASE WHEN task.n % 3 = 0 THEN ARRAY['tag' || task.n % 50] ELSE '{}' END, created_at, created_at,
       CASE WHEN status = 'done' THEN least(created_at + interval '20 days' * pg_temp.dice(task.n, 39), now()) END,
       CASE WHEN pg_temp.dice(task.n, 40) < 0.02 THEN now() END
  FROM sizes, placed_task AS task
 CROSS JOIN LATERAL (
       SELECT (ARRAY['done', 'done', 'done', 'done', 'done', 'done', 'todo', 'todo', 'todo', 'todo', 'in_progress',
                     'in_progress', 'review', 'blocked', 'cancelled'])[1 + floor(15 * pg_temp.dice(task.n, 41))]
       ) AS chosen (status)
  JOIN texts ON texts.k = floor(1 + 5000 * pg_temp.dice(task.n, 42))::integer
  LEFT JOIN seats AS assignee ON assignee.organization_n = task.organization_n
                             AND assignee.seat = floor(1 + 1.25 * task.seats * pg_temp.dice(task.n, 43))::integer
  JOIN seats AS reporter ON reporter.organization_n = task.organization_n
                        AND reporter.seat = floor(1 + task.seats * pg_temp.dice(task.n, 44))::integer
 ORDER BY task.n;

-- What hangs on tasks ----------------------------------------------------
-- Mostly about what is new.
CREATE TEMP TABLE comment AS
SELECT n, at AS created_at, pg_temp.id_at('comment', n, at) AS id,
       greatest(1, ceil(n * (1 - pg_temp.dice(n, 45) ^ 3) * tasks / comments)::integer) AS task_n
  FROM sizes, generate_series(1, comments) AS n
 CROSS JOIN LATERAL (SELECT now() - interval '364 days' * (1 - n / comments::double precision) AS at) AS written;
ANALYZE comment;

CREATE TEMP TABLE placed_comment AS
SELECT comment.n, comment.id, comment.created_at, task.id AS task_id, task.project_id, task.organization_id,
       task.organization_n, task.seats, task.is_private,
       CASE WHEN pg_temp.dice(comment.n, 46) < 0.3
            THEN lag(comment.id) OVER (PARTITION BY task.n ORDER BY comment.n) END AS parent_comment_id
  FROM comment JOIN placed_task AS task ON task.n = comment.task_n;
CREATE UNIQUE INDEX ON placed_comment (n);
ANALYZE placed_comment;

INSERT INTO app.comments (id, organization_id, project_id, is_private, task_id, user_id, parent_comment_id, content,
                          created_at, updated_at, deleted_at)
SELECT comment.id, organization_id, project_id, is_private, task_id, user_id, parent_comment_id, texts.body, created_at,
       created_at, CASE WHEN pg_temp.dice(comment.n, 47) < 0.01 THEN now() END
  FROM placed_comment AS comment
  JOIN texts ON texts.k = floor(1 + 5000 * pg_temp.dice(comment.n, 48))::integer
  JOIN seats ON seats.organization_n = comment.organization_n
            AND seat = floor(1 + comment.seats * pg_temp.dice(comment.n, 49))::integer
 ORDER BY comment.n;

INSERT INTO app.attachments (id, organization_id, project_id, is_private, task_id, comment_id, uploaded_by, file_name,
                             file_size, mime_type, storage_path, created_at)
SELECT pg_temp.id_at('attachment', one.n, comment.created_at), organization_id, project_id, is_private, task_id,
       CASE WHEN pg_temp.dice(one.n, 51) < 0.3 THEN comment.id END, seats.user_id, format('file-%s.pdf', one.n),
       floor(1000000 * pg_temp.dice(one.n, 52)), 'application/pdf', 'files/' || one.n, comment.created_at
  FROM (SELECT n, 1 + floor(comments * pg_temp.dice(n, 50))::integer AS comment_n
          FROM sizes, generate_series(1, attachments) AS n) AS one
  JOIN placed_comment AS comment ON comment.n = comment_n
  JOIN seats ON seats.organization_n = comment.organization_n
            AND seat = floor(1 + comment.seats * pg_temp.dice(one.n, 53))::integer
 ORDER BY comment.created_at;

-- Logs ----------------------------------------------------
INSERT INTO app.notifications (id, user_id, type, title, is_read, read_at, created_at)
SELECT pg_temp.id_at('notification', n, at), pg_temp.id('user', 1 + floor(users * pg_temp.dice(n, 54) ^ 1.3)::integer),
       (ARRAY['assigned', 'mentioned', 'commented', 'due'])[1 + n % 4], texts.title, is_read,
       CASE WHEN is_read THEN at + interval '1 hour' END, at
  FROM sizes, generate_series(1, notifications) AS n
 CROSS JOIN LATERAL (SELECT now() - interval '180 days' * (1 - n / notifications::double precision) AS at,
                            pg_temp.dice(n, 55) < 0.85 AS is_read) AS sent
  JOIN texts ON texts.k = 1 + n % 5000
 ORDER BY n;

INSERT INTO analytics.events (event_type, user_id, organization_id, session_id, properties, created_at)
SELECT (ARRAY['page_view', 'page_view', 'page_view', 'task_created', 'task_done', 'comment_added', 'search', 'login',
              'export', 'upload'])[1 + floor(10 * pg_temp.dice(n, 56))],
       CASE WHEN known THEN pg_temp.id('user', user_n) END, CASE WHEN known THEN org.id END,
       pg_temp.id_at('session', n % sessions + 1, at), jsonb_build_object('path', '/p/' || n % 100), at
  FROM (SELECT n, sessions, 1 + floor(users * pg_temp.dice(n, 57) ^ 1.3)::bigint AS user_n,
               pg_temp.dice(n, 58) < 0.9 AS known,
               now() - interval '60 days' * (1 - n / events::double precision) AS at
          FROM sizes, generate_series(1, events) AS n) AS one
  JOIN (SELECT user_n, min(organization_n) AS organization_n FROM seats GROUP BY user_n) AS home USING (user_n)
  JOIN org USING (organization_n)
 ORDER BY one.n;

INSERT INTO analytics.page_views (user_id, session_id, url, duration_ms, created_at)
SELECT CASE WHEN pg_temp.dice(n, 59) < 0.8
            THEN pg_temp.id('user', 1 + floor(users * pg_temp.dice(n, 60) ^ 1.3)::integer) END,
       pg_temp.id('visit', n / 8), '/p/' || n % 100, floor(60000 * pg_temp.dice(n, 61)),
       now() - interval '60 days' * (1 - n / page_views::double precision)
  FROM sizes, generate_series(1, page_views) AS n
 ORDER BY n;

INSERT INTO audit.audit_log (schema_name, table_name, record_id, action, organization_id, user_id, db_role,
                             transaction_id, old_values, new_values, changed_fields, created_at)
SELECT 'app', 'projects', project.id, 'UPDATE', project.organization_id, seats.user_id, 'platform_app',
       pg_current_xact_id(), '{"status": "active"}', '{"status": "archived"}', '{status}',
       now() - interval '180 days' * (1 - one.n / changes::double precision)
  FROM (SELECT n, changes, 1 + floor(projects * pg_temp.dice(n, 62) ^ 2)::integer AS project_n
          FROM sizes, generate_series(1, changes) AS n) AS one
  JOIN project ON project.n = project_n
  JOIN seats ON seats.organization_n = project.organization_n
            AND seat = floor(1 + project.seats * pg_temp.dice(one.n, 63))::integer
 ORDER BY one.n;

-- What every page asks for must be found without a hint of how it was loaded.
DROP TABLE vocabulary, texts, org, shares, seats, project, task, placed_task, comment, placed_comment;
