"""What refusals tell: a foreign id must be refused in the same words, to the last field, as an id that nobody has."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest

from tests.sql.attacks.world import APP, DENIED, NOBODY_HAS_IT, No, World
from tests.sql.databases import Rows

_TASK = "INSERT INTO app.tasks (organization_id, project_id, parent_task_id, assignee_id, title, reporter_id)"
_COMMENT = "INSERT INTO app.comments (organization_id, task_id, parent_comment_id, user_id, content)"
_FILE = (
    "INSERT INTO app.attachments (organization_id, task_id, comment_id, uploaded_by, file_name, file_size, mime_type,"
    " storage_path)"
)
_PROJECT_MEMBER = "INSERT INTO app.project_members (organization_id, project_id, user_id)"

# What is done, with %(id)s where an id is probed, and whose row the id is of.
WRITES: list[tuple[str, LiteralString]] = [
    ("open", _TASK + " VALUES (%(home)s, %(id)s, NULL, NULL, 't', %(me)s)"),
    ("secret", _TASK + " VALUES (%(home)s, %(id)s, NULL, NULL, 't', %(me)s)"),
    ("public", _TASK + " VALUES (%(home)s, %(id)s, NULL, NULL, 't', %(me)s)"),
    ("acme", _TASK + " VALUES (%(id)s, %(lair)s, NULL, NULL, 't', %(me)s)"),
    ("acme", _TASK + " VALUES (%(id)s, %(public)s, NULL, NULL, 't', %(me)s)"),
    ("open_task", _TASK + " VALUES (%(home)s, %(lair)s, %(id)s, NULL, 't', %(me)s)"),
    ("anna", _TASK + " VALUES (%(home)s, %(lair)s, NULL, %(id)s, 't', %(me)s)"),
    ("anna", _TASK + " VALUES (%(home)s, %(lair)s, NULL, NULL, 't', %(id)s)"),
    ("open", "UPDATE app.tasks SET project_id = %(id)s"),
    ("open", "UPDATE app.tasks SET project_id = %(id)s WHERE id = %(lair_task)s"),
    ("open_task", "UPDATE app.tasks SET parent_task_id = %(id)s"),
    ("anna", "UPDATE app.tasks SET assignee_id = %(id)s"),
    ("open_task", "UPDATE app.tasks SET title = 'mine' WHERE id = %(id)s RETURNING id"),
    ("open_task", "DELETE FROM app.tasks WHERE id = %(id)s RETURNING id"),
    ("open_task", _COMMENT + " VALUES (%(home)s, %(id)s, NULL, %(me)s, 'c')"),
    ("public_task", _COMMENT + " VALUES (%(home)s, %(id)s, NULL, %(me)s, 'c')"),
    ("acme", _COMMENT + " VALUES (%(id)s, %(lair_task)s, NULL, %(me)s, 'c')"),
    ("open_comment", _COMMENT + " VALUES (%(home)s, %(lair_task)s, %(id)s, %(me)s, 'c')"),
    ("anna", _COMMENT + " VALUES (%(home)s, %(lair_task)s, NULL, %(id)s, 'c')"),
    ("anna", "UPDATE app.comments SET mentions = ARRAY[%(id)s::uuid] RETURNING mentions"),
    ("open_task", _FILE + " VALUES (%(home)s, %(id)s, NULL, %(me)s, 'f', 1, 'm', 's')"),
    ("open_comment", _FILE + " VALUES (%(home)s, NULL, %(id)s, %(me)s, 'f', 1, 'm', 's')"),
    ("open_comment", _FILE + " VALUES (%(home)s, %(lair_task)s, %(id)s, %(me)s, 'f', 1, 'm', 's')"),
    ("acme", _FILE + " VALUES (%(id)s, %(lair_task)s, NULL, %(me)s, 'f', 1, 'm', 's')"),
    ("anna", _PROJECT_MEMBER + " VALUES (%(home)s, %(lair)s, %(id)s)"),
    ("secret", _PROJECT_MEMBER + " VALUES (%(home)s, %(id)s, %(me)s)"),
    ("acme", _PROJECT_MEMBER + " VALUES (%(id)s, %(lair)s, %(me)s)"),
    ("secret", "DELETE FROM app.project_members WHERE project_id = %(id)s RETURNING user_id"),
    ("acme", "INSERT INTO analytics.events (event_type, organization_id) VALUES ('x', %(id)s)"),
    ("anna", "INSERT INTO analytics.events (event_type, user_id) VALUES ('x', %(id)s)"),
    ("anna", "INSERT INTO analytics.page_views (url, user_id) VALUES ('x', %(id)s)"),
    ("acme", "INSERT INTO app.projects (organization_id, name, slug, created_by) VALUES (%(id)s, 'n', 'n', %(me)s)"),
    ("anna", "INSERT INTO app.projects (organization_id, name, slug, created_by) VALUES (%(home)s, 'n', 'n', %(id)s)"),
    ("open", "DELETE FROM app.projects WHERE id = %(id)s RETURNING id"),
    ("open", "UPDATE app.projects SET name = 'mine' WHERE id = %(id)s RETURNING id"),
]

CALLS: list[tuple[str, LiteralString]] = [
    ("anna", "SELECT app.set_member(%(home)s, %(id)s, 'admin')"),
    ("anna", "SELECT app.set_member(%(home)s, %(id)s, NULL, 'removed')"),
    ("acme", "SELECT app.set_member(%(id)s, %(anna)s, 'viewer')"),
    ("acme", "SELECT app.set_member(%(id)s, %(me)s, 'owner')"),
    ("acme", "SELECT app.set_member(%(id)s, %(me)s, 'nonsense')"),
    ("secret", "SELECT app.set_project_visibility(%(id)s, 'public')"),
    ("secret", "SELECT app.set_project_visibility(%(id)s, 'nonsense')"),
    ("secret", "SELECT app.set_project_visibility(%(id)s, NULL)"),
    ("acme", "SELECT app.invite_member(%(id)s, 'a@b.example')"),
    ("acme", "SELECT app.invite_member(%(id)s, NULL, 'owner', '1000 years')"),
    ("acme", "SELECT app.delete_organization(%(id)s)"),
    ("ghost", "SELECT app.delete_organization(%(id)s)"),
    ("anna", "SELECT app.notify(%(id)s, 'type', 'title')"),
    ("anna", "SELECT app.notify(%(id)s, NULL, NULL)"),
    ("open", "SELECT app.can_access_project(%(id)s)"),
    ("secret", "SELECT app.can_access_project(%(id)s)"),
    ("haunted", "SELECT app.can_access_project(%(id)s)"),
    ("acme", "SELECT app.is_organization_member(%(id)s)"),
    ("ghost", "SELECT app.is_organization_member(%(id)s)"),
    ("acme", "SELECT app.get_organization_role(%(id)s)"),
    ("acme", "SELECT * FROM app.search_tasks('xylophone', %(id)s)"),
    ("acme", "SELECT * FROM app.search_projects('open', %(id)s)"),
    ("acme", "SELECT * FROM app.search_comments('xylophone', %(id)s)"),
    ("acme", "SELECT * FROM auth.search_users('anna', %(id)s)"),
    ("acme", "SELECT * FROM app.latest_tasks(%(id)s)"),
    ("acme", "SELECT * FROM analytics.organization_project_stats(%(id)s)"),
]


def _answers(
    world: World, attacker: UUID, probed: UUID, query: LiteralString, home: UUID
) -> tuple[Rows | No, Rows | No]:
    """What is said of a foreign id, and of one that nobody has; the ids themselves taken out."""

    def ask(identity: UUID) -> Rows | No:
        said = world.says(attacker, query, id=identity, me=attacker, home=home)
        if isinstance(said, No):
            return No(
                *(
                    getattr(said, name) and getattr(said, name).replace(str(identity), "THE ID")
                    for name in No.__dataclass_fields__
                )
            )
        return [tuple("THE ID" if str(identity) in str(value) else value for value in row) for row in said]

    return ask(probed), ask(NOBODY_HAS_IT)


@pytest.mark.parametrize(("of", "query"), [*WRITES, *CALLS])
def test_a_stranger_tells_a_foreign_id_from_one_that_nobody_has(world: World, of: str, query: LiteralString) -> None:
    foreign, nobodys = _answers(world, world.mallory, getattr(world, of), query, world.evil)

    assert foreign == nobodys


# For a member of the same organisation, a private project that he is not in is as foreign as another tenant.
_HIDDEN: list[tuple[str, LiteralString]] = [
    ("secret", _TASK + " VALUES (%(home)s, %(id)s, NULL, NULL, 't', %(me)s)"),
    ("secret_task", _TASK + " VALUES (%(home)s, %(open)s, %(id)s, NULL, 't', %(me)s)"),
    ("secret_task", _COMMENT + " VALUES (%(home)s, %(id)s, NULL, %(me)s, 'c')"),
    ("secret_comment", _COMMENT + " VALUES (%(home)s, %(open_task)s, %(id)s, %(me)s, 'c')"),
    ("secret_task", _FILE + " VALUES (%(home)s, %(id)s, NULL, %(me)s, 'f', 1, 'm', 's')"),
    ("secret_comment", _FILE + " VALUES (%(home)s, NULL, %(id)s, %(me)s, 'f', 1, 'm', 's')"),
    ("secret_comment", _FILE + " VALUES (%(home)s, %(open_task)s, %(id)s, %(me)s, 'f', 1, 'm', 's')"),
    ("secret", _PROJECT_MEMBER + " VALUES (%(home)s, %(id)s, %(me)s)"),
    ("secret", _PROJECT_MEMBER + " VALUES (%(home)s, %(id)s, %(me)s) ON CONFLICT DO NOTHING"),
    ("secret", "SELECT app.set_project_visibility(%(id)s, 'organization')"),
    ("secret", "SELECT app.set_project_visibility(%(id)s, 'nonsense')"),
    ("secret", "SELECT app.can_access_project(%(id)s)"),
    ("secret_task", "UPDATE app.tasks SET title = 'mine' WHERE id = %(id)s RETURNING id"),
    ("secret_comment", "DELETE FROM app.comments WHERE id = %(id)s RETURNING id"),
    ("secret", "DELETE FROM app.project_members WHERE project_id = %(id)s RETURNING user_id"),
]


@pytest.mark.parametrize(("of", "query"), _HIDDEN)
def test_a_colleague_tells_a_hidden_private_project_from_one_that_is_not_there(
    world: World, of: str, query: LiteralString
) -> None:
    hidden, nobodys = _answers(world, world.nina, getattr(world, of), query, world.acme)

    assert hidden == nobodys


def test_a_colleague_moves_his_task_into_a_hidden_project_to_see_whether_it_is_there(world: World) -> None:
    def say(project: UUID) -> No:
        with world.inside(world.nina) as nina:
            nina.rows(_TASK + " VALUES (%(acme)s, %(open)s, NULL, %(nina)s, 'mine', %(nina)s)")
            return nina.refused("UPDATE app.tasks SET project_id = %(id)s WHERE reporter_id = %(nina)s", id=project)

    assert say(world.secret) == say(NOBODY_HAS_IT)
    assert say(world.secret).short == (DENIED, 'new row violates row-level security policy for table "tasks"')


def test_an_admin_asks_about_accounts_outside_of_his_organisation(world: World) -> None:
    """set_member, notify and assignments say the same of a stranger's account as of none."""
    for query in (
        "SELECT app.set_member(%(acme)s, %(id)s, 'member')",
        "SELECT app.notify(%(id)s, 'x', 'x')",
        "UPDATE app.tasks SET assignee_id = %(id)s WHERE id = %(open_task)s",
        _PROJECT_MEMBER + " VALUES (%(acme)s, %(secret)s, %(id)s)",
    ):
        stranger, nobody = _answers(world, world.adam, world.eve, query, world.acme)
        assert stranger == nobody, query


