"""The whole way, in the order in which an operator walks it: up, use, up again, change, crash, down.

The tests of this file build on each other; pytest runs them in order.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
import uuid
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from local import cloud as local_cloud
from ops.aws import Account
from tests.e2e.clone import Clone

SERVICES = ("platform", "familytales")

MEMBER = str(uuid.uuid4())


def eventually(check: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether it becomes true in time; replication and restarts are not instant."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return True
        time.sleep(0.2)
    return check()


def processes(clone: Clone, kind: str, what: str) -> set[int]:
    """The process ids of the local cloud's parts of one kind, whose name or detail begins so."""
    rows = local_cloud.status(clone.path / ".local")
    return {
        row.pid for row in rows if row.kind == kind and row.pid and (row.name == what or row.detail.startswith(what))
    }


def count_users(clone: Clone) -> int:
    """The rows of auth.users, as the login service sees them."""
    return int(clone.psql("platform", "select count(*) from auth.users", "--role", "platform_auth"))


def test_up_makes_everything_and_ends_with_a_table_of_endpoints(clone: Clone) -> None:
    result = clone.dbctl("local", "up")
    rows = [line.split() for line in result.out.splitlines() if line.startswith(SERVICES)]
    assert sorted((row[0], row[1]) for row in rows) == [
        (service, part) for service in sorted(SERVICES) for part in ("pooler", "primary", "replica")
    ]


def test_the_application_asks_through_the_pooler(clone: Clone) -> None:
    assert clone.psql("platform", "select count(*) from auth.users") == "0"
    assert clone.psql("platform", "select current_user") == "platform_app"
    assert clone.psql("familytales", "select current_user") == "familytales_app"


def test_a_row_written_through_read_write_is_read_through_read_only_from_a_standby(clone: Clone) -> None:
    insert = f"insert into auth.users (id, email) values ('{MEMBER}', 'ada@example.com')"
    clone.psql("platform", insert, "--role", "platform_auth")
    read = f"select email from auth.users where id = '{MEMBER}'"
    standby = ("--role", "platform_auth", "--read-only")
    assert eventually(lambda: clone.psql("platform", read, *standby) == "ada@example.com")
    assert clone.psql("platform", "select pg_is_in_recovery()", *standby) == "t"
    assert clone.psql("platform", "select pg_is_in_recovery()", "--role", "platform_auth") == "f"


def test_a_family_tells_something_and_reads_it_from_a_standby(clone: Clone) -> None:
    def ask(query: str, *options: str) -> str:
        # One string is one transaction, in which the first statement says who asks.
        who = f"select set_config('app.current_user_id', '{user}', true); "
        return clone.psql("familytales", who + query, *options).splitlines()[-1]

    user = clone.psql("familytales", "select register_user('clerk_ada', 'ada@example.com', 'Ada')")
    family = ask("select create_family('Lovelace')")
    book = ask(
        f"insert into memory_books (family_id, title, created_by) values ('{family}', 'Notes', '{user}') returning id"
    )
    thread = ask(
        "insert into threads (family_id, memory_book_id, started_by)"
        f" values ('{family}', '{book}', '{user}') returning id"
    )
    told = ask(
        "insert into content_segments (thread_id, user_id, content_type, text_content)"
        f" values ('{thread}', '{user}', 'text', 'The engine weaves.') returning sequence_number"
    )
    assert told == "1"
    read = "select sequence_number, text_content from search_segments('engine')"
    assert eventually(lambda: ask(read, "--read-only") == "1|The engine weaves.")
    # Who says nothing about himself is nobody.
    assert clone.psql("familytales", "select count(*) from content_segments") == "0"


def test_the_application_sees_no_credentials(clone: Clone) -> None:
    refused = clone.dbctl("psql", "-s", "local", "platform", "--", "-c", "table auth.credentials", check=False)
    assert refused.code == 1
    assert "permission denied" in refused.err


def test_a_second_up_changes_nothing_and_applies_nothing(clone: Clone) -> None:
    result = clone.dbctl("local", "up")
    assert "no changes: every resource is as the configuration says" in result.err
    for service in SERVICES:
        assert f"{service}: nothing to apply" in result.err


