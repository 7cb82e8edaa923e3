"""JMESPath with the few functions that AWS responses need; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import jmespath
from jmespath import functions


class _Functions(functions.Functions):  # type: ignore[misc] # jmespath has no types
    """Functions beside JMESPath's own; the library finds them by their names."""

    @functions.signature({"types": ["array", "null"]})  # type: ignore[untyped-decorator]
    def _func_tag_map(self, tags: list[dict[str, str]] | None) -> dict[str, str]:
        """AWS's list of tags as a map, without the ones that AWS itself sets."""
        pairs = [{key.lower(): value for key, value in tag.items()} for tag in tags or []]
        names = [(pair.get("key") or pair.get("tagkey"), pair.get("value", pair.get("tagvalue"))) for pair in pairs]
        return {str(key): str(value) for key, value in names if not str(key).startswith("aws:")}

    @functions.signature({"types": ["object", "string", "null"]})  # type: ignore[untyped-decorator]
    def _func_json(self, value: Any) -> str | None:
        """A policy as JSON text; IAM hands it out as text in URL encoding or already read."""
        if isinstance(value, str):
            return unquote(value) if value.startswith("%7B") else value
        return None if value is None else json.dumps(value)

    @functions.signature({"types": ["string", "null"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_after(self, text: str | None, mark: str) -> str | None:
        """What follows the first mark."""
        return text.partition(mark)[2] if text else None

    @functions.signature({"types": ["string", "null"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_before_last(self, text: str | None, mark: str) -> str | None:
        """What comes before the last mark."""
        return text.rpartition(mark)[0] if text else None

    @functions.signature({"types": ["array"]})  # type: ignore[untyped-decorator]
    def _func_glue(self, parts: list[Any]) -> str | None:
        """The parts as one text; nothing when one of them is missing."""
        return None if any(part is None for part in parts) else "".join(str(part) for part in parts)

    @functions.signature({"types": ["string", "null"]})  # type: ignore[untyped-decorator]
    def _func_resource(self, arn: str | None) -> str | None:
        """The resource part of an ARN."""
        return arn.split(":", 5)[5] if arn else None

    @functions.signature({"types": ["array", "null"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_value_of(self, pairs: list[dict[str, str]] | None, key: str) -> Any:
        """The value of one key in a list of key/value pairs; truth values and numbers as such."""
        found = next((pair.get("Value", pair.get("value")) for pair in pairs or [] if pair.get("Key") == key), None)
        return {"true": True, "false": False}.get(str(found), found)


_OPTIONS = jmespath.Options(custom_functions=_Functions())
_compiled = lru_cache(maxsize=1024)(jmespath.compile)


def find(path: str, document: Any, where: Mapping[str, Any] | None = None) -> Any:
    """What the path finds in the document, None when nothing is there; `$name` in it stands for a value."""
    for name, value in (where or {}).items():
        path = path.replace(f"${name}", "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'")
    return _compiled(path).search(document, options=_OPTIONS)
