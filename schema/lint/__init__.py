"""The linter: which locks the statements of migration files take, and which of their forms are dangerous."""

from schema.lint.examine import examine
from schema.lint.facts import Facts
from schema.lint.losing import may_lose
from schema.lint.report import FileReport, Finding, Lock, StatementReport, to_document
from schema.lint.rule import Rule
from schema.lint.rules import RULES

__all__ = [
    "RULES",
    "Facts",
    "FileReport",
    "Finding",
    "Lock",
    "Rule",
    "StatementReport",
    "examine",
    "may_lose",
    "to_document",
]