def test_schema_status_lists_the_migrations(clone: Clone) -> None:
    out = clone.dbctl("schema", "status", "-s", "local").out
    assert "applied" in out
    assert "pending" not in out


def test_a_migration_that_changes_a_result_type_renews_the_poolers_connections(clone: Clone) -> None:
    folder = clone.path / "sql/platform/migrations"
    (folder / "0999_note.up.sql").write_text("ALTER TABLE auth.users ADD COLUMN note text;\n")
    (folder / "0999_note.down.sql").write_text("ALTER TABLE auth.users DROP COLUMN note;\n")
    planned = clone.dbctl("schema", "plan", "-s", "local", "platform").out
    assert "locks auth.users: ACCESS EXCLUSIVE, blocks reads and writes" in planned
    session = ("platform", "select pg_backend_pid()", "--role", "platform_auth")
    before = {service: processes(clone, "task", f"service:{service}-pooler") for service in SERVICES}
    server = clone.psql(*session)
    assert clone.psql(*session) == server  # the pooler keeps its server connection

    result = clone.dbctl("deploy", "-s", "local", "--yes")

    assert "platform: applied 0999_note.up.sql" in result.err
    assert "renewing the pooler's connections of platform: auth.users changed" in result.err
    assert clone.psql(*session) != server
    after = {service: processes(clone, "task", f"service:{service}-pooler") for service in SERVICES}
    assert not after["platform"] & before["platform"]
    assert after["familytales"] == before["familytales"]


def test_a_revert_has_to_be_named_since_it_loses_data_and_renews_too(clone: Clone) -> None:
    refused = clone.dbctl("schema", "revert", "-s", "local", "platform", check=False)
    assert refused.code == 3
    assert "0999_note was not reverted: it loses data" in refused.all
    assert "to revert it all the same, name it in full: revert 0999_note" in refused.all

    result = clone.dbctl("schema", "revert", "-s", "local", "platform", "0999_note")

    assert "platform: reverted 0999_note" in result.out
    assert "renewing the pooler's connections of platform: auth.users changed" in result.err
    for name in ("0999_note.up.sql", "0999_note.down.sql"):
        (clone.path / "sql/platform/migrations" / name).unlink()


def test_a_migration_that_loses_data_is_refused_until_it_is_named(clone: Clone) -> None:
    folder = clone.path / "sql/platform/migrations"
    (folder / "0999_empty.up.sql").write_text("-- Nobody reads them.\nDELETE FROM app.notifications;\n")
    (folder / "0999_empty.down.sql").write_text("SELECT 1;\n")
    accepted = ("--accept-loss", "platform/0999_empty")

    refused = clone.dbctl("deploy", "-s", "local", "--yes", check=False)
    assert refused.code == 3
    assert "platform: nothing was applied: 1 pending migration would lose data" in refused.err
    assert "platform/migrations/0999_empty.up.sql:2: DELETE FROM app.notifications: no WHERE: every row" in refused.err
    assert f"accept each loss by name: {' '.join(accepted)}" in refused.err
    assert clone.dbctl("schema", "status", "-s", "local", "platform").out.count("pending") == 1

    unknown = clone.dbctl("deploy", "-s", "local", "--yes", *accepted, "--accept-loss", "nothing", check=False)
    assert unknown.code == 2
    assert unknown.err.splitlines()[-2] == "--accept-loss nothing: no resource of that name would be lost in local"

    assert "platform: applied 0999_empty.up.sql" in clone.dbctl("deploy", "-s", "local", "--yes", *accepted).err
    again = clone.dbctl("deploy", "-s", "local", "--yes", *accepted, check=False)
    assert again.code == 2
    assert "--accept-loss 0999_empty: is applied already, so there is nothing to accept; leave it out" in again.err

    clone.dbctl("schema", "revert", "-s", "local", "platform", "0999_empty")
    for name in ("0999_empty.up.sql", "0999_empty.down.sql"):
        (folder / name).unlink()


def test_scheduled_work_runs_and_is_no_drift(clone: Clone) -> None:
    jobs = clone.dbctl("schema", "maintain", "-s", "local").out
    assert sum(line.split()[:2] == ["partitions", "done"] for line in jobs.splitlines()) == len(SERVICES)
    verified = clone.dbctl("schema", "verify", "-s", "local").out
    for service in SERVICES:
        assert f"{service}: as its files and its fingerprint say" in verified


