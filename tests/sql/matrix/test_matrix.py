"""The access matrix of the platform's database: every role, every table, every verb, in every standing and place.

What is expected stands in the tables of expected/, for people to read; each test tries one role on one table, and names
every case that came out otherwise.
"""

from __future__ import annotations

import tomllib
from itertools import chain
from pathlib import Path

import pytest

from tests.sql.matrix import cases, trying
from tests.sql.matrix.cast import ASKERS, NOBODY, ORGANIZATIONS, PEOPLE, PROJECTS, id_of, user_id
from tests.sql.matrix.page import page
from tests.sql.matrix.rights import Forgery, Rights, forgeries, rights
from tests.sql.matrix.statements import PARTITIONED, TABLES
from tests.sql.matrix.world import World

_SERVICE = tomllib.loads(Path("sql/platform/service.toml").read_text())
ROLES = [str(role["name"]) for role in _SERVICE["login_roles"]]
_ONLY_READ = {
    str(role["name"])
    for role in _SERVICE["login_roles"]
    if role.get("settings", {}).get("default_transaction_read_only") == "on"
}
# A view has no rows of its own; what may be done with it is tried column by column.
_VIEWS = ["ops.partition_report"]
_SCHEMAS = ["app", "analytics", "audit", "auth", "ops"]

# Without USAGE on a schema nothing in it can be named, whatever is granted there: the partitions above all, for which
# the policies of their parents do not hold.
_SCHEMAS_OF = {
    "platform_app": "app auth analytics authz",
    # In app it calls a function, and reads nothing.
    "platform_auth": "auth app",
    "platform_public": "app auth authz",
    "platform_support": "app auth analytics audit",
    "platform_analytics": "analytics",
    "platform_backup": "app auth analytics audit ops part authz archive public",
    "platform_migrator": "app auth analytics audit ops part authz archive public",
}

_ROLES_AND_TABLES = [pytest.param(role, table, id=f"{role}-{table}") for role in ROLES for table in TABLES]


def _report(tried: int, wrong: list[str]) -> str:
    return f"{len(wrong)} of {tried} cases came out otherwise:\n  " + "\n  ".join(wrong)


@pytest.mark.parametrize(("role", "table"), _ROLES_AND_TABLES)
def test_a_role_gets_of_a_table_exactly_what_it_should(world: World, role: str, table: str) -> None:
    tried, wrong = 0, []
    for row in cases.rows():
        if (row.role, row.table) == (role, table):
            more, otherwise = trying.failures(world, row)
            tried += more
            wrong += otherwise
    assert tried, f"nothing is expected of {role} and {table}"
    assert not wrong, _report(tried, wrong)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_and_writes_exactly_the_columns_that_are_its(world: World, role: str) -> None:
    tried, wrong = 0, []
    with trying.session(world, role, NOBODY) as asking:
        for table in [*TABLES, *_VIEWS]:
            said = rights().get((role, table), Rights(role, table, "rights.txt", "", {}))
            for verb, statement, allowed in trying.columns(world, said):
                tried += 1
                if (refused := asking.refusal(statement)) != (None if allowed else "-"):
                    wrong.append(
                        f"{role}: {verb} of {table} should be {'allowed' if allowed else 'refused'} ({said.source}),"
                        f" and was {'allowed' if refused is None else trying.told(refused)}\n      {statement}"
                    )
    assert tried >= 700
    assert not wrong, _report(tried, wrong)


@pytest.mark.parametrize("forgery", forgeries(), ids=lambda forgery: forgery.sentence.replace(" ", "_"))
def test_nobody_gets_at_what_is_anothers(world: World, forgery: Forgery) -> None:
    wrong = []
    for asker, expected in forgery.outcomes.items():
        statement = forgery.statement.format(
            me=trying.quoted(user_id(asker)),
            org={name: trying.quoted(id_of("organization", name)) for name in ORGANIZATIONS},
            project={
                name: trying.quoted(project.id) for project in PROJECTS if (name := project.name or project.place)
            },
            user={person.name: trying.quoted(id_of("person", person.name)) for person in PEOPLE},
            task={name: trying.quoted(task) for name, task in world.tasks.items()},
            comment={name: trying.quoted(comment) for name, comment in world.comments.items()},
        )
        with trying.session(world, "platform_app", asker) as asking:
            outcome = asking.outcome(statement)
        if str(outcome) != expected:
            wrong.append(f"{asker}: expected {expected}, got {trying.told(outcome)}\n      {statement}")
    assert not wrong, f"{forgery.source} {forgery.sentence}\n" + _report(len(forgery.outcomes), wrong)


