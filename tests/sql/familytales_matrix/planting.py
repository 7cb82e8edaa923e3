"""The rows of that world, as they are planted: by a superuser, past every policy, with the triggers that count."""

from __future__ import annotations

from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from tests.sql.familytales_matrix.cast import (
    BOOKS,
    BOOKS_BY_NAME,
    FAMILIES,
    LEAVERS,
    PEOPLE,
    TOLD,
    WRITERS,
    Book,
    id_of,
)

ARCHIVED_YEAR = 2016


def plant_people(cursor: psycopg.Cursor) -> None:
    cursor.executemany(
        "INSERT INTO familytales.users (id, clerk_id, email, is_active) VALUES (%s, %s, %s, %s)",
        [
            (id_of("person", person.name), person.name, f"{person.name}@example.com", person.has_account)
            for person in PEOPLE
        ],
    )


def plant_families(cursor: psycopg.Cursor) -> None:
    owners = {person.family: person for person in PEOPLE if person.role == "owner"}
    for name in FAMILIES:
        cursor.execute(
            "INSERT INTO familytales.families (id, name, owner_id, member_limit) VALUES (%s, %s, %s, 100)",
            (id_of("family", name), name, id_of("person", owners[name].name)),
        )
    cursor.executemany(
        "INSERT INTO familytales.family_members (family_id, user_id, role, permissions) VALUES (%s, %s, %s, %s)",
        [
            (id_of("family", person.family), id_of("person", person.name), person.role, Jsonb(person.permissions))
            for person in PEOPLE
            if person.family
        ]
        + [(id_of("family", "jones"), id_of("person", "both"), "admin", Jsonb({}))],
    )
    for name in FAMILIES:
        cursor.execute(
            "INSERT INTO familytales.family_invites (family_id, email, invited_by, code_hash, expires_at)"
            " VALUES (%s, 'guest@example.com', %s, sha256(%s), 'infinity')",
            (id_of("family", name), id_of("person", owners[name].name), name.encode()),
        )
        cursor.execute(
            "INSERT INTO familytales.media_deletions (s3_key, family_id, bytes) VALUES (%s, %s, 1)",
            (f"deleted/{name}", id_of("family", name)),
        )


def _thread(cursor: psycopg.Cursor, book: Book, name: str, starter: str) -> UUID:
    cursor.execute(
        "INSERT INTO familytales.threads (id, family_id, memory_book_id, started_by) VALUES (%s, %s, %s, %s)",
        (id_of("thread", name), id_of("family", book.family), book.id, id_of("person", starter)),
    )
    return id_of("thread", name)


def _segment(
    cursor: psycopg.Cursor, name: str, thread: UUID, author: str, is_silent: bool = False, year: int | None = None
) -> UUID:
    """A recording with three photos; or one without a sound, or told long ago."""
    cursor.execute(
        "INSERT INTO familytales.content_segments"
        " (id, thread_id, user_id, content_type, text_content, audio_url, photo_urls, created_at)"
        " VALUES (%s, %s, %s, 'mixed', 'x', %s, '{a,b,c}', coalesce(make_timestamptz(%s, 7, 1, 0, 0, 0), now()))",
        (
            id_of("segment", name),
            thread,
            id_of("person", author),
            None if is_silent else "s3://audio",
            year,
        ),
    )
    return id_of("segment", name)


def _acting(cursor: psycopg.Cursor, name: str | None) -> None:
    """From here on, triggers take what is done for somebody's doing."""
    cursor.execute("SELECT set_config('app.current_user_id', %s, true)", (str(id_of("person", name)) if name else "",))


def _mark(cursor: psycopg.Cursor, segment: UUID, marked_by: str) -> None:
    _acting(cursor, marked_by)
    cursor.execute("UPDATE familytales.content_segments SET is_deleted = true WHERE id = %s", (segment,))
    _acting(cursor, None)


def _narration(cursor: psycopg.Cursor, segment: UUID, photo: int, author: str | None) -> None:
    cursor.execute(
        "INSERT INTO familytales.photo_narrations"
        " (content_segment_id, photo_index, narration_text, narration_type, created_by) VALUES (%s, %s, 'x', %s, %s)",
        (segment, photo, "user" if author else "ai", author and id_of("person", author)),
    )


def _media(cursor: psycopg.Cursor, key: str, family: str, author: str, segment: UUID | None = None) -> None:
    cursor.execute(
        "INSERT INTO familytales.media_objects"
        " (family_id, memory_book_id, content_segment_id, kind, s3_key, content_type, bytes, uploaded_by) VALUES"
        " (%s, (SELECT memory_book_id FROM familytales.segment_ids WHERE id = %s), %s, 'photo', %s, 'x/y', 1, %s)",
        (id_of("family", family), segment, segment, key, id_of("person", author)),
    )


