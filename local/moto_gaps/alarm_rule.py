"""The language of a composite alarm's rule. Pure.

Source: CloudWatch API Reference, PutCompositeAlarm: ALARM(), OK() and INSUFFICIENT_DATA() of an alarm's name or ARN,
TRUE, FALSE, NOT, AND, OR and parentheses; NOT binds closest, AND closer than OR.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TOKEN = re.compile(r"""\s*(?:(\()|(\))|("(?:[^"\\]|\\.)*")|([^\s()"]+))""")
_STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")


class BadRule(Exception):
    """The rule is not one; str() says where."""


@dataclass(slots=True)
class _Reader:
    """The rule's words, one after the other."""

    words: list[str]
    position: int = 0

    def next(self) -> str:
        """The next word, without taking it; empty at the end."""
        return self.words[self.position] if self.position < len(self.words) else ""

    def take(self, wanted: str = "") -> str:
        """Takes the next word, which must be this one if any is wanted."""
        word = self.next()
        if not word or (wanted and word != wanted):
            raise BadRule(f"expected {wanted or 'more'} and found {word or 'the end'}")
        self.position += 1
        return word


def alarms(rule: str) -> tuple[str, ...]:
    """The names of the alarms that a rule speaks of; raises BadRule."""
    found: dict[str, str] = {}

    class States(dict[str, str]):
        def __missing__(self, name: str) -> str:
            found[name] = ""
            return ""

    holds(rule, States())
    return tuple(found)


def holds(rule: str, states: Mapping[str, str]) -> bool:
    """Whether the rule is true while its alarms are in these states; raises BadRule."""
    reader = _Reader(_words(rule))
    value = _either(reader, states)
    if reader.next():
        raise BadRule(f"expected the end and found {reader.next()}")
    return value


def _words(rule: str) -> list[str]:
    words: list[str] = []
    position = 0
    while rule[position:].strip():
        found = _TOKEN.match(rule, position)
        if found is None:
            raise BadRule(f"cannot read {rule[position:]!r}")
        words.append(found.group().strip())
        position = found.end()
    return words


def _either(reader: _Reader, states: Mapping[str, str]) -> bool:
    value = _both(reader, states)
    while reader.next() == "OR":
        reader.take()
        # Both sides are read, whatever the first one says.
        value = _both(reader, states) or value
    return value


def _both(reader: _Reader, states: Mapping[str, str]) -> bool:
    value = _one(reader, states)
    while reader.next() == "AND":
        reader.take()
        value = _one(reader, states) and value
    return value


def _one(reader: _Reader, states: Mapping[str, str]) -> bool:
    word = reader.take()
    if word == "NOT":
        return not _one(reader, states)
    if word == "(":
        value = _either(reader, states)
        reader.take(")")
        return value
    if word in ("TRUE", "FALSE"):
        return word == "TRUE"
    if word not in _STATES:
        raise BadRule(f"expected one of {', '.join(_STATES)} and found {word}")
    reader.take("(")
    name = reader.take().strip('"')
    reader.take(")")
    # An alarm may be told by its ARN, which ends in its name.
    return states[name.partition(":alarm:")[2] or name] == word
