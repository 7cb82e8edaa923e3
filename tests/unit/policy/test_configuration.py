"""Where the configuration leaves the choice, breaking a rule in a copy of prod's file makes the run name it.

The copies are of another stack with the profile `production`: what the stack `prod` may not do without is refused by
the configuration's own rules before any graph is made (infra/rules/production.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from policy.catalogue import BY_NAME, POLICIES
from policy.core import run
from policy.levels import level_of
from tests.unit.infra.conftest import FOLDERS, service_toml
from tests.unit.infra.recorder import record_stack
from tests.unit.policy.breaking import put
from tests.unit.policy.conftest import pinned
from tests.unit.policy.graphs import graph_of

STACK = "stage"


@dataclass(frozen=True, slots=True)
class Choice:
    """Keys set otherwise, and the resources that each policy then names."""

    keys: Mapping[str, Any]
    found: Mapping[str, set[str]]


SECRETS = {f"familytales-credentials-{role.replace('_', '-')}" for role in ("master", *FOLDERS["familytales"])}
KEYS = {f"keys-{purpose}" for purpose in ("storage", "secrets", "logs", "alerts", "dumps", "vault", "recovery")}
INSTANCES = {"familytales-primary", "familytales-replica-1"}
LOGS = {f"{instance}-{log}-log" for instance in INSTANCES for log in ("postgresql", "upgrade")}
TASK_LOGS = {f"familytales-{task}-log" for task in ("pooler", "schema", "dump")}

CHOICES: Mapping[str, Choice] = {
    "multi-az": Choice({"services.0.multi_az": False}, {"multi-az": {"familytales-primary"}}),
    "backups-on": Choice(
        {"services.0.replicas": {"count": 0}, "services.0.backup": {
            "retention_days": 0, "dump_at": "04:10", "weekly_weeks": 4, "copy_to_recovery": False}},
        {"backups-on": {"familytales-primary"}, "backups-elsewhere": {"familytales-primary"}},
    ),
    "backups-for-a-week": Choice(
        {"services.0.backup.retention_days": 3}, {"backups-for-a-week": {"familytales-primary"}}
    ),
    "deletion-protected": Choice(
        {"services.0.protected": False},
        {"deletion-protected": {"familytales-primary", "familytales-pooler"},
         "protected": {"familytales-primary", "network-vpc", "dumps", "recovery-dumps", "vault", "recovery-vault",
                       *KEYS, *SECRETS}},
    ),
    "backups-outlive-the-stack": Choice(
        {"services.0.backup.keep_after_destroy": False},
        {"final-snapshot": {"familytales-primary"},
         "backups-outlive-the-stack": {"keys-storage", "keys-dumps", "keys-vault", "keys-recovery", "dumps",
                                       "recovery-dumps", "vault", "recovery-vault"}},
    ),
    "enhanced-monitoring": Choice(
        {"services.0.monitoring": {"interval_seconds": 0}}, {"enhanced-monitoring": INSTANCES}
    ),
    "iam-authentication": Choice({"services.0.iam_authentication": False}, {"iam-authentication": INSTANCES}),
    "changes-in-the-window": Choice({"services.0.apply_immediately": True}, {"changes-in-the-window": INSTANCES}),
    "statements-logged": Choice(
        {"services.0.parameters": {"log_min_duration_statement": "-1"}}, {"statements-logged": INSTANCES}
    ),
    "logs-for-a-quarter": Choice(
        {"services.0.monitoring": {"log_days": 30}}, {"logs-for-a-quarter": LOGS | TASK_LOGS}
    ),
    "flow-logs": Choice({"network.flow_log_days": 0}, {"flow-logs": {"network-vpc"}}),
    "snapshots-kept": Choice(
        {"services.0.backup": {"weekly_weeks": 0, "monthly_months": 0, "vault_lock": False, "restore_test": False,
                               "retention_days": 7, "window": "02:00-03:00", "dump_at": "04:10"}},
        # The second region's vault is made all the same, and an empty one has nothing to lock.
        {"snapshots-kept": {"familytales-primary"}, "vault-locked": {"recovery-vault"}},
    ),
    "vault-locked": Choice(
        {"services.0.backup.vault_lock": False},
        {"vault-locked": {"vault", "recovery-vault"}},
    ),
    "backups-elsewhere": Choice(
        {"services.0.backup.copy_to_recovery": False}, {"backups-elsewhere": {"familytales-primary"}}
    ),
    "somebody-listens": Choice({"alerts.emails": []}, {"somebody-listens": {"alerts"}}),
    "pooler-survives-a-zone": Choice(
        {"services.0.pooler.tasks": 1}, {"pooler-survives-a-zone": {"familytales-pooler"}}
    ),
    "images-by-digest": Choice(
        {"images.pooler": "postgres-estate/pooler:1.26"},
        {"images-by-digest": {"familytales-pooler"}},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def sql_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One service with few roles and no jobs: each copy is run anew."""
    root = tmp_path_factory.mktemp("sql")
    (root / "familytales").mkdir()
    toml = service_toml(FOLDERS["familytales"])
    (root / "familytales" / "service.toml").write_text(toml, encoding="utf-8")
    return root


def one_service() -> dict[str, Any]:
    """Prod's file with its smaller service alone."""
    raw = pinned()
    raw["services"] = [service for service in raw["services"] if service["name"] == "familytales"]
    return raw


def test_the_copy_that_nothing_is_broken_in_holds_everything(sql_root: Path) -> None:
    assert run(graph_of(record_stack(one_service(), STACK, sql_root)), POLICIES, "production") == []


@pytest.mark.parametrize("name", CHOICES)
def test_a_broken_copy_of_the_configuration_is_named(name: str, sql_root: Path) -> None:
    choice, raw = CHOICES[name], one_service()
    for path, value in choice.keys.items():
        put(raw, path, value)
    found = run(graph_of(record_stack(raw, STACK, sql_root)), POLICIES, level_of(STACK, raw["profile"]))
    named: dict[str, set[str]] = {}
    for row in found:
        assert row.severity == BY_NAME[row.policy].weights.production, row
        named.setdefault(row.policy, set()).add(row.resource.split()[-1])
    assert named == choice.found
    assert name in named
