"""PostgreSQL servers of this machine: the cloud's (`Server`), and throw-away ones for tests (`temporary`)."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local import engines, paths, roles
from local.addresses import Addresses
from local.engines import Engine
from local.processes import Registry
from local.server import KIND, STOP_SECONDS, Server, ServerError

__all__ = ["KIND", "STOP_SECONDS", "Server", "ServerError", "Temporary", "temporary"]


@dataclass(frozen=True, slots=True)
class Temporary:
    """A throw-away server for a test, with the master user that RDS would give."""

    host: str
    port: int
    user: str
    password: str
    dbname: str
    superuser_conninfo: str
    engine: Engine

    @property
    def conninfo(self) -> str:
        """How the master user connects."""
        return (
            f"host={self.host} port={self.port} user={self.user} password={self.password} "
            f"dbname={self.dbname} sslmode=disable"
        )


@contextlib.contextmanager
def temporary(
    major: str,
    *,
    dbname: str = "test",
    user: str = "estate_admin",
    settings: Mapping[str, str] | None = None,
) -> Iterator[Temporary]:
    """A server that lives as long as the block; RDS's roles, an own loopback address, no durability."""
    root = Path(tempfile.mkdtemp(prefix="estate-pg-"))
    place = paths.prepare(root)
    addresses = Addresses(place.root, place.real / "addresses.json")
    server = Server(
        name="temporary",
        engine=engines.get(major).reachable(place.real / "engines"),
        folder=place.instance("temporary"),
        sockets=place.sockets / "temporary",
        log=place.logs / "postgres.log",
        address=addresses.get("rds", "temporary"),
        port=5432,
        clients=addresses.cidr,
    )
    password = secrets.token_urlsafe(16)
    registry = Registry(place.processes)
    try:
        server.initialise()
        # The data dies with the block: nothing is gained by waiting for the disk.
        server.configure({"fsync": "off", "full_page_writes": "off", **(settings or {})})
        process = server.start(registry)
        try:
            roles.ensure_roles(server.superuser_conninfo, user, password, secrets.token_urlsafe(16))
            roles.ensure_database(server.superuser_conninfo, dbname, user)
            superuser = server.superuser_conninfo.replace("dbname=postgres", f"dbname={dbname}")
            yield Temporary(server.address, server.port, user, password, dbname, superuser, server.engine)
        finally:
            server.stop(process, discard=True)
    finally:
        paths.remove(place)