@pytest.mark.parametrize("role", sorted(_ONLY_READ))
def test_a_role_that_only_reads_is_told_so_before_its_rights_are_looked_at(world: World, role: str) -> None:
    tried, wrong = 0, []
    with trying.session(world, role, NOBODY, mode="") as asking:
        for table in TABLES:
            # What is in a schema that it may not use is refused even earlier.
            if world.is_view(table) or not world.in_reach(role, table.partition(".")[0]):
                continue
            relation = world.relation(table)
            for statement in (
                f"UPDATE {relation} SET {TABLES[table].update}",
                f"DELETE FROM {relation}",
                f"TRUNCATE {relation}",
            ):
                tried += 1
                outcome = asking.outcome(statement)
                if outcome != "r":
                    wrong.append(f"{role}: got {trying.told(outcome)}\n      {statement}")
    assert tried >= 6
    assert not wrong, _report(tried, wrong)


def test_the_matrix_is_about_every_table_of_the_database(world: World) -> None:
    found = world.database.rows(
        "SELECT oid::regclass::text FROM pg_class"
        " WHERE relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition AND relnamespace::regnamespace::text = ANY (%s)",
        _SCHEMAS,
    )
    leaves = {f"part.{parent.partition('.')[2]}" for parent in PARTITIONED}
    assert {name for (name,) in found} == {*TABLES, *_VIEWS} - leaves

    parents = world.database.rows(
        "SELECT DISTINCT inhparent::regclass::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhparent"
        " WHERE relkind = 'p'"
    )
    assert {name for (name,) in parents} == set(PARTITIONED)


def test_nothing_else_of_the_service_is_in_another_schema(world: World) -> None:
    schemas = world.database.rows(
        "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
    )
    # authz has functions only, archive is empty, and public has the runner's own tables.
    assert {name for (name,) in schemas} == {*_SCHEMAS, "part", "authz", "archive", "public"}
    others = world.database.rows(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm')"
        " AND relnamespace::regnamespace::text IN ('authz', 'archive', 'public')"
        " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')"
    )
    assert [name for (name,) in others if not name.startswith(("_schema_", "_sqlx_"))] == []


@pytest.mark.parametrize(("role", "schemas"), _SCHEMAS_OF.items())
def test_a_role_may_name_what_is_in_its_schemas_only(world: World, role: str, schemas: str) -> None:
    everywhere = [*_SCHEMAS, "part", "authz", "archive", "public"]
    assert {schema for schema in everywhere if world.in_reach(role, schema)} == set(schemas.split())


@pytest.mark.parametrize("parent", PARTITIONED)
def test_what_holds_for_one_partition_holds_for_all_of_a_table(world: World, parent: str) -> None:
    kinds = world.leaf_kinds[parent]
    assert len(kinds) == 1, kinds
    assert kinds[0][1] is True


def test_the_tables_of_expectations_are_whole_and_about_the_roles_of_the_service() -> None:
    assert cases.mistakes() == []
    assert {row.role for row in cases.rows()} == set(ROLES)
    assert {role for role, _ in rights()} == set(ROLES)
    assert set(_SCHEMAS_OF) == set(ROLES)
    assert {table for _, table in rights()} <= {*TABLES, *_VIEWS}
    assert {row.asker for row in cases.rows() if row.role == "platform_app"} == set(ASKERS)
    assert all(set(forgery.outcomes) <= set(ASKERS) for forgery in forgeries())


def test_the_two_tables_of_expectations_say_the_same_of_rights() -> None:
    differences = []
    for row in cases.rows():
        said = rights().get((row.role, row.table))
        codes = zip(*(cell for cell in row.cells.values() if cell != "_"), strict=True)
        for verb, of_verb in zip(cases.VERBS, codes, strict=True):
            allowed = any(code not in "-m" for code in of_verb)
            if allowed != (said is not None and verb[0] in said.by_verb):
                differences.append(f"{row.source} and rights.txt differ about {verb} of {row.table}")
    assert differences == []


def test_no_expectation_goes_unused_and_there_are_many_thousands_of_them(world: World) -> None:
    tried = [case for row in cases.rows() for case in trying.cases(world, row)]
    unused = chain.from_iterable(trying.unused(world, row) for row in cases.rows())

    assert list(unused) == []
    assert len({(case.row.role, case.row.asker, case.row.table, case.verb, case.place) for case in tried}) == len(tried)
    # The number is written down so that a table that is left out by mistake is noticed.
    assert len(tried) == 19_720


def test_every_column_that_is_named_exists(world: World) -> None:
    unknown = [
        f"{said.source}: {said.table} has no column {column}"
        for said in rights().values()
        for right in said.by_verb.values()
        for column in (right.columns or ())
        if column not in world.columns(said.table)
    ]
    assert unknown == []


def test_the_page_about_access_is_current() -> None:
    written = Path("docs/platform_access.md").read_text()
    assert written == page(), "python -m tests.sql.matrix.page > docs/platform_access.md"
