"""A dump of a migrated database, as its task makes it: streamed into the bucket, restored, and refused."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from tests.sql.databases import Database
from tests.sql.dump.conftest import BUCKET, KEY, Dumper, stored, unfinished
from tests.sql.example.test_dump import counts, tool
from tests.sql.familytales.world import Family
from tests.sql.tenants import NEW_TASK, Organization

# The roles that own something beside the service's owner, of which a restoring master user must be a member.
OWNERS = {"platform": ("platform_authz", "platform_audit"), "familytales": ("familytales_authz", "familytales_audit")}


def restore(database: Database, service: str, file: Path, folder: Path) -> None:
    """As the master user, who is no superuser: what docs/platform.md says, step by step."""
    master = (database.server.running.user, database.server.running.password)
    owners = sql.SQL(", ").join(map(sql.Identifier, OWNERS[service]))
    with database.master() as connection:
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owners))
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
        connection.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(owners))


@pytest.fixture
def filled(service_name: str, platform: Database, familytales: Database) -> Database:
    """A database of one service with rows of two tenants."""
    if service_name == "familytales":
        Family(familytales)
        Family(familytales, "Other")
        return familytales
    for name in ("acme", "other"):
        organization = Organization(platform, name)
        organization.ask(organization.owner, NEW_TASK, organization.id, organization.project)
    # A restore refreshes them, and so would have other rows than were dumped.
    with platform.login("platform_migrator") as owner:
        owner.execute("REFRESH MATERIALIZED VIEW analytics.project_stats")
        owner.execute("REFRESH MATERIALIZED VIEW analytics.user_activity_stats")
    return platform


@pytest.fixture
def restored(filled: Database) -> Iterator[Database]:
    """An empty database beside it."""
    with filled.server.database("restored_dump") as made:
        yield made


def test_what_is_in_the_bucket_restores_to_the_same_rows(
    service_name: str, filled: Database, restored: Database, endpoint: str, s3: Any, tmp_path: Path
) -> None:
    before = counts(filled)
    said = Dumper(filled, service_name, endpoint).good("--monthly")

    daily, manifest_key, monthly, _ = stored(s3)
    day, moment = r"\d{4}/\d\d/\d\d", r"\d{8}T\d{6}Z"
    assert re.fullmatch(rf"daily/{service_name}/{day}/{service_name}-{moment}\.dump", daily)
    assert re.fullmatch(rf"monthly/{service_name}/\d{{4}}/\d\d/{service_name}-{moment}\.dump", monthly)
    assert unfinished(s3) == []

    answer = s3.get_object(Bucket=BUCKET, Key=daily)
    archive = answer["Body"].read()
    assert s3.get_object(Bucket=BUCKET, Key=monthly)["Body"].read() == archive
    assert (answer["ServerSideEncryption"], answer["SSEKMSKeyId"]) == ("aws:kms", KEY)
    manifest = json.loads(s3.get_object(Bucket=BUCKET, Key=manifest_key)["Body"].read())
    ((newest,),) = filled.rows("SELECT max(version) FROM public._sqlx_migrations WHERE success")
    assert manifest == {
        "bytes": len(archive),
        "format": "pg_dump custom, gzip",
        "key": daily,
        "ledger": newest,
        "server-version": filled.server.running.engine.version,
        "service": service_name,
        "sha256": hashlib.sha256(archive).hexdigest(),
        "stack": "test",
        "started": manifest["started"],
        "tables": manifest["tables"],
    }
    assert answer["Metadata"]["ledger"] == str(newest)
    assert f"SHA-256 {manifest['sha256']}" in said

    file = tmp_path / "archive.dump"
    file.write_bytes(archive)
    restore(restored, service_name, file, tmp_path)
    assert counts(restored) == before
    assert sum(before.values()) > 0


@pytest.fixture
def exposed(platform: Database) -> Iterator[Database]:
    """The platform with a table of tenants that somebody made without a policy for dumps."""
    owner = platform.login("platform_migrator")
    with owner:
        owner.execute("CREATE TABLE app.forgotten (id int)")
        owner.execute("ALTER TABLE app.forgotten ENABLE ROW LEVEL SECURITY")
    yield platform
    with platform.login("platform_migrator") as owner:
        owner.execute("DROP TABLE app.forgotten")


def test_a_table_whose_rows_the_role_would_not_see_ends_the_dump(exposed: Database, endpoint: str, s3: Any) -> None:
    done = Dumper(exposed, "platform", endpoint).run()

    assert done.returncode == 3
    assert "rows of app.forgotten are hidden from the role by row security" in done.stderr
    assert stored(s3) == unfinished(s3) == []


def test_a_restrictive_policy_hides_rows_too(exposed: Database, endpoint: str, s3: Any) -> None:
    with exposed.login("platform_migrator") as owner:
        owner.execute("CREATE POLICY all_rows ON app.forgotten FOR SELECT TO platform_backup USING (true)")
    Dumper(exposed, "platform", endpoint).good()
    with exposed.login("platform_migrator") as owner:
        owner.execute("CREATE POLICY few ON app.forgotten AS RESTRICTIVE FOR SELECT USING (id < 10)")

    done = Dumper(exposed, "platform", endpoint).run()
    assert done.returncode == 3
    assert "app.forgotten" in done.stderr


def test_an_empty_database_is_not_dumped(platform: Database, endpoint: str, s3: Any) -> None:
    with platform.server.database("nothing_to_dump") as empty:
        done = Dumper(empty, "platform", endpoint).run()

    assert done.returncode == 5
    assert "nothing_to_dump has no table" in done.stderr
    assert stored(s3) == unfinished(s3) == []


def test_a_wrong_password_is_told_without_it(platform: Database, endpoint: str, s3: Any) -> None:
    secret = json.dumps({"username": "platform_backup", "password": "not-the-one"})
    done = Dumper(platform, "platform", endpoint, {"ROLE_SECRET": secret}).run()

    assert done.returncode == 3
    assert "cannot log in as platform_backup" in done.stderr
    assert "not-the-one" not in done.stdout + done.stderr


def test_a_bucket_that_does_not_take_the_dump_is_told_in_a_line(platform: Database, endpoint: str, s3: Any) -> None:
    done = Dumper(platform, "platform", endpoint, {"DUMP_BUCKET": "somebody-elses"}).run()

    assert done.returncode == 6
    assert re.fullmatch(r"no dump: cannot begin daily/platform/.*NoSuchBucket.*\n", done.stderr)


@pytest.fixture
def stand_in(platform: Database, tmp_path: Path) -> Callable[[str], str]:
    """A PATH with another pg_dump than the server's, and the real pg_restore."""
    folder = platform.server.running.engine.bin

    def put(does: str) -> str:
        (tmp_path / "pg_restore").symlink_to(folder / "pg_restore")
        program = tmp_path / "pg_dump"
        program.write_text(
            f'#!/bin/sh\ncase "$1" in --version) exec {folder}/pg_dump --version ;; esac\n{does}\n'.replace(
                "REAL", str(folder / "pg_dump")
            )
        )
        program.chmod(0o755)
        return f"{tmp_path}{os.pathsep}{os.defpath}"

    return put


