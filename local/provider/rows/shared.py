"""What rows of several services have in common: tags, and small rewritings of values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.provider.table import Added, Call, Item, Removed, Template

MANAGED = "Managed by Pulumi"  # the real provider's description of what is not described

TAGS_PER_CALL = 50  # a resource has at most 50 tags, so one call always suffices

PAIR: Mapping[str, Template] = {"Key": Item("key"), "Value": Item("value")}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]] | None:
    """Tags as most services want them."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)] or None


def lower_tag_list(tags: Mapping[str, str]) -> list[dict[str, str]] | None:
    """Tags as ECS wants them."""
    return [{"key": key, "value": tags[key]} for key in sorted(tags)] or None


def tag_setters(
    tag: str,
    untag: str,
    target: Mapping[str, Template],
    tags: str = "Tags",
    keys: str = "TagKeys",
    pair: Template = PAIR,
    key: Template = None,
) -> tuple[Call, Call]:
    """The two calls by which a service's tags are changed: the ones gone first, then the new and different."""
    return (
        Call(untag, {**target, keys: Item(shape=key)}, each=Removed("tags"), size=TAGS_PER_CALL),
        Call(tag, {**target, tags: Item(shape=pair)}, each=Added("tags"), size=TAGS_PER_CALL),
    )


def pairs_to_map(pairs: list[dict[str, str]]) -> dict[str, str]:
    """Added tags as a map, for the services that want one."""
    return {pair["key"]: pair["value"] for pair in pairs}


def without_empty(tags: Mapping[str, str]) -> Mapping[str, str] | None:
    """A map that is left out when there is nothing in it."""
    return tags or None


def parsed(text: Any) -> Any:
    """JSON text as what it says."""
    return json.loads(text) if isinstance(text, str) else text
