"""Searches and statistics: the right rows, of the right tenants."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest

from tests.sql.databases import Database
from tests.sql.tenants import Organization

_TASKS: LiteralString = "SELECT title FROM app.search_tasks(%s)"


def _titled(organization: Organization, title: str, project: UUID | None = None) -> None:
    organization.database.run("UPDATE app.tasks SET title = %s WHERE id = %s", title, organization.task(project))


def _found(organization: Organization, user: UUID | None, words: str, query: LiteralString = _TASKS) -> list[str]:
    return [row[0] for row in organization.rows(user, query, words)]


def test_tasks_are_found_by_words_in_any_form_the_newest_first(acme: Organization) -> None:
    for title in ("Paint the house", "painting doors", "sell the house"):
        _titled(acme, title)

    assert _found(acme, acme.owner, "paints") == ["painting doors", "Paint the house"]
    assert _found(acme, acme.owner, "house -sell") == ["Paint the house"]
    assert _found(acme, acme.owner, '"the house" or doors') == ["sell the house", "painting doors", "Paint the house"]


@pytest.mark.parametrize("words", ["", "the", "   ", "'", "a & | !", "\\", ":*", "'x':*"])
def test_words_that_say_nothing_find_nothing(acme: Organization, words: str) -> None:
    _titled(acme, "Paint the house")
    assert _found(acme, acme.owner, words) == []


def test_a_search_finds_what_its_user_may_see(acme: Organization, other: Organization) -> None:
    _titled(acme, "needle here")
    _titled(acme, "needle hidden", acme.new_project("hidden", "private"))
    _titled(other, "needle there")
    both = acme.join("viewer")
    acme.database.run(
        "INSERT INTO app.organization_members (organization_id, user_id, role) VALUES (%s, %s, 'viewer')",
        other.id,
        both,
    )

    assert _found(acme, acme.owner, "needle") == ["needle hidden", "needle here"]
    assert _found(acme, both, "needle") == ["needle there", "needle here"]
    assert _found(acme, None, "needle") == []
    assert acme.rows(both, "SELECT title FROM app.search_tasks('needle', %s)", acme.id) == [("needle here",)]
    assert acme.rows(acme.owner, "SELECT title FROM app.search_tasks('needle', %s)", other.id) == []


def test_words_that_name_another_organisation_find_nothing_of_it(acme: Organization, other: Organization) -> None:
    _titled(other, "secret")
    for words in (str(other.id), f"'{other.id}'", f'"{other.id}"', f"secret {other.id}", f"secret or {other.id}"):
        assert _found(acme, acme.owner, words) == []
    assert _found(other, other.owner, "secret") == ["secret"]


@pytest.mark.parametrize("put_away", ["deleted_at = now()", "status = 'deleted'"])
def test_what_lies_in_a_project_that_was_put_away_is_not_found(acme: Organization, put_away: str) -> None:
    task = acme.task()
    acme.database.run("UPDATE app.tasks SET title = 'needle' WHERE id = %s", task)
    acme.database.run("UPDATE app.comments SET content = 'needle' WHERE id = %s", acme.comment(task))
    acme.database.run("UPDATE app.projects SET name = 'needle'")
    asked: tuple[LiteralString, ...] = (
        "SELECT id FROM app.search_tasks('needle')",
        "SELECT id FROM app.search_comments('needle')",
        "SELECT id FROM app.search_projects('needle')",
    )
    assert [len(acme.rows(acme.owner, query)) for query in asked] == [1, 1, 1]

    acme.database.run(f"UPDATE app.projects SET {put_away}")
    assert [acme.rows(acme.owner, query) for query in asked] == [[], [], []]
    assert acme.rows(acme.owner, "SELECT id FROM app.latest_tasks(%s)", acme.id) == []


def test_comments_of_a_deleted_task_are_not_found(acme: Organization) -> None:
    task = acme.task()
    acme.database.run("UPDATE app.comments SET content = 'needle' WHERE id = %s", acme.comment(task))
    acme.database.run("UPDATE app.tasks SET deleted_at = now() WHERE id = %s", task)
    assert acme.rows(acme.owner, "SELECT id FROM app.search_comments('needle')") == []


def test_limits_are_limits(acme: Organization) -> None:
    acme.database.run(
        "INSERT INTO app.tasks (organization_id, project_id, title) SELECT %s, %s, 'many' FROM generate_series(1, 120)",
        acme.id,
        acme.project,
    )
    for asked, given in ((None, 20), (5, 5), (1000, 100), (0, 0), (-1, 0), ("NULL", 20)):
        limit = "DEFAULT" if asked is None else str(asked)
        query = "SELECT id FROM app.search_tasks('many')" if asked is None else (
            f"SELECT id FROM app.search_tasks('many', NULL, {limit})"
        )  # fmt: skip
        assert len(acme.rows(acme.owner, query)) == given


def test_projects_comments_people_and_organisations_are_found(acme: Organization, other: Organization) -> None:
    acme.new_project("Lighthouse")
    other.new_project("Lighthouse")
    comment = acme.comment(acme.task())
    acme.database.run("UPDATE app.comments SET content = 'a lighthouse keeper' WHERE id = %s", comment)
    acme.database.run("UPDATE auth.users SET first_name = 'Grace', last_name = 'Hopper' WHERE id = %s", acme.owner)
    viewer = acme.join("viewer")

    assert acme.rows(viewer, "SELECT name FROM app.search_projects('lighthouses')") == [("Lighthouse",)]
    assert acme.rows(viewer, "SELECT id FROM app.search_comments('keeper')") == [(comment,)]
    assert acme.rows(viewer, "SELECT id FROM auth.search_users('hop gra')") == [(acme.owner,)]
    assert acme.rows(other.owner, "SELECT id FROM auth.search_users('hop')") == []
    assert acme.rows(viewer, "SELECT id FROM app.search_organizations('acme')") == [(acme.id,)]
    assert acme.rows(viewer, "SELECT id FROM app.search_organizations('other')") == []


def test_the_dashboard_shows_the_newest_tasks_of_one_organisation(acme: Organization, other: Organization) -> None:
    tasks = [acme.task() for _ in range(3)]
    acme.task(acme.new_project("hidden", "private"))
    other.task()
    latest: LiteralString = "SELECT id FROM app.latest_tasks(%s, 2)"

    assert acme.rows(acme.join("viewer"), latest, acme.id) == [(tasks[2],), (tasks[1],)]
    assert len(acme.rows(acme.owner, "SELECT id FROM app.latest_tasks(%s)", acme.id)) == 4
    assert acme.rows(other.owner, latest, acme.id) == []
    assert acme.rows(None, latest, acme.id) == []


@pytest.fixture
def refreshed(acme: Organization) -> Organization:
    """Two finished tasks of four hours and eight, one open, one deleted, two comments; statistics made."""
    member = acme.join("member")
    tasks = [acme.task() for _ in range(4)]
    acme.database.run("UPDATE app.tasks SET assignee_id = %s", member)
    for task, hours in zip(tasks, (4, 8), strict=False):
        acme.database.run(
            "UPDATE app.tasks SET status = 'done', completed_at = created_at + make_interval(hours => %s)"
            " WHERE id = %s",
            hours,
            task,
        )
    acme.database.run("UPDATE app.tasks SET deleted_at = now() WHERE id = %s", tasks[3])
    for _ in range(2):
        acme.comment(tasks[0], member)
    refresh(acme.database)
    return acme


def refresh(database: Database) -> None:
    """What jobs/refresh.sql does."""
    for view in ("project_stats", "user_activity_stats"):
        database.run(f"REFRESH MATERIALIZED VIEW CONCURRENTLY analytics.{view}")


def test_projects_are_counted_without_what_is_deleted(refreshed: Organization) -> None:
    assert refreshed.database.asked_by(
        "platform_analytics",
        None,
        "SELECT total_tasks, completed_tasks, in_progress_tasks, todo_tasks, avg_completion_time_hours::float8"
        " FROM analytics.project_stats WHERE project_id = %s",
        refreshed.project,
    ) == [(3, 2, 0, 1, 6.0)]


def test_an_empty_project_has_no_tasks_and_no_average(refreshed: Organization) -> None:
    project = refreshed.new_project("empty")
    refresh(refreshed.database)
    assert refreshed.rows(
        refreshed.owner,
        "SELECT total_tasks, completed_tasks, avg_completion_time_hours, last_activity_at"
        " FROM analytics.organization_project_stats(%s) WHERE project_id = %s",
        refreshed.id,
        project,
    ) == [(0, 0, None, None)]


def test_people_are_counted_once_however_much_they_did(refreshed: Organization) -> None:
    ((member,),) = refreshed.database.rows("SELECT user_id FROM app.organization_members WHERE role = 'member'")
    mine: LiteralString = (
        "SELECT tasks_assigned, tasks_completed, comments_created, comments_created_last_30"
        " FROM analytics.my_activity_stats()"
    )
    assert refreshed.rows(member, mine) == [(3, 2, 2, 2)]
    assert refreshed.rows(refreshed.owner, mine) == [(0, 0, 0, 0)]
    assert refreshed.rows(None, mine) == []


def test_active_days_are_days_in_utc(acme: Organization) -> None:
    task = acme.task()
    acme.database.run("UPDATE app.tasks SET reporter_id = NULL")
    for moment in ("23:30", "00:30"):
        acme.database.run(
            "INSERT INTO app.comments (organization_id, task_id, user_id, content, created_at) VALUES (%s, %s, %s, 'x',"
            " (date_trunc('day', now() AT TIME ZONE 'UTC') - interval '2 days' + %s::interval) AT TIME ZONE 'UTC')",
            acme.id, task, acme.owner, moment,
        )  # fmt: skip
    with acme.database.master() as connection:
        connection.execute("SET timezone = 'Asia/Tokyo'")
        connection.execute("REFRESH MATERIALIZED VIEW analytics.user_activity_stats")
    assert acme.rows(acme.owner, "SELECT active_days_last_30 FROM analytics.my_activity_stats()") == [(1,)]


def test_statistics_of_an_organisation_are_its_members_and_hide_private_projects(
    refreshed: Organization, other: Organization
) -> None:
    refreshed.new_project("hidden", "private")
    refresh(refreshed.database)
    names: LiteralString = "SELECT project_name FROM analytics.organization_project_stats(%s)"

    assert refreshed.rows(refreshed.owner, names, refreshed.id) == [("hidden",), ("p",)]
    assert refreshed.rows(refreshed.join("viewer"), names, refreshed.id) == [("p",)]
    assert refreshed.rows(other.owner, names, refreshed.id) == []
