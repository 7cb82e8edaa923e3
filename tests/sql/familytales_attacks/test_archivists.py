"""Who brings archived years back, what an archivist may besides, and partitions named directly."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.attacks.world import DENIED
from tests.sql.familytales_attacks.world import APP, ARCHIVIST, BACKUP, MEDIA, PUBLIC, SUPPORT, World


@pytest.mark.parametrize("role", [APP, PUBLIC, MEDIA, SUPPORT, BACKUP])
def test_bringing_a_year_back_is_the_archivists(world: World, role: str) -> None:
    said = world.refused(world.anna, "SELECT familytales.bring_back('content_segments_2010')", role=role)

    assert said.sqlstate == DENIED


@pytest.mark.parametrize(
    ("name", "stays", "sqlstate"),
    [
        ("content_segments_2010", "0", "22023"), ("content_segments_2010", "91 days", "22023"),
        ("content_segments_2010", "-1 day", "22023"), ("content_segments_2010", None, "22023"),
        ("content_segments_1900", "1 day", "42P01"), ("audit.audit_log", "1 day", "42P01"),
        ("familytales.users", "1 day", "42P01"), ("pg_class", "1 day", "42P01"), ("", "1 day", "42P01"),
        ("x'); DROP TABLE familytales.users; --", "1 day", "42P01"), (None, "1 day", "42P01"),
    ],
)  # fmt: skip
def test_an_archivist_who_brings_back_what_is_not_his(
    world: World, name: str | None, stays: str | None, sqlstate: str
) -> None:
    said = world.refused(
        None, "SELECT bring_back(%(name)s, %(stays)s::interval)", role=ARCHIVIST, name=name, stays=stays
    )

    assert said.sqlstate == sqlstate


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM familytales.content_segments", "SELECT 1 FROM familytales.memory_books",
        "SELECT 1 FROM familytales.users", "SELECT 1 FROM familytales.families", "SELECT 1 FROM audit.audit_log",
        "SELECT 1 FROM part.content_segments_default", "UPDATE ops.detached_partitions SET attached_until = NULL",
        "DELETE FROM familytales.archived_segments", "SELECT ops.attach_partition('content_segments_2010')",
        "SELECT ops.expire_partition('part.content_segments_default')",
        "UPDATE ops.partition_policy SET keep = '1 day'", "SELECT familytales.search_segments('xylophone')",
    ],
)  # fmt: skip
def test_an_archivist_who_reads_or_moves_more_than_the_archive(world: World, statement: LiteralString) -> None:
    assert world.refused(world.anna, statement, role=ARCHIVIST).sqlstate == DENIED


@pytest.mark.parametrize("role", [APP, PUBLIC, MEDIA, SUPPORT, ARCHIVIST])
def test_every_partition_is_closed_to_whoever_names_it(world: World, role: str) -> None:
    """Policies stand on the parent; whoever reads a partition by its name reads past them."""
    with world.as_owner() as owner:
        leaves = owner.rows(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'familytales.content_segments'::regclass"
        )
    assert len(leaves) >= 5
    for (leaf,) in leaves:
        for statement in (
            f"SELECT 1 FROM {leaf}",
            f"DELETE FROM {leaf}",
            f"COPY {leaf} TO STDOUT",
            f"INSERT INTO {leaf} (id) VALUES (DEFAULT)",
            f"UPDATE {leaf} SET text_content = ''",
        ):
            assert world.refused(world.anna, statement, role=role).sqlstate == DENIED, statement
