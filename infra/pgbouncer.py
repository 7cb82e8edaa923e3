"""pgbouncer.ini as text: three named maps, rendered sorted, so the same input gives the same text. Pure.

The container's entrypoint adds what only it can know: `listen_addr`, the user list beside the file (from the
injected secrets) and, when client TLS is asked for, the certificate. Nothing here is secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PORT = 6432
POSTGRES_PORT = 5432
# Baked into the image; verify-full needs RDS's own authorities.
CA_BUNDLE = "/etc/ssl/rds/global-bundle.pem"

# Settings that not every release knows, with the first that does; PgBouncer refuses to start on an unknown one.
SINCE: dict[str, str] = {
    "max_prepared_statements": "1.21",  # before it, drivers must not prepare in transaction mode
}

# What an operator could want otherwise; the comment beside each deviation from PgBouncer's default says why.
DEFAULTS: dict[str, str] = {
    "dns_max_ttl": "15",  # PgBouncer's default, pinned: after a failover the address is looked up this soon
    "idle_transaction_timeout": "60",  # a client that forgot to commit holds a server connection and locks
    "log_connections": "0",  # thousands of short client connections a minute drown the log
    "log_disconnections": "0",
    "log_pooler_errors": "1",  # what PgBouncer tells clients is what an operator needs to see
    "max_prepared_statements": "200",  # protocol-level prepares work in transaction mode; 1.21 to 1.23 default to 0
    "min_pool_size": "0",  # idle spare connections would hide the real load in RDS's connection count
    "query_wait_timeout": "30",  # clients queue no longer than their users wait; 0 would queue for ever
    "server_check_delay": "10",  # seconds idle before a connection is tested: a failover leaves dead ones
    "server_connect_timeout": "5",  # a lost zone does not answer; 15 is three clients' patience
    "server_idle_timeout": "600",
    "server_lifetime": "3600",
    "server_login_retry": "2",  # clients get errors at once while PgBouncer waits; 15 outlasts a failover's gap
    "tcp_keepalive": "1",  # the load balancer forgets idle connections without a word
    "tcp_keepcnt": "4",
    "tcp_keepidle": "60",
    "tcp_keepintvl": "15",
    # Milliseconds without an acknowledgement: keepalive does not run while data waits for one, and a primary that is
    # lost without a word would hold its connections for the kernel's quarter of an hour.
    "tcp_user_timeout": "30000",
}

# What the design rests on; no service may change it.
FORCED: dict[str, str] = {
    "auth_file": "userlist.txt",  # beside the ini: the entrypoint starts PgBouncer in that folder
    "auth_type": "scram-sha-256",  # md5 does not reach a SCRAM server, and a stolen md5 verifier is a password
    # JDBC sends the first, libpq clients the second; refusing them refuses the client.
    "ignore_startup_parameters": "extra_float_digits,options",
    "listen_port": str(PORT),
    "pool_mode": "transaction",
    "reserve_pool_size": "0",  # one ceiling, not two
    # Who the user is stands in a setting. A client that sets it for its session instead of its transaction would hand
    # it to whoever gets the connection next, so each transaction ends with this. Not DISCARD ALL: prepared statements
    # stay.
    "server_reset_query": "CLOSE ALL; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all()",
    "server_reset_query_always": "1",
    "unix_socket_dir": "",  # no second door inside the container
}

# TLS on both sides: PgBouncer's own default towards the server is `prefer`, which verifies nothing.
TLS: dict[str, str] = {
    "client_tls_cert_file": "tls.crt",
    "client_tls_key_file": "tls.key",
    "client_tls_protocols": "secure",
    "client_tls_sslmode": "require",
    "server_tls_ca_file": CA_BUNDLE,
    "server_tls_protocols": "secure",
    "server_tls_sslmode": "verify-full",
}


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Door:
    """One name that clients connect to: which server is behind it, and its ceiling in one task."""

    name: str
    server: Server
    connections: int


def doors(database: str, primary: Server, replicas: tuple[Server, ...], per_task: int) -> tuple[Door, ...]:
    """The pooler's databases.

    `<name>` is the primary, `<name>_ro` the first replica (the primary when there is none), `<name>_ro_<n>` each
    replica. PgBouncer limits connections by door, not by server, so doors to one server divide `per_task`.
    """
    main, side = split(per_task)
    if not replicas:
        return (Door(database, primary, main), Door(f"{database}_ro", primary, side))
    first, *others = replicas
    return (
        Door(database, primary, per_task),
        Door(f"{database}_ro", first, main),
        Door(f"{database}_ro_1", first, side),
        *(Door(f"{database}_ro_{number}", server, per_task) for number, server in enumerate(others, start=2)),
    )


def split(per_task: int) -> tuple[int, int]:
    """A ceiling divided between a server's main door and its side door, a quarter to the side."""
    if per_task < 2:
        raise ValueError("two doors need two connections at least")
    side = max(1, per_task // 4)
    return per_task - side, side


def release(version: str) -> tuple[int, ...]:
    """A release as numbers, so that 1.9 comes before 1.18."""
    return tuple(map(int, version.split(".")))


def settings(version: str, tls: bool, service: Mapping[str, str]) -> dict[str, str]:
    """Defaults, then the service's, then the forced ones; without what this release does not know."""
    merged = {**DEFAULTS, **service, **FORCED, **(TLS if tls else {})}
    known = release(version)
    return {key: value for key, value in sorted(merged.items()) if known >= release(SINCE.get(key, "1.0"))}


def ini(
    entries: tuple[Door, ...],
    database: str,
    version: str,
    tls: bool,
    max_client_connections: int,
    default_pool: int,
) -> str:
    """The whole pgbouncer.ini of one service."""
    service = {"default_pool_size": str(default_pool), "max_client_conn": str(max_client_connections)}
    lines = ["[databases]"]
    for door in sorted(entries, key=lambda entry: entry.name):
        lines.append(
            f"{door.name} = host={door.server.host} port={door.server.port} dbname={database}"
            f" pool_size={door.connections} max_db_connections={door.connections}"
        )
    lines += ["", "[pgbouncer]"]
    lines += [f"{key} = {value}".rstrip() for key, value in settings(version, tls, service).items()]
    return "\n".join(lines) + "\n"
