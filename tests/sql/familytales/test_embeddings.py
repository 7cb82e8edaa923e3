"""Search by meaning, on servers that have pgvector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo

from tests.sql.databases import WITH_VECTOR, Database, Server
from tests.sql.familytales.conftest import copy_of
from tests.sql.familytales.world import Family, as_owner
from tests.sql.runner import Runner

pytestmark = pytest.mark.parametrize(
    "server", WITH_VECTOR, indirect=True, scope="session", ids=lambda major: f"pg{major}"
)

_IS_THERE: LiteralString = (
    "SELECT to_regclass('familytales.content_embeddings') IS NOT NULL,"
    " EXISTS (SELECT FROM pg_proc WHERE proname = 'similar_segments')"
)
_EMBED: LiteralString = "INSERT INTO content_embeddings (content_segment_id, model, embedding) VALUES (%s, %s, %s)"
_SIMILAR: LiteralString = (
    "SELECT content_segment_id, round(distance::numeric, 3)::float8  FROM similar_segments(%s, 'm', %s, %s)"
)


def _vector(*first: float) -> str:
    """384 numbers, as pgvector reads them."""
    return str([*first, *[0.0] * (384 - len(first))])


def _create_extension(database: Database) -> None:
    """As on RDS, where the master user may; here it takes a superuser."""
    conninfo = make_conninfo(database.server.running.superuser_conninfo, dbname=database.name)
    with psycopg.connect(conninfo, autocommit=True) as superuser:
        superuser.execute("CREATE EXTENSION vector WITH SCHEMA public")


@pytest.fixture(scope="session")
def vector_template(server: Server) -> Iterator[str]:
    """A migrated database in which the extension was there first."""
    name = "familytales_vector"
    with server.database(name) as made:
        _create_extension(made)
        Runner(made, "familytales").apply()
        server.forget(name)
        yield name


@pytest.fixture
def with_vector(server: Server, vector_template: str) -> Iterator[Database]:
    with copy_of(server, vector_template) as copy:
        yield copy


@pytest.fixture
def miller(with_vector: Database) -> Family:
    """A family with five segments, from the nearest to the farthest."""
    return Family(with_vector)


def _embed(family: Family, segment: UUID, *numbers: float, model: str = "m") -> None:
    family.database.asked_by("familytales_media", None, _EMBED, segment, model, _vector(*numbers))


def _similar(family: Family, user: UUID | None, rows: int | None = None) -> list[tuple[UUID, float]]:
    return [(row[0], row[1]) for row in family.rows(user, _SIMILAR, _vector(1.0), family.id, rows)]


@pytest.fixture
def told(miller: Family) -> list[UUID]:
    segments = [miller.tell(str(number)) for number in range(5)]
    for segment, numbers in zip(segments, [(2.0,), (1.0, 1.0), (0.0, 1.0), (-1.0, 1.0), (-1.0,)], strict=True):
        _embed(miller, segment, *numbers)
    return segments


def test_the_nearest_come_first_by_the_angle_between_them(miller: Family, told: list[UUID]) -> None:
    assert _similar(miller, miller.owner) == list(zip(told, [0.0, 0.293, 1.0, 1.707, 2.0], strict=True))
    assert _similar(miller, miller.owner, 2) == [(told[0], 0.0), (told[1], 0.293)]
    assert _similar(miller, miller.owner, 0) == _similar(miller, miller.owner, -1) == []
    miller.mark_deleted(told[0])
    assert _similar(miller, miller.owner, 1) == [(told[1], 0.293)]


def test_it_looks_at_every_segment_of_the_family_and_at_no_other(miller: Family) -> None:
    """An index of nearest neighbours would find the forty nearest of all families first, none of them of this one."""
    other = Family(miller.database, "Other")
    for family, numbers in ((other, "1"), (miller, "n")):
        family.database.run(
            "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content)"
            " SELECT %s, %s, 'text', 'x' FROM generate_series(1, 150)",
            family.thread,
            family.owner,
        )
        family.database.run(
            "INSERT INTO familytales.content_embeddings (content_segment_id, model, embedding)"
            " SELECT id, 'm', (ARRAY[1, CASE %s WHEN 'n' THEN 200 - sequence_number ELSE 0 END]"
            "                  || array_fill(0, ARRAY[382]))::public.vector"
            "  FROM familytales.segment_ids WHERE family_id = %s",
            numbers,
            family.id,
        )
    found = [segment for segment, _ in _similar(miller, miller.owner, 100)]
    expected = miller.database.rows(
        "SELECT id FROM familytales.segment_ids WHERE family_id = %s ORDER BY sequence_number DESC LIMIT 100", miller.id
    )
    assert found == [segment for (segment,) in expected]
    assert len(_similar(miller, miller.owner)) == 10
    assert len(_similar(miller, miller.owner, 1000)) == 100
    assert _similar(miller, other.owner) == _similar(miller, None) == []
    assert miller.rows(miller.owner, _SIMILAR, _vector(1.0), None, 10) == []
    assert miller.rows(miller.owner, "SELECT count(*) FROM content_embeddings") == [(150,)]


def test_models_are_kept_apart(miller: Family, told: list[UUID]) -> None:
    segment = miller.tell("other")
    _embed(miller, segment, 1.0, model="n")
    assert segment not in [found for found, _ in _similar(miller, miller.owner)]
    query: LiteralString = "SELECT content_segment_id FROM similar_segments(%s, %s, %s)"
    assert miller.rows(miller.owner, query, _vector(1.0), "n", miller.id) == [(segment,)]
    assert miller.rows(miller.owner, query, _vector(1.0), "o", miller.id) == []
    # A newer model takes the place of an older one.
    miller.database.asked_by(
        "familytales_media",
        None,
        "UPDATE content_embeddings SET model = 'm', embedding = %s WHERE model = 'n'",
        _vector(3.0, 0.1),
    )
    assert segment in [found for found, _ in _similar(miller, miller.owner)]


def test_private_books_are_their_authors(miller: Family, told: list[UUID]) -> None:
    ben = miller.join()
    thread = miller.new_thread(miller.new_book("Mine", "private", by=ben), by=ben)
    secret = miller.tell("secret", thread=thread, by=ben)
    _embed(miller, secret, 1.0)
    assert _similar(miller, ben, 1) in ([(secret, 0.0)], [(told[0], 0.0)])
    assert {found for found, _ in _similar(miller, ben)} == {secret, *told}
    assert {found for found, _ in _similar(miller, miller.owner)} == set(told)
    assert miller.rows(miller.owner, "SELECT count(*) FROM content_embeddings") == [(5,)]


@pytest.mark.parametrize("role", ["familytales_app", "familytales_media"])
def test_programs_can_name_the_type(with_vector: Database, role: str) -> None:
    """Drivers look it up before they send a value of it."""
    query: LiteralString = "SELECT '[1, 2]'::public.vector::text, 'public.vector'::regtype::text"
    assert with_vector.asked_by(role, None, query) == [("[1,2]", "public.vector")]


def test_an_embedding_says_where_it_is_and_goes_with_its_segment(miller: Family, told: list[UUID]) -> None:
    query: LiteralString = "SELECT DISTINCT family_id, memory_book_id FROM familytales.content_embeddings"
    assert miller.database.rows(query) == [(miller.id, miller.book)]
    for wrong in ("m" * 0, None):
        with pytest.raises((errors.CheckViolation, errors.NotNullViolation)):
            miller.database.asked_by("familytales_media", None, _EMBED, miller.tell("x"), wrong, _vector(1.0))
    with pytest.raises(errors.DataException):
        miller.database.asked_by("familytales_media", None, _EMBED, miller.tell("x"), "m", "[1, 2]")
    for role in ("familytales_app", "familytales_support", "familytales_public"):
        with pytest.raises((errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)):
            miller.database.asked_by(role, miller.owner, _EMBED, miller.tell("x"), "m", _vector(1.0))
    miller.rows(miller.owner, "DELETE FROM threads")
    assert miller.database.rows(query) == []


def test_a_server_that_gets_the_extension_later_gets_the_table_with_the_next_job(alone: Database) -> None:
    runner = Runner(alone, "familytales")
    assert runner.run("maintain", "embeddings").returncode == 0
    assert alone.rows(_IS_THERE) == [(False, False)]
    _create_extension(alone)
    for _ in range(2):
        assert runner.run("maintain", "embeddings").returncode == 0
        assert alone.rows(_IS_THERE) == [(True, True)]
    family = Family(alone)
    segment = family.tell("once")
    _embed(family, segment, 1.0)
    assert _similar(family, family.owner) == [(segment, 0.0)]


def test_what_a_model_has_worked_for_is_not_reverted(miller: Family) -> None:
    runner = Runner(miller.database, "familytales")
    _embed(miller, miller.tell("once"), 1.0)
    last = sorted(path.name for path in (runner.sql / "familytales/migrations").glob("*.down.sql"))
    for name in reversed(last):
        wanted = name.removesuffix(".down.sql")
        done = runner.run("revert", wanted)
        if wanted == "0025_embeddings":
            assert done.returncode == 1
            assert "familytales.content_embeddings has rows, which would be lost" in done.stderr
            break
        assert done.returncode == 0, done.stderr
    as_owner(miller.database, "DELETE FROM familytales.content_embeddings")
    assert runner.run("revert", "0025_embeddings").returncode == 0
    assert miller.database.rows(_IS_THERE) == [(False, False)]
    runner.apply()
    assert miller.database.rows(_IS_THERE) == [(True, True)]
