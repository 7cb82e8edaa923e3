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

# Settings of [pgbouncer] that not every release knows, with the first that does: PgBouncer refuses to start on an
# unknown one. All that came after 1.18, from the changelog and the settings table of each release, so that a setting
# can be added to the maps below without a further thought about releases.
SINCE: dict[str, str] = {
    "auth_dbname": "1.19",
    "cancel_wait_timeout": "1.19",
    "peer_id": "1.19",
    "track_extra_parameters": "1.20",
    "max_prepared_statements": "1.21",  # before it, drivers must not prepare in transaction mode
    "auth_ident_file": "1.23",
    "max_db_client_connections": "1.24",
    "max_user_client_connections": "1.24",
    "auth_ldap_options": "1.25",
    "client_tls13_ciphers": "1.25",
    "query_wait_notify": "1.25",
    "scram_iterations": "1.25",
    "server_tls13_ciphers": "1.25",
    "transaction_timeout": "1.25",
    "login_notify_message": "1.26",
    "pool_idle_timeout": "1.26",
}

# Every release gives connections to a list of hosts in turn. But until 1.25 it took the whole list for the name in the
# server's certificate, so that verify-full refused every host in it.
HOST_LISTS_SINCE = "1.25"
# Whoever may look at the console and change nothing: a role of PgBouncer's alone, made by the container's entrypoint.
VIEWER = "pooler_stats"

# What an operator could want otherwise; the comment beside each deviation from PgBouncer's default says why.
DEFAULTS: dict[str, str] = {
    "dns_max_ttl": "15",  # PgBouncer's default, pinned: after a failover the address is looked up this soon
    "idle_transaction_timeout": "60",  # a client that forgot to commit holds a server connection and locks
    # Connections that wait to be accepted. After a task ended, its clients come all at once, and 128 are soon too few:
    # the kernel drops the rest, who try again after one second, three, seven. 4096 is the most that Linux takes.
    "listen_backlog": "4096",
    "log_connections": "0",  # thousands of short client connections a minute drown the log
    "log_disconnections": "0",
    "log_pooler_errors": "1",  # what PgBouncer tells clients is what an operator needs to see
    "max_prepared_statements": "200",  # protocol-level prepares work in transaction mode; 1.21 to 1.23 default to 0
    "min_pool_size": "0",  # idle spare connections would hide the real load in RDS's connection count
    "query_wait_timeout": "30",  # clients queue no longer than their users wait; 0 would queue for ever
    "server_check_delay": "10",  # seconds idle before a connection is tested: a failover leaves dead ones
    "server_connect_timeout": "5",  # a lost zone does not answer; 15 is three clients' patience
    "server_idle_timeout": "600",  # a peak's connections stay for the next one, ten minutes long
    "server_lifetime": "3600",  # what a connection's backend cached is given back once an hour
    "stats_period": "60",  # PgBouncer's default, pinned: averages over the minute that the exporter prints
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
    "stats_users": VIEWER,
    "unix_socket_dir": "",  # no second door inside the container
}

# TLS on both sides: PgBouncer's own default towards the server is `prefer`, which verifies nothing.
TLS: dict[str, str] = {
    # Clients have no certificates. Without it the names of all authorities that PgBouncer was built with are sent in
    # each handshake, 17 KiB instead of 1, and it does not start where their file is missing.
    "client_tls_ca_file": "tls.crt",
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
    """One name that clients connect to: the servers behind it, in turn, and its ceiling in one task."""

    name: str
    servers: tuple[Server, ...]
    connections: int


def doors(
    database: str, primary: Server, replicas: tuple[Server, ...], per_task: int, version: str
) -> tuple[Door, ...]:
    """The pooler's databases.

    `<name>` is the primary; `<name>_ro` has all replicas behind it (the primary when there is none); `<name>_ro_<n>` is
    each replica by itself. PgBouncer limits connections by door, not by server, so the two doors
    to one server divide `per_task`. Releases without host lists have the first replica alone behind `<name>_ro`.
    """
    main, side = split(per_task)
    if not replicas:
        return (Door(database, (primary,), main), Door(f"{database}_ro", (primary,), side))
    listed = replicas if release(version) >= release(HOST_LISTS_SINCE) else replicas[:1]
    return (
        Door(database, (primary,), per_task),
        # All its connections may be to any one of them.
        Door(f"{database}_ro", listed, main),
        *(
            Door(f"{database}_ro_{number}", (server,), side if server in listed else per_task)
            for number, server in enumerate(replicas, start=1)
        ),
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
        hosts = ",".join(server.host for server in door.servers)
        (port,) = {server.port for server in door.servers}
        # One spare connection to each host: a pool that is empty when it is asked, and whose next host is dead, would
        # let its client wait until the host after that is tried (server_login_retry).
        spare = f" min_pool_size={len(door.servers)}" if len(door.servers) > 1 else ""
        lines.append(
            f"{door.name} = host={hosts} port={port} dbname={database}"
            f" pool_size={door.connections} max_db_connections={door.connections}{spare}"
        )
    lines += ["", "[pgbouncer]"]
    lines += [f"{key} = {value}".rstrip() for key, value in settings(version, tls, service).items()]
    return "\n".join(lines) + "\n"
