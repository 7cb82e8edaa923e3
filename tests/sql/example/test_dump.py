"""A logical dump as platform_backup, with the engine's own programs, as docs/platform.md describes it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from examples.platform_app import story
from examples.platform_app.stage import Stage
from tests.sql.databases import Database, password_of
from tests.sql.runner import Runner

# Partitions are counted one by one, and a partitioned table has no rows of its own.
_TABLES = (
    "SELECT schema.nspname, relation.relname FROM pg_class AS relation"
    "  JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace"
    " WHERE relation.relkind IN ('r', 'm')"
    "   AND schema.nspname NOT IN ('pg_catalog', 'information_schema') AND schema.nspname NOT LIKE 'pg\\_toast%'"
)


@pytest.fixture
def filled(stage: Stage, platform: Database) -> Database:
    """A database with rows of every kind, some of them in default partitions."""
    story.tell(stage.pools)
    owner = platform.login("platform_migrator")
    with owner:
        owner.execute(
            "INSERT INTO app.notifications (user_id, type, title, created_at)"
            " SELECT id, 'old', 'old', now() - months * interval '1 month'"
            "  FROM auth.users, generate_series(0, 9) AS months"
        )
        owner.execute("REFRESH MATERIALIZED VIEW analytics.project_stats")
        owner.execute("REFRESH MATERIALIZED VIEW analytics.user_activity_stats")
    return platform


@pytest.fixture
def restored(filled: Database) -> Iterator[Database]:
    """An empty database beside it. Its roles are there: they belong to the server, not to a database."""
    with filled.server.database("restored") as made:
        yield made


def tool(database: Database, user: str, password: str, name: str, *arguments: str) -> str:
    """What one of the server's own programs prints; its version is the server's, as it has to be."""
    running = database.server.running
    done = subprocess.run(
        [str(running.engine.bin / name), *arguments],
        env={
            "PATH": os.defpath,
            "PGHOST": running.host,
            "PGPORT": str(running.port),
            "PGDATABASE": database.name,
            "PGUSER": user,
            "PGPASSWORD": password,
            "PGSSLMODE": "disable",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), f"{name} {arguments}"
    return done.stdout


def dump(database: Database, file: Path) -> None:
    backup = ("platform_backup", password_of("platform_backup"))
    tool(database, *backup, "pg_dump", "--enable-row-security", "--format=custom", f"--file={file}")


def restore(database: Database, file: Path, folder: Path) -> None:
    """As the master user, who is no superuser: what platform.md says, step by step."""
    master = (database.server.running.user, database.server.running.password)
    with database.master() as connection:
        connection.execute("GRANT platform_authz, platform_audit TO CURRENT_USER")
    listed = tool(database, *master, "pg_restore", "--list", str(file)).splitlines()
    schemas = [line for line in listed if " SCHEMA - " in line or " ACL - SCHEMA " in line]
    for name, lines in (("schemas", schemas), ("rest", [line for line in listed if line not in schemas])):
        chosen = folder / name
        chosen.write_text("\n".join(lines) + "\n")
        tool(
            database,
            *master,
            "pg_restore",
            "--exit-on-error",
            f"--use-list={chosen}",
            f"--dbname={database.name}",
            str(file),
        )
    with database.master() as connection:
        connection.execute("REVOKE platform_authz, platform_audit FROM CURRENT_USER")


def counts(database: Database) -> dict[str, int]:
    """The rows of each table, as a superuser counts them, for whom no policy holds."""
    place = psycopg.conninfo.make_conninfo(database.server.running.superuser_conninfo, dbname=database.name)
    with psycopg.connect(place, autocommit=True) as superuser:
        return {
            f"{schema}.{table}": superuser.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
            ).fetchall()[0][0]
            for schema, table in superuser.execute(_TABLES).fetchall()
        }


def test_a_dump_restored_elsewhere_has_the_same_rows_in_every_table(
    filled: Database, restored: Database, tmp_path: Path
) -> None:
    before = counts(filled)
    dump(filled, tmp_path / "platform.dump")
    restore(restored, tmp_path / "platform.dump", tmp_path)

    assert counts(restored) == before
    assert len(before) > 60
    for table in ("auth.credentials", "auth.sessions", "app.task_ids", "app.attachments", "public._sqlx_migrations"):
        assert before[table] > 0, table
    for parent in ("tasks", "notifications", "events", "audit_log"):
        assert sum(rows for name, rows in before.items() if name.startswith(f"part.{parent}_")) > 0, parent
    assert before["part.notifications_default"] > 0


def test_a_restored_database_takes_up_its_work_after_one_apply(
    filled: Database, restored: Database, tmp_path: Path
) -> None:
    dump(filled, tmp_path / "platform.dump")
    restore(restored, tmp_path / "platform.dump", tmp_path)

    assert Runner(restored, "platform").apply() == Runner(filled, "platform").apply()

    user = filled.rows("SELECT id FROM auth.users WHERE first_name = 'Ada'")[0][0]
    question = "SELECT title FROM app.search_tasks('engine')"
    assert restored.asked_by("platform_app", user, question) == [("Build the engine",)]
    # The sequence of the log goes on where it was.
    restored.asked_by("platform_auth", None, "INSERT INTO auth.users (email) VALUES ('new@example.com')")
    newest = "SELECT id, new_values ->> 'email' FROM audit.audit_log ORDER BY id DESC LIMIT 1"
    ((before, _),) = filled.asked_by("platform_support", None, newest)
    assert restored.asked_by("platform_support", None, newest) == [(before + 1, "new@example.com")]
    dump(restored, tmp_path / "again.dump")
