"""What all parts of the reconciler share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from local.addresses import Addresses
from local.paths import Paths
from local.processes import Registry
from local.rows import Row

__all__ = ["Context", "Part", "Row", "backends"]


@dataclass(frozen=True, slots=True)
class Context:
    """One cloud's folders, addresses and processes, and where its AWS is."""

    paths: Paths
    addresses: Addresses
    registry: Registry
    aws_endpoint: str
    say: Callable[[str], None]


class Part(Protocol):
    """One kind of thing that is made real."""

    def tick(self) -> None:
        """Bring what runs a step closer to what is wanted; never wait long."""

    def rows(self) -> list[Row]:
        """What runs now."""

    def close(self, *, discard: bool) -> None:
        """End everything. Discard: its data will be deleted, nothing needs to be saved."""


def backends(service: Any) -> Iterator[Any]:
    """Every regional backend of a moto service that has been used."""
    for account in list(service.values()):
        yield from list(account.values())
