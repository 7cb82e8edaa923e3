"""A mixed load of FamilyTales through the pooler, and what a segment costs to write."""

from __future__ import annotations

import multiprocessing
import os
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.familytales_asking import Asker, Side, statements, through
from bench.familytales_database import APP, FOLDER, scalar
from bench.familytales_queries import percentile
from bench.platform_database import Place

# Of a hundred requests.
MIX = {"thread_with_content": 60, "family_books": 30, "search_tags": 10}
# What the design wants to serve.
WANTED_PER_SECOND = 1_000
CLIENTS = 8


@dataclass(frozen=True, slots=True)
class Load:
    """What a minute of it showed; CPU in seconds."""

    seconds: float
    latencies: dict[str, list[float]]
    clients_cpu: float
    pooler_cpu: float
    server_cpu: float

    @property
    def per_second(self) -> float:
        """Transactions."""
        return sum(map(len, self.latencies.values())) / self.seconds

    def table(self, label: str) -> str:
        """A row in Markdown."""
        cores = os.cpu_count() or 1
        every = [one for some in self.latencies.values() for one in some]
        share = [f"{cpu / (self.seconds * cores) * 100:.0f} %" for cpu in self._cpu]
        # What serves: with the generator elsewhere, its share would be the database's and the pooler's.
        serving = (self.pooler_cpu + self.server_cpu) / self.seconds
        per_serving_core = self.per_second / serving
        cells = [
            label,
            f"{self.per_second:.0f}",
            f"{self.per_second / cores:.0f}",
            f"{statistics.median(every) * 1000:.1f}",
            f"{percentile(every, 95) * 1000:.1f}",
            *share,
            f"{per_serving_core:.0f}",
            f"{WANTED_PER_SECOND / per_serving_core:.1f}",
        ]
        return f"| {' | '.join(cells)} |"

    @property
    def _cpu(self) -> tuple[float, float, float]:
        return self.server_cpu, self.pooler_cpu, self.clients_cpu


HEADER = (
    "| statements | transactions/s | per core | median, ms | p95, ms | CPU: server | pooler | clients"
    " | transactions/s per busy core of server and pooler"
    f" | extrapolated: such cores for {WANTED_PER_SECOND:,}/s |\n" + "|---" * 10 + "|"
)


def load(place: Place, pgbouncer: str, asking: Sequence[Asker], seconds: float, *, prepare: bool) -> Load:
    """Clients in processes of their own, each asking without a pause, through the pooler."""
    context = multiprocessing.get_context("fork")
    with through(place, pgbouncer, {APP: place.password_of(APP)}, CLIENTS) as door:
        results: multiprocessing.Queue[tuple[dict[str, list[float]], float]] = context.Queue()
        start = context.Barrier(CLIENTS + 1)
        clients = [
            context.Process(target=_client, args=(number, door, asking, seconds, prepare, start, results))
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        start.wait()
        pooler = [pid for pid in _children(os.getpid()) if _name(pid) == "pgbouncer"]
        with place.superuser() as superuser:
            postmaster = _parent(int(scalar(superuser, b"SELECT pg_backend_pid()")))
        before = _cpu(pooler), _cpu(_children(postmaster))
        began = time.perf_counter()
        answers = [results.get() for _ in clients]
        took = time.perf_counter() - began
        after = _cpu(pooler), _cpu(_children(postmaster))
        for client in clients:
            client.join()
    latencies: dict[str, list[float]] = {query: [] for query in MIX}
    for one, _ in answers:
        for query, some in one.items():
            latencies[query] += some
    return Load(
        seconds=took,
        latencies=latencies,
        clients_cpu=sum(cpu for _, cpu in answers),
        pooler_cpu=after[0] - before[0],
        server_cpu=after[1] - before[1],
    )


def _client(
    number: int,
    door: Place,
    asking: Sequence[Asker],
    seconds: float,
    prepare: bool,
    start: Any,
    results: Any,
) -> None:
    dice = random.Random(number)  # noqa: S311 - which request comes next is no secret
    latencies: dict[str, list[float]] = {query: [] for query in MIX}
    with door.login(APP) as connection:
        side = Side(connection, statements(FOLDER / "queries"), True)
        for query in MIX:  # the first one plans and fills caches
            side.rows(query, asking[number], prepare=prepare)
        start.wait()
        used, until = time.process_time(), time.perf_counter() + seconds
        while (now := time.perf_counter()) < until:
            (query,) = dice.choices(tuple(MIX), tuple(MIX.values()))
            side.rows(query, dice.choice(asking), prepare=prepare)
            latencies[query].append(time.perf_counter() - now)
        results.put((latencies, time.process_time() - used))


# CPU, as the kernel counts it ----------------------------------------------------
def _cpu(pids: Sequence[int]) -> float:
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended just now
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
