"""What the corrections ask of this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reality:
    """The machine behind the fake: its addresses and its engines."""

    address: Callable[[str, str], str]
    """The loopback address of a thing, by kind and name."""
    engine_version: Callable[[str], str]
    """The full version of an installed major; raises EngineMissing."""
    check_class: Callable[[str], object]
    """Raises ValueError for an instance class that does not exist."""
    refusal: Callable[[str, Mapping[str, str]], str | None]
    """Why an engine (by its major) does not take these parameters."""
    static_parameters: Callable[[str], frozenset[str]]
    """The parameters of an engine (by its major) that need a restart."""
