"""From values as the engine writes them to plain ones: what is unknown or secret becomes a mark. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policy.core import SECRET, UNKNOWN

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which the engine marks an object that stands for something else."""

SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a mark, not a secret)

MASKED = "[secret]"
"""What the engine's display puts in place of a secret."""

UNKNOWN_MARKS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string, and in events any value
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
"""What the engine writes where a value is not known yet (sdk/go/common/resource/plugin, Unknown*Value)."""


def plain(value: Any) -> Any:
    """A value with UNKNOWN and SECRET in place of what is one; whole numbers as integers."""
    if isinstance(value, str):
        if value in UNKNOWN_MARKS:
            return UNKNOWN
        return SECRET if value == MASKED else value
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            return SECRET
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


NAMES = ("id", "arn", "name", "bucket", "identifier", "keyId", "url", "alarmName")
"""Properties by which one resource refers to another."""


def ids_of(physical_id: str | None, *properties: Mapping[str, Any] | None) -> frozenset[str]:
    """The names that others may refer to a resource by, as far as they are known."""
    values = [physical_id, *(part.get(name) for part in properties if part for name in NAMES)]
    return frozenset(value for value in values if isinstance(value, str) and value and value not in UNKNOWN_MARKS)
