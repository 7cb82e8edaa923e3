"""Walk the files in the order in which they would be run, and say what each statement does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schema.files import SqlFile
from schema.lint.allow import Allow, allows
from schema.lint.catalog import Catalog
from schema.lint.facts import Facts
from schema.lint.locks import locks_of
from schema.lint.parse import Unreadable, parse
from schema.lint.renews import renewed
from schema.lint.report import FileReport, Finding, Lock, StatementReport
from schema.lint.rules import BY_NAME, RULES
from schema.lint.step import Hit, Past, Step
from schema.lint.summary import summary, verb
from schema.sqltext import Statement, line_of


def examine(files: Sequence[SqlFile], facts: Facts) -> tuple[FileReport, ...]:
    """A report for each file, given what the database is before the first."""
    reports = []
    for file in files:
        report, facts = _file(file, facts)
        reports.append(report)
    return tuple(reports)


def _file(file: SqlFile, facts: Facts) -> tuple[FileReport, Facts]:
    past = Past(transactional=not file.headers.no_transaction)
    statements: list[StatementReport] = []
    found: list[tuple[int, Finding]] = []
    for statement in file.statements:
        try:
            node = parse(statement.text)
        except Unreadable as error:
            statements.append(StatementReport(statement.line, verb(statement), (), ()))
            found.append((statement.line, _unreadable(file, statement, error)))
            continue
        locks = locks_of(node, facts)
        step = Step(node, facts, past, locks)
        findings = list(_findings(step, statement.line))
        found += [(statement.line, one) for one in findings]
        shown = tuple(Lock.of(name, mode, facts.is_new(name)) for name, mode in sorted(locks.items()))
        statements.append(StatementReport(statement.line, summary(statement, node), shown, renewed(node, facts)))
        past = past.after(step, any(one.rule == "missing-lock-order" for one in findings))
        facts = facts.after(node)
    return FileReport(file, tuple(statements), tuple(_allowed(file, found))), facts


def _findings(step: Step, line: int) -> Iterator[Finding]:
    for rule in RULES:
        for hit in rule.check(step):
            yield _finding(rule.name, line, hit)


def _finding(name: str, line: int, hit: Hit) -> Finding:
    rule = BY_NAME[name]
    return Finding(name, line, hit.relation, hit.why, hit.safe or rule.safe, rule.severity, rule.loses_data)


def _unreadable(file: SqlFile, statement: Statement, error: Unreadable) -> Finding:
    line = line_of(file.text, statement.offset + error.position)
    return _finding("unreadable", line, Hit("", f"{error}, says the parser of PostgreSQL {Catalog().major}"))


def _allowed(file: SqlFile, found: list[tuple[int, Finding]]) -> list[Finding]:
    """The findings that no exception silences, and those about the exceptions, by line."""
    silenced: set[tuple[int, str]] = set()
    about: list[Finding] = []
    for allow in allows(file):
        problem = _problem(allow, found)
        if problem:
            about.append(problem)
        else:
            silenced.add((allow.statement, allow.rule))
    left = [one for statement, one in found if (statement, one.rule) not in silenced]
    return sorted([*left, *about], key=lambda one: one.line)


def _problem(allow: Allow, found: list[tuple[int, Finding]]) -> Finding | None:
    if allow.rule not in BY_NAME:
        said = f"there is no rule {allow.rule}" if allow.rule else "this is not `allow RULE: reason`"
        return _finding("unknown-rule", allow.line, Hit("", said))
    if not allow.reason:
        return _finding("allow-without-reason", allow.line, Hit("", f"why {allow.rule} is safe here is not said"))
    if not allow.statement:
        return _finding("idle-allow", allow.line, Hit("", "it stands above no statement"))
    if not any(statement == allow.statement and one.rule == allow.rule for statement, one in found):
        return _finding("idle-allow", allow.line, Hit("", f"the statement below it breaks no {allow.rule}"))
    return None
