"""The names of the design, and which section of the index tells of which kind of object."""

from __future__ import annotations

import tomllib
from pathlib import Path

FILE = Path(__file__).parent / "design.toml"

# Where a kind is told in one section.
SECTIONS = {
    "Extensions": "extensions",
    "Schemas": "schemas",
    "Tables": "tables",
    "Constraints": "constraints",
    "Partitions": "partitions",
    "Indexes": "indexes",
    "Materialized views": "views",
    "Functions": "functions",
    "Triggers": "triggers",
    "Row level security": "row_level_security",
    "Policies": "policies",
    "Branches for the global admin": "admin_branches",
    "Partition upkeep": "upkeep",
    "Autovacuum settings": "autovacuum",
    "Maintenance commands": "commands",
    "Parameter group": "group",
    "RDS parameters": "parameters",
    "Settings of the primary": "primary",
    "Settings of the replicas": "replica",
    "Settings of the replicas a second time": "read_replica",
    "PgBouncer": "pgbouncer",
    "Monitoring queries": "queries",
    "Backup script": "backup",
    "Point-in-time recovery script": "recovery",
    "Key metrics": "metrics",
}
# Columns have a section for each table.
COLUMNS_OF = "Columns of "

# What the design writes as `name = value`, and so does the index.
SETTINGS = {"autovacuum", "group", "parameters", "primary", "replica", "read_replica", "pgbouncer"}


def kind(section: str) -> str:
    """The kind of object that a section tells of."""
    return "columns" if section.startswith(COLUMNS_OF) else SECTIONS[section]


def read() -> dict[str, dict[str, str]]:
    """Names by kind, each with what the design says of it, or with nothing."""
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {key: dict.fromkeys(value, "") if isinstance(value, list) else value for key, value in content.items()}


def as_written(kind: str, name: str, definition: str) -> str:
    """A name as it stands in the index's first column."""
    return f"{name} = {definition}" if kind in SETTINGS else name
