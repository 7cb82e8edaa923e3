"""The linter and the migrations of this repository."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import files
from schema.lint import RULES, Facts, examine, to_document
from tests.sql.lint.test_locks import STATEMENTS
from tests.sql.lint.world import WORLD, file_of

_SQL = Path(__file__).resolve().parents[3] / "sql"
_TEXTS = sorted({*STATEMENTS, *(text for rule in RULES for text in (*rule.dangerous, *rule.twin))})
_FACTS = Facts.from_files([file_of(WORLD)])


@pytest.mark.parametrize("service", ["platform", "familytales"])
def test_a_database_that_is_made_from_nothing_is_in_no_danger(service: str) -> None:
    reports = examine(files.discover(_SQL / service, "migrations"), Facts.empty())

    assert [(one.file.name, f) for one in reports for f in one.findings if f.severity == "danger"] == []
    assert [lock for one in reports for s in one.statements for lock in s.locks if not lock.new] == []


# What was written up to here began with databases that nobody used yet. Each later file meets traffic.
_WITHOUT_TRAFFIC = {"platform": 30, "familytales": 27}


@pytest.mark.parametrize("service", ["platform", "familytales"])
def test_each_file_keeps_what_the_files_before_it_made(service: str) -> None:
    """What a deployment of this file alone would be refused for, or be in danger of; an exception stands in the file,
    with its reason.
    """
    every = files.discover(_SQL / service, "migrations")
    found = [
        (file.name, finding.line, finding.rule, finding.why)
        for number, file in enumerate(every)
        for finding in examine([file], Facts.from_files(every[:number]))[0].findings
        if finding.loses_data or (finding.severity == "danger" and file.version > _WITHOUT_TRAFFIC[service])
    ]

    assert found == []


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("DROP TABLE app.comments CASCADE;", ["drop-table", "drop-cascade"]),
        ("ALTER TABLE app.comments DROP COLUMN content;", ["drop-column"]),
        ("TRUNCATE app.notifications;", ["truncate"]),
        ("-- lint: allow truncate: they are told anew each night\nTRUNCATE app.notifications;", []),
    ],
)
def test_a_new_file_that_loses_what_an_old_one_made_is_seen(text: str, rules: list[str]) -> None:
    before = files.discover(_SQL / "platform", "migrations")

    (report,) = examine([file_of(text)], Facts.from_files(before))

    assert [finding.rule for finding in report.findings if finding.loses_data] == rules


def test_both_services_are_examined_in_well_under_a_second() -> None:
    every = [files.discover(_SQL / service, "migrations") for service in ("platform", "familytales")]
    started = time.process_time()

    for one in every:
        examine(one, Facts.empty())

    # A tenth of that here; the rest is for a machine that is busy.
    assert time.process_time() - started < 1


@given(st.lists(st.sampled_from(_TEXTS), max_size=8), st.booleans(), st.booleans())
def test_any_mixture_of_statements_can_be_examined(texts: list[str], known: bool, transactional: bool) -> None:
    head = "" if transactional else "-- no-transaction\n"
    file = file_of(head + ";\n".join(texts))

    (report,) = examine([file], _FACTS if known else Facts.empty())

    assert len(report.statements) == len(file.statements)
    assert to_document(report)["name"] == "0001_example.sql"
    lines = {statement.line for statement in report.statements}
    assert all(finding.line in lines or finding.line <= file.text.count("\n") + 1 for finding in report.findings)
