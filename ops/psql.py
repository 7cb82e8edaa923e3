"""`dbctl psql`: the right address, role and secret, and then psql itself."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.config import Estate
from ops.aws import Account
from ops.errors import BadInput, OperatorError
from ops.interruption import interruption
from ops.outputs import Service

BUNDLE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
"""RDS's authorities in every region. (RDS User Guide: Using SSL/TLS to encrypt a connection)"""


@dataclass(frozen=True, slots=True)
class Door:
    """Where to connect and as whom; the secret is only named."""

    host: str
    port: int
    database: str
    secret: str


def door(service: Service, *, role: str | None, read_only: bool, direct: bool, pooled: Collection[str] | None) -> Door:
    """Which address and secret a connection takes.

    Without options: the application's role through the pooler, as the application connects. `direct` goes to the
    instance itself (with `read_only` to a replica), which roles that are not among the `pooled` ones need.
    """
    secrets = {"master": service.master_secret, **service.role_secrets}
    name = role or default_role(service)
    if name not in secrets:
        raise BadInput(f"{service.name} has no role {name!r}: its roles are {', '.join(secrets)}")
    if not direct and pooled is not None and name not in pooled:
        raise BadInput(f"the pooler does not take {name}, only {', '.join(sorted(pooled))}: add --direct")
    if not direct:
        database = service.pooler.read_only if read_only else service.pooler.read_write
        return Door(service.pooler.address, service.pooler.port, database, secrets[name])
    if read_only and not service.replicas:
        raise BadInput(f"{service.name} has no replica: leave out --read-only")
    instance = service.replicas[0] if read_only else service.primary
    return Door(instance.address, instance.port, service.database, secrets[name])


def pooled_roles(estate: Estate, service: str) -> frozenset[str] | None:
    """The roles that the service's pooler lets through; None where the configuration has the service no more."""
    roles = {row.name: row.login_roles for row in estate.services}.get(service)
    return None if roles is None else frozenset(role.name for role in roles if role.pooled)


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


def sslmode(*, tls: bool, direct: bool, environment: Mapping[str, str] = os.environ) -> str:
    """How psql makes sure of whom it speaks with; BadInput where it would need RDS's authorities and has none.

    An instance shows a certificate of RDS's authorities. The pooler's is made when its task starts, signed by nobody.
    """
    if not tls:
        return "disable"
    if not direct:
        return "require"
    given = environment.get("PGSSLROOTCERT")
    authorities = given or str(Path(environment.get("HOME") or Path.home()) / ".postgresql" / "root.crt")
    if authorities != "system" and not Path(authorities).is_file():
        where = "PGSSLROOTCERT" if given else "PGSSLROOTCERT is not set, and libpq's own place"
        raise BadInput(
            f"{where}: there is no {authorities}; --direct needs RDS's authorities, to know whom it speaks with",
            f"fetch them once: curl --fail --create-dirs --output {authorities} {BUNDLE}",
        )
    return "verify-full"


def run(account: Account, where: Door, arguments: Sequence[str], *, sslmode: str) -> int:
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
            "PGSSLMODE": sslmode,
            "PGAPPNAME": "dbctl",
        }
        if sslmode == "require":
            # With a file of authorities there libpq would hold the pooler's certificate against them all the same.
            environment["PGSSLROOTCERT"] = f"{folder}/none"
        return _to_its_end([str(find_psql(prefer_tls=sslmode != "disable")), *arguments], environment)


def _to_its_end(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run psql until it ends by itself; returns its exit code, as a shell would give it.

    Ctrl-C is psql's: there it cancels one statement, and the session stays. SIGTERM is passed on.
    """
    with interruption.held({signal.SIGTERM: signal.SIGTERM}) as held:
        process = subprocess.Popen(command, env=environment, text=True)
        held.pass_to(process)
        code = process.wait()
    return code if code >= 0 else 128 - code


def _escaped(field: str) -> str:
    """A field of a password file: `:` and `\\` are escaped; `*` stands for anything."""
    return field if field == "*" else field.replace("\\", "\\\\").replace(":", "\\:")
