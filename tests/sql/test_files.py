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
            "-- no-transaction\nSELECT 1;",
            f"{_F}:1: the file asks to run outside a transaction (`-- no-transaction`), which this runner does not do; "
            "write it so that it may run inside one",
        ),
    ],
)
def test_a_file_that_cannot_be_applied_safely_is_refused(tmp_path: Path, content: str | bytes, problem: str) -> None:
    assert _refused(tmp_path, **{"0001_a": content}) == (problem,)


def test_a_number_given_twice_is_refused(tmp_path: Path) -> None:
    assert _refused(tmp_path, **{"0001_a": "SELECT 1", "0002_b": "SELECT 1", "0002_c": "SELECT 1"}) == (
        "demo/migrations/0002_c.sql: 0002_b.sql has the same number; give the newer one the next free number",
    )


@pytest.mark.parametrize("name", ["1_a", "0001-a", "0001_A", "0001_", "0001_a.up", "a"])
def test_a_name_of_another_shape_is_refused(tmp_path: Path, name: str) -> None:
    assert _refused(tmp_path, **{name: "SELECT 1"}) == (
        f"demo/migrations/{name}.sql: the name is not NNNN_what_it_does.sql (small letters, digits, _); "
        "rename the file",
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


def test_other_files_in_the_folder_are_not_read(tmp_path: Path) -> None:
    service = _migrations(tmp_path, **{"0001_a": "SELECT 1"})
    (service / "migrations" / "README.md").write_text("BEGIN;")

    assert len(files.discover(service, "migrations")) == 1


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="demo/migrations: there is no such folder"):
        files.discover(tmp_path / "demo", "migrations")