def _hang(cursor: psycopg.Cursor, family: str, segment: UUID, author: str, target: UUID) -> None:
    """One of everything on a segment."""
    _narration(cursor, segment, 0, author)
    _media(cursor, f"{family}/{segment}", family, author, segment)
    cursor.execute(
        "INSERT INTO familytales.content_links (source_segment_id, target_segment_id, link_type, created_by)"
        " VALUES (%s, %s, 'reference', %s)",
        (segment, target, id_of("person", author)),
    )
    cursor.execute(
        "INSERT INTO familytales.content_tags (content_segment_id, tag_name, tagged_by) VALUES (%s, 'x', %s)",
        (segment, id_of("person", author)),
    )


def plant_books(cursor: psycopg.Cursor) -> None:
    for book in BOOKS:
        # The audit log says who made a book, and tells him.
        _acting(cursor, book.creator)
        cursor.execute(
            "INSERT INTO familytales.memory_books (id, family_id, title, created_by, privacy, is_collaborative)"
            " VALUES (%s, %s, 'x', %s, %s, %s)",
            (
                book.id,
                id_of("family", book.family),
                id_of("person", book.creator),
                book.privacy,
                book.is_collaborative,
            ),
        )
    _acting(cursor, None)
    for book in TOLD:
        thread = _thread(cursor, book, book.name, book.creator)
        first = _segment(cursor, book.name, thread, book.creator)
        second = _segment(cursor, f"{book.name}_second", thread, book.creator, is_silent=book.name == "closed")
        _segment(cursor, f"{book.name}_old", thread, book.creator, year=ARCHIVED_YEAR)
        _hang(cursor, book.family, first, book.creator, second)
        if not book.name.startswith("own_"):
            _narration(cursor, first, 1, None)
        if book.name in ("family", "public"):
            marked = _segment(cursor, f"{book.name}_marked", thread, book.creator)
            _hang(cursor, book.family, marked, book.creator, second)
            _mark(cursor, marked, book.creator)
            # The machine comes late.
            _narration(cursor, marked, 1, None)
    # From a book that everybody reads into one that is nobody else's.
    cursor.execute(
        "INSERT INTO familytales.content_links (source_segment_id, target_segment_id, link_type, created_by)"
        " VALUES (%s, %s, 'reference', %s)",
        (id_of("segment", "family"), id_of("segment", "private"), id_of("person", "quiet")),
    )
    for writer in WRITERS:
        thread = _thread(cursor, TOLD[0], f"mine_{writer}", writer)
        told = _segment(cursor, f"mine_{writer}", thread, writer)
        _mark(cursor, _segment(cursor, f"my_marked_{writer}", thread, writer), writer)
        _mark(cursor, _segment(cursor, f"taken_{writer}", thread, writer), "quiet")
        _hang(cursor, "miller", told, writer, id_of("segment", "family"))
        _media(cursor, f"waiting/{writer}", "miller", writer)
        shared = BOOKS_BY_NAME[f"shared_{writer}"]
        _segment(cursor, shared.name, _thread(cursor, shared, shared.name, writer), "quiet")
    for author, family in (("quiet", "miller"), ("jones_extra", "jones"), ("gone_extra", "gone")):
        _media(cursor, f"waiting/{author}", family, author)


def part_ways(cursor: psycopg.Cursor) -> None:
    """Memberships and families end when everything has been told."""
    cursor.executemany(
        "UPDATE familytales.family_members SET is_active = false WHERE user_id = %s",
        [(id_of("person", person.name),) for person in PEOPLE if not person.is_member],
    )
    for leaver in LEAVERS:
        _acting(cursor, leaver)
        cursor.execute("SELECT familytales.leave_family(%s)", (id_of("family", "miller"),))
    _acting(cursor, None)
    cursor.executemany(
        "UPDATE familytales.families SET is_active = %s WHERE id = %s",
        [(is_active, id_of("family", name)) for name, is_active in FAMILIES.items()],
    )


def archive(cursor: psycopg.Cursor) -> str:
    """Take the old year out of the table, as the job `partitions` does; what it is called then."""
    cursor.execute("SET LOCAL ROLE familytales_owner")
    found = cursor.execute("SELECT partition::text FROM ops.expired_partitions()").fetchall()
    ((partition,),) = found
    cursor.execute("SELECT ops.expire_partition(%s)", (partition,))
    cursor.execute("RESET ROLE")
    return str(partition).replace("part.", "archive.")
