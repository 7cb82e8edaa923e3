"""A database without pgvector: nothing of the search by meaning is there, and nothing is missed."""

from __future__ import annotations

from typing import LiteralString

from tests.sql.databases import Database

_IS_THERE: LiteralString = (
    "SELECT to_regclass('familytales.content_embeddings') IS NOT NULL,"
    " EXISTS (SELECT FROM pg_proc WHERE proname = 'similar_segments')"
)


def test_without_the_extension_nothing_of_it_is_there(familytales: Database) -> None:
    assert familytales.rows(_IS_THERE) == [(False, False)]
    assert familytales.rows("SELECT ops.create_embeddings()") == [(False,)]
    assert familytales.rows(_IS_THERE) == [(False, False)]
