"""What refusals tell: a hidden id must be refused in the same words, to the last field, as an id that nobody has."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest

from tests.sql.attacks.world import NOBODY_HAS_IT, No
from tests.sql.databases import Rows
from tests.sql.familytales_attacks.world import World

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

# What kind of id is probed, and what is done with it: %(id)s is the probed one, %(own)s a segment that the attacker
# sees, %(home)s his family.
PROBES: list[tuple[str, LiteralString]] = [
    ("book", _THREAD + "(%(home)s, %(id)s, %(me)s)"),
    ("thread", _SEGMENT + "(%(id)s, %(me)s, 'text', 't')"),
    ("thread", _SEGMENT + "(%(id)s, %(me)s, 'text', NULL)"),
    ("thread", _SEGMENT + "(%(id)s, %(me)s, 'nonsense', 't')"),
    ("segment", _NARRATION + "(%(home)s, %(id)s, 0, 'n', 'user', %(me)s)"),
    ("segment", _NARRATION + "(NULL, %(id)s, 0, 'n', 'user', %(me)s)"),
    ("segment", _NARRATION + "(NULL, %(id)s, 99, 'n', 'user', %(me)s)"),
    ("segment", _NARRATION + "(NULL, %(id)s, -1, 'n', 'user', %(me)s)"),
    ("segment", _NARRATION + "(NULL, %(id)s, 0, 'n', 'user', %(me)s) ON CONFLICT DO NOTHING"),
    ("segment", _TAG + "(%(home)s, %(id)s, 'beach', %(me)s)"),
    ("segment", _TAG + "(NULL, %(id)s, 'beach', %(me)s)"),
    ("segment", _TAG + "(NULL, %(id)s, 'beach', %(me)s) ON CONFLICT DO NOTHING"),
    ("segment", _LINK + "(%(home)s, %(own)s, %(id)s, 'reply', %(me)s)"),
    ("segment", _LINK + "(%(home)s, %(id)s, %(own)s, 'reply', %(me)s)"),
    ("segment", _LINK + "(NULL, %(own)s, %(id)s, 'reply', %(me)s)"),
    ("segment", _LINK + "(NULL, %(id)s, %(own)s, 'reply', %(me)s)"),
    ("segment", _LINK + "(NULL, %(id)s, %(id)s, 'reply', %(me)s)"),
    ("segment", "SELECT count_view(%(id)s)"),
    ("segment", "SELECT count_reaction(%(id)s, -1)"),
    ("segment", "UPDATE content_segments SET text_content = 'mine' WHERE id = %(id)s RETURNING id"),
    ("segment", "UPDATE content_segments SET is_deleted = NOT is_deleted WHERE id = %(id)s RETURNING id"),
    ("segment", "SELECT attach_media(%(loose)s, %(id)s)"),
    ("book", "UPDATE memory_books SET title = 'mine' WHERE id = %(id)s RETURNING id"),
    ("book", "DELETE FROM memory_books WHERE id = %(id)s RETURNING id"),
    ("thread", "DELETE FROM threads WHERE id = %(id)s RETURNING id"),
    ("thread", "SELECT title FROM read_thread(%(id)s)"),
    ("thread", "UPDATE threads SET is_locked = true WHERE id = %(id)s RETURNING id"),
    ("media", "SELECT download_key(%(id)s)"),
    ("media", "SELECT attach_media(%(id)s, %(own)s)"),
    ("media", "DELETE FROM media_objects WHERE id = %(id)s RETURNING id"),
]

# Whose rows are hidden from whom, in which family he is at home, and what he sees there.
HIDDEN = {"book": "secret", "thread": "secret_thread", "segment": "secret_segment", "media": "secret_media"}
FOREIGN = {"book": "shared", "thread": "shared_thread", "segment": "shared_segment", "media": "shared_media"}


def _without(identity: UUID, said: Rows | No) -> Rows | No:
    if isinstance(said, list):
        return [tuple("THE ID" if str(identity) in str(value) else value for value in row) for row in said]
    fields = {name: getattr(said, name) for name in No.__dataclass_fields__}
    return No(**{name: value and value.replace(str(identity), "THE ID") for name, value in fields.items()})


def _same(
    world: World, who: UUID, probed: object, home: UUID, own: UUID, query: LiteralString
) -> tuple[object, object]:
    """What is said of a hidden id, and of one that nobody has; the ids themselves taken out."""
    answers = [
        _without(
            UUID(str(identity)),
            world.says(who, query, id=identity, me=who, home=home, own=own, loose=world.loose_media),
        )
        for identity in (probed, NOBODY_HAS_IT)
    ]
    return answers[0], answers[1]


@pytest.mark.parametrize(("kind", "query"), PROBES)
def test_a_stranger_tells_a_foreign_id_from_one_that_nobody_has(world: World, kind: str, query: LiteralString) -> None:
    foreign, nobodys = _same(world, world.mallory, world.ids[FOREIGN[kind]], world.evil, world.lair_segment, query)

    assert foreign == nobodys


@pytest.mark.parametrize("who", ["max", "ed", "adam"])
@pytest.mark.parametrize(("kind", "query"), PROBES)
def test_a_member_tells_an_id_of_anothers_private_book_from_one_that_nobody_has(
    world: World, kind: str, query: LiteralString, who: str
) -> None:
    user = UUID(str(world.ids[who]))
    hidden, nobodys = _same(world, user, world.ids[HIDDEN[kind]], world.miller, world.shared_segment, query)

    assert hidden == nobodys


@pytest.mark.parametrize(
    "call",
    [
        "SELECT change_member(%(id)s, %(me)s, 'admin')",
        "SELECT change_member(%(home)s, %(whom)s, 'admin')",
        "SELECT remove_member(%(id)s, %(me)s)",
        "SELECT leave_family(%(id)s)",
        "SELECT hand_over_family(%(id)s, %(me)s)",
        "SELECT set_family_active(%(id)s, true)",
        "SELECT delete_family(%(id)s, 'miller')",
        "SELECT create_invite(%(id)s, 'a@b.example')",
        "SELECT create_invite(%(id)s, 'a@b.example', 'nonsense')",
        "SELECT * FROM search_segments('xylophone', %(id)s)",
        "SELECT * FROM search_tags(ARRAY['beach'], %(id)s)",
        "SELECT * FROM family_books(%(id)s)",
        "SELECT * FROM family_storage(%(id)s)",
        "SELECT * FROM active_members(%(id)s)",
        "SELECT id = ANY (my_families('read')) FROM families WHERE id = %(id)s",
    ],
)
@pytest.mark.parametrize("probed", ["miller", "ghost"])
def test_a_stranger_tells_a_foreign_family_from_one_that_nobody_has(
    world: World, call: LiteralString, probed: str
) -> None:
    answers = [
        _without(
            identity,
            world.says(world.mallory, call, id=identity, me=world.mallory, home=world.evil, whom=world.anna),
        )
        for identity in (UUID(str(world.ids[probed])), NOBODY_HAS_IT)
    ]

    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "call",
    [
        "SELECT change_member(%(evil)s, %(id)s, 'admin')",
        "SELECT remove_member(%(evil)s, %(id)s)",
        "SELECT hand_over_family(%(evil)s, %(id)s)",
        "SELECT email_of(%(id)s)",
        "SELECT display_name FROM users WHERE id = %(id)s",
        "UPDATE users SET display_name = 'x' WHERE id = %(id)s RETURNING id",
    ],
)
def test_an_owner_tells_somebodys_account_from_one_that_nobody_has(world: World, call: LiteralString) -> None:
    answers = [
        _without(identity, world.says(world.mallory, call, id=identity)) for identity in (world.anna, NOBODY_HAS_IT)
    ]

    assert answers[0] == answers[1]


def test_an_invitation_does_not_tell_whether_its_address_has_an_account(world: World) -> None:
    with world.inside(world.adam) as adam:
        taken = adam.rows("SELECT length(create_invite(%(miller)s, 'eve@secret.example'))")
        free = adam.rows("SELECT length(create_invite(%(miller)s, 'nobody@secret.example'))")

    assert taken == free == [(64,)]


@pytest.mark.parametrize("probed", ["guest_invite", "none"])
def test_revoking_an_invitation_that_one_may_not_see(world: World, probed: str) -> None:
    for who in (world.mallory, world.max, world.ed, world.rita, world.sam, None):
        said = world.refused(who, "SELECT revoke_invite(%(id)s)", id=world.ids[probed])
        assert said.short == ("P0002", "there is no such open invitation")


@pytest.mark.parametrize("garbage", ["not-a-uuid", "'; DROP TABLE families; --", "%", "0", "null", " "])
def test_a_user_that_is_no_uuid_is_an_error_and_never_nobody(world: World, garbage: str) -> None:
    with world.inside(None) as attacker:
        attacker.become(garbage)
        for query in ("TABLE memory_books", "SELECT create_family('f')", "SELECT * FROM search_segments('xylophone')"):
            assert attacker.refused(query).sqlstate == "22P02"


@pytest.mark.parametrize("table", ["memory_books", "threads", "content_segments", "photo_narrations", "content_links",
                                   "content_tags", "media_objects", "users", "families"])  # fmt: skip
def test_choosing_an_id_to_learn_from_a_conflict_that_it_is_taken(world: World, table: str) -> None:
    insert: LiteralString = f"INSERT INTO {table} (id) VALUES (%(shared)s) ON CONFLICT DO NOTHING"

    assert world.refused(world.mallory, insert).short == ("42501", f"permission denied for table {table}")
