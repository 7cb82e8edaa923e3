"""A server with FamilyTales' schema and rows, and a pooler before it, for the benchmarks of FamilyTales."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg

from bench.familytales_data import load
from bench.platform_database import SETTINGS, Place
from infra import pgbouncer
from local import engines, paths, roles
from local.addresses import Addresses
from local.processes import Registry, drop_to, give, run_as, wait_for
from local.server import Server
from schema import apply as applying
from schema import folder, history
from schema.connection import connect
from schema.patience import Patience
from schema.report import Report
from schema.session import Session

FOLDER = Path(__file__).resolve().parents[1] / "sql/familytales"
APP = "familytales_app"
_PASSWORD = "benchmark-only"  # noqa: S105 - of a server on loopback that nobody else reaches
_MASTER = "estate_admin"
_NAME = "familytales"


@contextmanager
def familytales(
    major: str, scale: float, *, keep: Path | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Place]:
    """A server of this major with rows. One that is kept in a folder is loaded once for a schema and a scale."""
    with ExitStack() as stack:
        root = keep or Path(tempfile.mkdtemp(prefix="estate-pg-"))
        place = paths.prepare(root)
        if keep is None:
            stack.callback(paths.remove, place)
        addresses = Addresses(place.root, place.real / "addresses.json")
        server = Server(
            name="bench",
            engine=engines.get(major).reachable(place.real / "engines"),
            folder=place.instance("bench"),
            sockets=place.sockets / "bench",
            log=place.logs / "postgres.log",
            address=addresses.get("rds", "bench"),
            port=pgbouncer.POSTGRES_PORT,
            clients=addresses.cidr,
        )
        loaded = place.real / "loaded"
        wanted = f"{major} {scale} {_fingerprint()}"
        is_there = server.exists and loaded.exists() and loaded.read_text() == wanted
        if not is_there:
            loaded.unlink(missing_ok=True)
            server.initialise()
        server.configure({"fsync": "off", "full_page_writes": "off", **SETTINGS, **(settings or {})})
        process = server.start(Registry(place.processes))
        stack.callback(server.stop, process, discard=keep is None)
        found = Place(
            server.address,
            server.port,
            _NAME,
            server.superuser_conninfo.replace("dbname=postgres", f"dbname={_NAME}"),
            lambda role: _PASSWORD,
        )
        if not is_there:
            _migrate(server, found)
            load(found.superuser, scale)
            loaded.write_text(wanted)
        yield found


def _fingerprint() -> str:
    """Of everything that the rows come from and lie in."""
    files = [*sorted((FOLDER / "migrations").iterdir()), *sorted(Path(__file__).parent.glob("familytales_*.sql"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _migrate(server: Server, place: Place) -> None:
    roles.ensure_roles(server.superuser_conninfo, _MASTER, _PASSWORD, _PASSWORD)
    roles.ensure_database(server.superuser_conninfo, _NAME, _MASTER)
    logins = [role["name"] for role in tomllib.loads((FOLDER / "service.toml").read_text())["login_roles"]]
    environment = {
        "ESTATE_SERVICE": "familytales",
        "ESTATE_STACK": "local",
        "PGHOST": place.host,
        "PGPORT": str(place.port),
        "PGDATABASE": _NAME,
        "PGSSLMODE": "disable",
        "MASTER_SECRET": json.dumps({"username": _MASTER, "password": _PASSWORD}),
    } | {f"ROLE_SECRET_{role}": json.dumps({"username": role, "password": _PASSWORD}) for role in logins}
    found = folder.folder_and_settings(FOLDER, environment, with_roles=True)
    patience, report = Patience(), Report(as_json=True)
    with connect(found.settings, patience, report) as connection, redirect_stdout(StringIO()):
        origin = history.origin(environment)
        session = Session(connection, found.folder.service, found.settings, origin, patience, report)
        applying.run(session, found.folder)


# Pooler ----------------------------------------------------
class OldPoolerError(Exception):
    """The pooler would not carry prepared statements on."""


def release(program: str) -> str:
    """The release of an installed PgBouncer; it has to be one that keeps prepared statements."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.findall(r"\d+\.\d+(?:\.\d+)?", said)[0]
    needed = pgbouncer.SINCE["max_prepared_statements"]
    if pgbouncer.release(version) < pgbouncer.release(needed):
        raise OldPoolerError(
            f"{program} is PgBouncer {version}, and prepared statements go through one from {needed} on."
            " Name a newer one with --pgbouncer."
        )
    return str(version)


@contextmanager
def pooled(place: Place, program: str, users: Sequence[tuple[str, str]], connections: int) -> Iterator[Place]:
    """The same database through a PgBouncer in transaction mode, with the estate's settings."""
    host = f"{place.host.rpartition('.')[0]}.200"
    door = pgbouncer.Door(place.dbname, (pgbouncer.Server(place.host, place.port),), connections)
    ini = pgbouncer.ini((door,), place.dbname, release(program), False, 200, connections)
    with tempfile.TemporaryDirectory(prefix="estate-pooler-") as name:
        home = Path(name)
        (home / "userlist.txt").write_text("".join(f'"{user}" "{password}"\n' for user, password in users))
        (home / "pgbouncer.ini").write_text(ini.replace("[pgbouncer]\n", f"[pgbouncer]\nlisten_addr = {host}\n"))
        account = drop_to()
        for path in (home, *home.iterdir()):
            give(path, account)
        with (home / "log").open("w") as log:
            process = subprocess.Popen(  # type: ignore[call-overload]
                [program, "pgbouncer.ini"], cwd=home, stdout=log, stderr=log, **run_as(account)
            )
        passwords = dict(users)
        made = replace(place, host=host, port=pgbouncer.PORT, password_of=passwords.__getitem__)
        try:
            assert wait_for(lambda: _answers(made, users[0][0]), 10), (home / "log").read_text()
            yield made
        finally:
            process.terminate()
            process.wait(10)


def _answers(place: Place, user: str) -> bool:
    try:
        place.login(user).close()
    except psycopg.OperationalError:
        return False
    return True


def scalar(connection: psycopg.Connection[Any], question: bytes) -> Any:
    """The one value that is asked for."""
    row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]
