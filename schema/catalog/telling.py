"""Drift as people read it, and as programs do."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from schema.catalog.comparing import Drift
from schema.report import table

# A terminal's width is for the name of the object and both of its states.
_CELL = 72
# A function that was rewritten differs in many places, and the first tell which function it is.
_PLACES = 3


def lines(drifts: Sequence[Drift]) -> list[str]:
    """The drifts as a table: for each what came, went, or differs; nothing for no drift."""
    rows: list[tuple[str, ...]] = [(drift.change, drift.kind, f"{drift.identity}: {_told(drift)}") for drift in drifts]
    return table(("change", "kind", "object"), rows) if rows else []


def documents(drifts: Sequence[Drift]) -> list[dict[str, Any]]:
    """The drifts with both definitions in full."""
    return [
        {
            "change": drift.change,
            "kind": drift.kind,
            "identity": drift.identity,
            "stored": drift.stored,
            "current": drift.current,
        }
        for drift in drifts
    ]


def _told(drift: Drift) -> str:
    stored, current = ((state or "").splitlines() for state in (drift.stored, drift.current))
    if drift.change != "changed":
        return _cell(stored or current)
    places = [
        f"{_cell(stored[a:b])} → {_cell(current[c:d])}"
        for what, a, b, c, d in SequenceMatcher(None, stored, current, autojunk=False).get_opcodes()
        if what != "equal"
    ]
    more = [f"and {len(places) - _PLACES} more"] if len(places) > _PLACES else []
    return "; ".join(places[:_PLACES] + more)


def _cell(part: Sequence[str]) -> str:
    text = " ".join(", ".join(line.strip() for line in part if line.strip()).split()) or "-"
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"
