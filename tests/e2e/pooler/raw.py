"""A client of PostgreSQL's protocol for thousands of connections in one thread: login by SCRAM, simple queries."""

from __future__ import annotations

import asyncio
import secrets
import struct
from dataclasses import dataclass

from pgbouncer_task.console import PROTOCOL, column_names, error_text, scram_answer, values

# Connections leave from several addresses: one has no more than 28,000 ports.
SOURCES = tuple(f"127.45.9.{number}" for number in range(1, 5))


class Refused(Exception):
    """The server sent an error; the text is its message."""


@dataclass
class Raw:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def connect(cls, address: str, port: int, user: str, password: str, database: str, number: int = 0) -> Raw:
        source = SOURCES[number % len(SOURCES)]
        reader, writer = await asyncio.open_connection(address, port, local_addr=(source, 0), limit=4096)
        raw = cls(reader, writer)
        pairs = f"user\0{user}\0database\0{database}\0\0".encode()
        writer.write(struct.pack("!ii", len(pairs) + 8, PROTOCOL) + pairs)
        nonce = secrets.token_urlsafe(18)
        first = f"n=,r={nonce}"
        try:
            while (body := await raw._until(b"R"))[:4] != b"\0\0\0\0":
                kind = int.from_bytes(body[:4], "big")
                if kind == 10:
                    opening = b"n,," + first.encode()
                    raw._send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(opening)) + opening)
                elif kind == 11:
                    answer, _ = scram_answer(password, nonce, first, body[4:].decode())
                    raw._send(b"p", answer)
            await raw._until(b"Z")
        except BaseException:
            writer.close()
            raise
        return raw

    async def query(self, text: str) -> list[list[str]]:
        """The rows of one statement."""
        self._send(b"Q", text.encode() + b"\0")
        rows: list[list[str]] = []
        while True:
            kind, body = await self._message()
            if kind == b"Z":
                return rows
            if kind == b"E":
                raise Refused(error_text(body))
            if kind == b"T":
                column_names(body)
            elif kind == b"D":
                rows.append(values(body))

    def close(self) -> None:
        self.writer.close()

    async def _until(self, wanted: bytes) -> bytes:
        while True:
            kind, body = await self._message()
            if kind == b"E":
                raise Refused(error_text(body))
            if kind == wanted:
                return body

    async def _message(self) -> tuple[bytes, bytes]:
        head = await self.reader.readexactly(5)
        return head[:1], await self.reader.readexactly(int.from_bytes(head[1:], "big") - 4)

    def _send(self, kind: bytes, body: bytes) -> None:
        self.writer.write(kind + struct.pack("!i", len(body) + 4) + body)
