"""What a program may say: unknown, missing and autonamed inputs, default tags. Pure."""

from __future__ import annotations

import difflib
import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.provider.table import Autoname, Row
from local.provider.values import Properties, has_unknown, is_unknown

HEX_DIGITS = 7  # as the real provider's autonaming

# The SDK adds these to every request of its own accord; they carry nothing.
PROTOCOL_INPUTS = frozenset({"__defaults", "__internal"})


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that cannot be accepted, and why."""

    input: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """The name that the engine's own autonaming settings ask for."""

    name: str = ""
    disabled: bool = False


def check(
    row: Row,
    logical_name: str,
    news: Properties,
    olds: Mapping[str, Any],
    seed: bytes,
    default_tags: Mapping[str, str],
    proposal: Proposal | None = None,
) -> tuple[Properties, list[Failure]]:
    """The inputs as they will be recorded, and everything that is wrong with them, at once."""
    inputs = {name: value for name, value in news.items() if name not in PROTOCOL_INPUTS}
    failures = [*unknown_inputs(row, inputs), *missing_inputs(row, inputs), *conflicts(row, inputs)]
    inputs = {**row.defaults, **inputs}
    if default_tags and "tags" in row.inputs and not is_unknown(inputs.get("tags")):
        inputs["tags"] = {**default_tags, **inputs.get("tags", {})}
    if row.autoname and row.autoname.input not in inputs:
        named = autoname(row.autoname, logical_name, olds, seed, proposal)
        if isinstance(named, Failure):
            failures.append(named)
        else:
            inputs[row.autoname.input] = named
    return inputs, failures


def unknown_inputs(row: Row, inputs: Mapping[str, Any]) -> list[Failure]:
    """An input that the row would ignore is refused, so that nothing in a program is silently without effect."""
    return [
        Failure(path.partition(".")[0], f"{row.urn_type} has no input {path!r} in the local cloud{near(name, known)}")
        for path, name, known in _strangers("", inputs, row.inputs)
    ]


def _strangers(path: str, given: Any, known: Mapping[str, Any]) -> Iterator[tuple[str, str, Iterable[str]]]:
    if isinstance(given, list):
        for item in given:
            yield from _strangers(path, item, known)
    elif isinstance(given, Mapping):
        for name, value in given.items():
            if name in PROTOCOL_INPUTS:
                continue
            inner = f"{path}.{name}" if path else name
            if name not in known:
                yield inner, name, known
            elif known[name] is not None:
                yield from _strangers(inner, value, known[name])


def near(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that helps: the names that look alike, or all of them."""
    names = sorted(known)
    alike = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    told = f"near ones: {', '.join(alike)}" if alike else f"known: {', '.join(names)}"
    return f" ({told}); to support it, use it in the row's templates in local/provider/rows/"


def missing_inputs(row: Row, inputs: Mapping[str, Any]) -> list[Failure]:
    """Required inputs that the program does not give."""
    return [Failure(name, f"{row.urn_type} needs the input {name!r}") for name in sorted(row.required - set(inputs))]


def conflicts(row: Row, inputs: Mapping[str, Any]) -> list[Failure]:
    """Inputs that AWS does not take side by side."""
    return [
        Failure(name, f"{row.urn_type} takes either {name!r} or {given!r}")
        for given, others in row.excludes.items()
        if given in inputs
        for name in sorted(others & set(inputs))
    ]


def autoname(
    rule: Autoname, logical_name: str, olds: Mapping[str, Any], seed: bytes, proposal: Proposal | None
) -> str | Failure:
    """The name that an unnamed resource has had before, or a new one."""
    before = olds.get(rule.input)
    proposed = bool(proposal and proposal.name)
    if isinstance(before, str) and (proposed or is_autoname(rule, logical_name, before)):
        return before
    if proposal and proposal.disabled:
        return Failure(rule.input, f"autonaming is disabled: give the input {rule.input!r}")
    stem = _stem(rule, logical_name)
    digits = hashlib.sha256(seed + stem.encode()).hexdigest() if seed else secrets.token_hex(HEX_DIGITS)
    name = proposal.name if proposal and proposal.name else f"{stem}-{digits[:HEX_DIGITS]}"
    if len(name) > rule.longest:
        # The real provider refuses too: a name cut short is a name that surprises.
        return Failure(
            rule.input, f"the name {name!r} has {len(name)} characters, AWS allows {rule.longest}: shorten {stem!r}"
        )
    return name


def is_autoname(rule: Autoname, logical_name: str, name: str) -> bool:
    """Whether a physical name was made up from the logical one."""
    stem = _stem(rule, logical_name)
    return bool(re.fullmatch(rf"{re.escape(stem)}-[0-9a-f]{{{HEX_DIGITS}}}", name))


def _stem(rule: Autoname, logical_name: str) -> str:
    return rule.prefix + (logical_name.lower() if rule.lower else logical_name)


def keeps_name(row: Row, logical_name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a replacement would want the name that the old resource still has: then it must go first."""
    if row.autoname is None:
        return False
    name = new.get(row.autoname.input)
    fixed = isinstance(name, str) and not has_unknown(name)
    return fixed and name == old.get(row.autoname.input) and not is_autoname(row.autoname, logical_name, str(name))
