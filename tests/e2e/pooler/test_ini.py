"""The rendered pgbouncer.ini is one that its release starts with, and the table of releases is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra import config
from infra import pgbouncer as ini
from infra.pgbouncer import Server
from ops.paths import SQL_ROOT
from tests.e2e.pooler import kit
from tests.e2e.pooler.kit import Binary
from tests.unit.infra.recorder import configuration

ADDRESS = "127.45.4.1"
STACKS = ("dev", "prod", "local")


@pytest.mark.parametrize("stack", STACKS)
def test_each_service_of_each_stack_has_an_ini_that_pgbouncer_starts_with(
    stack: str, pgbouncer: Binary, folder: Path, primary: Server
) -> None:
    estate = config.parse(configuration(stack), stack=stack, sql_root=SQL_ROOT)
    for service in estate.services:
        size = service.pooler
        replicas = tuple(Server(f"127.45.4.{9 + n}", 5432) for n in range(service.replicas.count))
        doors = ini.doors(service.name, primary, replicas, size.connections_per_task, pgbouncer.release)
        text = ini.ini(
            doors, service.name, pgbouncer.release, False, size.max_client_connections, size.connections_per_task
        )
        with kit.task(pgbouncer, folder, ADDRESS, text) as task:
            shown = kit.console(task)
            databases = {row["name"]: row for row in shown.show("DATABASES") if row["name"] != "pgbouncer"}
            assert {name: int(row["max_connections"]) for name, row in databases.items()} == {
                door.name: door.connections for door in doors
            }
            settings = {row["key"]: row["value"] for row in shown.show("CONFIG")}
            shown.close()
            assert settings["max_client_conn"] == str(size.max_client_connections)
            assert settings["pool_mode"] == "transaction"
            assert settings["listen_backlog"] == "4096"


def test_the_table_of_releases_says_what_this_release_knows(pgbouncer: Binary, folder: Path, primary: Server) -> None:
    with kit.task(pgbouncer, folder, ADDRESS, kit.ini(pgbouncer, primary)) as task:
        shown = kit.console(task)
        known = {row["key"] for row in shown.show("CONFIG")}
        shown.close()
    mine = ini.release(pgbouncer.release)
    assert known & set(ini.SINCE) == {key for key, since in ini.SINCE.items() if mine >= ini.release(since)}
    # What is written has a default of this release behind it, or is not known to it at all.
    written = {**ini.DEFAULTS, **ini.FORCED, **ini.TLS}
    assert set(written) - set(ini.SINCE) <= known
