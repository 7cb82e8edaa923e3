"""What is detached is kept with everything that hangs on it, and comes back as it was."""

from __future__ import annotations

import psycopg

from tests.sql.databases import Rows
from tests.sql.partitions.world import Family, Owner

_THREAD = (
    "SELECT s.sequence_number, s.text_content, t.tag_name, n.narration_text"
    "  FROM familytales.content_segments AS s"
    "  JOIN familytales.content_tags AS t ON t.content_segment_id = s.id"
    "  JOIN familytales.photo_narrations AS n ON n.content_segment_id = s.id"
    " ORDER BY 1"
)
_OLD = "archive.content_segments_2010"
_HANGS = (
    "SELECT conname, contype::text, convalidated, coninhcount > 0, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE conrelid = %s::regclass AND contype <> 'n' ORDER BY 1"
)


def _archived(owner: Owner) -> Rows:
    return owner.rows(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'archive'::regnamespace"
    )


def _count(family: Family, table: str) -> int:
    return len(family.everything()[table])


def test_detaching_deletes_nothing_and_attaching_brings_the_same_rows_back(family: Family) -> None:
    owner = family.owner
    for created in ("2010-03-05", "2010-12-31 23:59+00", "2024-05-05"):
        family.segment(created)
    owner.follow("partitions_to_drain()")
    before, seen = family.everything(), owner.rows(_THREAD)
    keys = owner.rows(_HANGS, "part.content_segments_2010")
    assert len(seen) == 3

    assert owner.maintain() == ["SELECT ops.expire_partition('part.content_segments_2010')"]

    assert owner.rows(_THREAD) == seen[2:]
    assert _archived(owner) == [(_OLD,)]
    assert owner.one(f"SELECT count(*) FROM {_OLD}") == 2
    assert [_count(family, table) for table in ("segment_ids", "content_tags", "photo_narrations")] == [3, 3, 3]
    assert owner.rows(
        "SELECT partition::text, parent::text, lower_bound::date::text, upper_bound::date::text, attached_until"
        "  FROM ops.detached_partitions"
    ) == [(_OLD, "familytales.content_segments", "2010-01-01", "2011-01-01", None)]
    owner.do("SELECT ops.check_partitions()")

    owner.do("SELECT ops.attach_partition('content_segments_2010')")

    assert owner.rows(_THREAD) == seen
    assert family.everything() == before
    assert owner.rows(_HANGS, "part.content_segments_2010") == keys
    assert _archived(owner) == []
    # For a week; then it has expired again.
    assert owner.maintain() == []
    assert [why.split(" until ")[0] for (why,) in owner.rows(
        "SELECT held_because FROM ops.partition_report WHERE expired"
    )] == ["it was brought back"]  # fmt: skip
    owner.do("UPDATE ops.detached_partitions SET attached_until = now()")
    assert owner.maintain() == ["SELECT ops.expire_partition('part.content_segments_2010')"]
    assert _archived(owner) == [(_OLD,)]


def test_what_is_detached_still_goes_with_its_family(family: Family) -> None:
    owner = family.owner
    family.segment("2010-03-05")
    owner.maintain()
    assert owner.one(f"SELECT count(*) FROM {_OLD}") == 1

    owner.do("DELETE FROM familytales.threads")

    assert owner.one(f"SELECT count(*) FROM {_OLD}") == 0


def test_a_second_partition_of_the_same_year_gets_a_number(family: Family) -> None:
    owner = family.owner
    for _ in range(2):
        family.segment("2010-03-05")
        owner.maintain()
    assert sorted(_archived(owner)) == [(_OLD,), (f"{_OLD}_2",)]

    # Both at once would overlap.
    owner.do("SELECT ops.attach_partition(%s)", f"{_OLD}_2")
    said = owner.refused("SELECT ops.attach_partition('content_segments_2010')")
    assert said.message_primary == (
        "the partition of familytales.content_segments from 2010-01-01 to 2011-01-01 would overlap "
        "part.content_segments_2010_2, which is from 2010-01-01 to 2011-01-01"
    )
    said = owner.refused("SELECT ops.attach_partition('content_segments_2010_2')")
    assert said.message_primary == "there is no detached partition content_segments_2010_2"


def test_rows_of_a_detached_year_that_came_late_do_not_keep_it_out(family: Family) -> None:
    owner = family.owner
    family.segment("2010-03-05")
    owner.maintain()
    family.segment("2010-04-05")
    # The late row lies in the DEFAULT partition: it has to get a partition before it is in the way.
    owner.do("SET LOCAL ops.lock_patience = '100 ms'")
    said = owner.refused("SELECT ops.attach_partition('content_segments_2010')")
    assert said.sqlstate == psycopg.errors.LockNotAvailable.sqlstate
    assert said.message_primary is not None
    assert "default partition" in said.message_primary
