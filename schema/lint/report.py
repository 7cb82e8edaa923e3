"""What the linter says about a file: the locks of its statements, and what is dangerous about them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from schema.files import SqlFile
from schema.lint.modes import Mode

Severity = Literal["danger", "warning"]


@dataclass(frozen=True, slots=True)
class Lock:
    """The strongest lock that a statement takes on one relation."""

    relation: str
    mode: str
    blocks: str
    new: bool
    """The pending files make the relation themselves: nobody can wait for it."""

    @classmethod
    def of(cls, relation: str, mode: Mode, new: bool) -> Lock:
        """A lock with its words."""
        return cls(relation, mode.words, mode.blocks, new)


@dataclass(frozen=True, slots=True)
class StatementReport:
    """What one statement does to those who use the database meanwhile."""

    line: int
    summary: str
    locks: tuple[Lock, ...]
    renews: tuple[str, ...]
    """What existed before and may now give prepared statements another result type."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A dangerous form: where, why, and what to write instead."""

    rule: str
    line: int
    relation: str
    why: str
    safe: str
    severity: Severity
    loses_data: bool


@dataclass(frozen=True, slots=True)
class FileReport:
    """Everything about one file."""

    file: SqlFile
    statements: tuple[StatementReport, ...]
    findings: tuple[Finding, ...]


def to_document(report: FileReport) -> dict[str, Any]:
    """The report as JSON may hold it."""
    return {
        "version": report.file.version,
        "name": report.file.name,
        "transaction": not report.file.headers.no_transaction,
        "statements": [
            {
                "line": one.line,
                "summary": one.summary,
                "locks": [asdict(lock) for lock in one.locks],
                "renews": list(one.renews),
            }
            for one in report.statements
        ],
        "findings": [asdict(one) for one in report.findings],
    }
