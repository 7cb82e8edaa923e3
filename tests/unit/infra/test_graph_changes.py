"""What a change of the configuration adds and touches, and what a stack says of itself."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.infra.recorder import ACCOUNT, REGION, Recording, configuration, record_stack

INSTANCE = "aws:rds/instance:Instance"
LOG = "aws:cloudwatch/logGroup:LogGroup"


def test_another_replica_adds_itself_and_what_watches_it_and_is_made_known(
    recorded: Callable[[str], Recording], sql_root: Path
) -> None:
    raw, before = configuration("dev"), recorded("dev")
    more = copy.deepcopy(raw)
    more["services"][0]["replicas"]["count"] += 1
    after = record_stack(more, "dev", sql_root)
    new = after.names() - before.names()
    assert {(INSTANCE, "platform-replica-2"), (LOG, "platform-replica-2-postgresql-log")} < new
    assert all("replica-2" in name for _, name in new)
    assert not before.names() - after.names()
    changed = {
        item.name
        for item in after.resources
        if (item.type, item.name) in before.names()
        and "credentials" not in item.name  # each run draws passwords, which are not compared
        and item.name not in ("platform-primary", "familytales-primary")
        and item.inputs != before.one(item.type, item.name).inputs
    }
    assert changed == {
        "platform-pooler",  # knows of its new server
        "platform-monitoring-dashboard",  # which shows it
        "platform-monitoring-instances",  # and RDS is asked for its events
    }


def test_a_third_service_is_a_row_and_a_folder(
    recorded: Callable[[str], Recording], sql_root: Path, tmp_path: Path
) -> None:
    for folder in ("platform", "familytales"):
        (tmp_path / folder).symlink_to(sql_root / folder)
    (tmp_path / "billing").mkdir()
    toml = (sql_root / "familytales" / "service.toml").read_text(encoding="utf-8").replace("familytales", "billing")
    (tmp_path / "billing" / "service.toml").write_text(toml, encoding="utf-8")
    raw = configuration("dev")
    third = {
        "name": "billing",
        "engine_version": "17",
        "instance_class": "db.t4g.small",
        "storage": {"allocated_gib": 20},
        "pooler": {"tasks": 1},
    }
    before = recorded("dev")
    after = record_stack({**raw, "services": [*raw["services"], third]}, "dev", tmp_path)
    assert before.names() < after.names()
    assert all(name.startswith("billing") for _, name in after.names() - before.names())
    assert after.one(INSTANCE, "billing-primary").inputs["engineVersion"] == "17"


def test_the_stack_outputs_name_everything_an_operator_needs(local: Recording) -> None:
    outputs = local.stack_outputs
    assert outputs["region"] == REGION
    platform = outputs["services"]["platform"]
    assert platform == {
        "database": "platform",
        "engine_version": "16",
        "parameter_group": "platform-parameters-1a2b3c4",
        "primary": server("estate-local-platform"),
        "replicas": [server("estate-local-platform-replica-1")],
        "pooler": {
            "address": f"platform-pooler.elb.{REGION}.amazonaws.com",
            "port": 6432,
            "read_write": "platform",
            "read_only": "platform_ro",
            "cluster": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster-tasks",
            "service": "platform-pooler-1a2b3c4",
        },
        "direct_security_group": "platform-direct-id",
        "names": {
            "primary": "primary.platform.local.estate.internal",
            "readers": "readers.platform.local.estate.internal",
            "pooler": "pooler.platform.local.estate.internal",
        },
        "schedules": {
            "group": "platform-schedules-1a2b3c4",
            "failed": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/platform-schedules-failed",
        },
        "dump": None,
        "secrets": {
            "master": secret("platform-credentials-master"),
            "roles": {
                f"platform_{role}": secret(f"platform-credentials-platform-{role}")
                for role in ("app", "auth", "backup", "migrator")
            },
        },
        "schema_step": {
            "cluster": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster-tasks",
            "task_definition": f"arn:aws:ecs:{REGION}:{ACCOUNT}:platform-schema",
            "container": "schema",
            "subnets": ["network-private-1-id", "network-private-2-id"],
            "security_groups": ["platform-schema-task-id"],
            "log_group": "platform-schema-log-1a2b3c4",
            "stream_prefix": "schema",
        },
    }
    assert json.dumps(outputs)  # plain data


def server(identifier: str) -> dict[str, Any]:
    return {
        "identifier": identifier,
        "address": f"{identifier}.example.{REGION}.rds.amazonaws.com",
        "port": 5432,
    }


def secret(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:{name}"
