"""ECS tasks are processes: their exit codes, logs and ends are real."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.e2e.local_cloud.kit import (
    PASSWORD,
    WAIT,
    Aws,
    container,
    eventually,
    lines,
    register,
    run,
)


class TestTasks:
    def test_exit_code_secrets_overrides_and_logs_are_real(self, aws: Aws, cluster: str) -> None:
        secret = aws.secretsmanager.create_secret(
            Name="master", SecretString=json.dumps({"username": "u", "password": PASSWORD})
        )["ARN"]
        script = (
            "import os,sys; print(os.environ['SECRET'] == os.environ['WANTED'], os.environ['GREETING']);"
            "print(len(os.environ['WHOLE']), 'AWS_PROFILE' in os.environ, file=sys.stderr); sys.exit(3)"
        )
        definition = register(
            aws,
            "script",
            container(
                "script",
                ["python", "-c", "raise SystemExit(99)"],
                environment=[{"name": "WANTED", "value": PASSWORD}, {"name": "GREETING", "value": "hello"}],
                secrets=[
                    {"name": "SECRET", "valueFrom": f"{secret}:password::"},
                    {"name": "WHOLE", "valueFrom": secret},
                ],
            ),
        )
        override = {
            "name": "script",
            "command": ["python", "-c", script],
            "environment": [{"name": "GREETING", "value": "hi"}],
        }
        task = run(aws, cluster, definition, overrides={"containerOverrides": [override]})
        assert task["stopCode"] == "EssentialContainerExited"
        assert task["stoppedReason"] == "Essential container in task exited"
        assert [(row["name"], row["exitCode"]) for row in task["containers"]] == [("script", 3)]
        length = len(json.dumps({"username": "u", "password": PASSWORD}))
        assert sorted(lines(aws, "script", task)) == [f"{length} False", "True hi"]

    @pytest.mark.parametrize(
        ("definition", "reason"),
        [
            (container("x", ["no-such-program"]), "CannotStartContainerError.*no-such-program"),
            (
                container(
                    "x",
                    ["python", "-V"],
                    secrets=[{"name": "S", "valueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:no"}],
                ),
                "ResourceInitializationError: unable to pull secrets",
            ),
            (
                {
                    **container("x", ["python", "-V"]),
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": "/none",
                            "awslogs-region": "us-east-1",
                            "awslogs-stream-prefix": "x",
                        },
                    },
                },
                "The specified log group does not exist",
            ),
        ],
        ids=["command", "secret", "log group"],
    )
    def test_what_cannot_start_says_why_and_has_no_exit_code(
        self, aws: Aws, cluster: str, definition: dict[str, Any], reason: str
    ) -> None:
        task = run(aws, cluster, register(aws, "broken", definition))
        assert task["stopCode"] == "TaskFailedToStart"
        assert re.search(reason, task["stoppedReason"])
        assert "exitCode" not in task["containers"][0]

    def test_a_stopped_task_gets_a_signal_then_is_killed(self, aws: Aws, cluster: str) -> None:
        deaf = "import signal,time; signal.signal(15, lambda *_: print('no')); print('up')\nwhile 1: time.sleep(1)"
        definition = register(aws, "deaf", container("deaf", ["python", "-c", deaf], stopTimeout=2))
        task = aws.ecs.run_task(
            cluster=cluster, taskDefinition=definition, launchType="FARGATE", networkConfiguration=aws.network
        )["tasks"][0]
        eventually(lambda: "up" in lines(aws, "deaf", task) if _has_stream(aws, task) else False, "a line comes")
        aws.ecs.stop_task(cluster=cluster, task=task["taskArn"], reason="enough")
        aws.ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[task["taskArn"]], WaiterConfig=WAIT)
        (task,) = aws.ecs.describe_tasks(cluster=cluster, tasks=[task["taskArn"]])["tasks"]
        assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
        assert task["containers"][0]["exitCode"] == 137
        assert lines(aws, "deaf", task) == ["up", "no"]

    def test_an_unknown_task_is_a_failure_and_not_an_error(self, aws: Aws, cluster: str) -> None:
        answer = aws.ecs.describe_tasks(cluster=cluster, tasks=["0" * 32])
        assert (answer["tasks"], answer["failures"][0]["reason"]) == ([], "MISSING")


def _has_stream(aws: Aws, task: dict[str, Any]) -> bool:
    streams = aws.logs.describe_log_streams(logGroupName="/estate")["logStreams"]
    return any(row["logStreamName"].endswith(task["taskArn"].split("/")[-1]) for row in streams)
