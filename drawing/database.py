"""A throw-away database with a service's migrations applied, by the runner's own command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from local import engines
from local.postgres import temporary

_REPOSITORY = Path(__file__).resolve().parents[1]
_PASSWORD = "drawing-only"  # noqa: S105 - of a server on loopback that lives for a minute


class NotMigrated(Exception):
    """The runner did not apply the migrations; what it said is on standard error."""


def services() -> list[str]:
    """The folders under `sql/`."""
    return sorted(path.parent.name for path in (_REPOSITORY / "sql").glob("*/service.toml"))


@contextmanager
def migrated(service: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the service's database, on the newest PostgreSQL that is installed."""
    text = (_REPOSITORY / "sql" / service / "service.toml").read_text(encoding="utf-8")
    roles = [role["name"] for role in tomllib.loads(text)["login_roles"]]
    with temporary(list(engines.installed())[-1], dbname=service) as server:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "ESTATE_SERVICE": service,
            "ESTATE_STACK": "local",
            "PGHOST": server.host,
            "PGPORT": str(server.port),
            "PGDATABASE": service,
            "PGSSLMODE": "disable",
            "MASTER_SECRET": json.dumps({"username": server.user, "password": server.password}),
        } | {f"ROLE_SECRET_{role}": json.dumps({"username": role, "password": _PASSWORD}) for role in roles}
        command = [sys.executable, "-m", "schema", "apply"]
        # Standard output is the picture's.
        done = subprocess.run(command, env=environment, cwd=_REPOSITORY, stdout=sys.stderr, check=False)
        if done.returncode:
            raise NotMigrated(f"python -m schema apply ended with {done.returncode} for {service}; see above")
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            yield connection
