"""What the container's environment says: where the database is and with which secrets. Every problem at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schema import secrets
from schema.errors import BadInput

# verify-full or nothing: a mode in between encrypts, but to whoever answers.
_SSL_MODES = ("verify-full", "disable")
_CARELESS = ("local", "dev")


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and its password; the password never shows in repr, hence not in a traceback either."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the environment decides about a run."""

    host: str
    port: int
    database: str
    sslmode: str
    sslrootcert: str | None
    master: Login
    roles: tuple[Login, ...]
    stack: str = ""
    """Which stack the database belongs to; empty when nobody said so."""

    @property
    def careful(self) -> bool:
        """Whether what takes something back must be named in full: everywhere but in the stacks for trying things."""
        return self.stack not in _CARELESS


class _Reader:
    """Takes values out of an environment and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.problems: list[str] = []

    def text(self, name: str, mend: str) -> str:
        value = self.environment.get(name, "").strip()
        if not value:
            self.problems.append(f"{name} is not set; {mend}")
        return value

    def port(self, name: str, default: str) -> int:
        value = self.environment.get(name, default)
        if value.isascii() and value.isdigit() and len(value) <= 5 and 0 < int(value) < 65536:
            return int(value)
        self.problems.append(f"{name}={value!r} is no port; set it to a number from 1 to 65535")
        return 0

    def login(self, name: str, username: str | None = None) -> Login:
        """Read a secret. No message may quote any part of its text: it is a password or may contain one."""
        value = self.text(name, 'set it to the secret\'s JSON, {"username": …, "password": …}, or to its ARN')
        if not value:
            return Login("", "")
        if secrets.is_arn(value):
            try:
                value = secrets.fetch(value)
            except secrets.SecretNotRead as reason:
                self.problems.append(f"{name} {reason}")
                return Login("", "")
        try:
            data = json.loads(value)
        except ValueError:
            data = None
        if not isinstance(data, dict) or not all(
            isinstance(data.get(k), str) and data[k] for k in ("username", "password")
        ):
            self.problems.append(
                f'{name} is not the JSON {{"username": …, "password": …}} with two texts; correct the secret'
            )
            return Login("", "")
        if username is not None and data["username"] != username:
            self.problems.append(
                f"{name} holds a secret of another user than {username}; give it the secret of {username}"
            )
        if "\0" in data["password"] or not data["password"].isprintable():
            self.problems.append(f"{name} has a control character, or half of one, in its password; make a new secret")
        return Login(data["username"], data["password"])

    def sslmode(self) -> tuple[str, str | None]:
        mode = self.text("PGSSLMODE", f"set it to {' or '.join(_SSL_MODES)}")
        root = self.environment.get("PGSSLROOTCERT") or None
        if mode and mode not in _SSL_MODES:
            self.problems.append(f"PGSSLMODE={mode!r} is not allowed; set it to {' or '.join(_SSL_MODES)}")
        if mode == "verify-full" and root is None:
            self.problems.append("PGSSLROOTCERT is not set; verify-full needs the file of the certificate authority")
        elif mode == "verify-full" and root not in (None, "system") and not Path(str(root)).is_file():
            self.problems.append(f"PGSSLROOTCERT={root}: there is no such file; correct the path")
        return mode, root if mode == "verify-full" else None


def service_name(environment: Mapping[str, str]) -> str:
    """Name of the service to work on; it decides which secrets must be there, so it is read first."""
    reader = _Reader(environment)
    name = reader.text("ESTATE_SERVICE", "set it to the name of a folder in sql/")
    if name and not name.replace("_", "").isalnum():
        reader.problems.append(f"ESTATE_SERVICE={name!r} is no folder in sql/; set it to one")
    if reader.problems:
        raise BadInput(reader.problems)
    return name


def load(environment: Mapping[str, str], role_names: Sequence[str]) -> Settings:
    """Read the environment, with one secret for each of the roles named; raise BadInput with every problem."""
    reader = _Reader(environment)
    mode, root = reader.sslmode()
    settings = Settings(
        host=reader.text("PGHOST", "set it to the address of the instance"),
        port=reader.port("PGPORT", "5432"),
        database=reader.text("PGDATABASE", "set it to the name of the database"),
        sslmode=mode,
        sslrootcert=root,
        master=reader.login("MASTER_SECRET"),
        roles=tuple(reader.login(f"ROLE_SECRET_{name}", name) for name in role_names),
        stack=environment.get("ESTATE_STACK", "").strip(),
    )
    if reader.problems:
        raise BadInput(reader.problems)
    return settings
