"""A name server with one name, whose address a test changes: what a failover does to an instance's endpoint."""

from __future__ import annotations

import socket
import struct
import threading

NAME = "primary.estate.test"
# RDS's endpoints live five seconds; PgBouncer keeps to dns_max_ttl whatever is said here.
TTL = 5
_A, _IN = 1, 1


class Names:
    """Answers on port 53 of a loopback address, the only port that a resolv.conf can mean."""

    def __init__(self, address: str, target: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((address, 53))
        except OSError:
            self._socket.close()
            raise
        self.target = target
        self.asked = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """An empty packet ends the loop."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            query, sender = self._socket.recvfrom(512)
            if not query:
                return
            self._socket.sendto(self._answer(query), sender)

    def _answer(self, query: bytes) -> bytes:
        end = query.index(b"\0", 12) + 5
        question = query[12:end]
        wanted = b"".join(bytes([len(part)]) + part.encode() for part in NAME.split(".")) + b"\0"
        kind = struct.unpack("!H", question[-4:-2])[0]
        found = question[:-4].lower() == wanted
        records = b""
        if found and kind == _A:
            self.asked += 1
            records = b"\xc0\x0c" + struct.pack("!HHIH", _A, _IN, TTL, 4) + socket.inet_aton(self.target)
        flags = 0x8180 if found else 0x8183  # NXDOMAIN
        return query[:2] + struct.pack("!HHHHH", flags, 1, 1 if records else 0, 0, 0) + question + records
