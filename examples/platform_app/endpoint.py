"""Where the pooler answers, and with which secrets: from `dbctl`'s outputs, or from the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

ROLES = ("platform_auth", "platform_app", "platform_public")
"""The login service's, the application's and the visitors' role."""

DEFAULT_SSLMODE = "require"
"""Not `verify-full`: the pooler's certificate is made when its task starts, and no authority has signed it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A pooler: its two databases lead to the primary and to a replica."""

    host: str
    port: int
    database: str
    read_only_database: str
    sslmode: str
    passwords: Mapping[str, str] = field(repr=False)


def from_environment(environment: Mapping[str, str] = os.environ) -> Endpoint:
    """`PGHOST`, `PGPORT`, `PGDATABASE`, `PGSSLMODE`, and each role's secret in `ROLE_SECRET_<role>`.

    The variables have the migration runner's names, so one task definition serves both.
    """
    database = environment.get("PGDATABASE", "platform")
    return Endpoint(
        host=environment.get("PGHOST", "localhost"),
        port=int(environment.get("PGPORT", "6432")),
        database=database,
        read_only_database=environment.get("PGDATABASE_RO", f"{database}_ro"),
        sslmode=environment.get("PGSSLMODE", DEFAULT_SSLMODE),
        passwords={role: json.loads(environment[f"ROLE_SECRET_{role}"])["password"] for role in ROLES},
    )


def from_stack(stack: str) -> Endpoint:
    """A deployed stack's pooler, found as `dbctl psql` finds it; the secrets come from Secrets Manager."""
    # The engine takes seconds to import, and is only wanted here.
    from ops.psql import door
    from ops.targets import services_of

    with services_of(stack, "platform") as (target, services):
        service = services["platform"]
        secrets = target.account.client("secretsmanager")
        doors = {role: door(service, role=role, read_only=False, direct=False) for role in ROLES}
        values = {
            role: json.loads(secrets.get_secret_value(SecretId=where.secret)["SecretString"])
            for role, where in doors.items()
        }
        pooler = service.pooler
        return Endpoint(
            host=pooler.address,
            port=pooler.port,
            database=pooler.read_write,
            read_only_database=pooler.read_only,
            sslmode=DEFAULT_SSLMODE if target.estate.tls_required else "disable",
            passwords={role: str(value["password"]) for role, value in values.items()},
        )
