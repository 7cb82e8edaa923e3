"""Which files are refused, and with which words: no server needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from schema import files
from schema.errors import BadInput


def _migrations(folder: Path, **contents: str | bytes) -> Path:
    service = folder / "demo"
    (service / "migrations").mkdir(parents=True)
    for name, content in contents.items():
        data = content if isinstance(content, bytes) else content.encode()
        (service / "migrations" / f"{name}.sql").write_bytes(data)
    return service


def _refused(folder: Path, **contents: str | bytes) -> tuple[str, ...]:
    with pytest.raises(BadInput) as raised:
        files.discover(_migrations(folder, **contents), "migrations")
    return raised.value.problems


_CONTROL = "is transaction control, but a file is one transaction together with its ledger row; remove it"
_F = "demo/migrations/0001_a.sql"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("SELECT 1;\n\nBEGIN;", f"{_F}:3: BEGIN {_CONTROL}"),
        ("commit", f"{_F}:1: COMMIT {_CONTROL}"),
        ("/* so */ End;", f"{_F}:1: END {_CONTROL}"),
        ("SELECT 1;\nROLLBACK TO SAVEPOINT a;", f"{_F}:2: ROLLBACK {_CONTROL}"),
        ("ABORT;", f"{_F}:1: ABORT {_CONTROL}"),
        ("SAVEPOINT a;", f"{_F}:1: SAVEPOINT {_CONTROL}"),
        ("RELEASE a;", f"{_F}:1: RELEASE {_CONTROL}"),
        ("START -- now\nTRANSACTION;", f"{_F}:1: START TRANSACTION {_CONTROL}"),
        ("PREPARE TRANSACTION 'a';", f"{_F}:1: PREPARE TRANSACTION {_CONTROL}"),
        (
            "SELECT 1;\r\nSELECT 2;\r\n",
            f"{_F}:1: the line ends with CRLF (or holds a carriage return); a checkout elsewhere would have another "
            "checksum, so save the file with LF and put `*.sql text eol=lf` into .gitattributes",
        ),
        (
            b"\xef\xbb\xbfSELECT 1;",
            f"{_F}:1: the file starts with a byte order mark; save it as UTF-8 without BOM",
        ),
        (b"SELECT 1;\nSELECT '\xe4';", f"{_F}:2: the file is not UTF-8; save it as UTF-8"),
        (b"SELECT '\0';", f"{_F}:1: the file holds a NUL byte; PostgreSQL's text cannot, so save it as UTF-8"),
        ("", f"{_F}:1: the file is empty (it holds no statement); write one or delete the file"),
        ("-- later\n;\n", f"{_F}:1: the file is empty (it holds no statement); write one or delete the file"),
        (
            "SELECT 1;\n\\connect other\n",
            f"{_F}:2: a backslash command belongs to psql, and the server does not know it; remove it",
        ),
        ("SELECT 1;\nSELECT $x$ a;\n", f"{_F}:2: the $x$ body is never closed; close it"),
        (
            "COPY t FROM STDIN;",
            f"{_F}:1: COPY from or to the client has no client here; write INSERT … VALUES, or load data with another "
            "tool",
        ),
        (
            "-- no-transaction\nVACUUM t;\n\nSELECT 1;",
            f"{_F}:4: a second statement in a file without a transaction: if it failed, the first would stay and "
            "nothing would say so; give each statement a file of its own",
        ),
        (
            "-- an index\n-- no-transaction\nSELECT 1;",
            f"{_F}:2: `-- no-transaction` counts on the first line only; move it there",
        ),
        (
            "-- statement-timeout: 2\nSELECT 1;",
            f"{_F}:1: statement-timeout: 2 is no time; write a number and a unit, such as 30s, 45min or 2h",
        ),
        (
            "-- statement-timeout:\nSELECT 1;",
            f"{_F}:1: statement-timeout: nothing is no time; write a number and a unit, such as 30s, 45min or 2h",
        ),
        (
            "-- statement-timeout: 25h\nSELECT 1;",
            f"{_F}:1: statement-timeout: 25h is more than a day; write at most 24h, and split what takes longer",
        ),
        (
            "-- statement-timeout: 2h\n-- role: demo_audit\nSELECT 1;",
            f"{_F}:2: role: demo_audit stands in a file that is no job; migrations run as the owner of the service, so "
            "remove the line",
        ),
        *(
            (
                f"SELECT 1;\n{statement};",
                f"{_F}:2: {form} cannot run in a transaction; put it alone into a file whose first line is "
                "`-- no-transaction`",
            )
            for statement, form in (
                ("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX CONCURRENTLY"),
                ("DROP INDEX CONCURRENTLY i", "DROP INDEX CONCURRENTLY"),
                ("REINDEX TABLE CONCURRENTLY t", "REINDEX CONCURRENTLY"),
                ("REINDEX SCHEMA s", "REINDEX of more than one table"),
                ("ALTER TABLE p DETACH PARTITION c CONCURRENTLY", "DETACH PARTITION CONCURRENTLY"),
                ("VACUUM (ANALYZE) t", "VACUUM"),
                ("CLUSTER", "CLUSTER of every table"),
            )
        ),
        (
            "-- no-transaction\nCREATE INDEX CONCURRENTLY ON t (a);",
            f"{_F}:2: CREATE INDEX CONCURRENTLY needs a name for the index, by which it can be found after a crash; "
            "name it",
        ),
        *(
            (
                f"-- no-transaction\n{statement};",
                f"{_F}:2: {form} is about the whole instance, not about this database; take it out",
            )
            for statement, form in (
                ("ALTER SYSTEM SET work_mem = '1GB'", "ALTER SYSTEM"),
                ("CREATE DATABASE other", "CREATE DATABASE"),
                ("DROP DATABASE other", "DROP DATABASE"),
                ("CREATE TABLESPACE t LOCATION '/t'", "CREATE TABLESPACE"),
                ("DROP TABLESPACE t", "DROP TABLESPACE"),
                ("CREATE SUBSCRIPTION s CONNECTION 'host=a' PUBLICATION p", "CREATE SUBSCRIPTION"),
                ("DROP SUBSCRIPTION s", "DROP SUBSCRIPTION"),
            )
        ),
    ],
)
def test_a_file_that_cannot_be_applied_safely_is_refused(tmp_path: Path, content: str | bytes, problem: str) -> None:
    assert _refused(tmp_path, **{"0001_a": content}) == (problem,)


def test_a_number_given_twice_is_refused(tmp_path: Path) -> None:
    assert _refused(tmp_path, **{"0001_a": "SELECT 1", "0002_b": "SELECT 1", "0002_c": "SELECT 1"}) == (
        "demo/migrations/0002_c.sql: 0002_b.sql has the same number; give the newer one the next free number",
    )


@pytest.mark.parametrize("name", ["1_a", "0001-a", "0001_A", "0001_", "0001_a.sideways", "a"])
def test_a_name_of_another_shape_is_refused(tmp_path: Path, name: str) -> None:
    assert _refused(tmp_path, **{name: "SELECT 1"}) == (
        f"demo/migrations/{name}.sql: the name is not NNNN_what_it_does.sql, or a pair of NNNN_what_it_does.up.sql and "
        ".down.sql (small letters, digits, _); rename the file",
    )


def test_every_problem_of_every_file_is_reported_at_once(tmp_path: Path) -> None:
    problems = _refused(tmp_path, **{"0001_a": "BEGIN; SELECT 1; COMMIT;", "0002_b": "", "x": "SELECT 1"})

    assert [problem.split(": ")[0] for problem in problems] == [
        "demo/migrations/0001_a.sql:1",
        "demo/migrations/0001_a.sql:1",
        "demo/migrations/0002_b.sql:1",
        "demo/migrations/x.sql",
    ]


def test_words_that_look_like_transaction_control_are_left_alone_inside_bodies_and_quotes(tmp_path: Path) -> None:
    text = """
        -- BEGIN; COMMIT;
        CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RETURN; END; $$;
        CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
        DO 'BEGIN PERFORM 1; END';
        COMMENT ON TABLE "commit" IS 'a\\b; ROLLBACK;';
        PREPARE plan AS SELECT 1;
        ALTER TABLE a RENAME COLUMN begin TO "end";
    """
    (file,) = files.discover(_migrations(tmp_path, **{"0001_a": text}), "migrations")

    assert len(file.statements) == 6


def test_files_come_in_order_with_the_description_that_sqlx_gives_them(tmp_path: Path) -> None:
    found = files.discover(_migrations(tmp_path, **{"0010_b_c": "SELECT 1", "0002_a": "SELECT 1"}), "migrations")

    assert [(file.version, file.description) for file in found] == [(2, "a"), (10, "b c")]


def test_a_pair_is_one_migration_with_its_way_back(tmp_path: Path) -> None:
    service = _migrations(tmp_path, **{"0001_a": "SELECT 1", "0002_b_c.up": "SELECT 2", "0002_b_c.down": "SELECT 3"})

    first, second = files.discover(service, "migrations")

    assert first.down is None
    assert second.down is not None
    assert (second.version, second.stem, second.description, second.down.text) == (2, "0002_b_c", "b c", "SELECT 3")


def test_a_way_back_without_a_way_there_is_refused(tmp_path: Path) -> None:
    assert _refused(tmp_path, **{"0001_a": "SELECT 1", "0001_a.down": "SELECT 2", "0002_b.down": "SELECT 3"}) == (
        "demo/migrations/0001_a.down.sql: there is no 0001_a.up.sql that it would take back; name the two alike",
        "demo/migrations/0002_b.down.sql: there is no 0002_b.up.sql that it would take back; name the two alike",
    )


def test_a_pair_and_a_file_alone_may_not_share_a_number(tmp_path: Path) -> None:
    assert _refused(tmp_path, **{"0001_a.up": "SELECT 1", "0001_b": "SELECT 2"}) == (
        "demo/migrations/0001_b.sql: 0001_a.up.sql has the same number; give the newer one the next free number",
    )


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    service = _migrations(tmp_path)
    (service / "migrations" / "0001_a.sql").mkdir()

    with pytest.raises(BadInput, match=r"demo/migrations/0001_a.sql: cannot be read: Is a directory; mend its perm"):
        files.discover(service, "migrations")


def test_headers_are_read_from_the_comment_lines_at_the_top(tmp_path: Path) -> None:
    text = "-- no-transaction, for it takes long\n-- why: because\n-- statement-timeout: 2h\n\nVACUUM t;\n"
    (file,) = files.discover(_migrations(tmp_path, **{"0001_a": text}), "migrations")

    assert (file.headers.no_transaction, file.headers.statement_timeout) == (True, "2h")
    assert file.outside is not None
    assert file.outside.what == "VACUUM"


def test_what_could_stand_in_a_transaction_does_so_whatever_the_header_says(tmp_path: Path) -> None:
    (file,) = files.discover(_migrations(tmp_path, **{"0001_a": "-- no-transaction\nSELECT 1;"}), "migrations")

    assert file.outside is None


def test_jobs_have_no_numbers_and_may_vacuum(tmp_path: Path) -> None:
    (tmp_path / "demo/jobs").mkdir(parents=True)
    (tmp_path / "demo/jobs/clean_up.sql").write_text("VACUUM t;\nSELECT 1;\n")

    (job,) = files.discover(tmp_path / "demo", "jobs")

    assert (job.stem, len(job.statements)) == ("clean_up", 2)


def test_a_job_may_say_whom_it_acts_as(tmp_path: Path) -> None:
    (tmp_path / "demo/jobs").mkdir(parents=True)
    (tmp_path / "demo/jobs/a.sql").write_text("-- statement-timeout: 2h\n-- role: demo_audit\nSELECT 1;\n")

    (job,) = files.discover(tmp_path / "demo", "jobs")

    assert (job.headers.role, job.headers.statement_timeout) == ("demo_audit", "2h")


@pytest.mark.parametrize(("role", "shown"), [("", "nothing"), ('"demo Audit"', '"demo Audit"'), ("a, b", "a, b")])
def test_a_job_with_a_role_that_is_no_name_is_refused(tmp_path: Path, role: str, shown: str) -> None:
    (tmp_path / "demo/jobs").mkdir(parents=True)
    (tmp_path / "demo/jobs/a.sql").write_text(f"-- role: {role}\nSELECT 1;\n")

    with pytest.raises(BadInput) as refused:
        files.discover(tmp_path / "demo", "jobs")

    assert refused.value.problems == (
        f"demo/jobs/a.sql:1: role: {shown} is no role name; write small letters, digits and _, at most 63",
    )


def test_a_file_may_be_a_link_to_one_that_services_share(tmp_path: Path) -> None:
    service = _migrations(tmp_path, **{"0001_a": "SELECT 1"})
    (tmp_path / "shared.sql").write_text("SELECT 2;\n")
    (service / "migrations/0002_b.sql").symlink_to("../../shared.sql")

    _, linked = files.discover(service, "migrations")

    assert (linked.version, linked.stem, linked.text) == (2, "0002_b", "SELECT 2;\n")


def test_a_service_may_have_no_jobs(tmp_path: Path) -> None:
    assert files.discover(tmp_path / "demo", "jobs") == ()


def test_other_files_in_the_folder_are_not_read(tmp_path: Path) -> None:
    service = _migrations(tmp_path, **{"0001_a": "SELECT 1"})
    (service / "migrations" / "README.md").write_text("BEGIN;")

    assert len(files.discover(service, "migrations")) == 1


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="demo/migrations: there is no such folder"):
        files.discover(tmp_path / "demo", "migrations")
