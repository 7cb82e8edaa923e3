"""Search by meaning, where the build has pgvector: it finds nothing that reading would not find, either."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED, Attacker
from tests.sql.databases import WITH_VECTOR
from tests.sql.familytales_attacks.world import APP, MEDIA, PUBLIC, World

pytestmark = pytest.mark.parametrize(
    "server", WITH_VECTOR, indirect=True, scope="session", ids=lambda major: f"pg{major}"
)

_ZEROS = "[" + ",".join(["1"] + ["0"] * 383) + "]"
_EMBED: LiteralString = (
    "INSERT INTO content_embeddings (content_segment_id, model, embedding)"
    " VALUES (%(segment)s, 'm', %(vector)s) RETURNING family_id, memory_book_id"
)
_SIMILAR: LiteralString = "SELECT content_segment_id FROM similar_segments(%(vector)s, 'm', %(family)s, 100) ORDER BY 1"
_SEGMENTS = ("shared_segment", "secret_segment", "closed_segment", "lair_segment", "removed")


@pytest.fixture
def embedded(world: World) -> Iterator[Attacker]:
    """The superuser, in a transaction in which the extension came, and every family has embeddings."""
    with world.as_superuser() as root:
        root.rows("CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public")
        root.rows("SET LOCAL ROLE familytales_owner")
        assert root.rows("SELECT ops.create_embeddings()") == [(True,)]
        root.rows("RESET ROLE")
        root.rows("SET LOCAL search_path = familytales, public")
        become(root, MEDIA, None)
        for segment in _SEGMENTS:
            root.rows(_EMBED, segment=world.ids[segment], vector=_ZEROS)
        yield root


def become(root: Attacker, role: str, user: object) -> Attacker:
    root.rows("RESET SESSION AUTHORIZATION")
    root.rows(f"SET LOCAL SESSION AUTHORIZATION {role}")
    return root.become(None if user is None else str(user))


def _found(root: Attacker, family: object) -> set[object]:
    return {segment for (segment,) in root.rows(_SIMILAR, vector=_ZEROS, family=family)}


@pytest.mark.parametrize("who", ["mallory", "milo", "eve", "rita", "sam", "greta", "nobody"])
def test_a_stranger_finds_nothing_of_the_family_by_meaning(embedded: Attacker, world: World, who: str) -> None:
    become(embedded, APP, world.user(who))

    for family in (world.miller, world.ghost, None):
        assert _found(embedded, family) == set()
    assert embedded.rows("SELECT 1 FROM content_embeddings WHERE family_id = %(miller)s") == []


@pytest.mark.parametrize("who", ["anna", "adam", "ed", "max", "vera", "dora"])
def test_a_member_finds_neither_private_books_of_others_nor_what_is_deleted(
    embedded: Attacker, world: World, who: str
) -> None:
    become(embedded, APP, world.user(who))

    assert _found(embedded, world.miller) == {world.shared_segment, world.closed_segment}
    assert embedded.rows("SELECT 1 FROM content_embeddings WHERE content_segment_id = %(secret_segment)s") == []
    # What was told can be guessed from its embedding.
    assert embedded.rows("SELECT 1 FROM content_embeddings WHERE content_segment_id = %(removed)s") == []
    become(embedded, APP, world.nina)
    assert _found(embedded, world.miller) == {world.shared_segment, world.closed_segment, world.secret_segment}


@pytest.mark.parametrize("role", [APP, PUBLIC])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO content_embeddings (content_segment_id, model, embedding) VALUES (%(spoken)s, 'm', %(vector)s)",
        "UPDATE content_embeddings SET family_id = %(evil)s",
        "UPDATE content_embeddings SET embedding = embedding",
        "DELETE FROM content_embeddings",
    ],
)
def test_writing_embeddings_is_the_media_services(
    embedded: Attacker, world: World, role: str, statement: LiteralString
) -> None:
    become(embedded, role, world.anna)

    assert embedded.refused(statement, vector=_ZEROS).sqlstate == DENIED


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO content_embeddings (content_segment_id, family_id, model, embedding)"
        " VALUES (%(spoken)s, %(evil)s, 'm', %(vector)s)",
        "UPDATE content_embeddings SET family_id = %(evil)s",
        "UPDATE content_embeddings SET memory_book_id = %(shared)s",
        "UPDATE content_embeddings SET content_segment_id = %(spoken)s",
        "DELETE FROM content_embeddings",
    ],
)
def test_the_media_service_carries_no_embedding_across(embedded: Attacker, statement: LiteralString) -> None:
    become(embedded, MEDIA, None)

    assert embedded.refused(statement, vector=_ZEROS).sqlstate == DENIED


def test_an_embedding_lies_where_its_segment_does_and_on_none_that_is_not_there(
    embedded: Attacker, world: World
) -> None:
    become(embedded, MEDIA, None)

    assert embedded.rows(_EMBED, segment=world.spoken, vector=_ZEROS) == [(world.miller, world.shared)]
    assert embedded.refused(_EMBED, segment=world.ids["none"], vector=_ZEROS).sqlstate == "23503"
