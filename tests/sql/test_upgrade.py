"""The platform's later migrations, applied to a database that was in use before them."""

from __future__ import annotations

from pathlib import Path

from tests.sql.databases import Database
from tests.sql.runner import Runner, ending_with

# Two organisations; a task of each kind that the later keys look at; everything written on the first of January 2020.
_ROWS = """
INSERT INTO auth.users (id, email, created_at, updated_at)
SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, n || '@example.com', '2020-01-01', '2020-01-01'
  FROM generate_series(1, 3) AS n;

INSERT INTO app.organizations (id, name, slug, updated_at)
SELECT ('00000000-0000-0000-0001-00000000000' || n)::uuid, 'o' || n, 'o' || n, '2020-01-01'
  FROM generate_series(1, 2) AS n;

INSERT INTO app.organization_members (organization_id, user_id, role)
VALUES ('00000000-0000-0000-0001-000000000001', '00000000-0000-0000-0000-000000000001', 'owner');

INSERT INTO app.projects (id, organization_id, name, slug, visibility, updated_at)
SELECT ('00000000-0000-0000-0002-00000000000' || n)::uuid, '00000000-0000-0000-0001-000000000001', 'p' || n, 'p' || n,
       (ARRAY['private', 'organization'])[n], '2020-01-01'
  FROM generate_series(1, 2) AS n;

-- The first is assigned to a member, the second to somebody who is none; the third lies below the first, in another
-- project; the fourth lies below it in the same.
INSERT INTO app.tasks (id, organization_id, project_id, parent_task_id, title, assignee_id, created_at, updated_at)
SELECT ('00000000-0000-0000-0003-00000000000' || n)::uuid, '00000000-0000-0000-0001-000000000001',
       ('00000000-0000-0000-0002-00000000000' || CASE n WHEN 3 THEN 2 ELSE 1 END)::uuid,
       CASE WHEN n > 2 THEN '00000000-0000-0000-0003-000000000001'::uuid END, 't' || n,
       ('00000000-0000-0000-0000-00000000000' || CASE n WHEN 2 THEN 2 ELSE 1 END)::uuid, '2020-01-01', '2020-01-01'
  FROM generate_series(1, 4) AS n;

INSERT INTO app.comments (id, organization_id, task_id, content, updated_at)
VALUES ('00000000-0000-0000-0004-000000000001', '00000000-0000-0000-0001-000000000001',
        '00000000-0000-0000-0003-000000000003', 'c', '2020-01-01');

INSERT INTO app.attachments (organization_id, task_id, comment_id, file_name, file_size, mime_type, storage_path)
VALUES ('00000000-0000-0000-0001-000000000001', NULL, '00000000-0000-0000-0004-000000000001', 'f', 1, 'x', 'x');

INSERT INTO app.notifications (user_id, type, title, created_at)
VALUES ('00000000-0000-0000-0000-000000000001', 'x', 'x', '2020-01-01');
"""


def test_rows_of_before_keep_their_times_and_are_given_their_projects_privacy(
    database: Database, tmp_path: Path
) -> None:
    earlier = Runner(database, "platform", ending_with("platform", 7, tmp_path))
    earlier.apply()
    database.run(_ROWS)

    Runner(database, "platform").apply()

    assert database.rows(
        "SELECT right(project_id::text, 1), is_private, right(parent_task_id::text, 1), right(assignee_id::text, 1),"
        " updated_at = '2020-01-01', search IS NOT NULL FROM app.tasks ORDER BY id"
    ) == [
        ("1", True, None, "1", True, True),
        ("1", True, None, None, True, True),
        ("2", False, None, "1", True, True),
        ("1", True, "1", "1", True, True),
    ]
    assert database.rows(
        "SELECT right(project_id::text, 1), is_private, updated_at = '2020-01-01' FROM app.comments"
    ) == [("2", False, True)]
    assert database.rows(
        "SELECT right(task_id::text, 1), right(project_id::text, 1), is_private FROM app.attachments"
    ) == [("3", "2", False)]
    for table in ("auth.users", "app.organizations", "app.projects"):
        assert database.rows(f"SELECT DISTINCT updated_at = '2020-01-01' FROM {table}") == [(True,)]


def test_what_lay_in_default_partitions_is_moved_by_the_next_job_and_kept_as_the_policy_says(
    database: Database, tmp_path: Path
) -> None:
    Runner(database, "platform", ending_with("platform", 7, tmp_path)).apply()
    database.run(_ROWS)
    runner = Runner(database, "platform")
    runner.apply()

    assert runner.run("maintain", "partitions").returncode == 0

    # The tasks are open, and so is their month; notifications of 2020 were to be kept for half a year.
    assert database.rows("SELECT DISTINCT tableoid::regclass::text, count(*) FROM app.tasks GROUP BY 1") == [
        ("part.tasks_2020_01", 4)
    ]
    assert database.rows("SELECT count(*) FROM app.comments") == [(1,)]
    assert database.rows("SELECT count(*) FROM app.notifications") == [(0,)]
