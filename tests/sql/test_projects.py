"""Private, organisation and public projects: who sees what, and that what hangs on a project follows it."""

from __future__ import annotations

import itertools
import threading
import time
from typing import LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from tests.sql.tenants import NEW_COMMENT, NEW_TASK, Organization

_KINDS = ("projects", "tasks", "comments", "attachments")


def _filled(organization: Organization, visibility: str, by: UUID) -> UUID:
    """A project with a task, a comment and a file on each."""
    project = organization.new_project(visibility, visibility, by)
    comment = organization.comment(task := organization.task(project, by), by)
    organization.file(task, by=by)
    organization.file(None, comment, by)
    return project


def _seen(organization: Organization, user: UUID, project: UUID) -> tuple[int, ...]:
    """How many projects, tasks, comments and attachments of a project a user sees."""
    return tuple(
        organization.value(
            user, f"SELECT count(*) FROM app.{kind} WHERE {'id' if kind == 'projects' else 'project_id'} = %s", project
        )
        for kind in _KINDS
    )


_ALL, _NONE = (1, 1, 1, 2), (0, 0, 0, 0)


def test_a_private_project_is_seen_by_its_creator_those_added_and_admins(acme: Organization) -> None:
    creator, added, member, viewer = (acme.join(role) for role in ("member", "member", "member", "viewer"))
    admin = acme.join("admin")
    project = _filled(acme, "private", creator)
    add = "INSERT INTO app.project_members (organization_id, project_id, user_id) VALUES (%s, %s, %s)"
    acme.rows(creator, add, acme.id, project, added)

    for user in (creator, added, admin, acme.owner):
        assert _seen(acme, user, project) == _ALL
    for user in (member, viewer):
        assert _seen(acme, user, project) == _NONE


def test_an_organisations_project_is_seen_by_every_member_and_nobody_else(
    acme: Organization, other: Organization
) -> None:
    project = _filled(acme, "organization", acme.join("member"))

    assert _seen(acme, acme.join("viewer"), project) == _ALL
    assert _seen(acme, other.owner, project) == _NONE


def test_a_public_project_and_its_tasks_are_seen_by_visitors_too(acme: Organization, other: Organization) -> None:
    project = _filled(acme, "public", acme.owner)

    visitor = acme.database.asked_by("platform_public", None, "SELECT id FROM app.projects")
    assert visitor == [(project,)]
    assert acme.database.asked_by("platform_public", None, "SELECT project_id FROM app.tasks") == [(project,)]
    with pytest.raises(errors.InsufficientPrivilege, match="permission denied for table comments"):
        acme.database.asked_by("platform_public", None, "SELECT id FROM app.comments")
    # Somebody else's application is no visitor: it would show strangers' rows among its own.
    assert _seen(acme, other.owner, project) == _NONE
    assert other.value(other.owner, "SELECT app.can_access_project(%s)", project) is True


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE app.organizations SET deleted_at = now()",
        "UPDATE app.organizations SET status = 'suspended'",
        "UPDATE app.projects SET deleted_at = now()",
        "UPDATE app.projects SET status = 'deleted'",
        "UPDATE app.projects SET visibility = 'organization'",
    ],
)
def test_visitors_see_nothing_that_is_deleted_suspended_or_withdrawn(acme: Organization, change: str) -> None:
    _filled(acme, "public", acme.owner)
    acme.database.run(change)

    for table in ("organizations", "projects", "tasks"):
        assert acme.database.asked_by("platform_public", None, f"SELECT id FROM app.{table}") == []


def test_what_hangs_on_a_project_follows_its_visibility_and_counts_as_untouched(acme: Organization) -> None:
    project, viewer = _filled(acme, "organization", acme.owner), acme.join("viewer")
    touched = "SELECT updated_at FROM app.tasks UNION ALL SELECT updated_at FROM app.comments"
    before = acme.database.rows(touched)

    acme.rows(acme.owner, "SELECT app.set_project_visibility(%s, 'private')", project)
    assert _seen(acme, viewer, project) == _NONE
    acme.rows(acme.owner, "SELECT app.set_project_visibility(%s, 'public')", project)
    assert _seen(acme, viewer, project) == _ALL

    assert acme.database.rows(touched) == before
    assert acme.database.rows(
        "SELECT DISTINCT is_private FROM app.tasks UNION ALL SELECT DISTINCT is_private FROM app.comments"
        " UNION ALL SELECT DISTINCT is_private FROM app.attachments"
    ) == [(False,)] * 3  # fmt: skip


