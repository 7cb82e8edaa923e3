"""`python3 -m pgbouncer_task.health`: whether the task's PgBouncer answers.

It asks what a client may ask first, whether the connection can be encrypted by Kerberos (GSSENCRequest in "Message
Formats" of PostgreSQL's manual), and hangs up after the answer of one byte, which is no. The kernel takes connections
for a process that hangs, so taking one would prove nothing; logging in would prove more, but a rush of clients that
log in must not get the task killed which serves them. The same question about TLS would be logged as a handshake that
failed, four times a minute. Whether a database is behind it is not asked: its failover must not end every pooler.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Mapping

from pgbouncer_task.export import settings

# Below the timeout of the health check (10 s in infra/containers.py), so that the line that says why gets out.
TIMEOUT_SECONDS = 8.0
GSSENC_REQUEST = 80877104
NO = b"N"


def address(environment: Mapping[str, str]) -> tuple[str, int]:
    """Where the task's PgBouncer listens, by the environment that it was made from."""
    listens = environment.get("LISTEN_ADDR", "").split(",")[0].strip()
    host = "127.0.0.1" if listens in ("", "*", "0.0.0.0") else listens  # noqa: S104 (compared, not listened on)
    return host, int(settings(environment["PGBOUNCER_INI"])["listen_port"])


def ask(host: str, port: int) -> str | None:
    """None when it answers as PgBouncer does, else what happened instead."""
    try:
        with socket.create_connection((host, port), TIMEOUT_SECONDS) as stream:
            stream.sendall(struct.pack("!ii", 8, GSSENC_REQUEST))
            answer = stream.recv(1)
    except OSError as error:
        return str(error)
    return None if answer == NO else f"it answers {answer!r}"


def main(environment: Mapping[str, str]) -> int:
    """The exit code: 0 for yes, 1 for no."""
    try:
        host, port = address(environment)
    except (KeyError, ValueError):
        print("pooler-health: PGBOUNCER_INI names no listen_port", file=sys.stderr)
        return 1
    problem = ask(host, port)
    print(f"pooler-health: {host}:{port}: {problem or 'answers'}", file=sys.stderr)
    return 0 if problem is None else 1


if __name__ == "__main__":
    raise SystemExit(main(os.environ))
