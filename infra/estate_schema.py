"""The shape of `Pulumi.<stack>.yaml` as JSON Schema (draft 2020-12), for editors. Pure.

What a schema cannot say, only `config.parse` knows: rules between values, windows that are too short, the folder of a
service. What it does say is never stricter than `parse`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra import parameters
from infra.config_shape import MISSING, PREFIX, Field, Maybe, Spec
from infra.config_spec import ESTATE, service
from infra.domains import Choice, Domain, Libraries, Real, Switch
from infra.profiles import DEFAULTS

DRAFT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

# The engine's own spelling: no sign before zero, no leading zeros.
_WHOLE = "^-?(0|[1-9][0-9]*)$"
_REAL = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"


def document() -> Schema:
    """The whole schema."""
    estate = _object(ESTATE, "")
    # The profile is development where none is said: the shape is the same, and so are all defaults but the profile's.
    block = _object(service("development"), "")
    block["properties"]["parameters"] = _parameters()
    estate["properties"]["services"]["items"] = block
    return {
        "$schema": DRAFT,
        "title": "A stack of the PostgreSQL estate: Pulumi.<stack>.yaml",
        "description": "Made from the code by `python -m infra.reference`; docs/configuration.md says all of it.",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {f"{PREFIX}estate": estate},
                "required": [f"{PREFIX}estate"],
            }
        },
        "required": ["config"],
    }


def _object(spec: Spec, prefix: str) -> Schema:
    properties: Schema = {}
    required = []
    for key, part in spec.items():
        path = f"{prefix}{key}"
        if isinstance(part, Field):
            properties[key] = _field(part, path)
            needed = part.default is MISSING
        else:
            inner = _object(part.spec if isinstance(part, Maybe) else part, f"{path}.")
            properties[key] = {"anyOf": [inner, {"type": "null"}]} if isinstance(part, Maybe) else inner
            needed = isinstance(part, Mapping) and "required" in inner
        if needed:
            required.append(key)
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": required} if required else found


def _field(field: Field, path: str) -> Schema:
    row = DEFAULTS.get(path)
    words = field.allowed
    if row is not None:
        words += f". Default: {_shown(row.development)} in development, {_shown(row.production)} in production"
    found: Schema = {"description": words, **field.schema}
    if row is None and field.default is not MISSING:
        found["default"] = field.default
    return found


def _shown(value: object) -> str:
    return "null" if value is None else str(value).lower()


def _parameters() -> Schema:
    """A service's parameters: those that a stack may set, by name."""
    properties = {
        row.name: {"description": _words(row), **_domain(row.domain)}
        for row in sorted(parameters.TABLE, key=lambda row: row.name)
        if row.name not in parameters.FORBIDDEN
    }
    return {
        "description": "parameters of PostgreSQL, values as strings in the engine's base unit",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "default": {},
    }


def _words(row: parameters.Parameter) -> str:
    unit = f" in {row.unit}" if row.unit else ""
    return f"takes {row.domain.says}{unit}, {row.apply}: {row.why}"


def _domain(domain: Domain) -> Schema:
    if isinstance(domain, Switch):
        return {"type": "string", "enum": ["0", "1"]}
    if isinstance(domain, Choice):
        return {"type": "string", "enum": list(domain.words)}
    if isinstance(domain, Libraries):
        return {"type": "string", "pattern": f"^({'|'.join(domain.known)})(,({'|'.join(domain.known)}))*$"}
    return {"type": "string", "pattern": _REAL if isinstance(domain, Real) else _WHOLE}