def test_whether_an_address_has_an_account_is_not_told_by_an_invitation(world: World) -> None:
    with world.inside(world.adam) as adam:
        taken = adam.rows("SELECT length(app.invite_member(%(acme)s, 'eve@secret.example'))")
        free = adam.rows("SELECT length(app.invite_member(%(acme)s, 'nobody@secret.example'))")

    assert taken == free == [(64,)]


def test_whether_an_address_has_an_account_is_not_told_by_a_token(world: World) -> None:
    """A wrong token, a used one and somebody else's are refused in the same words."""
    with world.inside(world.anna) as somebody:
        token = somebody.rows("SELECT app.invite_member(%(acme)s, 'guest@secret.example')")[0][0]
        somebody.become(world.eve)
        for_another = somebody.refused("SELECT app.accept_invitation(%(token)s)", token=token)
        wrong = somebody.refused("SELECT app.accept_invitation('wrong')")

    assert for_another == wrong
    assert wrong.short == (DENIED, "this invitation cannot be accepted")


def test_choosing_ids_oneself_to_learn_from_a_conflict_that_they_are_taken(world: World) -> None:
    for query in (
        "INSERT INTO app.projects (id, organization_id, name, slug, created_by)"
        " VALUES (%(open)s, %(evil)s, 'n', 'n', %(mallory)s) ON CONFLICT (id) DO NOTHING",
        "INSERT INTO app.tasks (id, organization_id, project_id, title, reporter_id)"
        " VALUES (%(open_task)s, %(evil)s, %(lair)s, 't', %(mallory)s) ON CONFLICT DO NOTHING",
        "INSERT INTO app.comments (id, organization_id, task_id, user_id, content)"
        " VALUES (%(open_comment)s, %(evil)s, %(lair_task)s, %(mallory)s, 'c') ON CONFLICT (id) DO NOTHING",
        "INSERT INTO app.attachments (id, organization_id, task_id, uploaded_by, file_name, file_size, mime_type,"
        " storage_path) VALUES (%(open_file)s, %(evil)s, %(lair_task)s, %(mallory)s, 'f', 1, 'm', 's')",
        "UPDATE app.tasks SET id = %(open_task)s",
        "UPDATE app.projects SET id = %(open)s",
    ):
        said = world.refused(world.mallory, query)
        assert said.sqlstate == DENIED, query
        assert said.message is not None
        assert said.message.startswith("permission denied for table "), query


