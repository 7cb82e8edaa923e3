"""Where a dump lies, and what is written beside it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from dump import names
from dump.names import Facts
from infra import retention

MOMENT = datetime(2026, 11, 29, 22, 30, 7, tzinfo=UTC)
FIRST = datetime(2026, 12, 1, 22, 30, 7, tzinfo=UTC)


def test_a_day_has_a_folder_and_a_dump_the_second_it_began() -> None:
    assert names.keys("platform", MOMENT) == ("daily/platform/2026/11/29/platform-20261129T223007Z.dump",)


def test_the_first_of_a_month_is_kept_by_the_month_as_well() -> None:
    assert names.keys("platform", FIRST) == (
        "daily/platform/2026/12/01/platform-20261201T223007Z.dump",
        "monthly/platform/2026/12/platform-20261201T223007Z.dump",
    )
    assert names.keys("platform", MOMENT, monthly=True)[1] == "monthly/platform/2026/11/platform-20261129T223007Z.dump"


def test_every_key_lies_under_a_prefix_with_a_rule_and_a_right() -> None:
    prefixes = [retention.prefix(kind, "platform") for kind in retention.PREFIXES]
    for key, prefix in zip(names.keys("platform", FIRST), prefixes, strict=True):
        assert key.startswith(prefix)
        assert names.manifest_key(key).startswith(prefix)


def test_a_manifest_says_what_it_takes_to_trust_and_restore_the_dump() -> None:
    facts = Facts("16.14", 25, 74)
    labels = names.metadata("platform", "prod", facts)
    assert labels == {"service": "platform", "stack": "prod", "server-version": "16.14", "ledger": "25"}
    assert json.loads(names.manifest("daily/x.dump", facts, labels, "ab" * 32, 12345, MOMENT)) == {
        "service": "platform",
        "stack": "prod",
        "server-version": "16.14",
        "ledger": 25,
        "tables": 74,
        "key": "daily/x.dump",
        "format": "pg_dump custom, gzip",
        "sha256": "ab" * 32,
        "bytes": 12345,
        "started": "2026-11-29T22:30:07Z",
    }


def test_a_database_without_a_ledger_says_so() -> None:
    facts = Facts("16.14", None, 74)
    labels = names.metadata("platform", "prod", facts)
    assert "ledger" not in labels
    assert json.loads(names.manifest("k", facts, labels, "", 0, MOMENT))["ledger"] is None
