"""`dbctl local tick`: what came due is run as AWS would run it, on a real database, and somebody hears of a failure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra import jobs, schedule_policies
from local import cloud, cron, schedules
from ops import local_tick
from ops.aws import Account
from ops.cli import app
from ops.errors import OperatorError
from tests.e2e.local_cloud.kit import PASSWORD, Aws, connect, container, describe, lines, register, run

GOOD = "SELECT 1;\n"
BAD = "SELECT 1;\n\nSELECT wrong;\n"
JOBS = {"good": ("day", "01:10", GOOD), "bad": ("day", "01:10", BAD), "weekly": ("week", "sun 06:10", GOOD)}
ROLE = "arn:aws:iam::123456789012:role/scheduler"
SATURDAY, SUNDAY = "2026-11-28", "2026-11-29"


@dataclass
class Night:
    """A service with a database, jobs and schedules, and somebody who is told."""

    aws: Aws
    account: Account
    root: Path
    mailbox: str
    log: str

    def tick(self, *, since: str | None = None, now: str | None = None, at: str | None = None) -> None:
        if since is not None:
            (self.root / local_tick.MEMORY).write_text(json.dumps({"last": utc(since).isoformat()}))
        local_tick.tick(self.account, self.root, at=utc(at) if at else None, now=utc(now) if now else None)

    def last(self) -> str:
        return str(json.loads((self.root / local_tick.MEMORY).read_text())["last"])

    def told(self) -> list[str]:
        """The messages that were sent to the topic since this was asked last, without quotes, in no promised order."""
        found = self.aws.sqs.receive_message(QueueUrl=self.mailbox, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            self.aws.sqs.delete_message(QueueUrl=self.mailbox, ReceiptHandle=message["ReceiptHandle"])
        return sorted(str(json.loads(message["Body"])["Message"]).replace('"', "") for message in found)

    def results(self) -> list[tuple[Any, ...]]:
        """What the database knows of its jobs' runs since this was asked last."""
        with connect(self.aws, "primary") as connection:
            rows = connection.execute(
                "SELECT job, outcome, actor FROM public._schema_jobs WHERE outcome <> 'expected' ORDER BY job, id"
            ).fetchall()
            connection.execute("DELETE FROM public._schema_jobs WHERE outcome <> 'expected'")
        return rows


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(text: str) -> list[list[str]]:
    """The rows of the printed table, without headings."""
    return [re.split(r"  +", line.strip()) for line in text.splitlines() if "UTC" in line]


