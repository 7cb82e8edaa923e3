"""What ids that grow with time save: ops.uuid_v7() against gen_random_uuid().

    python -m bench.ids [--major 16] [--rounds 7]

Two tables with a million rows each, whose primary keys come from the one and the other; 50,000 rows more in each round,
in turn, each after a checkpoint, as an insert after a quiet while finds it. What is measured is the time and what goes
into the WAL, where a page that is changed for the first time after a checkpoint is written whole. The server keeps
fsync and full_page_writes on. The cost of one call stands beside it, without any table; from PostgreSQL 18 on with the
server's own uuidv7().
"""

from __future__ import annotations

import os
import statistics
import time
from typing import Annotated, Any, LiteralString

import psycopg
import typer

from bench.platform_database import platform
from local import engines

_MAKERS: dict[str, LiteralString] = {"v7": "ops.uuid_v7()", "random": "gen_random_uuid()"}
_ROWS: dict[str, LiteralString] = {
    "v7": "INSERT INTO public.ids_v7 (filler) SELECT repeat('x', 100) FROM generate_series(1, %s)",
    "random": "INSERT INTO public.ids_random (filler) SELECT repeat('x', 100) FROM generate_series(1, %s)",
}
_TABLES: LiteralString = """
CREATE TABLE public.ids_v7 (id uuid PRIMARY KEY DEFAULT ops.uuid_v7(), filler text);
CREATE TABLE public.ids_random (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), filler text);
"""
_CALLS: dict[str, LiteralString] = {
    "ops.uuid_v7()": "SELECT count(ops.uuid_v7()) FROM generate_series(1, %s)",
    "gen_random_uuid()": "SELECT count(gen_random_uuid()) FROM generate_series(1, %s)",
    "uuidv7(), of the server": "SELECT count(uuidv7()) FROM generate_series(1, %s)",
    "nothing": "SELECT count(n) FROM generate_series(1, %s) AS n",
}
LOADED, ADDED, CALLS = 1_000_000, 50_000, 100_000


def _insert(superuser: psycopg.Connection[Any], kind: str) -> tuple[float, float]:
    """Seconds and megabytes of WAL."""
    superuser.execute("CHECKPOINT")
    before = _written(superuser)
    started = time.perf_counter()
    superuser.execute(_ROWS[kind], (ADDED,))
    seconds = time.perf_counter() - started
    return seconds, (_written(superuser) - before) / 1e6


def _written(superuser: psycopg.Connection[Any]) -> int:
    row = superuser.execute("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").fetchone()
    assert row is not None
    return int(row[0])


def _seconds(superuser: psycopg.Connection[Any], statement: LiteralString) -> float:
    started = time.perf_counter()
    superuser.execute(statement, (CALLS,))
    return time.perf_counter() - started


def main(
    major: Annotated[str, typer.Option(help="Which PostgreSQL.")] = "16",
    rounds: Annotated[int, typer.Option(min=1, help="Measured rounds; one more warms up.")] = 7,
) -> None:
    """Measure, and print two tables in Markdown."""
    with platform(major, {"fsync": "on", "full_page_writes": "on"}) as place, place.superuser() as superuser:
        superuser.execute(_TABLES)
        for kind in _MAKERS:
            superuser.execute(_ROWS[kind], (LOADED,))
        superuser.execute("VACUUM (ANALYZE) public.ids_v7, public.ids_random")
        inserts: dict[str, list[tuple[float, float]]] = {kind: [] for kind in _MAKERS}
        calls: dict[str, list[float]] = {name: [] for name in _CALLS if major >= "18" or "server" not in name}
        for number in range(rounds + 1):
            for kind in _MAKERS if number % 2 else reversed(_MAKERS):
                inserts[kind].append(_insert(superuser, kind))
            for name, seconds in calls.items():
                seconds.append(_seconds(superuser, _CALLS[name]))
    print(
        f"{ADDED:,} rows into {LOADED:,}; medians of {rounds} rounds, PostgreSQL {engines.get(major).version},"
        f" {os.cpu_count()} cores.\n"
    )
    print("| ids | ms | WAL, MB |\n|---|---|---|")
    medians = {
        kind: [statistics.median(one[at] for one in measured[1:]) for at in (0, 1)]
        for kind, measured in inserts.items()
    }
    for kind, maker in _MAKERS.items():
        print(f"| {maker} | {medians[kind][0] * 1000:.0f} | {medians[kind][1]:.1f} |")
    ratios = [mine / theirs for mine, theirs in zip(medians["v7"], medians["random"], strict=True)]
    print(f"| ratio | **{ratios[0]:.2f}** | **{ratios[1]:.2f}** |")
    print("\n| one call | µs |\n|---|---|")
    base = statistics.median(calls.pop("nothing")[1:])
    for name, every in calls.items():
        print(f"| {name} | {(statistics.median(every[1:]) - base) / CALLS * 1e6:.2f} |")


if __name__ == "__main__":
    typer.run(main)
