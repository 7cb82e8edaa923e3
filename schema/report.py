"""What a person, or with --json a program, is told about a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Report:
    """Says lines as the run goes on; with `as_json` it keeps still until the one document at the end."""

    as_json: bool = False
    said: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Tell a step that was taken. Flushed at once: the reader is a log stream that may be cut off any moment."""
        self.said.append(line)
        if not self.as_json:
            print(line, flush=True)

    def finish(self, line: str, document: dict[str, Any]) -> None:
        """Tell the outcome of a run that went well."""
        if self.as_json:
            self._print(document)
        else:
            self.say(line)

    def fail(self, problems: Sequence[str], document: Mapping[str, Any] | None = None) -> None:
        """Tell why a run stopped; the text goes to stderr, the document to stdout."""
        for problem in problems:
            print(f"error: {problem}", file=sys.stderr, flush=True)
        if self.as_json:
            self._print({**(document or {}), "problems": list(problems)})

    @staticmethod
    def _print(document: dict[str, Any]) -> None:
        print(json.dumps(document, indent=2, default=str), flush=True)


def table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Lines of a plain table whose columns are as wide as their widest cell."""
    widths = [max(len(cell) for cell in column) for column in zip(headings, *rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (headings, *rows)]
    return [line.rstrip() for line in lines]


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 migration`, `3 migrations`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
