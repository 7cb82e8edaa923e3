"""Reads a mapping against its declared shape, and keeps every deviation as a problem. Pure.

The result is a flat view, `section.key` -> value, of all that is well-formed; what is not well-formed is missing
from it, so that rules over other keys can still be judged.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from infra.sources import OURS, Source

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
    source: Source = OURS
    # The same for an editor, in words of JSON Schema: as far as these go, for only `accepts` knows all of it.
    schema: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Maybe:
    """A section that may be left out altogether: the view then holds None under its name, and else True."""

    spec: Mapping[str, Field]


Spec = Mapping[str, "Field | Maybe | Spec"]
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


def join(at: str, key: str) -> str:
    """The path of a key; a file's name ends in a colon."""
    return f"{at}{key}" if at.endswith(":") else f"{at}.{key}"


def read(raw: object, spec: Spec, at: str) -> tuple[View, list[Problem]]:
    """The well-formed part of `raw` with defaults filled in, and every problem of shape."""
    if not isinstance(raw, dict):
        return {}, [Problem(at, raw, f"takes a mapping with {', '.join(spec)}", "write one key per line")]
    view: View = {}
    problems = [_unknown(key, raw[key], tuple(spec), at) for key in raw if key not in spec]
    for key, part in spec.items():
        path, value = join(at, key), raw.get(key, MISSING)
        if isinstance(part, Field):
            if value is MISSING and part.default is not MISSING:
                view[key] = part.default
            elif value is not MISSING and part.accepts(value):
                view[key] = value
            else:
                problems.append(_refused(path, value, part))
        elif isinstance(part, Maybe) and (value is MISSING or value is None):
            view[key] = None
        else:
            spec_of = part.spec if isinstance(part, Maybe) else part
            inner, more = read({} if value is MISSING else value, spec_of, path)
            view.update({f"{key}.{name}": item for name, item in inner.items()})
            if isinstance(part, Maybe) and not more:
                view[key] = True
            problems += more
    return view, problems


def _unknown(key: object, value: object, known: tuple[str, ...], at: str) -> Problem:
    path, guess = join(at, key_text(key)), nearest(key, known)
    if guess:  # whoever mistyped one key does not want to read them all
        return Problem(path, value, "unknown key", f"did you mean {guess}?")
    return Problem(path, value, "unknown key", f"remove it; known are {', '.join(known)}")


def _refused(path: str, value: object, field: Field) -> Problem:
    guess = None if value in field.known else nearest(value, field.known)
    return Problem(path, value, field.allowed, f"did you mean {guess}?" if guess else field.mend)


def either(words: Sequence[str]) -> str:
    """A choice in words: a, b or c."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def is_whole(value: object) -> bool:
    """A whole number; YAML's true and false are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def whole(
    least: int, most: int, why: str, mend: str | None = None, default: object = MISSING, source: Source = OURS
) -> Field:
    """A whole number from `least` to `most`."""
    return Field(
        f"takes a whole number from {least} to {most} ({why})",
        lambda value: is_whole(value) and least <= value <= most,
        mend or f"give a number from {least} to {most}, without quotes",
        default,
        source=source,
        schema={"type": "integer", "minimum": least, "maximum": most},
    )


def number_of(numbers: tuple[int, ...], why: str, default: object = MISSING, source: Source = OURS) -> Field:
    """One of a few whole numbers."""
    shown = ", ".join(map(str, numbers))
    return Field(
        f"takes one of {shown} ({why})",
        lambda value: is_whole(value) and value in numbers,
        "write one of these numbers, without quotes",
        default,
        source=source,
        schema={"type": "integer", "enum": list(numbers)},
    )


def flag(why: str, default: object = MISSING, source: Source = OURS) -> Field:
    """True or false."""
    return Field(
        f"takes true or false ({why})",
        lambda value: isinstance(value, bool),
        "write true or false, without quotes",
        default,
        source=source,
        schema={"type": "boolean"},
    )


def one_of(
    words: tuple[str, ...], why: str, default: object = MISSING, mend: str | None = None, source: Source = OURS
) -> Field:
    """One of a few words. Where a near miss means nothing, as with versions, `mend` says what to do instead."""
    return Field(
        f"takes {either(words)} ({why})",
        lambda value: isinstance(value, str) and value in words,
        mend or "write one of these",
        default,
        () if mend else words,
        source,
        {"type": "string", "enum": list(words)},
    )


def text(
    allowed: str,
    accepts: Callable[[str], bool],
    mend: str,
    default: object = MISSING,
    source: Source = OURS,
    pattern: str | None = None,
) -> Field:
    """A string that a function judges; the pattern is what an editor can judge of it."""
    schema: dict[str, object] = {"type": "string"} if pattern is None else {"type": "string", "pattern": pattern}
    return Field(
        allowed,
        lambda value: isinstance(value, str) and accepts(value),
        mend,
        default,
        source=source,
        schema=schema,
    )


def optional(field: Field) -> Field:
    """The same field, or null: what it asks for is then left out."""
    return replace(
        field,
        allowed=f"{field.allowed}, or null",
        accepts=lambda value: value is None or field.accepts(value),
        default=None if field.default is MISSING else field.default,
        schema={"anyOf": [dict(field.schema), {"type": "null"}]},
    )


def with_default(field: Field, default: object) -> Field:
    """The same field with another default."""
    return replace(field, default=default)


def listed(allowed: str, accepts: Callable[[Any], bool], mend: str, default: object = MISSING,
           source: Source = OURS, pattern: str | None = None) -> Field:  # fmt: skip
    """A list of strings that a function judges, each once; the pattern is what an editor can judge of one."""
    item: dict[str, object] = {"type": "string"} if pattern is None else {"type": "string", "pattern": pattern}
    return Field(
        allowed,
        lambda value: isinstance(value, list) and all(map(accepts, value)) and len(set(value)) == len(value),
        mend,
        default,
        source=source,
        schema={"type": "array", "items": item, "uniqueItems": True},
    )
