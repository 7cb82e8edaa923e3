"""`dbctl psql`: the right address, role and secret, and then psql itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.aws import Account
from ops.errors import BadInput, OperatorError
from ops.outputs import Service


@dataclass(frozen=True, slots=True)
class Door:
    """Where to connect and as whom; the secret is only named."""

    host: str
    port: int
    database: str
    secret: str


def door(service: Service, *, role: str | None, read_only: bool, direct: bool) -> Door:
    """Which address and secret a connection takes.

    Without options: the application's role through the pooler, as the application connects. `direct` goes to the
    instance itself (with `read_only` to a replica), which roles that are not pooled need.
    """
    secrets = {"master": service.master_secret, **service.role_secrets}
    name = role or default_role(service)
    if name not in secrets:
        raise BadInput(f"{service.name} has no role {name!r}: its roles are {', '.join(secrets)}")
    if not direct:
        database = service.pooler.read_only if read_only else service.pooler.read_write
        return Door(service.pooler.address, service.pooler.port, database, secrets[name])
    if read_only and not service.replicas:
        raise BadInput(f"{service.name} has no replica: leave out --read-only")
    instance = service.replicas[0] if read_only else service.primary
    return Door(instance.address, instance.port, service.database, secrets[name])


def default_role(service: Service) -> str:
    """The role of the application: `<service>_app`."""
    return f"{service.name}_app"


def find_psql(prefer_tls: bool) -> Path:
    """psql on PATH, else the one of the embedded PostgreSQL, which knows no TLS."""
    on_path = shutil.which("psql")
    if on_path:
        return Path(on_path)
    from local import engines  # the local cloud's programs are only looked for when they are needed

    for engine in reversed(engines.installed().values()):
        if (engine.bin / "psql").is_file() and not prefer_tls:
            return engine.bin / "psql"
    raise OperatorError("no psql that can speak TLS is on PATH; Debian, Ubuntu: sudo apt-get install postgresql-client")


def run(account: Account, where: Door, arguments: Sequence[str], *, tls: bool) -> int:
    """Run psql with its own exit code; the password goes through a file of mode 0600 that is gone afterwards."""
    secret = json.loads(account.client("secretsmanager").get_secret_value(SecretId=where.secret)["SecretString"])
    with tempfile.TemporaryDirectory(prefix="dbctl-") as folder:
        passfile = Path(folder) / "pgpass"
        passfile.touch(mode=0o600)
        fields = ("*", "*", "*", secret["username"], secret["password"])
        passfile.write_text(":".join(_escaped(field) for field in fields) + "\n", encoding="utf-8")
        environment = {
            **os.environ,
            "PGHOST": where.host,
            "PGPORT": str(where.port),
            "PGDATABASE": where.database,
            "PGUSER": secret["username"],
            "PGPASSFILE": str(passfile),
            "PGSSLMODE": "require" if tls else "disable",
            "PGAPPNAME": "dbctl",
        }
        return subprocess.run([str(find_psql(prefer_tls=tls)), *arguments], env=environment, check=False).returncode


def _escaped(field: str) -> str:
    """A field of a password file: `:` and `\\` are escaped; `*` stands for anything."""
    return field if field == "*" else field.replace("\\", "\\\\").replace(":", "\\:")
