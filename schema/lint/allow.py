"""Exceptions that a file makes: `-- lint: allow RULE: reason`, directly above the statement."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from schema.files import SqlFile
from schema.sqltext import Kind, line_of, tokens

_MARK = re.compile(r"--\s*lint:\s*(.*?)\s*", re.IGNORECASE)
_FORM = re.compile(r"allow\s+([^\s:]+)\s*(?::\s*(.*))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Allow:
    """One exception; statement is the line of the statement below it, 0 when there is none."""

    line: int
    rule: str
    reason: str
    statement: int


def allows(file: SqlFile) -> Iterator[Allow]:
    """The exceptions of a file. What begins like one and is none has no rule."""
    comments = {
        line_of(file.text, token.start): file.text[token.start : token.end]
        for token in tokens(file.text)
        if token.kind is Kind.COMMENT and file.text.startswith("--", token.start)
    }
    statements = {statement.line for statement in file.statements}
    for line, text in comments.items():
        if not (mark := _MARK.fullmatch(text)):
            continue
        form = _FORM.fullmatch(mark[1])
        yield Allow(line, form[1] if form else "", (form[2] or "") if form else "", _below(line, comments, statements))


def _below(line: int, comments: Collection[int], statements: Collection[int]) -> int:
    while line in comments and line not in statements:
        line += 1
    return line if line in statements else 0
