"""Carries TCP connections from a load balancer's address to the targets behind it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

Endpoint = tuple[str, int]

# A target on this machine answers at once or refuses at once.
_CONNECT_SECONDS = 1.0
_CHUNK = 64 * 1024


class Forwarder:
    """Listeners and their connections, in an event loop of its own thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="forwarder", daemon=True)
        self._thread.start()
        self._servers: dict[Endpoint, asyncio.Server] = {}
        self._targets: dict[Endpoint, tuple[Endpoint, ...]] = {}
        self._turns: Counter[Endpoint] = Counter()
        self._open: Counter[Endpoint] = Counter()
        self._tasks: dict[Endpoint, set[asyncio.Task[None]]] = {}

    def want(self, listeners: Mapping[Endpoint, Sequence[Endpoint]]) -> None:
        """Listen exactly there, and lead new connections to exactly these targets."""
        self._targets = {listener: tuple(targets) for listener, targets in listeners.items()}
        for listener in listeners.keys() - self._servers.keys():
            self._servers[listener] = self._do(self._listen(listener))
        for listener in self._servers.keys() - listeners.keys():
            self._do(self._close(listener, self._servers.pop(listener)))

    def connections(self, target: Endpoint) -> int:
        """How many connections lead to a target now."""
        return self._open[target]

    def close(self) -> None:
        """End all connections and listeners."""
        self.want({})
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self, listener: Endpoint) -> asyncio.Server:
        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(listener, reader, writer))
            self._tasks.setdefault(listener, set()).add(task)
            task.add_done_callback(self._tasks[listener].discard)

        return await asyncio.start_server(connected, listener[0], listener[1], reuse_address=True)

    async def _close(self, listener: Endpoint, server: asyncio.Server) -> None:
        server.close()
        tasks = self._tasks.pop(listener, set())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()

    async def _serve(self, listener: Endpoint, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            found = await self._connect(listener)
            if found is None:
                writer.transport.abort()  # as a network load balancer without a healthy target: a reset
                return
            target, target_reader, target_writer = found
            self._open[target] += 1
            try:
                await asyncio.gather(_pump(reader, target_writer), _pump(target_reader, writer))
            finally:
                self._open[target] -= 1
                target_writer.close()
        finally:
            writer.close()

    async def _connect(self, listener: Endpoint) -> tuple[Endpoint, asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The next target in turn that accepts."""
        targets = self._targets.get(listener, ())
        first = self._turns[listener]
        self._turns[listener] += 1
        for step in range(len(targets)):
            target = targets[(first + step) % len(targets)]
            with contextlib.suppress(OSError, TimeoutError):
                opened = await asyncio.wait_for(asyncio.open_connection(*target), _CONNECT_SECONDS)
                return target, *opened
        return None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one direction; the end of what one side sends is passed on, the other direction stays open."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.transport.abort()  # a reset on one side is a reset on the other
