"""The names of a design, and which section of its index tells of which kind of object."""

from __future__ import annotations

import tomllib
from pathlib import Path

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
    "Numbers beside the settings": "remarks",
    "Settings of the primary": "primary",
    "Settings of the replicas": "replica",
    "Settings of the replicas a second time": "read_replica",
    "PgBouncer": "pgbouncer",
    "Monitoring queries": "queries",
    "Backup script": "backup",
    "Point-in-time recovery script": "recovery",
    "Key metrics": "metrics",
    "Configuration": "configuration",
    "JSON defaults": "json",
    "Views": "views",
    "Security statements": "security",
    "Migrations": "migrations",
    "Migration commands": "sqlx",
    "Scheduled work": "cron",
    "Retention": "retention",
    "Maintenance": "commands",
    "Sample queries": "samples",
    "Sizing estimates": "sizing",
    "Performance targets": "targets",
    "Backup strategy": "backup",
}
# Columns have a section for each table.
COLUMNS_OF = "Columns of "

# What the design writes as `name = value`, and so does the index.
SETTINGS = {"autovacuum", "group", "parameters", "primary", "replica", "read_replica", "pgbouncer"}

# What a design says of infrastructure: each of these is in the graph, or a decision says why not.
INFRASTRUCTURE = {
    "configuration",
    "cron",
    "group",
    "parameters",
    "remarks",
    "primary",
    "replica",
    "read_replica",
    "pgbouncer",
    "sizing",
    "targets",
    "backup",
    "recovery",
    "metrics",
}


def kind(section: str) -> str:
    """The kind of object that a section tells of."""
    return "columns" if section.startswith(COLUMNS_OF) else SECTIONS[section]


def read(file: Path) -> dict[str, dict[str, str]]:
    """Names by kind, each with what the design says of it, or with nothing."""
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    return {key: dict.fromkeys(value, "") if isinstance(value, list) else value for key, value in content.items()}


def as_written(kind: str, name: str, definition: str) -> str:
    """A name as it stands in the index's first column."""
    return f"{name} = {definition}" if kind in SETTINGS else name
