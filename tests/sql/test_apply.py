"""What `apply` does to a database, and what it leaves alone."""

from __future__ import annotations

import hashlib

from schema import lock
from tests.sql.databases import Database
from tests.sql.runner import Runner, finish


def test_an_empty_database_gets_every_migration(database: Database, service_name: str) -> None:
    runner = Runner(database, service_name)
    files = [
        file
        for file in sorted((runner.sql / service_name / "migrations").glob("*.sql"))
        if not file.name.endswith(".down.sql")
    ]

    last = runner.apply()

    newest = files[-1].name[:4]
    assert last == f"{service_name}: applied {len(files)} migrations (0001..{newest}), ledger now at {newest}"
    assert runner.versions() == [int(file.name[:4]) for file in files]


def test_a_second_run_changes_nothing(migrated: dict[str, Database], service_name: str) -> None:
    runner = Runner(migrated[service_name], service_name)
    before = runner.ledger()

    done = finish(runner.start("apply"))

    assert done.returncode == 0
    count, newest = len(before), f"{before[-1][0]:04}"
    assert done.stdout == f"{service_name}: nothing to apply, ledger at {newest} ({count} migrations)\n"
    assert runner.ledger() == before


def test_the_ledger_is_the_one_sqlx_keeps(demo: Runner) -> None:
    demo.apply()

    columns = demo.database.rows(
        "SELECT column_name::text, data_type::text, is_nullable::text FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = '_sqlx_migrations' ORDER BY ordinal_position"
    )
    assert columns == [
        ("version", "bigint", "NO"),
        ("description", "text", "NO"),
        ("installed_on", "timestamp with time zone", "NO"),
        ("success", "boolean", "NO"),
        ("checksum", "bytea", "NO"),
        ("execution_time", "bigint", "NO"),
    ]
    version, description, _, success, checksum, nanoseconds = demo.ledger()[1]
    text = (demo.sql / "demo/migrations/0002_things.sql").read_bytes()
    assert (version, description, success, checksum) == (2, "things", True, hashlib.sha384(text).digest())
    # A CREATE TABLE takes more than a tenth of a millisecond and less than ten seconds: the unit is nanoseconds.
    assert 100_000 < nanoseconds < 10_000_000_000


def test_a_new_file_is_applied_alone(demo: Runner) -> None:
    demo.apply()
    demo.write("0003_more.sql", "CREATE TABLE demo.more ();\n")

    assert demo.apply() == "demo: applied 1 migration (0003), ledger now at 0003"


def test_what_is_created_belongs_to_the_owner(demo: Runner) -> None:
    demo.apply()

    assert demo.database.rows("SELECT tableowner::text FROM pg_tables WHERE tablename = 'things'") == [("demo_owner",)]


def test_a_failing_file_leaves_nothing_of_itself_and_keeps_the_earlier_ones(demo: Runner) -> None:
    demo.write(
        "0003_bad.sql", "CREATE TABLE demo.half ();\n\nINSERT INTO demo.things\nSELECT wrong\n  FROM demo.things;\n"
    )
    demo.write("0004_never.sql", "CREATE TABLE demo.never ();\n")

    done = demo.run("apply")

    assert done.returncode == 1
    assert 'error: demo/migrations/0003_bad.sql:4: column "wrong" does not exist (SQLSTATE 42703)' in done.stderr
    assert "nothing of this file was kept" in done.stderr
    assert demo.versions() == [1, 2]
    assert demo.database.rows("SELECT to_regclass('demo.half'), to_regclass('demo.never')") == [(None, None)]


def test_an_error_without_position_names_the_line_of_its_statement_and_its_detail(demo: Runner) -> None:
    demo.write("0003_twice.sql", "-- two rows\nINSERT INTO demo.things\nVALUES (1), (1);\n")

    done = demo.run("apply")

    assert "demo/migrations/0003_twice.sql:2: duplicate key value" in done.stderr
    assert "detail: Key (id)=(1) already exists." in done.stderr


def test_settings_of_one_file_do_not_reach_the_next(demo: Runner) -> None:
    demo.write("0003_sets.sql", "SET search_path = demo;\nSET statement_timeout = '1ms';\n")
    demo.write(
        "0004_looks.sql",
        "SELECT pg_sleep(0.01);\nCREATE TABLE public.seen AS SELECT current_setting('search_path') AS path;\n",
    )

    demo.apply()

    assert demo.database.rows("SELECT path FROM public.seen") == [("public",)]


def test_a_file_may_say_how_long_its_statements_may_take(demo: Runner) -> None:
    demo.write("0003_slow.sql", "-- statement-timeout: 50ms\n\nSELECT pg_sleep(10);\n")

    done = demo.run("apply")

    assert done.returncode == 1
    assert "0003_slow.sql:3: canceling statement due to statement timeout (SQLSTATE 57014)" in done.stderr
    assert demo.versions() == [1, 2]


