"""Dependencies point one way: infra, schema and local know nothing of each other, pure modules of nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("infra", "schema", "dump", "local", "ops", "policy", "delivery", "drawing")
CLOUD = {"boto3", "botocore", "moto", "pulumi", "pulumi_aws"}
# room -> packages that no file in it may import
FORBIDDEN: dict[str, set[str]] = {
    "infra": {"boto3", "botocore", "moto", "psycopg", "schema", "dump", "local", "ops"},
    "schema": {"pulumi", "pulumi_aws", "boto3", "botocore", "moto", "infra", "dump", "local", "ops"},
    # The other program of the same image. It alone speaks to S3 itself: a dump passes through it.
    "dump": {"pulumi", "pulumi_aws", "moto", "infra", "schema", "local", "ops"},
    "local": {"infra", "schema", "dump", "ops"},
    "ops": {"moto"},
    # Plain functions of plain data, for the engine, for `dbctl` and for the tests alike.
    "policy": {"pulumi", "pulumi_aws", "boto3", "botocore", "moto", "psycopg", "schema", "dump", "local", "ops"},
    # What a workflow says on a pull request: it runs before anything is installed.
    "delivery": {
        "pulumi",
        "pulumi_aws",
        "boto3",
        "botocore",
        "moto",
        "psycopg",
        "yaml",
        "rich",
        "typer",
        "infra",
        "schema",
        "dump",
        "local",
        "ops",
        "policy",
    },
    # It starts the runner as a process, as a task would.
    "drawing": {"boto3", "botocore", "moto", "pulumi", "infra", "schema", "ops"},
}
# What is computed without Pulumi is tested without it: plain functions of plain data.
# Files and folders of infra/.
PURE = (
    "addresses", "alarm_reference", "alarm_rules", "alarms", "backup_policies", "config", "config_read",
    "config_shape", "config_spec", "config_types", "containers", "dashboard", "dns_records", "domains", "ebs",
    "endpoints", "estate_schema", "existing_network", "flow_log_policies", "folder_spec", "jobs", "key_policies",
    "lifecycle", "log_metrics", "monitoring_policies", "names", "parameters", "pgbouncer", "policies",
    "pooler_metrics", "profiles", "reference", "retention", "rules", "scaling_rules", "schedule_alarms",
    "schedule_policies", "sizing", "sources", "widgets", "windows",
)  # fmt: skip


# What one file of a room may import all the same, and nothing else of the room.
DOORS: dict[str, set[str]] = {
    "drawing/dashboard.py": {"infra"},  # it draws what a pure module says, so it asks that module
    "schema/secrets.py": {"boto3", "botocore"},  # a secret named by its ARN, where no task definition injects it
}


def imported(path: Path) -> set[str]:
    """The packages that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def packages(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_nothing_it_must_not_know(room: str) -> None:
    for path in sorted((ROOT / room).rglob("*.py")):
        allowed = DOORS.get(str(path.relative_to(ROOT)), set())
        assert not packages(imported(path)) & FORBIDDEN[room] - allowed, path.relative_to(ROOT)


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_imports_no_cloud_and_only_pure_modules(name: str) -> None:
    folder = ROOT / "infra" / name
    for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]:
        names = imported(path)
        assert not packages(names) & CLOUD, path.name
        within = {item.split(".")[1] for item in names if item.startswith("infra.")}
        assert within <= set(PURE), path.name


def test_only_local_knows_moto() -> None:
    for room in ("infra", "schema", "dump", "ops", "sql", "docker"):
        for path in sorted((ROOT / room).rglob("*.py")):
            assert "moto" not in packages(imported(path)), path.relative_to(ROOT)
