"""Two who do something at the same moment: whoever comes second sees what the first has done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest

from tests.sql.attacks.world import Attacker, Query
from tests.sql.familytales_attacks.world import World

_EXPIRED = Path(__file__).parents[3] / "sql/familytales/jobs/expired.sql"

_MARK: LiteralString = "UPDATE content_segments SET is_deleted = true WHERE id = %(shared_segment)s"
_HANGS: dict[str, LiteralString] = {
    "content_tags": "INSERT INTO content_tags (content_segment_id, tag_name, tagged_by)"
    " VALUES (%(shared_segment)s, 'late', %(max)s)",
    "photo_narrations": "INSERT INTO photo_narrations (content_segment_id, photo_index, narration_text,"
    " narration_type, created_by) VALUES (%(shared_segment)s, 1, 'late', 'user', %(max)s)",
    "content_links": "INSERT INTO content_links (source_segment_id, target_segment_id, link_type, created_by)"
    " VALUES (%(spoken)s, %(shared_segment)s, 'reference', %(max)s)",
    "media_objects": "SELECT attach_media(%(loose_media)s, %(shared_segment)s)",
}

Says = Callable[[psycopg.Connection], object]


def _meanwhile(world: World, first: Says, second: Says, by_a_job: bool = False) -> str | None:
    """The second begins when the first is done and not committed yet; why it was refused, if it was."""
    outcome: list[str | None] = []
    with world.login() as one, world.database.master() if by_a_job else world.login() as other:
        pid = other.info.backend_pid

        def run() -> None:
            try:
                with other.transaction():
                    second(other)
                outcome.append(None)
            except psycopg.Error as error:
                outcome.append(error.sqlstate)

        thread = threading.Thread(target=run)
        with one.transaction():
            first(one)
            thread.start()
            while thread.is_alive() and not world.database.rows(
                "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'", pid
            ):
                thread.join(0.05)
        thread.join(30)
    return outcome[0]


def _by(world: World, user: UUID | None, statement: Query, **values: object) -> Says:
    return lambda connection: Attacker(connection, world.ids).become(user).rows(statement, **values)


@pytest.mark.parametrize("table", _HANGS)
def test_what_is_hung_on_a_segment_while_it_is_being_marked(fresh: World, table: str) -> None:
    """Either the mark is on what hangs, too, or it is refused; nobody goes on reading it."""
    seen: LiteralString = f"SELECT 1 FROM {table} WHERE segment_is_deleted IS NOT TRUE"
    before = fresh.ask(fresh.ed, seen)

    refused = _meanwhile(fresh, _by(fresh, fresh.adam, _MARK), _by(fresh, fresh.max, _HANGS[table]))

    assert refused == ("42501" if table == "media_objects" else None)
    assert len(fresh.ask(fresh.ed, seen)) < len(before)
    assert fresh.owner(
        "SELECT count(*) FROM (SELECT segment_is_deleted AS mark FROM familytales.content_tags"
        " WHERE content_segment_id = %(shared_segment)s"
        " UNION ALL SELECT segment_is_deleted FROM familytales.photo_narrations"
        " WHERE content_segment_id = %(shared_segment)s"
        " UNION ALL SELECT segment_is_deleted FROM familytales.media_objects"
        " WHERE content_segment_id = %(shared_segment)s"
        " UNION ALL SELECT segment_is_deleted FROM familytales.content_links"
        " WHERE %(shared_segment)s IN (source_segment_id, target_segment_id)) AS hanging WHERE NOT mark"
    ) == [(0,)]


@pytest.mark.parametrize("table", _HANGS)
def test_a_mark_that_comes_while_something_is_hung_on_the_segment(fresh: World, table: str) -> None:
    seen: LiteralString = f"SELECT 1 FROM {table} WHERE segment_is_deleted IS NOT TRUE"
    before = fresh.ask(fresh.ed, seen)

    refused = _meanwhile(fresh, _by(fresh, fresh.max, _HANGS[table]), _by(fresh, fresh.adam, _MARK))

    assert refused is None
    assert len(fresh.ask(fresh.ed, seen)) < len(before)


def test_an_upload_that_is_used_while_the_job_looks_for_unused_ones(fresh: World) -> None:
    """It waits for the row, and looks again: the photo is in a book now, and stays."""
    keeps: LiteralString = "ALTER TABLE familytales.media_objects {} TRIGGER keep_identity"
    fresh.owner(keeps.format("DISABLE"))
    fresh.owner(
        "UPDATE familytales.media_objects SET created_at = now() - interval '8 days' WHERE id = %(loose_media)s"
    )
    fresh.owner(keeps.format("ENABLE"))
    _, uploads = _EXPIRED.read_bytes().split(b";\n")[:2]
    ((statement,),) = fresh.database.rows(uploads.decode())

    def job(connection: psycopg.Connection) -> object:
        connection.execute("SET LOCAL ROLE familytales_owner")
        return connection.execute(statement)

    attach = _by(fresh, fresh.max, "SELECT attach_media(%(loose_media)s, %(shared_segment)s)")
    assert _meanwhile(fresh, attach, job, by_a_job=True) is None

    assert fresh.owner("SELECT content_segment_id FROM familytales.media_objects WHERE id = %(loose_media)s") == [
        (fresh.shared_segment,)
    ]
    assert fresh.owner("SELECT 1 FROM familytales.media_deletions") == []


def test_erasing_oneself_beside_a_private_book_that_one_is_just_beginning(fresh: World) -> None:
    begin: LiteralString = (
        "INSERT INTO memory_books (family_id, title, created_by, privacy)"
        " VALUES (%(miller)s, 'my diary', %(nina)s, 'private')"
    )
    refused = _meanwhile(
        fresh, _by(fresh, fresh.nina, begin), _by(fresh, fresh.nina, "SELECT erase_me('nina@secret.example')")
    )

    assert refused is None
    assert fresh.owner("SELECT 1 FROM familytales.memory_books WHERE title = 'my diary'") == []
    assert fresh.owner("SELECT is_active FROM familytales.users WHERE id = %(nina)s") == [(False,)]


def test_beginning_a_book_while_one_is_being_erased(fresh: World) -> None:
    begin: LiteralString = (
        "INSERT INTO memory_books (family_id, title, created_by, privacy)"
        " VALUES (%(miller)s, 'my diary', %(nina)s, 'private')"
    )
    refused = _meanwhile(
        fresh, _by(fresh, fresh.nina, "SELECT erase_me('nina@secret.example')"), _by(fresh, fresh.nina, begin)
    )

    assert refused == "23503"
    assert fresh.owner("SELECT 1 FROM familytales.memory_books WHERE title = 'my diary'") == []


def test_erasing_oneself_beside_a_family_that_one_is_just_founding(fresh: World) -> None:
    """A family has an owner, who hands it over first."""
    refused = _meanwhile(
        fresh,
        _by(fresh, fresh.nina, "SELECT create_family('Nina and others')"),
        _by(fresh, fresh.nina, "SELECT erase_me('nina@secret.example')"),
    )

    assert refused == "55000"
    assert fresh.owner("SELECT is_active FROM familytales.users WHERE id = %(nina)s") == [(True,)]
