"""A platform database that looks like one of a year's use, for measuring and for tests of plans.

Everything comes from hashes of row numbers, so that a scale always gives the same rows; only times move along with the
day. The server makes the rows itself (platform_data.sql), with triggers and foreign keys off, for they would take most
of the time; what they would have held is asked afterwards.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from bench.untrue import untrue

_ROWS = Path(__file__).with_name("platform_data.sql")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows there are of each kind; with fewer than the least ones a database looks like nobody's."""

    users: int
    organizations: int
    projects: int
    tasks: int
    comments: int
    notifications: int
    events: int
    page_views: int
    sessions: int
    attachments: int
    invitations: int
    changes: int

    @classmethod
    def at(cls, scale: float) -> Sizes:
        """The sizes at a scale; 1 is the database in which the design was measured."""

        def scaled(full: int, least: int) -> int:
            return max(round(full * scale), least)

        return cls(
            users=scaled(5_000, 300),
            organizations=scaled(200, 20),
            projects=scaled(20_000, 1_000),
            tasks=scaled(1_000_000, 2_000),
            comments=scaled(1_000_000, 2_000),
            notifications=scaled(600_000, 2_000),
            events=scaled(2_000_000, 4_000),
            page_views=scaled(300_000, 2_000),
            sessions=scaled(20_000, 2_000),
            attachments=scaled(100_000, 1_000),
            invitations=scaled(5_000, 400),
            changes=scaled(200_000, 2_000),
        )


# A year of tasks behind the months that a migration makes, as much of what is kept for half a year, and two months of
# days of events. Whoever owns a table makes its partitions. What production has ahead costs planning time there, and so
# it shall here: that is the last line.
_PARTITIONS: tuple[tuple[str, LiteralString], ...] = (
    ("platform_owner", "SELECT ops.create_months('app.tasks', 'tasks', -12, -2)"),
    ("platform_owner", "SELECT ops.create_months('app.notifications', 'notifications', -6, -2)"),
    (
        "platform_owner",
        """SELECT ops.create_partition(parent, ops.partition_name(prefix, 'day', day), day::date, day::date + 1)
             FROM (VALUES ('analytics.events'::regclass, 'events'), ('analytics.page_views', 'page_views'))
                  AS wanted (parent, prefix)
            CROSS JOIN generate_series(date_trunc('day', now()) - interval '60 days',
                                       date_trunc('day', now()) - interval '1 day', interval '1 day') AS day""",
    ),
    ("platform_audit", "SELECT ops.create_months('audit.audit_log', 'audit_log', -6, -1)"),
    ("platform_owner", "CALL ops.maintain_partitions()"),
)

# An index takes less to be made than to be kept up with a million rows, above all a full-text one.
_INDEXES: LiteralString = """
SELECT i.indexrelid::regclass::text, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
  FROM pg_catalog.pg_index AS i
 WHERE i.indrelid IN ('app.tasks'::regclass, 'app.comments'::regclass, 'app.notifications'::regclass,
                      'analytics.events'::regclass)
   AND NOT i.indisunique
"""

# What triggers keep true, as questions whose answer is 0.
_KEPT_BY_TRIGGERS: tuple[LiteralString, ...] = (
    """SELECT 'a task that is not registered as it is', count(*) FROM app.tasks AS task
        WHERE NOT EXISTS (SELECT FROM app.task_ids AS known
                           WHERE (known.id, known.organization_id, known.project_id, known.created_at)
                                 = (task.id, task.organization_id, task.project_id, task.created_at))""",
    """SELECT 'a registered id without a task',
              (SELECT count(*) FROM app.task_ids) - (SELECT count(*) FROM app.tasks)""",
    """SELECT 'a row in a default partition', sum(held) FROM ops.default_partition_rows()""",
)


class UntrueDataError(Exception):
    """The rows that were loaded are none that the constraints and triggers would have let in."""


def load(superuser: psycopg.Connection[Any], scale: float) -> Sizes:
    """Fill an empty platform database; the connection is a superuser's, in autocommit."""
    sizes = Sizes.at(scale)
    for role, statement in _PARTITIONS:
        superuser.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        superuser.execute(statement)
        superuser.execute("RESET ROLE")
    # UTC, as the tables' own functions have it; plans of the loading statements need room for their joins.
    superuser.execute("SET timezone = 'UTC'; SET work_mem = '128MB'; SET synchronous_commit = off")
    names = [field.name for field in fields(sizes)]
    superuser.execute(
        sql.SQL("CREATE TEMP TABLE sizes AS SELECT {}").format(
            sql.SQL(", ").join(
                sql.SQL("{}::integer AS {}").format(sql.Literal(value), sql.Identifier(name))
                for name, value in zip(names, astuple(sizes), strict=True)
            )
        )
    )
    indexes = superuser.execute(_INDEXES).fetchall()
    for name, _ in indexes:
        superuser.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(*name.split("."))))
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(_ROWS.read_bytes())
    superuser.execute("RESET session_replication_role")
    for _, definition in indexes:
        superuser.execute(definition.encode())
    superuser.execute("DROP TABLE sizes")
    _verify(superuser)
    # The visibility map is what lets an index be read alone; autovacuum would have made it long ago.
    superuser.execute("VACUUM (ANALYZE)")
    for view in ("analytics.project_stats", "analytics.user_activity_stats"):
        superuser.execute(sql.SQL("REFRESH MATERIALIZED VIEW {}").format(sql.Identifier(*view.split("."))))
        superuser.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(*view.split("."))))
    return sizes


def _verify(superuser: psycopg.Connection[Any]) -> None:
    wrong = untrue(superuser, ["auth", "app"], _KEPT_BY_TRIGGERS)
    if wrong:
        raise UntrueDataError(f"loaded, but not true: {'; '.join(wrong)}. Mend {_ROWS.name}.")
