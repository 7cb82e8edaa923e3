"""Which values a parameter may take, written as the engine writes them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})", re.ASCII)
_REAL = re.compile(r"-?(0|[1-9]\d{0,8})(\.\d{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in the parameter's base unit."""

    least: int
    most: int

    @property
    def says(self) -> str:
        """The allowed values in words."""
        return f"a whole number from {self.least} to {self.most}"

    def accepts(self, text: str) -> bool:
        """Whether the engine takes this text."""
        return _WHOLE.fullmatch(text) is not None and self.least <= int(text) <= self.most


@dataclass(frozen=True, slots=True)
class Real:
    """A number with a fraction."""

    least: float
    most: float

    @property
    def says(self) -> str:
        """The allowed values in words."""
        return f"a number from {self.least} to {self.most}"

    def accepts(self, text: str) -> bool:
        """Whether the engine takes this text."""
        return _REAL.fullmatch(text) is not None and self.least <= float(text) <= self.most


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def says(self) -> str:
        """The allowed values in words."""
        return " or ".join(self.words)

    def accepts(self, text: str) -> bool:
        """Whether the engine takes this text."""
        return text in self.words


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off: RDS stores 1 and 0, and shows any other spelling as a change."""

    @property
    def says(self) -> str:
        """The allowed values in words."""
        return "1 or 0"

    def accepts(self, text: str) -> bool:
        """Whether the engine takes this text."""
        return text in ("0", "1")


@dataclass(frozen=True, slots=True)
class Libraries:
    """A comma-separated list of libraries, some of which must be there."""

    known: tuple[str, ...]
    needed: tuple[str, ...]

    @property
    def says(self) -> str:
        """The allowed values in words."""
        return f"some of {','.join(self.known)}, always with {','.join(self.needed)}"

    def accepts(self, text: str) -> bool:
        """Whether the engine takes this text."""
        names = text.split(",")
        return set(self.needed) <= set(names) <= set(self.known) and len(set(names)) == len(names)


Domain = Whole | Real | Choice | Switch | Libraries
