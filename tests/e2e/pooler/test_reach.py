"""`schema reach`: what the smoke check finds out by going through a real pooler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from infra import pgbouncer as ini
from infra.pgbouncer import Server
from local.postgres import Temporary
from schema import reach
from schema.errors import BadInput
from schema.report import Report
from schema.settings import Login, Settings
from tests.e2e.pooler import kit
from tests.e2e.pooler.kit import Binary

ADDRESS = "127.45.5.9"
OTHER, OTHERS_PASSWORD = "shop_auth", "an'other"


def settings(passwords: Mapping[str, str]) -> Settings:
    """What the schema task knows: a secret for each role."""
    roles = tuple(Login(name, password) for name, password in passwords.items())
    return Settings("127.0.0.1", 5432, kit.SERVICE, "disable", None, Login("estate_admin", "unused"), roles)


@contextmanager
def pooler(used: Binary, folder: Path, primary: Server, roles: Mapping[str, str]) -> Iterator[None]:
    """A pooler whose two doors lead to the primary, as they do without replicas."""
    doors = ini.doors(kit.SERVICE, primary, (), 20, used.release)
    with kit.task(used, folder, ADDRESS, kit.ini_of(used, doors), roles=roles):
        yield


@pytest.fixture
def both(postgres: Temporary) -> dict[str, str]:
    """A second role beside the one that the server has, and the passwords that are right everywhere."""
    with psycopg.connect(postgres.superuser_conninfo, autocommit=True) as connection:
        role = sql.Identifier(OTHER)
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(OTHERS_PASSWORD)))
    return {kit.ROLE: kit.PASSWORD, OTHER: OTHERS_PASSWORD}


def ask(passwords: Mapping[str, str], roles: list[str], replicas: int = 0) -> list[str]:
    """The lines of one run."""
    report = Report()
    reach.run(settings(passwords), ADDRESS, ini.PORT, reach.doors(kit.SERVICE, replicas), roles, report)
    return report.said


def test_every_role_gets_through_every_door(
    pgbouncer: Binary, folder: Path, primary: Server, both: dict[str, str]
) -> None:
    with pooler(pgbouncer, folder, primary, both):
        heading, *rows, last = ask(both, [kit.ROLE, OTHER])
    assert heading.split() == ["door", "role", "state", "what", "it", "met"]
    assert [tuple(row.split()[:3]) for row in rows] == [
        (door, role, "reached") for door in (kit.SERVICE, f"{kit.SERVICE}_ro") for role in (kit.ROLE, OTHER)
    ]
    assert all("the primary" in row for row in rows)
    assert last == f"4 ways through {ADDRESS}:{ini.PORT}"


def test_a_password_that_only_the_pooler_has_is_found(
    pgbouncer: Binary, folder: Path, primary: Server, both: dict[str, str]
) -> None:
    rotated = {**both, OTHER: "rotated"}
    with pooler(pgbouncer, folder, primary, rotated), pytest.raises(reach.NotReached) as failed:
        ask(rotated, [kit.ROLE, OTHER])
    assert [problem.split(" at ")[0] for problem in failed.value.problems] == [OTHER, OTHER]
    assert all("authentication failed" in problem for problem in failed.value.problems)
    assert not any("rotated" in problem for problem in failed.value.problems)


def test_a_password_that_the_pooler_has_not_is_found(
    pgbouncer: Binary, folder: Path, primary: Server, both: dict[str, str]
) -> None:
    with pooler(pgbouncer, folder, primary, both), pytest.raises(reach.NotReached) as failed:
        ask({**both, kit.ROLE: "old"}, [kit.ROLE])
    assert len(failed.value.problems) == 2
    assert all("authentication failed" in problem for problem in failed.value.problems)


def test_a_reading_door_that_leads_to_the_primary_is_found_where_there_are_replicas(
    pgbouncer: Binary, folder: Path, primary: Server, both: dict[str, str]
) -> None:
    with pooler(pgbouncer, folder, primary, both), pytest.raises(reach.NotReached) as failed:
        ask(both, [kit.ROLE], replicas=1)
    problem, single = failed.value.problems
    assert single.startswith(f"{kit.ROLE} at {kit.SERVICE}_ro_1 of {ADDRESS}:{ini.PORT}: ")
    assert "no such database" in single
    assert problem.startswith(f"{kit.ROLE} at {kit.SERVICE}_ro of {ADDRESS}:{ini.PORT}: PostgreSQL ")
    assert problem.endswith("the other kind of server should answer here")


def test_nobody_answers_where_there_is_no_pooler(both: dict[str, str]) -> None:
    with pytest.raises(reach.NotReached) as failed:
        ask(both, [kit.ROLE])
    assert len(failed.value.problems) == 2
    assert all("Connection refused" in problem for problem in failed.value.problems)


def test_the_doors_are_those_that_the_pooler_has(primary: Server) -> None:
    replicas = tuple(Server(f"127.0.0.{number}", 5432) for number in (2, 3))
    for servers in ((), replicas):
        made = ini.doors(kit.SERVICE, primary, servers, 20, "1.26")
        assert {door.name for door in made} == {door.name for door in reach.doors(kit.SERVICE, len(servers))}


def test_a_role_without_a_secret_is_named_before_anything_is_asked(both: dict[str, str]) -> None:
    with pytest.raises(BadInput) as bad:
        ask(both, ["shop_batch", kit.ROLE])
    assert bad.value.problems == (
        f"no secret is known of the role shop_batch: the roles of the service are {kit.ROLE}, {OTHER}",
    )
