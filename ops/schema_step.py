"""The schema step: the task that applies `sql/` inside the VPC, started, watched and reported.

A one-off ECS task: it reaches the database where the operator cannot, has its own role and secrets, and leaves its log
in CloudWatch. What can go wrong on the way is told apart: the task was not accepted, never started, failed, took too
long, was interrupted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.aws import Account
from ops.errors import BAD_INPUT, DIFFERS, REFUSED, BadInput, Differs, OperatorError, Refused
from ops.outputs import Service

TIMEOUT = 3600.0
"""Seconds until a task is stopped: an index on a large table takes its time; a forgotten lock does not get a night."""

STARTED_BY = "dbctl"

# The runner's exit codes (docs/schema.md) where they mean something else than a failure.
_KINDS: dict[int, type[OperatorError]] = {BAD_INPUT: BadInput, REFUSED: Refused, DIFFERS: Differs}
_MENDS: dict[int, str] = {
    BAD_INPUT: "nothing was changed in the database; correct what the log names",
    REFUSED: "nothing was changed in the database; the log says what consent it takes",
    DIFFERS: "nothing was changed; the log names each difference",
    75: "the job runs elsewhere already; nothing was done",
}

Say = Callable[[str, str], None]
"""Takes the service's name and a line of its log."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often AWS is asked, how long a stopped task's last lines may take to reach the log, and how long a started
    task may take to be seen; in seconds.
    """

    poll: float = 3.0
    log_lag: float = 10.0
    visible: float = 60.0

    @classmethod
    def of(cls, account: Account) -> Pace:
        """The local cloud answers at once, has no request limits, and ends a task after its log."""
        return cls(poll=0.1, log_lag=0) if account.environment else cls()


class SchemaTask:
    """One run of a service's schema task."""

    def __init__(
        self, account: Account, service: Service, say: Say, timeout: float = TIMEOUT, actor: str | None = None
    ) -> None:
        # Throttling and network trouble are tried again by the client: the task goes on meanwhile.
        self.ecs = account.client("ecs")
        self.logs = account.client("logs")
        self.pace = Pace.of(account)
        self.service = service
        self.say = say
        self.actor = actor
        self.timeout = timeout
        self.arn: str | None = None
        self.cancelled = threading.Event()
        self._token: str | None = None

    def run(self, command: Sequence[str] | None = None) -> None:
        """Start the task, wait for its end, pass on its log; OperatorError unless it exits with 0."""
        try:
            self._start(command)
        except (ClientError, BotoCoreError) as error:
            raise OperatorError(f"{self.service.name}: the schema task could not be started: {error}") from error
        if self.cancelled.is_set():  # interrupted while ECS was answering
            self.stop("interrupted by the operator")
        try:
            task = self._wait()
        except (ClientError, BotoCoreError) as error:
            raise OperatorError(f"{self.service.name}: the schema task {self._let_go()}: {error}") from error
        self._drain_log()
        code = self._exit_code(task)
        if code != 0:
            raise _KINDS.get(code, OperatorError)(
                f"{self.service.name}: the schema task ended with exit code {code}; its log is above and in"
                f" {self.service.schema_step.log_group}, stream {self._stream()}",
                _MENDS.get(code, "what was done before it failed is kept; mend the cause and try again"),
            )

    def _let_go(self) -> str:
        """Stop a task that cannot be watched any more; says what became of it."""
        try:
            self.stop("nobody watches it any more")
        except (ClientError, BotoCoreError):
            return f"could not be watched or stopped, and may still be running: {self.arn}"
        return "could not be watched and was stopped"

    def stop(self, reason: str) -> None:
        """Stop the task, if it runs."""
        self.cancelled.set()
        if self.arn is not None:
            self.ecs.stop_task(cluster=self.service.schema_step.cluster, task=self.arn, reason=reason)

    def _start(self, command: Sequence[str] | None) -> None:
        step = self.service.schema_step
        override: dict[str, Any] = {}
        if command is not None:
            override["command"] = list(command)
        if self.actor is not None:  # for the history in the database
            override["environment"] = [{"name": "ESTATE_ACTOR", "value": self.actor}]
        overrides = {"containerOverrides": [{"name": step.container, **override}]} if override else {}
        answer = self.ecs.run_task(
            cluster=step.cluster,
            taskDefinition=step.task_definition,
            launchType="FARGATE",
            startedBy=STARTED_BY,
            overrides=overrides,
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": list(step.subnets),
                    "securityGroups": list(step.security_groups),
                    "assignPublicIp": "DISABLED",
                }
            },
        )
        if not answer["tasks"]:  # run_task answers 200 with failures and no task when it finds no capacity
            reasons = [f"{row.get('reason')} {row.get('detail') or ''}".strip() for row in answer.get("failures", [])]
            raise OperatorError(
                f"{self.service.name}: ECS did not accept the schema task: {'; '.join(reasons) or 'no reason given'}"
            )
        self.arn = answer["tasks"][0]["taskArn"]

    def _wait(self) -> dict[str, Any]:
        started = time.monotonic()
        while True:
            task = self._describe()
            if task is None and time.monotonic() - started > self.pace.visible:
                raise OperatorError(f"{self.service.name}: ECS does not know the schema task {self.arn}")
            if task is not None and task["lastStatus"] == "STOPPED":
                return task
            self._pass_log()
            if self.cancelled.is_set():
                raise OperatorError(f"{self.service.name}: the schema task was stopped")
            if time.monotonic() - started > self.timeout:
                self.stop(f"longer than {self.timeout:.0f} s")
                raise OperatorError(
                    f"{self.service.name}: the schema task ran longer than {self.timeout:.0f} s and was stopped;"
                    " what it had committed is kept"
                )
            time.sleep(self.pace.poll)

    def _describe(self) -> dict[str, Any] | None:
        """The task as ECS has it; None when it has not (yet): what run_task made is not visible at once."""
        found = self.ecs.describe_tasks(cluster=self.service.schema_step.cluster, tasks=[self.arn])["tasks"]
        return found[0] if found else None

    def _exit_code(self, task: dict[str, Any]) -> int:
        """The container's exit code; a task that never started has none, only reasons."""
        containers = {row["name"]: row for row in task.get("containers", [])}
        container = containers.get(self.service.schema_step.container, {})
        if container.get("exitCode") is None:
            reasons = [task.get("stoppedReason"), container.get("reason")]
            text = "; ".join(reason for reason in reasons if reason) or "no reason given"
            raise OperatorError(f"{self.service.name}: the schema task never ran: {text}")
        return int(container["exitCode"])

    def _stream(self) -> str:
        step = self.service.schema_step
        return f"{step.stream_prefix}/{step.container}/{(self.arn or '').rsplit('/', 1)[-1]}"

    def _pass_log(self) -> int:
        """Pass on the lines that are new; 0 when there are none, or no stream yet."""
        request = {"logGroupName": self.service.schema_step.log_group, "logStreamName": self._stream()}
        if self._token:
            request["nextToken"] = self._token
        try:
            answer = self.logs.get_log_events(startFromHead=True, **request)
        except self.logs.exceptions.ResourceNotFoundException:
            return 0  # the stream is made with its first line
        self._token = answer["nextForwardToken"]
        for event in answer["events"]:
            self.say(self.service.name, event["message"].rstrip())
        return len(answer["events"])

    def _drain_log(self) -> None:
        """Read until the log has been quiet for long enough: its end may lag behind the task's."""
        last = time.monotonic()
        try:
            while (passed := self._pass_log()) or time.monotonic() - last < self.pace.log_lag:
                if passed:
                    last = time.monotonic()
                else:
                    time.sleep(min(self.pace.poll, self.pace.log_lag))
        except (ClientError, BotoCoreError) as error:  # the task's outcome counts, not what could be read of it
            self.say(self.service.name, f"the rest of the log could not be read: {error}")


def run_all(account: Account, services: Sequence[Service], say: Say, command: Sequence[str] | None = None) -> None:
    """Run the schema task of each service at once; every failure is reported, not only the first.

    Ctrl-C stops the tasks before it is passed on.
    """
    actor = account.client("sts").get_caller_identity()["Arn"]
    tasks = [SchemaTask(account, service, say, actor=actor) for service in services]
    with ThreadPoolExecutor(max_workers=max(1, len(tasks))) as pool:
        futures = [pool.submit(task.run, command) for task in tasks]
        try:
            failures = [future.exception() for future in futures]
        except KeyboardInterrupt:
            for task in tasks:
                task.stop("interrupted by the operator")
            raise
    raise_all([failure for failure in failures if failure is not None])


def raise_all(failures: Sequence[BaseException]) -> None:
    """Raise what there is to raise: one failure as it is, several as one with the lines of all."""
    for failure in failures:
        if not isinstance(failure, OperatorError):
            raise failure
    told = [failure for failure in failures if isinstance(failure, OperatorError)]
    if len({type(failure) for failure in told}) == 1:
        raise type(told[0])(*[line for failure in told for line in failure.lines])
    if told:
        raise OperatorError(*[line for failure in told for line in failure.lines])
