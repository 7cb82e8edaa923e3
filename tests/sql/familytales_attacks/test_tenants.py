"""Rows of one family that a stranger reads, changes, takes or hangs something on."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED, No
from tests.sql.familytales_attacks.world import NOT_ADMITTED, World

# Those of another family, of none, who left, whose account is closed, whose family is, and who does not say.
STRANGERS = ["mallory", "milo", "eve", "rita", "sam", "greta", "nobody"]

_MILLERS: LiteralString = " WHERE family_id = %(miller)s"
# Each table, and which of its rows are miller's.
TABLES: dict[str, LiteralString] = {
    "users": " WHERE id IN (%(anna)s, %(adam)s, %(ed)s, %(max)s, %(nina)s, %(vera)s)",
    "families": " WHERE id = %(miller)s",
    "family_members": _MILLERS,
    "family_invites": _MILLERS,
    "memory_books": _MILLERS,
    "threads": _MILLERS,
    "thread_participants": _MILLERS,
    "content_segments": _MILLERS,
    "photo_narrations": _MILLERS,
    "content_links": _MILLERS,
    "content_tags": _MILLERS,
    "media_objects": _MILLERS,
    "archived_segments": _MILLERS,
    "active_family_members": _MILLERS,
    "memory_book_stats": _MILLERS,
}


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize("table", TABLES)
def test_a_stranger_sees_no_row_of_the_family(world: World, who: str, table: str) -> None:
    rows: LiteralString = f"SELECT count(*) FROM {table}"

    assert world.ask(world.user(who), rows + TABLES[table]) == [(0,)]
    # Of people, each sees himself as long as his account is open.
    if table == "users" and who in ("eve", "rita"):
        assert world.ask(world.user(who), "SELECT id FROM users") == [(world.user(who),)]


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE families SET name = 'mine' WHERE id = %(miller)s RETURNING id",
        "UPDATE users SET display_name = 'mine' WHERE id = %(anna)s RETURNING id",
        "UPDATE memory_books SET title = 'mine' WHERE family_id = %(miller)s RETURNING id",
        "UPDATE threads SET title = 'mine' WHERE family_id = %(miller)s RETURNING id",
        "UPDATE threads SET is_locked = true WHERE id = %(shared_thread)s RETURNING id",
        "UPDATE content_segments SET text_content = 'mine' WHERE id = %(shared_segment)s RETURNING id",
        "UPDATE content_segments SET is_deleted = true WHERE id = %(shared_segment)s RETURNING id",
        "UPDATE photo_narrations SET narration_text = 'mine' WHERE id = %(shared_narration)s RETURNING id",
        "DELETE FROM memory_books WHERE id = %(shared)s RETURNING id",
        "DELETE FROM memory_books WHERE id = %(public)s RETURNING id",
        "DELETE FROM threads WHERE id = %(shared_thread)s RETURNING id",
        "DELETE FROM photo_narrations WHERE id = %(shared_narration)s RETURNING id",
        "DELETE FROM content_links WHERE id = %(shared_link)s RETURNING id",
        "DELETE FROM content_tags WHERE family_id = %(miller)s RETURNING id",
        "DELETE FROM media_objects WHERE id = %(shared_media)s RETURNING id",
        "DELETE FROM media_objects WHERE id = %(loose_media)s RETURNING id",
    ],
)
def test_a_stranger_changes_and_takes_nothing(world: World, who: str, statement: LiteralString) -> None:
    assert world.ask(world.user(who), statement) == []


@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_who_names_no_row_changes_none_of_the_family(world: World, who: str) -> None:
    """Without a WHERE the policy of UPDATE or DELETE stands alone, and nothing is read."""
    with world.as_superuser() as root:
        before = root.rows(
            "SELECT s::text FROM familytales.content_segments AS s WHERE family_id = %(miller)s ORDER BY 1"
        )
        books = root.rows("SELECT count(*) FROM familytales.memory_books WHERE family_id = %(miller)s")
        root.rows("SET LOCAL search_path = familytales")
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        root.become(world.user(who))
        for statement in (
            "UPDATE content_segments SET text_content = 'mine'",
            "UPDATE content_segments SET is_deleted = NOT is_deleted",
            "DELETE FROM content_tags",
            "DELETE FROM memory_books",
        ):
            root.says(statement)
        root.rows("RESET SESSION AUTHORIZATION")

        assert before == root.rows(
            "SELECT s::text FROM familytales.content_segments AS s WHERE family_id = %(miller)s ORDER BY 1"
        )
        assert books == root.rows("SELECT count(*) FROM familytales.memory_books WHERE family_id = %(miller)s")


_BOOK: LiteralString = "INSERT INTO memory_books (family_id, title, created_by, privacy) VALUES "
_THREAD: LiteralString = "INSERT INTO threads (family_id, memory_book_id, started_by) VALUES "
_SEGMENT: LiteralString = "INSERT INTO content_segments (thread_id, user_id, content_type, text_content) VALUES "
_NARRATION: LiteralString = (
    "INSERT INTO photo_narrations (family_id, content_segment_id, photo_index, narration_text, narration_type,"
    " created_by) VALUES "
)
_TAG: LiteralString = "INSERT INTO content_tags (family_id, content_segment_id, tag_name, tagged_by) VALUES "
_LINK: LiteralString = (
    "INSERT INTO content_links (family_id, source_segment_id, target_segment_id, link_type, created_by) VALUES "
)


def _violates(table: str) -> tuple[str, str]:
    return DENIED, f'{NOT_ADMITTED}"{table}"'


@pytest.mark.parametrize("who", ["mallory", "milo", "eve", "rita"])
@pytest.mark.parametrize(
    ("statement", "table"),
    [
        (_BOOK + "(%(miller)s, 'b', %(me)s, 'family')", "memory_books"),
        (_BOOK + "(%(miller)s, 'b', %(me)s, 'private')", "memory_books"),
        (_BOOK + "(%(miller)s, 'b', %(me)s, 'public')", "memory_books"),
        (_BOOK + "(%(miller)s, 'b', %(anna)s, 'family')", "memory_books"),
        (_THREAD + "(%(miller)s, %(shared)s, %(me)s)", "threads"),
        (_THREAD + "(%(miller)s, %(public)s, %(me)s)", "threads"),
        (_THREAD + "(%(miller)s, %(shared)s, %(max)s)", "threads"),
        (_SEGMENT + "(%(shared_thread)s, %(me)s, 'text', 't')", "content_segments"),
        (_SEGMENT + "(%(public_thread)s, %(me)s, 'text', 't')", "content_segments"),
        (_SEGMENT + "(%(shared_thread)s, %(max)s, 'text', 't')", "content_segments"),
        (_NARRATION + "(%(miller)s, %(shared_segment)s, 1, 'n', 'user', %(me)s)", "photo_narrations"),
        (_NARRATION + "(NULL, %(shared_segment)s, 1, 'n', 'user', %(me)s)", "photo_narrations"),
        (_NARRATION + "(NULL, %(public_segment)s, 0, 'n', 'user', %(me)s)", "photo_narrations"),
        (_NARRATION + "(NULL, %(shared_segment)s, 1, 'n', 'user', NULL)", "photo_narrations"),
        (_TAG + "(%(miller)s, %(shared_segment)s, 't', %(me)s)", "content_tags"),
        (_TAG + "(NULL, %(shared_segment)s, 't', %(me)s)", "content_tags"),
        (_TAG + "(NULL, %(public_segment)s, 't', %(me)s)", "content_tags"),
        (_LINK + "(%(miller)s, %(shared_segment)s, %(spoken)s, 'reply', %(me)s)", "content_links"),
        (_LINK + "(NULL, %(spoken)s, %(shared_segment)s, 'reply', %(me)s)", "content_links"),
    ],
)
def test_a_stranger_adds_nothing(world: World, who: str, statement: LiteralString, table: str) -> None:
    assert world.refused(world.user(who), statement, me=world.user(who)).short == _violates(table)


@pytest.mark.parametrize(
    ("statement", "sqlstate"),
    [
        # One's own family, and the other's book, thread or segment.
        (_THREAD + "(%(evil)s, %(shared)s, %(mallory)s)", DENIED),
        (_TAG + "(%(evil)s, %(shared_segment)s, 't', %(mallory)s)", DENIED),
        (_NARRATION + "(%(evil)s, %(shared_segment)s, 1, 'n', 'user', %(mallory)s)", DENIED),
        # Both ends of a link, one at a time.
        (_LINK + "(%(evil)s, %(lair_segment)s, %(shared_segment)s, 'reply', %(mallory)s)", DENIED),
        (_LINK + "(%(evil)s, %(shared_segment)s, %(lair_segment)s, 'reply', %(mallory)s)", DENIED),
        (_LINK + "(NULL, %(lair_segment)s, %(shared_segment)s, 'reply', %(mallory)s)", DENIED),
        (_LINK + "(NULL, %(shared_segment)s, %(lair_segment)s, 'reply', %(mallory)s)", DENIED),
        # The other family, and one's own segment.
        (_TAG + "(%(miller)s, %(lair_segment)s, 't', %(mallory)s)", "23503"),
        (_NARRATION + "(%(miller)s, %(lair_segment)s, 1, 'n', 'user', %(mallory)s)", "23503"),
    ],
)
def test_hanging_something_across_the_border(world: World, statement: LiteralString, sqlstate: str) -> None:
    assert world.refused(world.mallory, statement).sqlstate == sqlstate


def test_the_same_statements_work_at_home(world: World) -> None:
    for statement in (
        _BOOK + "(%(evil)s, 'b', %(mallory)s, 'private') RETURNING family_id",
        _THREAD + "(%(evil)s, %(lair)s, %(mallory)s) RETURNING family_id",
        _SEGMENT + "(%(lair_thread)s, %(mallory)s, 'text', 't') RETURNING family_id",
        _NARRATION + "(NULL, %(lair_segment)s, 1, 'n', 'user', %(mallory)s) RETURNING family_id",
        _TAG + "(NULL, %(lair_segment)s, 't', %(mallory)s) RETURNING family_id",
    ):
        assert world.ask(world.mallory, statement) == [(world.evil,)], statement


@pytest.mark.parametrize(
    "merge",
    [
        "MERGE INTO memory_books AS book USING (SELECT %(shared)s::uuid AS id) AS wanted ON book.id = wanted.id"
        " WHEN MATCHED THEN UPDATE SET title = 'mine'",
        "MERGE INTO memory_books AS book USING (SELECT %(shared)s::uuid AS id) AS wanted ON book.id = wanted.id"
        " WHEN MATCHED THEN DELETE",
        "MERGE INTO content_tags AS tag USING (SELECT %(shared_segment)s::uuid AS id) AS wanted"
        " ON tag.content_segment_id = wanted.id WHEN MATCHED THEN DELETE",
    ],
)
def test_merging_into_rows_of_the_family_matches_none(world: World, merge: LiteralString) -> None:
    with world.inside(world.mallory) as attacker:
        attacker.rows(merge)
        attacker.become(world.anna)

        assert attacker.rows("SELECT title FROM memory_books WHERE id = %(shared)s") == [("shared book",)]
        assert attacker.rows("SELECT count(*) FROM content_tags WHERE content_segment_id = %(shared_segment)s") == [
            (2,)
        ]


@pytest.mark.parametrize(
    "call",
    [
        "SELECT * FROM search_segments('xylophone')",
        "SELECT * FROM search_segments('xylophone', %(miller)s)",
        "SELECT * FROM search_segments('%(miller)s')",
        "SELECT * FROM search_segments('xylophone or trombone', %(miller)s)",
        "SELECT * FROM search_segments('\"shared xylophone\"', NULL, 1000000)",
        "SELECT * FROM search_segments('xylophone'' | ''' || %(miller)s)",
        "SELECT * FROM search_tags(ARRAY['beach'], %(miller)s)",
        "SELECT * FROM search_tags(ARRAY['only shared', 'only public'])",
        "SELECT * FROM search_tags(ARRAY['%%', '_', NULL, ''], %(miller)s)",
        "SELECT * FROM read_thread(%(shared_thread)s)",
        "SELECT * FROM read_thread(%(public_thread)s, -1)",
        "SELECT * FROM family_books(%(miller)s)",
        "SELECT * FROM family_storage(%(miller)s)",
        "SELECT * FROM active_members(%(miller)s)",
    ],
)
def test_searching_and_paging_in_the_family(world: World, call: LiteralString) -> None:
    for who in STRANGERS:
        assert world.ask(world.user(who), call.replace("'%(miller)s'", "%(miller)s::text")) == [], who


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("SELECT download_key(%(shared_media)s)", None),
        ("SELECT download_key(%(loose_media)s)", None),
        ("SELECT email_of(%(anna)s)", None),
        ("SELECT count_view(%(shared_segment)s)", ""),
        ("SELECT count_reaction(%(shared_segment)s)", ""),
    ],
)
def test_asking_a_function_about_the_family(world: World, call: LiteralString, answer: str | None) -> None:
    with world.inside(None) as attacker:
        for who in STRANGERS:
            attacker.become(world.user(who))
            assert attacker.rows(call) == [(answer,)], who
        attacker.become(world.max)
        assert attacker.rows(
            "SELECT view_count, reaction_count FROM content_segments WHERE id = %(shared_segment)s"
        ) == [(0, 0)]


def test_putting_ones_upload_on_a_segment_of_somebody_else(world: World) -> None:
    for who, media, segment in (
        ("mallory", "lair_media", "shared_segment"),
        ("mallory", "loose_media", "lair_segment"),
        ("max", "loose_media", "lair_segment"),
        ("max", "loose_media", "closed_segment"),
        ("max", "loose_media", "none"),
        ("max", "none", "shared_segment"),
        ("max", "shared_media", "spoken"),
        ("dora", "loose_media", "shared_segment"),
    ):
        said = world.refused(
            world.user(who), "SELECT attach_media(%(media)s, %(segment)s)", media=world.ids[media],
            segment=world.ids[segment],
        )  # fmt: skip
        assert said.sqlstate == DENIED, (who, media, segment)
        assert str(said.message).startswith("no upload "), (who, media, segment)
    assert world.ask(world.max, "SELECT attach_media(%(loose_media)s, %(spoken)s)") == [("",)]


def test_putting_a_cover_on_a_book_that_one_may_not_change(world: World) -> None:
    """Somebody else's upload, a private or foreign book, a photo that is no cover; and none goes that was there."""
    with world.as_superuser() as root:
        root.rows("SET LOCAL search_path = familytales")
        for owner, family, book in (("max", "miller", None), ("anna", "miller", "public"), ("mallory", "evil", None)):
            root.rows(
                "INSERT INTO media_objects (family_id, memory_book_id, kind, s3_key, content_type, bytes, uploaded_by)"
                " VALUES (%(family)s, %(book)s, 'cover', %(key)s, 'image/png', 1, %(owner)s)",
                family=world.ids[family], book=book and world.ids[book], key=f"cover of {owner}",
                owner=world.ids[owner],
            )  # fmt: skip
        covers: dict[str, object] = dict(root.rows("SELECT s3_key, id FROM media_objects WHERE kind = 'cover'"))
        root.rows("SET LOCAL SESSION AUTHORIZATION familytales_app")
        for who, cover, book in (
            ("max", "max", "public"), ("max", "max", "shared"), ("max", "max", "secret"), ("max", "max", "lair"),
            ("ed", "max", "shared"), ("anna", "max", "shared"), ("mallory", "mallory", "shared"),
            ("mallory", "max", "lair"), ("rita", "max", "shared"), ("nobody", "max", "shared"), ("max", "max", "none"),
        ):  # fmt: skip
            root.become(world.user(who))
            said = root.refused("SELECT attach_cover(%(c)s, %(b)s)", c=covers[f"cover of {cover}"], b=world.ids[book])
            assert said.sqlstate == DENIED, (who, cover, book)
        root.become(world.max)
        assert root.refused("SELECT attach_cover(%(loose_media)s, %(shared)s)").sqlstate == DENIED
        root.rows("RESET SESSION AUTHORIZATION")
        assert root.rows("SELECT count(*), count(memory_book_id) FROM media_objects WHERE kind = 'cover'") == [(3, 1)]


@pytest.mark.parametrize(
    "copy", ["COPY memory_books TO STDOUT", "COPY threads TO STDOUT", "COPY (TABLE content_segments) TO STDOUT"]
)
def test_copying_out_shows_what_a_select_shows(world: World, copy: LiteralString) -> None:
    with world.inside(world.mallory) as attacker:
        copied = attacker.copy(copy)

    assert "lair" in copied or "trombone" in copied
    assert str(world.miller) not in copied
    assert "xylophone" not in copied


def test_copying_rows_in_past_the_policies(world: World) -> None:
    with world.inside(world.mallory) as attacker:
        said = attacker.trying(
            lambda: attacker.copies_in(
                "COPY content_tags (family_id, content_segment_id, tag_name, tagged_by) FROM STDIN",
                f"{world.miller}\t{world.shared_segment}\tinjected\t{world.mallory}\n",
            )
        )

    assert isinstance(said, No)
    assert said.short == ("0A000", "COPY FROM not supported with row-level security")