def test_a_task_takes_its_subtasks_comments_and_files_along(acme: Organization) -> None:
    parent, child = acme.task(), acme.task()
    acme.rows(acme.owner, "UPDATE app.tasks SET parent_task_id = %s WHERE id = %s", parent, child)
    comment = acme.comment(child)
    acme.file(child)
    acme.file(None, comment)
    hidden = acme.new_project("hidden", "private")

    acme.rows(acme.owner, "UPDATE app.tasks SET project_id = %s WHERE id = %s", hidden, parent)

    for table in ("tasks", "comments", "attachments"):
        assert acme.database.rows(f"SELECT DISTINCT project_id, is_private FROM app.{table}") == [(hidden, True)]
    assert acme.database.rows("SELECT DISTINCT project_id FROM app.task_ids") == [(hidden,)]


def test_a_subtask_stays_with_its_parent(acme: Organization) -> None:
    parent, child = acme.task(), acme.task()
    elsewhere = acme.new_project("elsewhere")
    acme.rows(acme.owner, "UPDATE app.tasks SET parent_task_id = %s WHERE id = %s", parent, child)

    with pytest.raises(errors.ForeignKeyViolation, match="tasks_parent_fkey"):
        acme.rows(acme.owner, "UPDATE app.tasks SET project_id = %s WHERE id = %s", elsewhere, child)

    acme.rows(acme.owner, "UPDATE app.tasks SET project_id = %s, parent_task_id = NULL WHERE id = %s", elsewhere, child)


def test_parents_and_children_are_moved_in_any_order(acme: Organization) -> None:
    child, parent = acme.task(), acme.task()
    acme.rows(acme.owner, "UPDATE app.tasks SET parent_task_id = %s WHERE id = %s", parent, child)
    elsewhere = acme.new_project("elsewhere")

    acme.rows(acme.owner, "UPDATE app.tasks SET project_id = %s", elsewhere)

    assert acme.database.rows("SELECT DISTINCT project_id FROM app.tasks") == [(elsewhere,)]
    assert acme.database.rows("SELECT DISTINCT project_id FROM app.task_ids") == [(elsewhere,)]


def test_no_task_is_below_itself(acme: Organization) -> None:
    tasks = [acme.task() for _ in range(3)]
    for below, above in itertools.pairwise(tasks):
        acme.rows(acme.owner, "UPDATE app.tasks SET parent_task_id = %s WHERE id = %s", above, below)

    with pytest.raises(errors.CheckViolation, match="cannot be below itself"):
        acme.rows(acme.owner, "UPDATE app.tasks SET parent_task_id = %s WHERE id = %s", tasks[0], tasks[2])


def test_a_task_is_moved_into_a_public_project_by_admins_only(acme: Organization) -> None:
    member = acme.join("member")
    task = acme.task(by=member)
    public = acme.new_project("public", "public")
    move: LiteralString = "UPDATE app.tasks SET project_id = %s WHERE id = %s RETURNING id"

    with pytest.raises(errors.InsufficientPrivilege, match="only an admin moves a task into a public project"):
        acme.rows(member, move, public, task)
    assert acme.rows(acme.owner, move, public, task) == [(task,)]
    assert acme.rows(member, move, acme.project, task) == [(task,)]


def test_who_writes_while_a_projects_visibility_changes_waits_for_it(acme: Organization) -> None:
    task = acme.task()
    with acme.database.login("platform_app") as changing, acme.database.login("platform_app") as writing:
        with changing.transaction():
            changing.execute("SELECT set_config('app.current_user_id', %s, true)", (str(acme.owner),))
            changing.execute("SELECT app.set_project_visibility(%s, 'private')", (acme.project,))
            written = threading.Thread(target=_comment_with, args=(writing, acme, task))
            written.start()
            while not acme.database.rows("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = %s",
                                         writing.info.backend_pid):  # fmt: skip
                time.sleep(0.01)
        written.join()
    assert acme.database.rows("SELECT is_private FROM app.comments") == [(True,)]


def _comment_with(connection: psycopg.Connection, organization: Organization, task: UUID) -> None:
    with connection.transaction():
        connection.execute("SELECT set_config('app.current_user_id', %s, true)", (str(organization.owner),))
        connection.execute(NEW_COMMENT, (organization.id, task))