def test_overwriting_a_hidden_project_by_an_upsert_on_its_slug(world: World) -> None:
    upsert: LiteralString = (
        "INSERT INTO app.projects (organization_id, name, slug, created_by) VALUES (%(acme)s, 'n', 'secret', %(nina)s)"
        " ON CONFLICT (organization_id, slug) WHERE deleted_at IS NULL DO UPDATE SET description = 'mine' RETURNING *"
    )

    assert world.refused(world.nina, upsert) == No(
        DENIED, 'new row violates row-level security policy (USING expression) for table "projects"'
    )
    assert len(world.ask(world.anna, upsert.replace("%(nina)s", "%(anna)s"))) == 1


def test_the_detail_of_a_refusal_quotes_no_foreign_row(world: World) -> None:
    """A conflict with a row one may not see names the constraint, not the row."""
    taken = world.refused(
        world.nina,
        "INSERT INTO app.projects (organization_id, name, slug, created_by) VALUES (%(acme)s, 'n', 'secret', %(nina)s)",
    )

    assert taken.short == ("23505", 'duplicate key value violates unique constraint "projects_slug_key"')
    assert (taken.detail, taken.hint, taken.context) == (None, None, None)


@pytest.mark.parametrize("garbage", ["not-a-uuid", "'; DROP TABLE app.tasks; --", "%", "0", "null", " "])
def test_a_user_that_is_no_uuid_is_an_error_and_never_nobody(world: World, garbage: str) -> None:
    with world.inside(None) as attacker:
        attacker.become(garbage)
        for query in ("SELECT * FROM app.tasks", "SELECT app.create_organization('n', 'n')", "TABLE app.projects"):
            assert attacker.refused(query).sqlstate == "22P02"


def test_without_a_user_every_table_is_empty_and_every_function_refuses(world: World) -> None:
    with world.inside(None) as nobody:
        for table in ("organizations", "organization_members", "projects", "project_members", "tasks", "comments",
                      "attachments", "notifications"):  # fmt: skip
            query: LiteralString = "SELECT * FROM app." + table
            assert nobody.rows(query) == []
        assert nobody.rows("SELECT id FROM auth.users") == []
        for call in CALLS:
            said = nobody.says(call[1], id=getattr(world, call[0]), me=NOBODY_HAS_IT, home=world.acme)
            assert isinstance(said, No) or said in ([], [(False,)], [(None,)]), call


def test_platform_app_is_the_role_that_all_of_this_was_asked_as(world: World) -> None:
    assert world.ask(world.anna, "SELECT current_user::text, session_user::text") == [(APP, APP)]