def test_a_refused_run_changes_nothing_at_all(demo: Runner) -> None:
    demo.apply()
    demo.write("0002_things.sql", "CREATE TABLE demo.things (id bigint PRIMARY KEY);\n")
    demo.write("0003_more.sql", "CREATE TABLE demo.more ();\n")
    demo.passwords["demo_app"] = "another"

    done = demo.run("apply")

    assert done.returncode == 2
    assert "demo/migrations/0002_things.sql:1: the file was edited after it was applied" in done.stderr
    assert demo.versions() == [1, 2]
    demo.database.login("demo_app").close()


def test_ledger_and_files_that_contradict_each_other_are_all_reported(demo: Runner) -> None:
    demo.write("0005_last.sql", "SELECT 1;\n")
    demo.apply()
    (demo.sql / "demo/migrations/0002_things.sql").unlink()
    demo.write("0004_late.sql", "SELECT 1;\n")
    demo.database.run("UPDATE public._sqlx_migrations SET success = false WHERE version = 1")

    done = demo.run("apply")

    assert done.returncode == 2
    assert "demo/migrations/0001_schema.sql:1: the migration is marked as failed in _sqlx_migrations" in done.stderr
    assert "demo: 0002 (things) is applied but its file is missing" in done.stderr
    assert "demo/migrations/0004_late.sql:1: out of order: 0005 is applied already" in done.stderr


def test_the_lock_is_the_one_sqlx_takes() -> None:
    # CRC-32 of "123456789" is the check value of its definition.
    assert lock.key("123456789") == 0x3D32AD9E * 0xCBF43926


def test_temporary_tables_and_roles_of_one_file_do_not_reach_the_next(demo: Runner) -> None:
    demo.database.run("GRANT TEMPORARY ON DATABASE {} TO demo_owner".replace("{}", demo.database.name))
    demo.write("0003_temporary.sql", "CREATE TEMPORARY TABLE things (id integer);\n")
    demo.write("0004_rows.sql", "SET LOCAL search_path = demo;\nINSERT INTO things VALUES (1);\n")

    demo.apply()

    assert demo.database.rows("SELECT id FROM demo.things") == [(1,)]


def test_a_file_that_gives_the_lock_away_ends_the_run(demo: Runner) -> None:
    demo.write("0003_unlocks.sql", "SELECT pg_advisory_unlock_all();\n")
    demo.write("0004_more.sql", "CREATE TABLE demo.more ();\n")

    done = demo.run("apply")

    assert done.returncode == 1
    assert "the migration lock was given away by a file" in done.stderr
    assert demo.versions() == [1, 2, 3]


def test_a_constraint_that_is_deferred_is_told_with_its_code(demo: Runner) -> None:
    demo.write(
        "0003_deferred.sql",
        "CREATE TABLE demo.child (id int REFERENCES demo.things DEFERRABLE INITIALLY DEFERRED);\n"
        "INSERT INTO demo.child VALUES (9);\n",
    )

    done = demo.run("apply")

    assert done.returncode == 1
    assert "0003_deferred.sql: at the commit: insert or update on table" in done.stderr
    assert "(SQLSTATE 23503); nothing of this file was kept" in done.stderr
    assert demo.versions() == [1, 2]


def test_a_row_that_breaks_a_constraint_is_not_quoted(demo: Runner) -> None:
    demo.write(
        "0003_rows.sql",
        "CREATE TABLE demo.secrets (id int NOT NULL, hash text NOT NULL);\n"
        "INSERT INTO demo.secrets SELECT 1, 'argon2-' || 'secret';\nUPDATE demo.secrets SET id = NULL;\n",
    )

    done = demo.run("apply", "--json")

    assert "argon2-secret" not in done.stdout + done.stderr
    assert "detail: a row of demo.secrets.id (not quoted here)" in done.stderr
    kept = demo.database.rows("SELECT error FROM public._schema_history WHERE outcome = 'failed'")
    assert "argon2-secret" not in kept[0][0]


def test_an_expression_that_is_nested_deeply_is_applied_like_any_other(demo: Runner) -> None:
    terms = " || ".join(["'a'"] * 200)
    demo.write("0003_view.sql", f"CREATE VIEW demo.deep AS SELECT {terms} AS text;\n")
    demo.apply()
    demo.write("0004_rows.sql", f"INSERT INTO demo.things SELECT length({terms});\n")

    assert demo.apply() == "demo: applied 1 migration (0004), ledger now at 0004"
    assert demo.database.rows("SELECT id FROM demo.things") == [(200,)]
