"""Partitions."""

from __future__ import annotations

from typing import Final

from tests.sql.catalog.changes.change import Change

PARTITIONS: Final = (
    Change(
        "maintenance makes a partition",
        "SELECT zoo.create_month('2024-07-01')",
        (),
        "ALTER TABLE zoo.visits DETACH PARTITION part.visits_2024_07; DROP TABLE part.visits_2024_07",
    ),
    Change(
        "maintenance drops a partition",
        "ALTER TABLE zoo.visits DETACH PARTITION part.visits_2024_01; DROP TABLE part.visits_2024_01",
        (),
        "SELECT zoo.create_month('2024-01-01')",
    ),
    Change(
        "a partition made by hand is like the others",
        "CREATE TABLE part.other PARTITION OF zoo.visits FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');"
        "ALTER TABLE part.other ENABLE ROW LEVEL SECURITY",
        (),
        "ALTER TABLE zoo.visits DETACH PARTITION part.other; DROP TABLE part.other",
    ),
    Change(
        "a partition made by hand is open",
        "CREATE TABLE part.other PARTITION OF zoo.visits FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')",
        ("changed partition part.other",),
        "ALTER TABLE zoo.visits DETACH PARTITION part.other; DROP TABLE part.other",
    ),
    Change(
        "a partition is taken out and stays as a table",
        "ALTER TABLE zoo.visits DETACH PARTITION part.visits_2024_02",
        (
            "added column part.visits_2024_02.animal_id",
            "added column part.visits_2024_02.before_at",
            "added column part.visits_2024_02.before_id",
            "added column part.visits_2024_02.id",
            "added column part.visits_2024_02.note",
            "added column part.visits_2024_02.seen_at",
            "added constraint part.visits_2024_02.visits_2024_02_pkey",
            "added constraint part.visits_2024_02.visits_animal_id_fkey",
            "added constraint part.visits_2024_02.visits_before_id_before_at_fkey",
            "added constraint part.visits_2024_02.visits_note_check",
            "added index part.visits_2024_02_note_idx",
            "added index part.visits_2024_02_note_seen_at_idx",
            "added index part.visits_2024_02_pkey",
            "added table part.visits_2024_02",
        ),
    ),
    Change(
        "a partition has partitions, one of them like the others",
        "CREATE TABLE part.wide PARTITION OF zoo.visits FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')"
        " PARTITION BY RANGE (id);"
        "ALTER TABLE part.wide ENABLE ROW LEVEL SECURITY;"
        "CREATE TABLE part.wide_1 PARTITION OF part.wide FOR VALUES FROM (1) TO (9);"
        "ALTER TABLE part.wide_1 ENABLE ROW LEVEL SECURITY",
        ("changed partition part.wide",),
    ),
    Change(
        "a partition's rows are open to who names it",
        "ALTER TABLE part.visits_2024_03 DISABLE ROW LEVEL SECURITY",
        ("changed partition part.visits_2024_03",),
        "ALTER TABLE part.visits_2024_03 ENABLE ROW LEVEL SECURITY",
    ),
    Change(
        "a partition has an index of its own",
        "CREATE INDEX ON part.visits_2024_03 (animal_id)",
        ("changed partition part.visits_2024_03",),
        "DROP INDEX part.visits_2024_03_animal_id_idx",
    ),
    Change(
        "a partition has an index twice",
        "CREATE INDEX ON part.visits_2024_03 (note)",
        ("changed partition part.visits_2024_03",),
        "DROP INDEX part.visits_2024_03_note_idx1",
    ),
    Change(
        "a partition has a constraint of its own",
        "ALTER TABLE part.visits_2024_03 ADD CHECK (id > 0)",
        ("changed partition part.visits_2024_03",),
        "ALTER TABLE part.visits_2024_03 DROP CONSTRAINT visits_2024_03_id_check",
    ),
    Change(
        "a partition has another default",
        "ALTER TABLE part.visits_2024_03 ALTER note SET DEFAULT 'x'",
        ("changed partition part.visits_2024_03",),
        "ALTER TABLE part.visits_2024_03 ALTER note SET DEFAULT ''",
    ),
    Change(
        "a partition is given to somebody",
        "GRANT SELECT ON part.visits_2024_03, part.visits_default TO zoo_app;"
        "GRANT UPDATE (note) ON part.visits_2024_04 TO zoo_app",
        (
            "changed partition part.visits_2024_03",
            "changed partition part.visits_2024_04",
            "changed partition part.visits_default",
        ),
        "REVOKE ALL ON part.visits_2024_03, part.visits_2024_04, part.visits_default FROM zoo_app",
    ),
    Change(
        "a partition's trigger is off",
        "ALTER TABLE part.visits_2024_03 DISABLE TRIGGER touch",
        ("changed partition part.visits_2024_03",),
        "ALTER TABLE part.visits_2024_03 ENABLE TRIGGER touch",
    ),
    Change(
        "a partition has a policy",
        "CREATE POLICY open ON part.visits_2024_03 USING (true)",
        ("changed partition part.visits_2024_03",),
        "DROP POLICY open ON part.visits_2024_03",
    ),
    Change(
        "a partition has options",
        "ALTER TABLE part.visits_2024_03 SET (fillfactor = 70)",
        ("changed partition part.visits_2024_03",),
        "ALTER TABLE part.visits_2024_03 RESET (fillfactor)",
    ),
)
