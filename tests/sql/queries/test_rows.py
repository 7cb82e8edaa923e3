"""The queries answer what there is, to whoever may see it."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.queries.conftest import QUERIES, Query, World

# What the owner of an organisation, who is in no other, shall get from a function: asked of the tables themselves.
_EXPECTED: dict[str, LiteralString] = {
    "search_tasks": """SELECT id FROM app.tasks
        WHERE search @@ websearch_to_tsquery('english', %(words)s) AND organization_id = %(organization)s
          AND project_id IN (SELECT id FROM app.projects WHERE deleted_at IS NULL AND status <> 'deleted')
          AND deleted_at IS NULL ORDER BY created_at DESC LIMIT 20""",
    "search_projects": """SELECT id FROM app.projects
        WHERE search @@ websearch_to_tsquery('english', %(words)s) AND organization_id = %(organization)s
          AND deleted_at IS NULL ORDER BY created_at DESC LIMIT 20""",
    "search_comments": """SELECT id FROM app.comments
        WHERE search @@ websearch_to_tsquery('english', %(words)s) AND organization_id = %(organization)s
          AND project_id IN (SELECT id FROM app.projects WHERE deleted_at IS NULL AND status <> 'deleted')
          AND deleted_at IS NULL ORDER BY created_at DESC LIMIT 20""",
    "search_colleagues": """SELECT account.id FROM auth.users AS account
          JOIN app.organization_members AS member ON member.user_id = account.id
        WHERE organization_id = %(organization)s AND member.status = 'active' AND account.status = 'active'
          AND (email ILIKE %(name)s || '%%' OR first_name ILIKE %(name)s || '%%')
        ORDER BY last_name, first_name, email LIMIT 20""",
    "search_organizations": """SELECT id FROM app.organizations
        WHERE id = %(organization)s AND search @@ websearch_to_tsquery('english', %(words)s)""",
    "latest_tasks": """SELECT id FROM app.tasks WHERE organization_id = %(organization)s AND deleted_at IS NULL
          AND project_id IN (SELECT id FROM app.projects WHERE deleted_at IS NULL AND status <> 'deleted')
        ORDER BY created_at DESC LIMIT 20""",
    "organization_project_stats": """SELECT id FROM app.projects
        WHERE organization_id = %(organization)s AND deleted_at IS NULL ORDER BY name""",
    "visible_task_count": """SELECT count(*) FROM app.tasks
        WHERE organization_id = %(organization)s AND deleted_at IS NULL""",
    "public_project_tasks": """SELECT id FROM app.tasks WHERE project_id = %(public_project)s AND deleted_at IS NULL
        ORDER BY created_at DESC LIMIT 50""",
}
# These are not about anything that is named, so they answer a stranger with what is his.
_ABOUT_ONESELF = {"visible_task_count", "search_organizations"}
# Whether somebody of the organisation has the word in its own name is chance.
_MAY_BE_EMPTY = {"search_organizations"}


def test_it_answers_what_the_tables_hold(world: World, query: Query) -> None:
    answer = world.ask(query)

    with world.superuser() as superuser:
        superuser.execute("SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off")
        text = _EXPECTED.get(query.name, query.text)
        expected = superuser.execute(text, world.values(query)).fetchall()
    if query.name in _EXPECTED:
        answer = [row[:1] for row in answer]
    assert answer == expected
    assert answer or query.name in _MAY_BE_EMPTY


@pytest.mark.parametrize(
    "name", [name for name, query in QUERIES.items() if query.role == "platform_app" and name not in _ABOUT_ONESELF]
)
def test_it_answers_a_stranger_nothing(world: World, name: str) -> None:
    assert world.ask(QUERIES[name], user="stranger") == []


def test_every_query_says_what_it_answers(query: Query) -> None:
    assert query.text.decode().startswith("-- ")
    assert not query.text.decode().startswith(("-- role", "-- uses"))