@pytest.fixture(scope="module")
def night(aws: Aws, primary: str, cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("services")
    service(folder / "demo")
    definition = register(aws, "demo-schema", task(aws, primary, folder))
    assert run(aws, cluster, definition)["containers"][0]["exitCode"] == 0
    topic = aws.sns.create_topic(Name="alerts")["TopicArn"]
    mailbox = aws.sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    queue = aws.sqs.get_queue_attributes(QueueUrl=mailbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    (found,) = aws.ecs.describe_clusters(clusters=[cluster])["clusters"]
    aws.scheduler.create_schedule_group(Name="demo")
    runs = {name: (every, at, jobs.command(name)) for name, (every, at, _) in JOBS.items()}
    for name, (every, at, command) in {**runs, "overdue": ("day", "08:10", jobs.OVERDUE_COMMAND)}.items():
        schedule(aws, name, cron_of(every, at), found["clusterArn"], definition, (*command, "--sql", str(folder)))
    groups = [schedule_policies.task_group("test", "demo", name) for name in (*JOBS, "overdue")]
    aws.events.put_rule(
        Name="failed", EventPattern=schedule_policies.ended_badly(found["clusterArn"], groups, "schema")
    )
    aws.events.put_targets(
        Rule="failed",
        Targets=[
            {
                "Id": "alerts",
                "Arn": topic,
                "InputTransformer": {
                    "InputPathsMap": dict(schedule_policies.PATHS),
                    "InputTemplate": schedule_policies.message("/estate", "schema"),
                },
            }
        ],
    )
    account = Account(cloud.REGION, aws.cloud.environment())
    yield Night(aws, account, tmp_path_factory.mktemp("memory"), mailbox, "/estate")
    for name in (*JOBS, "overdue"):
        aws.scheduler.delete_schedule(GroupName="demo", Name=name)


def cron_of(every: str, at: str) -> str:
    parsed = jobs.parse(every, at)
    assert parsed is not None
    return parsed.cron


def service(folder: Path) -> None:
    """The files of a small service."""
    for name in ("bootstrap", "migrations", "jobs"):
        (folder / name).mkdir(parents=True)
    real = Path(__file__).parents[3] / "sql/platform/bootstrap"
    for name in ("01_owner.sql", "02_database.sql"):
        (folder / "bootstrap" / name).write_text((real / name).read_text().replace("platform", "demo"))
    (folder / "migrations/0001_schema.sql").write_text("CREATE SCHEMA demo;\n")
    toml = '[[login_roles]]\nname = "demo_app"\npurpose = "tests"\npooled = true\n'
    for name, (every, at, text) in JOBS.items():
        (folder / f"jobs/{name}.sql").write_text(text)
        toml += f'\n[jobs.{name}]\nevery = "{every}"\nat = "{at}"\n'
    (folder / "service.toml").write_text(toml)


def task(aws: Aws, primary: str, folder: Path) -> dict[str, Any]:
    endpoint = describe(aws, primary)["Endpoint"]
    users = {"MASTER_SECRET": ("estate_admin", PASSWORD), "ROLE_SECRET_demo_app": ("demo_app", "a pass word")}
    secrets = {
        name: aws.secretsmanager.create_secret(
            Name=f"demo-{name}", SecretString=json.dumps({"username": user, "password": password})
        )["ARN"]
        for name, (user, password) in users.items()
    }
    environment = {
        "ESTATE_SERVICE": "demo",
        "ESTATE_STACK": "local",
        "PGHOST": endpoint["Address"],
        "PGPORT": str(endpoint["Port"]),
        "PGDATABASE": "shop",
        "PGSSLMODE": "disable",
    }
    return container(
        "schema",
        ["python", "-m", "schema", "apply", "--sql", str(folder)],
        environment=[{"name": name, "value": value} for name, value in environment.items()],
        secrets=[{"name": name, "valueFrom": arn} for name, arn in secrets.items()],
    )


def schedule(aws: Aws, name: str, expression: str, cluster: str, definition: str, command: tuple[str, ...]) -> None:
    aws.scheduler.create_schedule(
        GroupName="demo",
        Name=name,
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": cluster,
            "RoleArn": ROLE,
            "Input": schedule_policies.target_input("schema", command, f"schedule {name}"),
            "EcsParameters": {
                "TaskDefinitionArn": definition,
                "TaskCount": 1,
                "LaunchType": "FARGATE",
                "Group": schedule_policies.task_group("test", "demo", name),
                "NetworkConfiguration": {
                    "awsvpcConfiguration": {
                        "Subnets": aws.subnets,
                        "SecurityGroups": [aws.group],
                        "AssignPublicIp": "DISABLED",
                    }
                },
            },
        },
    )


Printed = pytest.CaptureFixture[str]


def test_what_came_due_since_the_last_tick_is_run_once_in_the_order_of_time(night: Night, capsys: Printed) -> None:
    with pytest.raises(OperatorError) as failed:
        night.tick(since=f"{SATURDAY} 00:00", now=f"{SUNDAY} 06:30:59")

    # Two nights: what was due twice runs once, at its last time.
    rows = shown(capsys.readouterr().out)
    assert [row[:4] for row in sorted(rows, key=lambda row: (row[1], row[0]))] == [
        ["estate-test-demo-overdue", "Sat 2026-11-28 08:10 UTC", "-", "done"],
        ["estate-test-demo-bad", "Sun 2026-11-29 01:10 UTC", "2", "failed with exit code 1"],
        ["estate-test-demo-good", "Sun 2026-11-29 01:10 UTC", "2", "done"],
        ["estate-test-demo-weekly", "Sun 2026-11-29 06:10 UTC", "-", "done"],
    ]
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), key=lambda text: text[4:])
    assert night.results() == [
        ("bad", "failed", "schedule bad"),
        ("good", "done", "schedule good"),
        ("weekly", "done", "schedule weekly"),
    ]
    # The failure is told with the end of its log.
    assert failed.value.lines[0] == "estate-test-demo-bad failed with exit code 1"
    assert any("demo/jobs/bad.sql:3" in line for line in failed.value.lines)
    assert night.last() == "2026-11-29T06:30:00+00:00"


def test_a_failure_is_told_to_whoever_reads_the_topic_and_a_success_is_not(night: Night) -> None:
    night.told()
    with pytest.raises(OperatorError):
        night.tick(at=f"{SATURDAY} 01:10")

    (message,) = night.told()
    first, second, third, _ = message.splitlines()
    assert first.startswith("The scheduled task estate-test-demo-bad failed at 20")
    assert second == "Exit code: 1. EssentialContainerExited: Essential container in task exited "
    # What the message says of the log is where the log is.
    found = re.fullmatch(r"Its log: group /estate, stream schema/schema/ and the last part of (arn:\S+)", third)
    assert found
    assert any("wrong" in line for line in lines(night.aws, "schema", {"taskArn": found[1]}))
    night.results()


def test_at_a_given_minute_only_what_is_due_then_is_run_and_the_next_tick_does_not_know_of_it(
    night: Night, capsys: Printed
) -> None:
    night.tick(since=f"{SATURDAY} 00:00", at=f"{SUNDAY} 06:10")

    assert [row[0] for row in shown(capsys.readouterr().out)] == ["estate-test-demo-weekly"]
    assert night.last() == "2026-11-28T00:00:00+00:00"
    assert night.results() == [("weekly", "done", "schedule weekly")]


