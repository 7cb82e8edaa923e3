"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from schema.lint.report import Severity
from schema.lint.step import Hit, Step

Check = Callable[[Step], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A dangerous form, why it is dangerous, and what to write instead, with an example of either.

    An example is the text of one file after the other, in a database that has the tables it speaks of.
    """

    name: str
    severity: Severity
    why: str
    safe: str
    dangerous: tuple[str, ...]
    twin: tuple[str, ...]
    check: Check
    loses_data: bool = False
    """Rows or values are gone afterwards: `apply` refuses a file with such a finding unless it is named."""
    fails: bool = False
    """The server itself refuses the dangerous form."""


def by_examine(step: Step) -> Iterator[Hit]:
    """For what is seen while a file is read, not in one statement."""
    return iter(())