def test_a_private_project_that_is_not_seen_is_written_no_more_than_one_that_is_not_there(acme: Organization) -> None:
    hidden, member = acme.new_project("hidden", "private"), acme.join("member")
    task = acme.task(hidden)

    for project in (hidden, uuid4()):
        with pytest.raises(errors.InsufficientPrivilege, match='row-level security policy for table "tasks"'):
            acme.rows(member, NEW_TASK, acme.id, project)
    for written_on in (task, uuid4()):
        with pytest.raises(errors.InsufficientPrivilege, match='row-level security policy for table "comments"'):
            acme.rows(member, NEW_COMMENT, acme.id, written_on)


def test_members_write_their_own_tasks_and_admins_all(acme: Organization) -> None:
    reporter, assignee, member, admin = (acme.join(role) for role in ("member", "member", "member", "admin"))
    task = acme.task(by=reporter)
    acme.rows(reporter, "UPDATE app.tasks SET assignee_id = %s WHERE id = %s", assignee, task)
    change = "UPDATE app.tasks SET status = 'in_progress' WHERE id = %s RETURNING id"

    assert acme.rows(member, change, task) == []
    for user in (reporter, assignee, admin, acme.owner):
        assert acme.rows(user, change, task) == [(task,)]
    # Whoever hands a task on need not be one of those who may.
    assert acme.rows(assignee, "UPDATE app.tasks SET assignee_id = %s RETURNING id", member) == [(task,)]
    assert acme.rows(assignee, change, task) == []


def test_a_task_is_assigned_to_members_only(acme: Organization, other: Organization) -> None:
    task = acme.task()
    for somebody in (other.owner, uuid4()):
        with pytest.raises(errors.ForeignKeyViolation, match="tasks_assignee_fkey"):
            acme.rows(acme.owner, "UPDATE app.tasks SET assignee_id = %s WHERE id = %s", somebody, task)


def test_publishing_is_an_admins_decision(acme: Organization) -> None:
    member, admin = acme.join("member"), acme.join("admin")
    project = acme.new_project("m", "private", member)
    publish = "SELECT app.set_project_visibility(%s, 'public')"

    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        acme.new_project("mine", "public", member)
    with pytest.raises(errors.InsufficientPrivilege, match="may not change who sees"):
        acme.rows(member, publish, project)
    acme.rows(member, "SELECT app.set_project_visibility(%s, 'organization')", project)
    acme.rows(admin, publish, project)
    with pytest.raises(errors.InsufficientPrivilege, match="may not change who sees"):
        acme.rows(member, "SELECT app.set_project_visibility(%s, 'private')", project)


def test_a_suspended_organisation_is_read_and_not_written(acme: Organization) -> None:
    task = acme.task()
    acme.database.asked_by("platform_auth", None, "SELECT app.set_organization_status(%s, 'suspended')", acme.id)

    assert acme.rows(acme.owner, "SELECT id FROM app.tasks") == [(task,)]
    assert acme.rows(acme.owner, "UPDATE app.tasks SET title = 'x' RETURNING id") == []
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        acme.task()

    acme.database.asked_by("platform_auth", None, "SELECT app.set_organization_status(%s, 'active')", acme.id)
    acme.task()


def test_answers_outlive_what_they_answer(acme: Organization) -> None:
    member = acme.join("member")
    first = acme.comment(task := acme.task(), member)
    answer = acme.comment(task)
    acme.database.run("UPDATE app.comments SET parent_comment_id = %s WHERE id = %s", first, answer)

    assert acme.rows(member, "DELETE FROM app.comments RETURNING id") == [(first,)]

    assert acme.database.rows("SELECT id, parent_comment_id FROM app.comments") == [(answer, None)]


def test_time_ordered_ids_are_version_7_and_never_go_back(acme: Organization) -> None:
    rows = acme.database.rows("SELECT ops.uuid_v7() FROM generate_series(1, 2000)")
    ids = [row[0] for row in rows]
    assert all((one.version, one.variant) == (7, "specified in RFC 4122") for one in ids)
    # The random half decides between two of the same quarter of a microsecond.
    assert [one.int >> 64 for one in ids] == sorted(one.int >> 64 for one in ids)
    assert len(set(ids)) == 2000
    ((seconds,),) = acme.database.rows(
        "SELECT abs(extract(epoch FROM clock_timestamp())::float8 - %s)", ids[0].int >> 80
    )
    assert seconds > 0
