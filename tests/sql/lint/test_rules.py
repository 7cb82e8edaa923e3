"""Each rule finds its dangerous form, and leaves the safe one alone."""

from __future__ import annotations

from contextlib import nullcontext

import psycopg
import pytest

from schema.lint import RULES, Facts, Rule, examine
from tests.sql.databases import Database
from tests.sql.lint.world import WORLD, file_of, files_of

FACTS = Facts.from_files([file_of(WORLD)])


def found(*texts: str, facts: Facts = FACTS) -> list[str]:
    """Names of the rules that files break, in order."""
    return [finding.rule for report in examine(files_of(*texts), facts) for finding in report.findings]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_dangerous_form_is_found(rule: Rule) -> None:
    assert rule.name in found(*rule.dangerous)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_safe_form_breaks_no_rule_at_all(rule: Rule) -> None:
    assert found(*rule.twin) == []


def test_rules_have_different_names() -> None:
    names = [rule.name for rule in RULES]
    assert sorted(set(names)) == sorted(names)


def _run(connection: psycopg.Connection, texts: tuple[str, ...]) -> tuple[str | None, list[str]]:
    """Run files as the runner does; the server's words when it refuses one, and the rules that the files break."""
    broken: list[str] = []
    try:
        for file in files_of(*texts):
            (report,) = examine([file], Facts.from_database(connection))
            broken += [finding.rule for finding in report.findings]
            with nullcontext() if file.headers.no_transaction else connection.transaction():
                for statement in file.statements:
                    connection.execute(statement.text.encode())
    except psycopg.Error as error:
        return str(error), broken
    return None, broken


def _stays(texts: tuple[str, ...]) -> bool:
    """Whether files have to be committed: some refuse a transaction, some need the commit of the one before."""
    return any(text.startswith("-- no-transaction") or "ADD VALUE" in text for text in texts)


def test_the_server_takes_the_forms_as_the_rules_say(database: Database) -> None:
    """Both forms of every rule, each in the small database as it is at first.

    Before each file of a safe form the catalog is read again, as it is when every file is a release of its own.
    """
    wrong: list[str] = []
    with database.master() as connection:
        # A zone in which the catalog prints other hours than the files say.
        connection.execute("SET TimeZone = 'Europe/Berlin'")
        connection.execute(WORLD)
        for rule in RULES:
            for texts, fails in ((rule.dangerous, rule.fails), (rule.twin, False)):
                stays = _stays(texts)
                with nullcontext() if stays else connection.transaction(force_rollback=True):
                    refused, broken = _run(connection, texts)
                if stays:
                    connection.execute("DROP SCHEMA app CASCADE")
                    connection.execute(WORLD)
                if broken and texts is rule.twin:
                    wrong.append(f"{rule.name}: {texts}: breaks {broken}")
                if bool(refused) != fails:
                    wrong.append(f"{rule.name}: {texts}: {refused or 'was taken'}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("statement", "rules"),
    [
        ("WITH gone AS (DELETE FROM app.archive RETURNING 1) SELECT count(*) FROM gone", ["delete-of-all-rows"]),
        ("DELETE FROM app.archive WHERE 1 = 1", ["delete-of-all-rows"]),
        ("DELETE FROM app.archive WHERE true AND 2 = 2", ["delete-of-all-rows"]),
        ("DELETE FROM app.archive WHERE id = 1 OR true", ["delete-of-all-rows"]),
        ("UPDATE app.tasks SET points = 0 WHERE 'a' = 'a'", ["update-of-all-rows"]),
        ("DELETE FROM app.archive WHERE id = 1", []),
        ("DELETE FROM app.archive WHERE NOT true", []),
        ("CREATE FUNCTION app.empty() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM app.archive; END", []),
    ],
)
def test_a_condition_for_show_and_a_statement_inside_another_are_seen_through(statement: str, rules: list[str]) -> None:
    assert found(f"{statement};") == rules
