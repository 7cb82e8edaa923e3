"""Where a dump lies in the bucket, and what is written beside it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

FORMAT = "pg_dump custom, gzip"
FIRST = 1  # the day of the month whose dump is kept by the month as well


@dataclass(frozen=True, slots=True)
class Facts:
    """What a dump was taken from, all of one snapshot."""

    server_version: str
    ledger: int | None  # the newest migration that was applied; None without a ledger
    tables: int


def keys(service: str, moment: datetime, monthly: bool = False) -> tuple[str, ...]:
    """The objects that a dump is stored as: the day's, and on the first of a month (or when asked for) the month's.

    The moment is UTC, to the second: a second dump of the day does not write over the first one.
    """
    name = f"{service}-{moment:%Y%m%dT%H%M%SZ}.dump"
    found = [f"daily/{service}/{moment:%Y/%m/%d}/{name}"]
    if monthly or moment.day == FIRST:
        found.append(f"monthly/{service}/{moment:%Y/%m}/{name}")
    return tuple(found)


def manifest_key(key: str) -> str:
    """What is written last: a dump without it was not finished."""
    return f"{key}.json"


def metadata(service: str, stack: str, facts: Facts) -> dict[str, str]:
    """What the object itself says, known before its first byte."""
    found = {"service": service, "stack": stack, "server-version": facts.server_version}
    return found if facts.ledger is None else {**found, "ledger": str(facts.ledger)}


def manifest(key: str, facts: Facts, labels: Mapping[str, str], sha256: str, size: int, started: datetime) -> str:
    """The dump's description: what it is, how large, and the SHA-256 of its bytes in hexadecimal digits."""
    return json.dumps(
        {
            **labels,
            "key": key,
            "format": FORMAT,
            "ledger": facts.ledger,
            "tables": facts.tables,
            "sha256": sha256,
            "bytes": size,
            "started": f"{started:%Y-%m-%dT%H:%M:%SZ}",
        },
        sort_keys=True,
    )
