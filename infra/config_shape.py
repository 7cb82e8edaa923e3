"""Reads a mapping against its declared shape, and keeps every deviation as a problem. Pure.

The result is a flat view, `section.key` -> value, of all that is well-formed; what is not well-formed is missing
from it, so that rules over other keys can still be judged.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

PREFIX: Final = "postgres-estate:"


class _Missing:
    """The value of a key that is not there, and the default of a key that must be."""

    def __repr__(self) -> str:
        return "(missing)"


MISSING: Final = _Missing()

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 80  # a line is read in a terminal
_short.maxdict = _short.maxlist = 4


def show(value: object) -> str:
    """A value on one line, of bounded length, whatever it is."""
    try:
        text = _short.repr(value)
    except ValueError:  # an integer with more digits than Python prints
        text = f"({type(value).__name__})"
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the configuration, and how to mend it."""

    key: str
    value: object
    allowed: str
    mend: str

    def __str__(self) -> str:
        return f"{self.key} = {show(self.value)}: {self.allowed}; {self.mend}"


@dataclass(frozen=True, slots=True)
class Field:
    """One key: what its value may be, and what stands for it when it is absent."""

    allowed: str
    accepts: Callable[[Any], bool]
    mend: str
    default: object = MISSING
    known: tuple[str, ...] = ()  # names to look for a near miss in


Spec = Mapping[str, "Field | Spec"]
View = dict[str, Any]


def nearest(word: object, known: tuple[str, ...]) -> str | None:
    """The known name that was probably meant."""
    if not isinstance(word, str):
        return None
    found = difflib.get_close_matches(word[:80], known, n=1)
    return found[0] if found else None


def key_text(key: object) -> str:
    """A key as part of a path: plain when it is a plain word, else quoted and shortened."""
    plain = isinstance(key, str) and key.replace(".", "_").isidentifier() and len(key) <= 60
    return str(key) if plain else show(key)


def read(raw: object, spec: Spec, at: str) -> tuple[View, list[Problem]]:
    """The well-formed part of `raw` with defaults filled in, and every problem of shape."""
    if not isinstance(raw, dict):
        return {}, [Problem(at, raw, f"takes a mapping with {', '.join(spec)}", "write one key per line")]
    view: View = {}
    problems = [_unknown(key, raw[key], tuple(spec), at) for key in raw if key not in spec]
    for key, part in spec.items():
        path, value = f"{at}.{key}", raw.get(key, MISSING)
        if isinstance(part, Field):
            if value is MISSING and part.default is not MISSING:
                view[key] = part.default
            elif value is not MISSING and part.accepts(value):
                view[key] = value
            else:
                problems.append(_refused(path, value, part))
        else:
            inner, more = read({} if value is MISSING else value, part, path)
            view.update({f"{key}.{name}": item for name, item in inner.items()})
            problems += more
    return view, problems


def _unknown(key: object, value: object, known: tuple[str, ...], at: str) -> Problem:
    guess = nearest(key, known)
    mend = f"did you mean {guess}?" if guess else "remove it"
    return Problem(f"{at}.{key_text(key)}", value, f"unknown key, known are {', '.join(known)}", mend)


def _refused(path: str, value: object, field: Field) -> Problem:
    guess = None if value in field.known else nearest(value, field.known)
    return Problem(path, value, field.allowed, f"did you mean {guess}?" if guess else field.mend)


def is_whole(value: object) -> bool:
    """A whole number; YAML's true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def whole(least: int, most: int, why: str, mend: str | None = None, default: object = MISSING) -> Field:
    """A whole number from `least` to `most`."""
    return Field(
        f"takes a whole number from {least} to {most} ({why})",
        lambda value: is_whole(value) and least <= value <= most,
        mend or f"give a number from {least} to {most}, without quotes",
        default,
    )


def flag(why: str, default: bool) -> Field:
    """True or false."""
    return Field(
        f"takes true or false ({why})",
        lambda value: isinstance(value, bool),
        "write true or false, without quotes",
        default,
    )


def one_of(words: tuple[str, ...], why: str, default: object = MISSING, mend: str | None = None) -> Field:
    """One of a few words."""
    return Field(
        f"takes {' or '.join(words)} ({why})",
        lambda value: isinstance(value, str) and value in words,
        mend or f"write one of {', '.join(words)}",
        default,
        words,
    )


def text(allowed: str, accepts: Callable[[str], bool], mend: str, default: object = MISSING) -> Field:
    """A string that a function judges."""
    return Field(allowed, lambda value: isinstance(value, str) and accepts(value), mend, default)
