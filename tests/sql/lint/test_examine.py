"""What a report says: locks, sizes, exceptions, and what prepared statements notice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schema.lint import RULES, Facts, FileReport, Finding, Lock, examine, to_document
from schema.lint.parse import parse
from tests.sql.lint.world import WORLD, file_of, files_of

FACTS = Facts.from_files([file_of(WORLD)])


def report(text: str, facts: Facts = FACTS) -> FileReport:
    (one,) = examine([file_of(text)], facts)
    return one


def found(*texts: str, facts: Facts = FACTS) -> list[str]:
    return [finding.rule for one in examine(files_of(*texts), facts) for finding in one.findings]


def finding(text: str, rule: str, facts: Facts = FACTS) -> Finding:
    (one,) = (one for one in report(text, facts).findings if one.rule == rule)
    return one


def sized(rows: int) -> Facts:
    tasks = replace(FACTS.relations["app.tasks"], rows=rows)
    return replace(FACTS, relations={**FACTS.relations, "app.tasks": tasks})


def of_major(major: int) -> Facts:
    return replace(FACTS, major=major)


def test_a_statement_is_shown_with_its_line_its_target_and_its_locks() -> None:
    text = "-- why\n\nALTER TABLE app.tasks\n    ADD COLUMN x bigint REFERENCES app.projects (id);\nSELECT 1;\n"

    first, second = report(text).statements

    assert (first.line, first.summary, first.renews) == (3, "ALTER TABLE app.tasks ADD COLUMN", ("app.tasks",))
    assert first.locks == (
        Lock("app.projects", "SHARE ROW EXCLUSIVE", "writes", new=False),
        Lock("app.tasks", "ACCESS EXCLUSIVE", "reads and writes", new=False),
    )
    assert (second.line, second.summary, second.locks) == (5, "SELECT", ())


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON app.tasks (points)", "CREATE UNIQUE INDEX CONCURRENTLY ON app.tasks"),
        ("CREATE TABLE IF NOT EXISTS notes (id bigint)", "CREATE TABLE public.notes"),
        ("DROP TABLE IF EXISTS app.a, app.b", "DROP TABLE app.a, app.b"),
        ("UPDATE app.tasks SET points = 1 WHERE id = 1", "UPDATE app.tasks"),
        ("LOCK TABLE app.users, app.tasks", "LOCK TABLE app.users, app.tasks"),
        ("ALTER TABLE app.tasks RENAME TO jobs", "ALTER TABLE app.tasks RENAME TO jobs"),
        ("ALTER TABLE app.tasks ADD COLUMN a int, ADD COLUMN b int", "ALTER TABLE app.tasks ADD COLUMN"),
        ("ALTER TABLE app.tasks DISABLE TRIGGER ALL", "ALTER TABLE app.tasks DISABLE TRIGGER ALL"),
        ("DO $$ BEGIN END $$", "DO"),
    ],
)
def test_a_summary_is_what_one_would_say(text: str, summary: str) -> None:
    assert report(text).statements[0].summary == summary


def test_a_table_of_the_pending_files_is_nobodys_yet() -> None:
    reports = examine(files_of("CREATE TABLE app.notes (id int);", "ALTER TABLE app.notes ADD CHECK (id > 0);"), FACTS)

    assert [lock.new for lock in reports[1].statements[0].locks] == [True]
    assert reports[1].findings == ()


def test_a_table_of_earlier_files_is_in_use() -> None:
    facts = Facts.from_files(files_of("CREATE TABLE notes (id int);"))

    assert found("ALTER TABLE notes ADD CHECK (id > 0);", facts=facts) == ["check-without-not-valid"]


def test_what_is_unknown_counts_as_being_in_use() -> None:
    assert found("ALTER TABLE elsewhere.notes ADD CHECK (id > 0);") == ["check-without-not-valid"]


def test_a_renamed_table_stays_as_new_or_old_as_it_was() -> None:
    new = "CREATE TABLE app.notes (id int);\nALTER TABLE app.notes RENAME TO memos;\nCREATE INDEX ON app.memos (id);"

    assert found(new) == []
    assert found("ALTER TABLE app.archive RENAME TO attic;\nDROP TABLE app.attic;")[0:1] == ["rename-table"]
    assert "drop-table" in found("ALTER TABLE app.archive RENAME TO attic;\nDROP TABLE app.attic;")


def test_a_temporary_table_hides_the_one_of_public() -> None:
    facts = Facts.from_files(files_of("CREATE TABLE notes (id int);"))

    assert found("CREATE TEMP TABLE notes (id int);\nDELETE FROM notes;\nDROP TABLE notes;", facts=facts) != []
    assert "delete-of-all-rows" not in found("CREATE TEMP TABLE notes (id int);\nDELETE FROM notes;", facts=facts)


def test_the_size_is_said_when_it_is_known() -> None:
    text = "CREATE INDEX i ON app.tasks (points);"

    assert "app.tasks, about 2,100,000 rows" in finding(text, "index-without-concurrently", sized(2_100_000)).why
    assert "about" not in finding(text, "index-without-concurrently").why


def test_an_exception_silences_its_rule_for_its_statement_alone() -> None:
    drop = "ALTER TABLE app.tasks DROP COLUMN points;\n"
    other = "ALTER TABLE app.tasks DROP COLUMN code;\n"

    assert found(f"-- about it\n-- lint: allow drop-column: unused\n-- more\n{drop}{other}") == ["drop-column"]
    assert found(f"{drop}-- lint: allow drop-column: unused\n{other}") == ["drop-column"]


@pytest.mark.parametrize(
    ("comment", "rules"),
    [
        ("-- lint: allow drop-column", ["allow-without-reason", "drop-column"]),
        ("-- lint: allow drop-column: ", ["allow-without-reason", "drop-column"]),
        ("-- lint: allow drop-colum: unused", ["unknown-rule", "drop-column"]),
        ("-- lint: drop-column is fine", ["unknown-rule", "drop-column"]),
        ("-- lint: allow truncate: unused", ["idle-allow", "drop-column"]),
        ("-- lint: allow drop-column: unused\n", ["idle-allow", "drop-column"]),
        ("/* lint: allow drop-column: unused */", ["drop-column"]),
    ],
)
def test_an_exception_that_is_none_is_said(comment: str, rules: list[str]) -> None:
    assert found(f"{comment}\nALTER TABLE app.tasks DROP COLUMN points;") == rules


def test_two_exceptions_may_stand_above_one_statement() -> None:
    text = "-- lint: allow drop-column: unused\n-- lint: allow drop-cascade: only the view of it\n"

    assert found(f"{text}ALTER TABLE app.tasks DROP COLUMN points CASCADE;") == []


def test_what_cannot_be_read_is_shown_in_the_parsers_words_at_its_place() -> None:
    one = finding("SELECT 1;\nSELECT 'ä',\n  FROM FROM;", "unreadable")

    assert (one.line, one.why) == (3, 'syntax error at or near "FROM", says the parser of PostgreSQL 18')


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ALTER TABLE app.tasks ADD COLUMN x int", ("app.tasks",)),
        ("ALTER TABLE app.tasks ALTER COLUMN title DROP NOT NULL", ()),
        ("ALTER TABLE app.events DROP COLUMN word", ("app.events", "app.events_2025", "app.events_rest")),
        ("ALTER TABLE app.tasks RENAME COLUMN title TO headline", ("app.tasks",)),
        ("ALTER TABLE app.tasks SET SCHEMA public", ("app.tasks",)),
        ("ALTER INDEX app.tasks_status_idx RENAME TO x", ()),
        ("CREATE OR REPLACE VIEW app.open_tasks AS SELECT id, title, status FROM app.tasks", ("app.open_tasks",)),
        ("CREATE VIEW app.more AS SELECT 1", ()),
        ("DROP VIEW app.open_tasks", ("app.open_tasks",)),
        ("DROP FUNCTION app.dice()", ("app.dice",)),
        ("CREATE OR REPLACE FUNCTION app.dice() RETURNS integer LANGUAGE sql AS 'SELECT 4'", ()),
        ("CREATE FUNCTION app.dice(sides integer) RETURNS bigint LANGUAGE sql AS 'SELECT 4'", ("app.dice",)),
        ("ALTER TYPE app.mood ADD VALUE 'x'", ()),
    ],
)
def test_what_prepared_statements_notice_is_named(text: str, names: tuple[str, ...]) -> None:
    assert report(text).statements[0].renews == names


def test_a_function_that_returns_a_tables_rows_changes_with_the_table() -> None:
    facts = FACTS.after(
        parse("CREATE FUNCTION app.all_users() RETURNS SETOF app.users LANGUAGE sql AS 'TABLE app.users'")
    )
    renews = report("ALTER TABLE app.users ADD COLUMN x int;", facts).statements[0].renews

    assert renews == ("app.users",)  # made by the same files: nobody has prepared it


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        ("varchar(100)", "varchar(200)", []),
        ("varchar(100)", "text", []),
        ("varchar(100)", "varchar(50)", ["type-change-rewrites"]),
        ("numeric(10, 2)", "numeric(12, 2)", []),
        ("numeric(10, 2)", "numeric(12, 3)", ["type-change-rewrites"]),
        ("integer", "bigint", ["type-change-rewrites"]),
        ("text", 'text COLLATE "C"', ["type-change-rewrites"]),
        ("text", "text USING upper(x)", ["type-change-rewrites"]),
        ("varchar(5)", "text USING x::text", []),
    ],
)
def test_a_type_is_changed_for_nothing_where_the_bytes_stay(old: str, new: str, rules: list[str]) -> None:
    facts = Facts.from_files(files_of(f"CREATE TABLE notes (x {old});"))

    assert found(f"ALTER TABLE notes ALTER COLUMN x TYPE {new};", facts=facts) == rules


def test_a_type_of_unknown_origin_is_called_so() -> None:
    one = finding("ALTER TABLE elsewhere.notes ALTER COLUMN x TYPE text;", "type-change-rewrites")

    assert "the old type of x is not known" in one.why


def test_the_server_version_decides_what_is_advised() -> None:
    key = "ALTER TABLE app.plain ADD FOREIGN KEY (id) REFERENCES app.users (id);"
    column = "ALTER TABLE app.tasks ADD COLUMN x bigint GENERATED ALWAYS AS (points * 2) STORED;"

    assert "each partition" in finding(key, "foreign-key-without-not-valid", of_major(16)).safe
    assert "each partition" not in finding(key, "foreign-key-without-not-valid", of_major(18)).safe
    assert "VIRTUAL" in finding(column, "generated-column-rewrites", of_major(18)).safe
    assert "VIRTUAL" not in finding(column, "generated-column-rewrites", of_major(16)).safe


def test_a_not_null_of_18_may_wait_for_its_validation() -> None:
    assert found(
        "ALTER TABLE app.tasks ADD CONSTRAINT there NOT NULL points NOT VALID;",
        "ALTER TABLE app.tasks VALIDATE CONSTRAINT there;",
    ) == []  # fmt: skip
    assert found("ALTER TABLE app.tasks ADD CONSTRAINT there NOT NULL points;") == ["not-null-with-scan"]
    assert found("ALTER TABLE app.tasks ADD COLUMN x bigint GENERATED ALWAYS AS (points * 2) VIRTUAL;") == []


def test_a_default_partition_is_read_for_its_new_neighbour() -> None:
    made = "CREATE TABLE app.events_2026 (LIKE app.events INCLUDING ALL);\n"
    attach = "ALTER TABLE app.events ATTACH PARTITION app.events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
    check = "CHECK (NOT (at >= '2026-01-01' AND at < '2027-01-01'))"
    kept_out = (
        f"ALTER TABLE app.events_rest ADD CONSTRAINT not_2026 {check} NOT VALID;",
        "ALTER TABLE app.events_rest VALIDATE CONSTRAINT not_2026;",
    )

    assert finding(made + attach, "attach-without-check").relation == "app.events_rest"
    assert "attach-without-check" not in found(*kept_out, made + attach)


def test_no_check_spares_a_hash_partition_its_reading() -> None:
    facts = Facts.from_files(
        files_of(
            "CREATE TABLE notes (id bigint) PARTITION BY HASH (id);\nCREATE TABLE part (id bigint CHECK (id > 0));"
        )
    )
    attach = "ALTER TABLE notes ATTACH PARTITION part FOR VALUES WITH (MODULUS 2, REMAINDER 0);"

    assert found(attach, facts=facts) == ["attach-without-check"]


def test_locks_in_one_order_are_announced_with_their_strongest_mode() -> None:
    work = "ALTER TABLE app.tasks ADD COLUMN a int;\nALTER TABLE app.users ADD COLUMN a int;"

    assert found(work) == ["missing-lock-order"]
    assert found(f"LOCK TABLE app.tasks, app.users IN SHARE MODE;\n{work}") == ["missing-lock-order"]
    assert found(f"LOCK TABLE app.tasks;\n{work}") == ["missing-lock-order"]
    assert found(f"LOCK TABLE app.tasks, app.users;\n{work}") == []
    assert found("ALTER TABLE app.events ADD COLUMN a int;") == ["lock-on-partitioned-parent"]


def test_columns_with_everything_inline_are_looked_through() -> None:
    assert found("ALTER TABLE app.tasks ADD COLUMN x int CHECK (x > 0);") == ["check-without-not-valid"]
    assert found("ALTER TABLE app.tasks ADD COLUMN x int UNIQUE;") == ["unique-constraint-without-index"]
    assert "foreign-key-without-not-valid" in found(
        "ALTER TABLE app.tasks ADD COLUMN x bigint DEFAULT 1 REFERENCES app.users (id);"
    )
    assert found("ALTER TABLE app.tasks ADD COLUMN x bigint REFERENCES app.users (id);") == ["missing-lock-order"]


def test_losing_data_is_recognisable() -> None:
    assert [rule.name for rule in RULES if rule.loses_data] == [
        "drop-column",
        "drop-table",
        "drop-schema",
        "drop-cascade",
        "truncate",
        "delete-of-all-rows",
    ]


def test_a_report_is_a_document() -> None:
    document = to_document(report("CREATE INDEX i ON app.tasks (points);"))

    assert document["name"] == "0001_example.sql"
    assert document["statements"][0]["locks"] == [
        {"relation": "app.tasks", "mode": "SHARE", "blocks": "writes", "new": False}
    ]
    assert document["findings"][0]["rule"] == "index-without-concurrently"
    assert document["findings"][0]["severity"] == "danger"
