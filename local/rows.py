"""One line of what runs in a local cloud."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that runs, as `status` shows it."""

    kind: str
    name: str
    address: str = ""
    port: int | None = None
    pid: int | None = None
    state: str = ""
    detail: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For the status file."""
        return asdict(self)