def test_an_archive_that_ends_too_soon_is_not_stored(
    platform: Database, endpoint: str, s3: Any, stand_in: Callable[[str], str]
) -> None:
    """The program says that all is well; pg_restore reads to the end, and there is none."""
    done = Dumper(platform, "platform", endpoint, {"PATH": stand_in('REAL "$@" | head -c 60000')}).run()

    assert done.returncode == 5
    assert "pg_restore" in done.stderr
    assert stored(s3) == unfinished(s3) == []


def test_an_archive_without_one_of_the_tables_is_not_stored(
    platform: Database, endpoint: str, s3: Any, stand_in: Callable[[str], str]
) -> None:
    done = Dumper(
        platform, "platform", endpoint, {"PATH": stand_in('exec REAL "$@" --exclude-table=app.comments')}
    ).run()

    assert done.returncode == 5
    assert re.search(r"the archive has rows of \d+ tables, and the database has \d+", done.stderr)
    assert stored(s3) == unfinished(s3) == []


def test_a_task_that_is_stopped_leaves_nothing_behind(
    platform: Database, endpoint: str, s3: Any, tmp_path: Path, stand_in: Callable[[str], str]
) -> None:
    mark = tmp_path / "pid"
    path = stand_in(f'echo $$ > {mark}; REAL "$@"; exec sleep 600')
    with Dumper(platform, "platform", endpoint, {"PATH": path}).start() as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("platform: PostgreSQL")
        while not mark.exists() or not mark.read_text():
            assert running.poll() is None
            time.sleep(0.02)
        running.send_signal(signal.SIGTERM)
        said = running.communicate(timeout=60)[1]

    assert (running.returncode, said) == (7, "no dump: the task was asked to stop; nothing is stored\n")
    assert stored(s3) == unfinished(s3) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_the_bucket_refuses_another_key_than_its_own(platform: Database, endpoint: str, s3: Any) -> None:
    done = Dumper(platform, "platform", endpoint, {"DUMP_KEY": KEY.replace("1111", "9999")}).run()

    assert done.returncode == 6
    assert stored(s3) == unfinished(s3) == []
