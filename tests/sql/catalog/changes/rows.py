"""What decides about single rows: row level security, triggers and rules."""

from __future__ import annotations

from typing import Final

from tests.sql.catalog.changes.change import Change

ROWS: Final = (
    Change(
        "row level security is off",
        "ALTER TABLE zoo.animals DISABLE ROW LEVEL SECURITY",
        ("changed table zoo.animals",),
        "ALTER TABLE zoo.animals ENABLE ROW LEVEL SECURITY",
    ),
    Change(
        "row level security does not hold for the owner",
        "ALTER TABLE zoo.animals NO FORCE ROW LEVEL SECURITY",
        ("changed table zoo.animals",),
        "ALTER TABLE zoo.animals FORCE ROW LEVEL SECURITY",
    ),
    Change(
        "a policy is dropped",
        "DROP POLICY visitors ON zoo.animals",
        ("removed policy zoo.animals.visitors",),
        "CREATE POLICY visitors ON zoo.animals FOR SELECT TO zoo_app USING (legs > 0)",
    ),
    Change(
        "a policy lets everything through",
        "ALTER POLICY visitors ON zoo.animals USING (true)",
        ("changed policy zoo.animals.visitors",),
        "ALTER POLICY visitors ON zoo.animals USING (legs > 0)",
    ),
    Change(
        "a policy is for everybody",
        "ALTER POLICY visitors ON zoo.animals TO PUBLIC",
        ("changed policy zoo.animals.visitors",),
        "ALTER POLICY visitors ON zoo.animals TO zoo_app",
    ),
    Change(
        "a policy is new",
        "CREATE POLICY all_of_them ON zoo.animals AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK (false)",
        ("added policy zoo.animals.all_of_them",),
        "DROP POLICY all_of_them ON zoo.animals",
    ),
    Change(
        "a trigger is new",
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON zoo.houses DEFERRABLE"
        " FOR EACH ROW EXECUTE FUNCTION zoo.touch()",
        ("added trigger zoo.houses.late",),
        "DROP TRIGGER late ON zoo.houses",
    ),
    Change(
        "a trigger is off",
        "ALTER TABLE zoo.animals DISABLE TRIGGER touch",
        ("changed trigger zoo.animals.touch",),
        "ALTER TABLE zoo.animals ENABLE TRIGGER touch",
    ),
    Change(
        "a trigger of a partitioned table is gone: that is all, though each partition loses it",
        "DROP TRIGGER touch ON zoo.visits",
        ("removed trigger zoo.visits.touch",),
        "CREATE TRIGGER touch BEFORE UPDATE ON zoo.visits"
        " FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION zoo.touch()",
    ),
    Change(
        "a trigger of a partitioned table is off, in each partition too",
        "ALTER TABLE zoo.visits DISABLE TRIGGER touch",
        ("changed trigger zoo.visits.touch",),
        "ALTER TABLE zoo.visits ENABLE TRIGGER touch",
    ),
    Change(
        "a rule is gone",
        "DROP RULE keep ON zoo.houses",
        ("removed rule zoo.houses.keep",),
        "CREATE RULE keep AS ON DELETE TO zoo.houses DO INSTEAD NOTHING",
    ),
)
