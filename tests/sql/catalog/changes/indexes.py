"""Indexes, constraints and statistics."""

from __future__ import annotations

from typing import Final

from tests.sql.catalog.changes.change import Change

INDEXES_AND_CONSTRAINTS: Final = (
    Change(
        "an index is dropped",
        "DROP INDEX zoo.animals_name_idx",
        ("removed index zoo.animals_name_idx",),
        "CREATE INDEX animals_name_idx ON zoo.animals (name)",
    ),
    Change(
        "an index is made",
        "CREATE INDEX legs ON zoo.animals (legs) WHERE legs > 4",
        ("added index zoo.legs",),
        "DROP INDEX zoo.legs",
    ),
    Change(
        "an index is another one of the same name",
        "DROP INDEX zoo.animals_name_idx; CREATE UNIQUE INDEX animals_name_idx ON zoo.animals (name)",
        ("changed index zoo.animals_name_idx",),
        "DROP INDEX zoo.animals_name_idx; CREATE INDEX animals_name_idx ON zoo.animals (name)",
    ),
    Change(
        "an index is the one to cluster by",
        "ALTER TABLE zoo.animals CLUSTER ON animals_name_idx",
        ("changed index zoo.animals_name_idx",),
        "ALTER TABLE zoo.animals SET WITHOUT CLUSTER",
    ),
    Change(
        "an index has another fill factor",
        "ALTER INDEX zoo.animals_name_idx SET (fillfactor = 50)",
        ("changed index zoo.animals_name_idx",),
        "ALTER INDEX zoo.animals_name_idx RESET (fillfactor)",
    ),
    Change(
        "an index of a partitioned table is dropped: that is all, though each partition loses one",
        "DROP INDEX zoo.visits_note_idx",
        ("removed index zoo.visits_note_idx",),
        "CREATE INDEX visits_note_idx ON zoo.visits (note)",
    ),
    Change(
        "a constraint is dropped",
        "ALTER TABLE zoo.animals DROP CONSTRAINT some_legs",
        ("removed constraint zoo.animals.some_legs",),
        "ALTER TABLE zoo.animals ADD CONSTRAINT some_legs CHECK (legs >= 0)",
    ),
    Change(
        "a constraint is there, but was never validated",
        "ALTER TABLE zoo.animals DROP CONSTRAINT some_legs;"
        "ALTER TABLE zoo.animals ADD CONSTRAINT some_legs CHECK (legs >= 0) NOT VALID",
        ("changed constraint zoo.animals.some_legs",),
        "ALTER TABLE zoo.animals VALIDATE CONSTRAINT some_legs",
    ),
    Change(
        "a foreign key does something else when its target goes",
        "ALTER TABLE zoo.animals DROP CONSTRAINT animals_house_id_fkey, ADD CONSTRAINT animals_house_id_fkey"
        " FOREIGN KEY (house_id) REFERENCES zoo.houses (id) ON DELETE CASCADE",
        ("changed constraint zoo.animals.animals_house_id_fkey",),
        "ALTER TABLE zoo.animals DROP CONSTRAINT animals_house_id_fkey, ADD CONSTRAINT animals_house_id_fkey"
        " FOREIGN KEY (house_id) REFERENCES zoo.houses (id)",
    ),
    Change(
        "a unique constraint takes its index with it",
        "ALTER TABLE zoo.houses DROP CONSTRAINT houses_name_key",
        ("removed constraint zoo.houses.houses_name_key", "removed index zoo.houses_name_key"),
        "ALTER TABLE zoo.houses ADD UNIQUE (name)",
    ),
    Change(
        "a partitioned table has another constraint: that is all, though each partition has it",
        "ALTER TABLE zoo.visits ADD CONSTRAINT short CHECK (length(note) < 9)",
        ("added constraint zoo.visits.short",),
        "ALTER TABLE zoo.visits DROP CONSTRAINT short",
    ),
    Change(
        "a partitioned table no longer refers to itself",
        "ALTER TABLE zoo.visits DROP CONSTRAINT visits_before_id_before_at_fkey",
        ("removed constraint zoo.visits.visits_before_id_before_at_fkey",),
        "ALTER TABLE zoo.visits ADD FOREIGN KEY (before_id, before_at) REFERENCES zoo.visits (id, seen_at)",
    ),
    Change(
        "statistics are dropped",
        "DROP STATISTICS zoo.animals_stats",
        ("removed statistics zoo.animals_stats",),
        "CREATE STATISTICS zoo.animals_stats ON name, legs FROM zoo.animals",
    ),
)
