"""When two values of an input mean the same, and how a difference is told to the engine. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.provider.table import Row
from local.provider.values import is_unknown

ADD, DELETE, UPDATE = "ADD", "DELETE", "UPDATE"


def document(value: Any) -> Any:
    """A JSON text by its meaning: spaces and the order of keys do not count."""
    if isinstance(value, str):
        try:
            return _without_order(json.loads(value))
        except ValueError:
            return value
    return value


def _without_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_order(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        inner = [_without_order(item) for item in value]
        # A policy's one-element list and its only element are the same to IAM.
        return inner[0] if len(inner) == 1 and isinstance(inner[0], str) else inner
    return value


def unordered(value: Any) -> Any:
    """A list as a set: AWS returns it in an order of its own."""
    return sorted((plain(item) for item in value), key=_by_content) if isinstance(value, list) else value


def _by_content(item: Any) -> str:
    """A key's place in a mapping says nothing: it comes as the protocol has it, in another order each time."""
    return json.dumps(item, sort_keys=True, default=str)


def reference(given: Any, seen: Any) -> bool:
    """A name or an id and the ARN that ends in it."""
    return resource_name(str(given)) == resource_name(str(seen))


def resource_name(text: str) -> str:
    """The last word of an ARN, or the text itself when it is none."""
    if not text.startswith("arn:"):
        return text.removeprefix("alias/")
    resource = text.split(":", 5)[5]  # arn:partition:service:region:account:resource
    return re.split(r"[/:]", resource, maxsplit=1)[-1]


def prefix(given: Any, seen: Any) -> bool:
    """A version given as "16" and seen as "16.4"."""
    return str(seen) == str(given) or str(seen).startswith(f"{given}.")


def filled(given: Any, seen: Any) -> bool:
    """What was given is there; AWS may have filled in what was not."""
    given, seen = plain(document(given)), plain(document(seen))
    if isinstance(given, dict) and isinstance(seen, dict):
        return all(filled(value, seen.get(key)) for key, value in given.items())
    if isinstance(given, list) and isinstance(seen, list):
        return len(given) == len(seen) and all(map(filled, given, seen))
    return bool(given == seen)


def plain(value: Any) -> Any:
    """A value with the accidents of writing gone: 5 and "5", true and "true", empty and absent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value)) if float(value).is_integer() else str(value)
    if isinstance(value, Mapping):
        inner = {key: plain(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item is not None} or None
    if isinstance(value, list):
        return [plain(item) for item in value] or None
    return None if value == "" else value


def same(row: Row, name: str, one: Any, other: Any) -> bool:
    """Whether two values of an input are the same to AWS."""
    canonical = row.canonical.get(name, plain)
    return bool(plain(canonical(one)) == plain(canonical(other)))


def seen(row: Row, name: str, given: Any, observed: Any) -> bool:
    """Whether what AWS reports is what the program gave."""
    if same(row, name, given, observed):
        return True
    compare = row.seen_as.get(name)
    return compare is not None and given is not None and observed is not None and compare(given, observed)


def changes(row: Row, old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    """The inputs whose change means something to AWS."""
    names = (set(old) | set(new)) - {"__defaults"}
    return frozenset(
        name
        for name in names
        if not same(row, name, old.get(name), new.get(name)) and not (name in row.sticky and name not in new)
    )


def paths(path: str, old: Any, new: Any) -> Iterator[tuple[str, str]]:
    """The places where two values differ, with what happened there, in the engine's notation."""
    if plain(old) == plain(new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            step = f".{key}" if re.fullmatch(r"[A-Za-z_]\w*", key) else f'["{key}"]'
            yield from paths(path + step, old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before, after = (values[index] if index < len(values) else None for values in (old, new))
            yield from paths(f"{path}[{index}]", before, after)
    elif old is None or (new is not None and is_unknown(new) and plain(old) is None):
        yield path, ADD
    else:
        yield path, DELETE if new is None else UPDATE
