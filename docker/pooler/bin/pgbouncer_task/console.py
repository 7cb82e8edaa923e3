"""A client of PgBouncer's console: the part of PostgreSQL's protocol that a login and SHOW need.

Messages are those of "Frontend/Backend Protocol" in PostgreSQL's manual, the login is its "SASL Authentication" with
SCRAM-SHA-256 (RFC 5802, 7677). An own client, because the image holds PgBouncer and Python and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import ssl
import struct
from pathlib import Path

Row = dict[str, str]

PROTOCOL = 196608  # 3.0
SSL_REQUEST = 80877103
# The console answers at once, from memory; a PgBouncer that does not has no metrics to give.
TIMEOUT_SECONDS = 5.0


class ConsoleError(Exception):
    """PgBouncer refused, or did not speak the protocol; the text holds no secret."""


class Console:
    """One open console connection."""

    def __init__(self, host: str, port: int, user: str, password: str, certificate: Path | None) -> None:
        """Log in; with a certificate over TLS, and only to whoever has its key."""
        self._stream: socket.socket = socket.create_connection((host, port), TIMEOUT_SECONDS)
        try:
            if certificate is not None:
                self._stream = self._encrypted(certificate)
            pairs = f"user\0{user}\0database\0pgbouncer\0\0".encode()
            self._stream.sendall(struct.pack("!ii", len(pairs) + 8, PROTOCOL) + pairs)
            self._log_in(password)
            self._until_ready()
        except BaseException:
            self.close()
            raise

    def show(self, what: str) -> list[Row]:
        """The rows of one SHOW command, each as a map from column to text."""
        self._send(b"Q", f"SHOW {what}".encode() + b"\0")
        return self._until_ready()

    def close(self) -> None:
        """End the connection."""
        self._stream.close()

    def _encrypted(self, certificate: Path) -> socket.socket:
        self._stream.sendall(struct.pack("!ii", 8, SSL_REQUEST))
        if self._exactly(1) != b"S":
            raise ConsoleError("PgBouncer offers no TLS")
        context = ssl.create_default_context(cafile=str(certificate))
        context.check_hostname = False  # it is this very certificate that is wanted, under whatever address
        return context.wrap_socket(self._stream)

    def _log_in(self, password: str) -> None:
        nonce = secrets.token_urlsafe(18)
        client_first = f"n=,r={nonce}"
        expected = b""
        while True:
            body = self._expect(b"R")
            kind = int.from_bytes(body[:4], "big")
            if kind == 0:
                return
            if kind == 10 and b"SCRAM-SHA-256\0" in body[4:]:
                first = b"n,," + client_first.encode()
                self._send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first)
            elif kind == 11:
                answer, expected = scram_answer(password, nonce, client_first, body[4:].decode())
                self._send(b"p", answer)
            elif kind == 12:
                if not hmac.compare_digest(body[4:], expected):
                    raise ConsoleError("PgBouncer does not know the password itself")
            else:
                raise ConsoleError(f"PgBouncer asks for another way to log in ({kind})")

    def _until_ready(self) -> list[Row]:
        columns: list[str] = []
        rows: list[Row] = []
        while True:
            kind, body = self._message()
            if kind == b"Z":
                return rows
            if kind == b"E":
                raise ConsoleError(error_text(body))
            if kind == b"T":
                columns = column_names(body)
            elif kind == b"D":
                rows.append(dict(zip(columns, values(body), strict=True)))

    def _expect(self, wanted: bytes) -> bytes:
        kind, body = self._message()
        if kind == b"E":
            raise ConsoleError(error_text(body))
        if kind != wanted:
            raise ConsoleError(f"PgBouncer sent {kind!r} where {wanted!r} was due")
        return body

    def _message(self) -> tuple[bytes, bytes]:
        kind = self._exactly(1)
        length = int.from_bytes(self._exactly(4), "big")
        return kind, self._exactly(length - 4)

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            part = self._stream.recv(count - len(found))
            if not part:
                raise ConsoleError("PgBouncer closed the connection")
            found += part
        return found

    def _send(self, kind: bytes, body: bytes) -> None:
        self._stream.sendall(kind + struct.pack("!i", len(body) + 4) + body)


def scram_answer(password: str, nonce: str, client_first: str, server_first: str) -> tuple[bytes, bytes]:
    """The client's last message, and the server's that must follow."""
    fields = dict(part.split("=", 1) for part in server_first.split(","))
    if not fields["r"].startswith(nonce):
        raise ConsoleError("PgBouncer answers another login than this")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    without_proof = f"c=biws,r={fields['r']}"
    signed = f"{client_first},{server_first},{without_proof}".encode()
    signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    server_last = b"v=" + base64.b64encode(hmac.digest(server_key, signed, "sha256"))
    return f"{without_proof},p={base64.b64encode(proof).decode()}".encode(), server_last


def column_names(body: bytes) -> list[str]:
    """The names in a RowDescription: each is followed by 18 bytes about its type."""
    names = []
    rest = body[2:]
    for _ in range(int.from_bytes(body[:2], "big")):
        name, _, rest = rest.partition(b"\0")
        names.append(name.decode())
        rest = rest[18:]
    return names


def values(body: bytes) -> list[str]:
    """The values of a DataRow; NULL is an empty text, as nothing here tells them apart."""
    found = []
    rest = body[2:]
    for _ in range(int.from_bytes(body[:2], "big")):
        length = struct.unpack("!i", rest[:4])[0]
        size = max(0, length)
        found.append(rest[4 : 4 + size].decode())
        rest = rest[4 + size :]
    return found


def error_text(body: bytes) -> str:
    """The message of an ErrorResponse."""
    for field in body.split(b"\0"):
        if field[:1] == b"M":
            return field[1:].decode(errors="replace")
    return "PgBouncer refused without a word"
