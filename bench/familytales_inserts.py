"""What it costs to write one segment as the application: policies, the registry, counters, foreign keys.

The time at the client grows with whatever else the machine does, and more for the longer of the two; the processor time
of the server's process, as the kernel counts it, does not.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from bench.familytales_database import APP
from bench.platform_database import Place

_WHERE: LiteralString = """
SELECT thread.id, thread.family_id, thread.memory_book_id, member.user_id
  FROM familytales.threads AS thread
  JOIN familytales.families AS family ON family.id = thread.family_id AND family.is_active
  JOIN familytales.memory_books AS book ON book.id = thread.memory_book_id
  JOIN familytales.family_members AS member ON member.family_id = thread.family_id AND member.is_active
  JOIN familytales.users AS account ON account.id = member.user_id AND account.is_active
 WHERE book.privacy = 'family' AND book.is_collaborative AND member.can_post
 ORDER BY md5(thread.id::text || member.user_id)
 LIMIT %s
"""
_TEXT = "It was a summer in the village, and grandmother told of the train, the harvest and the letter. " * 5
_AS_APPLICATION: LiteralString = """
INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content)
VALUES (%(thread)s, %(user)s, 'text', %(text)s)
"""
# The same row, with what the triggers find out given, into the same indexes.
_BARE: LiteralString = """
INSERT INTO familytales.content_segments (id, thread_id, user_id, content_type, text_content, family_id, memory_book_id,
                                          sequence_number)
VALUES (gen_random_uuid(), %(thread)s, %(user)s, 'text', %(text)s, %(family)s, %(book)s, 1000000)
"""


@dataclass(frozen=True, slots=True)
class Inserts:
    """Milliseconds of a single insert, prepared, with what is checked at commit; and of the processor's for its whole
    transaction."""

    as_application: float
    bare: float
    cpu_as_application: float
    cpu_bare: float

    def table(self) -> str:
        """In Markdown."""
        return (
            "| as the application | bare | ratio | CPU: as the application | bare | ratio |\n"
            "|---|---|---|---|---|---|\n"
            f"| {self.as_application:.2f} | {self.bare:.2f} | {self.as_application / self.bare:.1f}"
            f" | {self.cpu_as_application:.2f} | {self.cpu_bare:.2f} | {self.cpu_as_application / self.cpu_bare:.1f} |"
        )


def measure(place: Place, number: int) -> Inserts:
    """So many inserts each, in turn; none of them is committed."""
    took: dict[bool, list[float]] = {True: [], False: []}
    before: list[float] = []
    with place.superuser() as bare, place.login(APP) as app:
        bare.execute("SET session_replication_role = replica")  # no trigger, no foreign key; no policy for a superuser
        for at, (thread, family, book, user) in enumerate(bare.execute(_WHERE, (number,)).fetchall()):
            if at == number // 5:  # until then, plans are made
                before = [_cpu(connection) for connection in (app, bare)]
            values = {"thread": thread, "family": family, "book": book, "user": user, "text": _TEXT}
            for is_app in (True, False):
                with _undone(app if is_app else bare) as connection:
                    if is_app:
                        connection.execute("SELECT set_config('app.current_user_id', %s, true)", (str(user),))
                    started = time.perf_counter()
                    connection.execute(_AS_APPLICATION if is_app else _BARE, values, prepare=True)
                    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                    took[is_app].append(time.perf_counter() - started)
        after = [_cpu(connection) for connection in (app, bare)]
    cpu = [(then - first) / (number - number // 5) for first, then in zip(before, after, strict=True)]
    return Inserts(*(statistics.median(took[is_app]) * 1000 for is_app in (True, False)), *cpu)


def _cpu(connection: psycopg.Connection[Any]) -> float:
    """Milliseconds that the server's process for a connection has worked."""
    return int(Path(f"/proc/{connection.info.backend_pid}/schedstat").read_text().split()[0]) / 1e6


@contextmanager
def _undone(connection: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    with connection.transaction(force_rollback=True):
        yield connection
