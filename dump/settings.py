"""The task's environment as one value. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from dump.errors import Misconfigured

# Given to psycopg and pg_dump as they are.
_LIBPQ = ("PGHOST", "PGPORT", "PGDATABASE", "PGSSLMODE")
_OPTIONAL = ("PGSSLROOTCERT",)
_OWN = ("ESTATE_SERVICE", "ESTATE_STACK", "DUMP_BUCKET", "DUMP_KEY", "ROLE_SECRET")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is dumped, as whom, and where to."""

    service: str
    stack: str
    bucket: str
    key_arn: str
    libpq: Mapping[str, str]
    """Where the server is, in libpq's own variables; nothing secret."""
    user: str
    password: str = field(repr=False)

    def with_login(self) -> dict[str, str]:
        """The variables of libpq with user and password: for a child's environment, never for arguments."""
        return {**self.libpq, "PGUSER": self.user, "PGPASSWORD": self.password}


def parse(environment: Mapping[str, str]) -> Settings:
    """The settings; Misconfigured names every variable that is missing."""
    missing = [name for name in (*_OWN, *_LIBPQ) if not environment.get(name)]
    if missing:
        raise Misconfigured(f"the task definition gives no {', '.join(missing)}")
    try:
        secret = json.loads(environment["ROLE_SECRET"])
        user, password = secret["username"], secret["password"]
    except (ValueError, TypeError, KeyError):
        # `from None`: the text of a JSON error holds the secret.
        raise Misconfigured("ROLE_SECRET is not a JSON object with username and password") from None
    given = [name for name in (*_LIBPQ, *_OPTIONAL) if environment.get(name)]
    return Settings(
        environment["ESTATE_SERVICE"],
        environment["ESTATE_STACK"],
        environment["DUMP_BUCKET"],
        environment["DUMP_KEY"],
        {name: environment[name] for name in given},
        str(user),
        str(password),
    )