def test_a_second_tick_finds_nothing_due_and_says_what_is_next(night: Night, capsys: Printed) -> None:
    night.tick(since=f"{SUNDAY} 06:10", now=f"{SUNDAY} 06:11")

    printed = capsys.readouterr().out
    assert printed.startswith("nothing is due at Sun 2026-11-29 06:11 UTC\n")
    assert shown(printed)[1:] == [
        ["estate-test-demo-overdue", "Sun 2026-11-29 08:10 UTC"],
        ["estate-test-demo-bad", "Mon 2026-11-30 01:10 UTC"],
        ["estate-test-demo-good", "Mon 2026-11-30 01:10 UTC"],
        ["estate-test-demo-weekly", "Sun 2026-12-06 06:10 UTC"],
    ]
    assert night.results() == []


def test_a_job_that_was_not_run_for_too_long_is_told_by_the_question_after_it(night: Night, capsys: Printed) -> None:
    night.tick(at=f"{SUNDAY} 06:10")
    with connect(night.aws, "primary") as connection:
        connection.execute(
            "UPDATE public._schema_jobs SET started_at = now() - interval '9 days',"
            " finished_at = now() - interval '9 days' WHERE job = 'weekly'"
        )
    night.told()

    with pytest.raises(OperatorError) as failed:
        night.tick(at=f"{SUNDAY} 08:10")

    assert failed.value.lines[0] == "estate-test-demo-overdue failed with exit code 1"
    assert [line.split()[-1] for line in failed.value.lines if line.split()[0] == "weekly"] == ["overdue"]
    assert failed.value.lines[-1].strip() == "demo: jobs checked: 3, overdue: 1"
    (message,) = night.told()
    assert message.startswith("The scheduled task estate-test-demo-overdue failed at ")
    night.results()


def test_a_task_says_that_the_scheduler_started_it(night: Night, cluster: str) -> None:
    night.tick(at=f"{SUNDAY} 06:10")

    found = night.aws.ecs.list_tasks(cluster=cluster, startedBy="chronos-schedule/weekly", desiredStatus="STOPPED")[
        "taskArns"
    ]
    described = night.aws.ecs.describe_tasks(cluster=cluster, tasks=found)["tasks"]
    assert {row["group"] for row in described} == {"estate-test-demo-weekly"}
    night.results()


def changed(night: Night, name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
    """Update one schedule by hand; what puts it back."""
    fields = ("GroupName", "Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    whole = night.aws.scheduler.get_schedule(GroupName="demo", Name=name)
    before = {field: whole[field] for field in fields}
    after = json.loads(json.dumps(before))
    change(after)
    night.aws.scheduler.update_schedule(**after)
    return lambda: night.aws.scheduler.update_schedule(**before)


def test_what_ecs_turns_down_and_what_cannot_start_are_failures_with_their_reasons(night: Night) -> None:
    def no_such_revision(whole: dict[str, Any]) -> None:
        whole["Target"]["EcsParameters"]["TaskDefinitionArn"] += "9"

    undo = changed(night, "weekly", no_such_revision)
    with pytest.raises(OperatorError, match=r"estate-test-demo-weekly could not be started: .*task definition"):
        night.tick(at=f"{SUNDAY} 06:10")
    undo()

    def no_such_program(whole: dict[str, Any]) -> None:
        whole["Target"]["Input"] = schedule_policies.target_input("schema", ("no-such-program",), "schedule weekly")

    undo = changed(night, "weekly", no_such_program)
    night.told()
    with pytest.raises(OperatorError, match="could not start: CannotStartContainerError"):
        night.tick(at=f"{SUNDAY} 06:10")
    undo()
    (message,) = night.told()
    assert message.splitlines()[1].startswith("Exit code: . TaskFailedToStart: CannotStartContainerError")
    assert night.results() == []


def test_a_schedule_that_is_off_is_not_fired(night: Night, capsys: Printed) -> None:
    undo = changed(night, "weekly", lambda whole: whole.update(State="DISABLED"))
    night.tick(at=f"{SUNDAY} 06:10")
    undo()

    assert "nothing is due" in capsys.readouterr().out
    assert {one.name for one in schedules.read(night.aws.scheduler)} == {*JOBS, "overdue"}


def test_an_expression_that_nobody_could_fire_is_refused_when_it_is_made(night: Night) -> None:
    for expression in ("rate(1 day)", "cron(0 8 ? * 1 *)", "cron(0/5 * * * ? *)", "cron(10 1 * * * *)"):
        with pytest.raises(cron.NotUnderstood):
            cron.parse(expression)
        strange = partial(dict.update, ScheduleExpression=expression)
        with pytest.raises(night.aws.scheduler.exceptions.ValidationException, match="does not understand"):
            changed(night, "weekly", strange)


def test_a_moment_that_is_none_is_refused_by_the_command() -> None:
    done = CliRunner().invoke(app, ["local", "tick", "--at", "tomorrow"])
    assert done.exit_code == 2
    assert "tomorrow" in done.output
