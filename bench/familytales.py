"""FamilyTales measured: its recommended queries, what security and partitions cost, sizes, inserts, a mixed load.

    python -m bench.familytales [queries] [partitions] [size] [inserts] [load] [--pgbouncer /path/to/pgbouncer]

queries     the queries of sql/familytales/queries through a PgBouncer in transaction mode, as familytales_app in a
            transaction that says who asks: median, 95th percentile and maximum, prepared and not. They are functions
            that ask what policies would. And beside each the same answer filtered by hand (bench/by_hand_familytales),
            by a role that policies do not hold for; that the rows are the same is asserted. The two sides take turns,
            and medians are compared, so what else the machine does meets both.
partitions  the same queries with content_segments in years, as it is, in months, and in one piece.
size        bytes of each table and index, by segment.
inserts     a segment written by the application, against the bare row.
load        a mixed load of eight clients through the pooler.

Without a name, all of them. The headline is the prepared statement: it is what the application sends (psycopg prepares
what it repeats, and PgBouncer carries that on from 1.21 on). Loading takes some minutes; --keep names a folder in which
the loaded server stays for the next time, until a migration changes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bench import familytales_inserts, familytales_load, familytales_partitions, familytales_queries, familytales_size
from bench.familytales_asking import askers, both_sides
from bench.familytales_database import APP, familytales, release, scalar
from bench.platform_database import Place
from local import engines


class Part(StrEnum):
    """What can be measured."""

    QUERIES = "queries"
    PARTITIONS = "partitions"
    SIZE = "size"
    INSERTS = "inserts"
    LOAD = "load"


def queries(place: Place, pgbouncer: str, sets: int, rounds: int) -> bool:
    """Print both tables; whether every goal is met."""
    with place.superuser() as superuser:
        asking = askers(superuser, sets)
    with both_sides(place, pgbouncer) as sides:
        measured = familytales_queries.measure(sides, asking, rounds)
    print(f"Milliseconds, {len(asking)} sets of parameters, {rounds} rounds, through PgBouncer {release(pgbouncer)}:\n")
    print(measured.times())
    print("\nMedians in milliseconds:\n")
    print(measured.ratios())
    worst = max(familytales_queries.TARGETS, key=measured.ratio)
    print(f"\nGoal: at most {familytales_queries.GOAL}, prepared; worst: {measured.ratio(worst):.2f} ({worst})")
    late = measured.late()
    print(f"Targets missed: {', '.join(late) or 'none'}")
    return not late and measured.ratio(worst) <= familytales_queries.GOAL


def partitions(place: Place, sets: int, rounds: int) -> bool:
    """Print the table; whether the goal is met."""
    with place.superuser() as superuser:
        asking = askers(superuser, sets)
        familytales_partitions.copy(superuser)
    with familytales_partitions.layouts(place) as sides:
        ways = (familytales_queries.PREPARED, familytales_queries.UNPREPARED)
        measured = familytales_queries.measure(sides, asking, rounds, ways)
    print(f"Medians in milliseconds, {len(asking)} sets of parameters, {rounds} rounds, without a pooler:\n")
    print(familytales_partitions.table(measured))
    ratios = {
        query: familytales_partitions.ratio(measured, query, familytales_queries.PREPARED)
        for query in familytales_queries.TARGETS
    }
    worst = max(ratios, key=ratios.__getitem__)
    print(f"\nGoal: at most {familytales_partitions.GOAL}, prepared; worst: {ratios[worst]:.2f} ({worst})")
    return ratios[worst] <= familytales_partitions.GOAL


def size(place: Place) -> None:
    """Print the tables."""
    with place.superuser() as superuser:
        print(familytales_size.table(familytales_size.sizes(superuser)))
        print(f"\n{familytales_size.largest_indexes(superuser)}")


def load(place: Place, pgbouncer: str, sets: int, seconds: float) -> None:
    """Print the table, prepared and not."""
    with place.superuser() as superuser:
        asking = askers(superuser, sets)
    print(f"{familytales_load.CLIENTS} clients, {seconds:.0f} s each, through PgBouncer {release(pgbouncer)}:\n")
    print(familytales_load.HEADER)
    for prepare in (True, False):
        done = familytales_load.load(place, pgbouncer, asking, seconds, prepare=prepare)
        print(done.table("prepared" if prepare else "unprepared"))


@contextmanager
def _described(major: str, scale: float, keep: Path | None) -> Iterator[Place]:
    with familytales(major, scale, keep=keep) as place:
        with place.superuser() as superuser:
            held = scalar(superuser, b"SELECT count(*) FROM familytales.content_segments")
            families = scalar(superuser, b"SELECT count(*) FROM familytales.families")
        print(
            f"PostgreSQL {engines.get(major).version}, {os.cpu_count()} cores, load average before"
            f" {os.getloadavg()[0]:.1f}; {families:,} families, {held:,} segments.\n"
        )
        yield place


def main(
    parts: Annotated[list[Part] | None, typer.Argument(help="What to measure; everything without a name.")] = None,
    major: Annotated[str, typer.Option(help="Which PostgreSQL.")] = "16",
    scale: Annotated[float, typer.Option(min=0.0001, max=10, help="1 has 1.9 million segments.")] = 1,
    sets: Annotated[int, typer.Option(min=5, help="How many sets of parameters.")] = 200,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is asked.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="How long the mixed load lasts.")] = 60,
    keep: Annotated[Path | None, typer.Option(help="Where the loaded server stays for the next time.")] = None,
    pgbouncer: Annotated[str, typer.Option(help="A PgBouncer that carries prepared statements on.")] = "pgbouncer",
) -> None:
    """Measure, print tables in Markdown, and exit 1 when a goal is missed."""
    wanted = parts or list(Part)
    if {Part.QUERIES, Part.LOAD} & set(wanted):
        release(pgbouncer)  # before a database is loaded in vain
    is_met = True
    with _described(major, scale, keep) as place:
        for part in wanted:
            print(f"\n## {part}\n")
            if part == Part.QUERIES:
                is_met &= queries(place, pgbouncer, sets, rounds)
            elif part == Part.PARTITIONS:
                is_met &= partitions(place, sets, rounds)
            elif part == Part.SIZE:
                size(place)
            elif part == Part.INSERTS:
                print(f"Milliseconds, as {APP}:\n\n{familytales_inserts.measure(place, 500).table()}")
            else:
                load(place, pgbouncer, sets, seconds)
    raise typer.Exit(0 if is_met else 1)


if __name__ == "__main__":
    typer.run(main)
