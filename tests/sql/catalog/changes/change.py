"""What a change is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString


@dataclass(frozen=True, slots=True)
class Change:
    """Something somebody could do to the zoo behind the runner's back, what must be told of it, and how to undo it."""

    name: str
    does: LiteralString
    drift: tuple[str, ...]
    undo: LiteralString = ""