def test_what_somebody_changes_by_hand_is_found_and_its_history_is_told(clone: Clone) -> None:
    direct = ("--role", "master", "--direct")
    clone.psql("platform", "alter table auth.users disable row level security", *direct)

    drift = clone.dbctl("schema", "verify", "-s", "local", check=False)

    assert drift.code == 4
    assert "changed  table  auth.users" in drift.all
    clone.psql("platform", "alter table auth.users enable row level security", *direct)
    clone.dbctl("schema", "verify", "-s", "local")
    history = "select distinct action, actor like 'arn:aws:%' from _schema_history order by 1"
    assert clone.psql("platform", history, *direct) == "apply|t\nrevert|t"


def aws(clone: Clone, service: str) -> Any:
    """A client of the clone's local cloud, for what somebody does by hand."""
    found = local_cloud.find(clone.path / ".local")
    assert found is not None
    return Account("us-east-1", found.environment()).client(service)


def test_what_somebody_changes_in_the_account_is_seen_by_a_refresh_and_put_back(clone: Clone) -> None:
    cloudwatch, alarm = aws(clone, "cloudwatch"), "estate-local-platform-primary-cpu"

    def there() -> bool:
        return bool(cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"])

    assert there()
    cloudwatch.delete_alarms(AlarmNames=[alarm])
    expecting = ("preview", "-s", "local", "--expect-no-changes")
    clone.dbctl(*expecting)  # the state knows nothing of it
    drift = clone.dbctl(*expecting, "--refresh", check=False)
    assert drift.code == 4
    assert "local: 1 to create" in drift.out
    assert not there()

    clone.dbctl("deploy", "-s", "local", "--yes", "--refresh")

    assert there()
    clone.dbctl(*expecting, "--refresh")


def secret_passwords(clone: Clone) -> set[str]:
    """Every password that the cloud's Secrets Manager holds."""
    client = aws(clone, "secretsmanager")
    passwords = {
        json.loads(client.get_secret_value(SecretId=row["ARN"])["SecretString"])["password"]
        for row in client.list_secrets()["SecretList"]
    }
    assert len(passwords) >= 2 * len(SERVICES)
    return passwords


def test_no_secret_is_in_the_state_in_clear_nor_in_a_log(clone: Clone) -> None:
    passwords = secret_passwords(clone)
    looked_at = 0
    for path in (clone.path / ".local").resolve().rglob("*"):
        if path.is_file() and (path.suffix in {".json", ".log", ".bak", ".attrs"} or "pulumi" in path.parts):
            text = path.read_text(encoding="utf-8", errors="replace")
            looked_at += 1
            assert not any(password in text for password in passwords), path
    assert looked_at > 5
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        assert not any(password in line for password in passwords)


def test_a_check_looks_at_every_part_and_asks_through_the_pooler(clone: Clone) -> None:
    rows = [line.split() for line in clone.dbctl("check", "-s", "local").out.splitlines() if line.startswith(SERVICES)]
    assert {row[0] for row in rows} == set(SERVICES)
    assert len(rows) == 5 * len(SERVICES)  # two instances, tasks, targets, a query
    assert not [row for row in rows if "wrong" in row]


def test_a_changed_configuration_shows_in_the_preview_exactly(clone: Clone) -> None:
    def change(estate: dict) -> None:  # type: ignore[type-arg]
        service = next(item for item in estate["services"] if item["name"] == "platform")
        service["replicas"] = {**service["replicas"], "count": 2}
        service["parameters"] = {**service.get("parameters", {}), "work_mem": "12345", "max_connections": "123"}

    clone.configure("local", change)
    page, plan = clone.path / "preview.md", clone.path / "plan.json"
    seen = clone.dbctl(
        *("preview", "-s", "local", "--expect-no-changes", "--markdown", str(page), "--save-plan", str(plan)),
        check=False,
    )
    assert seen.code == 4
    assert page.read_text().startswith("### Preview of `local`\n\n34 to create, 8 to update, 1 to replace\n")
    # A plan is kept as an artifact: what is secret in it is encrypted.
    planned = plan.read_text()
    assert "ciphertext" in planned
    assert not any(password in planned for password in secret_passwords(clone))
    out = seen.out
    rows = {
        tuple(line.split()[:3])
        for line in out.splitlines()
        if line.startswith(("create", "update", "replace", "delete"))
    }
    watching = {row for row in rows if row[1] in ("cloudwatch.LogMetricFilter", "cloudwatch.MetricAlarm")}
    assert rows - watching == {
        ("create", "rds.Instance", "platform-replica-2"),
        ("update", "rds.ParameterGroup", "platform-parameters"),
        # a replica's log groups are made before RDS makes them, unencrypted and kept for ever
        ("create", "cloudwatch.LogGroup", "platform-replica-2-postgresql-log"),
        ("create", "cloudwatch.LogGroup", "platform-replica-2-upgrade-log"),
        # its readers find it, as long as it does not lag
        ("create", "route53.HealthCheck", "platform-names-replica-2"),
        ("create", "route53.Record", "platform-names-readers-replica-2"),
        # and the pooler and whoever watches learn of it
        ("replace", "ecs.TaskDefinition", "platform-pooler"),
        ("update", "ecs.Service", "platform-pooler"),
        ("update", "cloudwatch.Dashboard", "platform-monitoring-dashboard"),
        ("update", "rds.EventSubscription", "platform-monitoring-instances"),
    }
    assert all("-replica-2-" in name for what, _, name in watching if what == "create")
    # Alarms on connections follow max_connections.
    assert {name for what, _, name in watching if what != "create"} == {
        f"platform-monitoring-{server}-{alarm}"
        for server in ("primary", "replica-1")
        for alarm in ("connections", "connections-full")
    }
    assert "work_mem is dynamic: in force at once" in out
    assert "max_connections is static: pending until the instances are rebooted" in out
    assert "DATA LOSS" not in out


def test_deploy_makes_the_changes_and_says_what_waits_for_a_reboot(clone: Clone) -> None:
    before = clone.psql("platform", "show max_connections", "--role", "platform_auth")
    plan = clone.path / "plan.json"

    def change(estate: dict) -> None:  # type: ignore[type-arg]
        service = next(item for item in estate["services"] if item["name"] == "platform")
        service["parameters"] = {**service["parameters"], "work_mem": "12000"}

    kept = (clone.path / "Pulumi.local.yaml").read_text()
    clone.configure("local", change)
    other = clone.dbctl("deploy", "-s", "local", "--yes", "--plan", str(plan), check=False)
    assert other.code == 3
    assert other.err.splitlines()[-3:] == [
        "the plan does not fit local any more; nothing was changed:",
        "  platform-parameters: update in both, but to other values now",
        "preview it again (dbctl preview -s local --save-plan FILE) and have that reviewed",
    ]
    assert clone.psql("platform", "show work_mem", "--role", "platform_auth") == "4MB"
    assert clone.psql("platform", "select count(*) from pg_stat_replication", "--role", "master", "--direct") == "1"
    (clone.path / "Pulumi.local.yaml").write_text(kept)

    result = clone.dbctl("deploy", "-s", "local", "--yes", "--plan", str(plan))
    assert clone.psql("platform", "show work_mem", "--role", "platform_auth") == "12345kB"
    assert clone.psql("platform", "show max_connections", "--role", "platform_auth") == before != "123"
    assert "estate-local-platform: pending-reboot" in result.err
    streaming = "select count(*) from pg_stat_replication where state = 'streaming'"
    direct = ("--role", "master", "--direct")
    assert eventually(lambda: clone.psql("platform", streaming, *direct) == "2")


def test_a_reboot_brings_the_static_parameter_into_force(clone: Clone) -> None:
    clone.dbctl("reboot", "-s", "local", "platform", "--yes")
    direct = ("--role", "master", "--direct")
    assert clone.psql("platform", "show max_connections", *direct) == "123"
    again = clone.dbctl("deploy", "-s", "local", "--yes")
    assert "pending-reboot" not in again.err


def test_a_third_service_is_one_block_and_one_folder(clone: Clone) -> None:
    shutil.copytree(clone.path / "tests/services/ledger", clone.path / "sql/ledger")

    def add(estate: dict) -> None:  # type: ignore[type-arg]
        like = next(item for item in estate["services"] if item["name"] == "familytales")
        estate["services"].append({**like, "name": "ledger"})

    clone.configure("local", add)
    result = clone.dbctl("deploy", "-s", "local", "--yes")
    assert "ledger: applied 0001_entries.up.sql" in result.err
    booked = "insert into ledger.entries (account, cents) values ('till', 100) returning id"
    assert clone.psql("ledger", booked) == "1"
    assert eventually(lambda: clone.psql("ledger", "select sum(cents) from ledger.entries", "--read-only") == "100")
    jobs = clone.dbctl("schema", "maintain", "-s", "local", "ledger").out
    assert any(line.split()[:2] == ["statistics", "done"] for line in jobs.splitlines())


def test_a_service_leaves_with_its_block_when_its_loss_is_named(clone: Clone) -> None:
    def remove(estate: dict) -> None:  # type: ignore[type-arg]
        estate["services"] = [item for item in estate["services"] if item["name"] != "ledger"]

    clone.configure("local", remove)
    refused = clone.dbctl("deploy", "-s", "local", "--yes", check=False)
    assert refused.code == 3
    assert "delete ledger-primary: the database instance is deleted with the data on it" in refused.err
    assert clone.psql("ledger", "select count(*) from ledger.entries") == "1"
    lost = [word for line in refused.err.splitlines() if "accept each loss" in line for word in line.split()]
    clone.dbctl("deploy", "-s", "local", "--yes", *lost[lost.index("--accept-loss") :])
    assert not processes(clone, "rds", "estate-local-ledger")


@pytest.mark.parametrize(
    ("kind", "what"),
    [("rds", "estate-local-platform"), ("task", "service:platform-pooler")],
    ids=["primary", "pooler"],
)
def test_what_is_killed_comes_back_with_the_next_up(clone: Clone, kind: str, what: str) -> None:
    victims = processes(clone, kind, what)
    assert len(victims) == 1
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    clone.dbctl("local", "up")
    assert count_users(clone) == 1
    after = processes(clone, kind, what)
    assert len(after) == 1
    assert after != victims


def test_a_killed_cloud_comes_back_with_the_data(clone: Clone) -> None:
    running = local_cloud.find(clone.path / ".local")
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    assert eventually(lambda: local_cloud.find(clone.path / ".local") is None)
    clone.dbctl("local", "up")
    assert count_users(clone) == 1


def test_an_up_killed_halfway_is_made_good_by_the_next(clone: Clone) -> None:
    running = local_cloud.find(clone.path / ".local")
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    halfway = clone.start("local", "up")
    state = clone.path / ".local" / "pulumi"
    assert eventually(lambda: any(_is_halfway(path) for path in state.glob("*/.pulumi/stacks/**/local.json")), 60)
    os.killpg(halfway.pid, signal.SIGKILL)
    halfway.communicate()
    clone.dbctl("local", "up")
    assert count_users(clone) == 1


def _is_halfway(path: object) -> bool:
    try:
        checkpoint = json.loads(path.read_text())["checkpoint"]["latest"]  # type: ignore[attr-defined]
    except (OSError, ValueError, KeyError):
        return False
    return len((checkpoint or {}).get("resources", [])) > 25


def test_down_keeps_the_data_and_up_finds_it(clone: Clone) -> None:
    clone.dbctl("local", "down")
    assert clone.dbctl("local", "status", check=False).code == 1
    clone.dbctl("local", "up")
    assert count_users(clone) == 1


def test_down_with_delete_leaves_no_process_and_no_file(clone: Clone) -> None:
    root = clone.path / ".local"
    where = root.resolve()
    pids = [row.pid for row in local_cloud.status(root) if row.pid]
    assert len(pids) >= 6
    clone.dbctl("local", "down", "--delete")
    assert not root.exists()
    assert not root.is_symlink()
    assert not where.exists()
    # An ended process keeps its number until its parent, here init, takes notice.
    assert eventually(lambda: not any(psutil.pid_exists(pid) for pid in pids), seconds=5)
    assert not [p.pid for p in psutil.process_iter(["cmdline"]) if str(clone.path) in " ".join(p.info["cmdline"] or [])]
