"""ECS tasks as processes."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.core.utils import utcnow
from moto.ecs.models import ecs_backends

from local import engines, paths
from local.moto_gaps.elb import accepts
from local.processes import drop_to, give
from local.reconciler import containers
from local.reconciler.containers import CannotStart, Plan
from local.reconciler.context import Context, Row, backends
from local.reconciler.forwarder import Forwarder
from local.reconciler.logs import LogTail, open_stream

KIND = "task"

# The scripts of the pooler's image. What they start (PgBouncer) refuses to be root.
_POOLER_BIN = paths.REPOSITORY / "docker" / "pooler" / "bin"
# A server that does not listen by then is called RUNNING anyway: its health is the load balancer's to judge.
_LISTEN_SECONDS = 10.0
# AWS leaves connections the target group's deregistration delay (minutes) before it stops a task. Here they
# get this long, and no longer than they last: nobody should wait minutes for a local redeployment.
_DRAIN_SECONDS = 5.0


@dataclass(slots=True)
class Process:
    """One container's process."""

    plan: Plan
    popen: subprocess.Popen[bytes]
    tail: LogTail
    kill_at: float | None = None


@dataclass(slots=True)
class Live:
    """A task that has processes."""

    address: str
    folder: Path
    started: float
    processes: dict[str, Process] = field(default_factory=dict)
    drain_until: float | None = None


class Tasks:
    """All ECS tasks of the cloud."""

    def __init__(self, context: Context, forwarder: Forwarder) -> None:
        self._context = context
        self._forwarder = forwarder
        self._live: dict[str, Live] = {}

    def tick(self) -> None:
        """Start, watch, stop."""
        for backend in backends(ecs_backends):
            for tasks in list(backend.tasks.values()):
                for task in list(tasks.values()):
                    if task.last_status != "STOPPED":
                        self._step(backend, task)

    def rows(self) -> list[Row]:
        """One row for each container that runs."""
        found = []
        for backend in backends(ecs_backends):
            for tasks in list(backend.tasks.values()):
                for task in list(tasks.values()):
                    live = self._live.get(task.id)
                    for name, process in (live.processes if live else {}).items():
                        assert live is not None
                        port = getattr(task, "listens_on", None)
                        detail = f"{task.group} {name}"
                        pid = process.popen.pid
                        found.append(Row("task", task.id, live.address, port, pid, task.last_status, detail))
        return found

    def close(self, *, discard: bool) -> None:
        """Stop every process and wait for it."""
        for backend in backends(ecs_backends):
            for tasks in list(backend.tasks.values()):
                for task in list(tasks.values()):
                    task.ask_to_stop("The local cloud is stopping.", "TerminationNotice")
        for live in self._live.values():
            live.drain_until = 0.0
        while self._live:
            self.tick()
            time.sleep(0.02)

    def _step(self, backend: Any, task: Any) -> None:
        live = self._live.get(task.id)
        if live is not None:
            self._watch(task, live)
        elif task.desired_status == "STOPPED":
            self._stopped(task)
        else:
            try:
                self._start(backend, task)
            except CannotStart as error:
                self._failed_to_start(task, str(error))

    # -- start -------------------------------------------------------------------------------------------------

    def _start(self, backend: Any, task: Any) -> None:
        context = self._context
        definition = backend.describe_task_definition(task.task_definition_arn)
        address = context.addresses.get(KIND, task.id)
        _set_address(task, address)
        task.last_status = "PENDING"
        folder = context.paths.task(task.id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        live = self._live[task.id] = Live(address, folder, time.monotonic())
        for raw in definition.container_definitions:
            self._start_container(backend, task, live, raw)
        if getattr(task, "listens_on", None) is None:
            self._running(task)
        else:
            task.last_status = "ACTIVATING"

    def _start_container(self, backend: Any, task: Any, live: Live, raw: dict[str, Any]) -> None:
        region, account = backend.region_name, backend.account_id
        plan = containers.plan(raw, task.overrides)
        stream = open_stream(raw, task.id, region, account)
        secrets = containers.resolve(plan.secrets, region, account)
        pooler_bin = paths.reachable_copy(_POOLER_BIN, self._context.paths.real / "bin")
        # What the images bring: the pooler's scripts, Python, and the client programs of every PostgreSQL there is.
        clients = [str(engine.bin) for engine in engines.installed().values()]
        own = [str(pooler_bin), str(Path(sys.prefix) / "bin"), *clients]
        # A virtual environment may lie where the servers' account cannot go; then another Python serves the pooler.
        search = [*own, *os.defpath.split(":"), str(Path(sys.base_prefix) / "bin"), "/usr/sbin", "/sbin"]
        environment = {
            "PATH": ":".join(search),
            "HOME": str(live.folder),
            "TMPDIR": str(live.folder),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "AWS_ENDPOINT_URL": self._context.aws_endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            **plan.environment,
            **secrets,
            "LISTEN_ADDR": live.address,
            # The balancer of this machine forgets a target at once, so that a pooler need not stay open for latecomers.
            "DRAIN_ACCEPT_SECONDS": "0",
            "DRAIN_FINISH_SECONDS": str(_DRAIN_SECONDS),
        }
        program = shutil.which(plan.argv[0], path=environment["PATH"]) if plan.argv else None
        if program is None:
            raise CannotStart(_no_program(plan))
        account_of = drop_to() if Path(program).parent == pooler_bin else None
        give(live.folder, account_of)
        popen = self._context.registry.start(
            KIND,
            f"{task.id}.{plan.name}",
            [program, *plan.argv[1:]],
            environment=environment,
            cwd=_working_folder(live, account_of),
            log=self._log(task, plan.name),
            account=account_of,
        )
        live.processes[plan.name] = Process(plan, popen, LogTail(self._log(task, plan.name), stream))

    def _log(self, task: Any, container: str) -> Path:
        return self._context.paths.logs / "tasks" / f"{task.id}.{container}.log"

    def _running(self, task: Any) -> None:
        task.last_status = "RUNNING"
        task.started_at = utcnow()
        for container in task.containers:
            container.last_status = "RUNNING"

    def _failed_to_start(self, task: Any, reason: str) -> None:
        live = self._live.get(task.id)
        task.desired_status = "STOPPED"
        task.stop_code, task.stopped_reason = "TaskFailedToStart", reason
        if live is None or not live.processes:
            self._stopped(task)
            return
        self._signal_all(live)

    # -- watch -------------------------------------------------------------------------------------------------

    def _watch(self, task: Any, live: Live) -> None:
        for name, process in list(live.processes.items()):
            process.tail.ship()
            if _has_exited(process.popen):
                self._container_ended(task, live, name, process)
            elif process.kill_at is not None and time.monotonic() > process.kill_at:
                _kill_group(process.popen)
        if not live.processes:
            self._stopped(task)
        elif task.desired_status == "STOPPED":
            self._stop(task, live)
        elif task.last_status == "ACTIVATING":
            late = time.monotonic() > live.started + _LISTEN_SECONDS
            if late or accepts(live.address, task.listens_on):
                self._running(task)

    def _container_ended(self, task: Any, live: Live, name: str, process: Process) -> None:
        _kill_group(process.popen)  # what it left behind, before its pid can be anybody else's
        code = process.popen.wait()
        process.tail.ship(ended=True)
        self._context.registry.forget(KIND, f"{task.id}.{name}")
        del live.processes[name]
        for container in task.containers:
            if container.name == name:
                container.last_status = "STOPPED"
                container.exitCode = code if code >= 0 else 128 - code  # as a shell (and ECS) tells a signal
        if process.plan.essential:
            task.ask_to_stop("Essential container in task exited", "EssentialContainerExited")
            live.drain_until = 0.0

    def _stop(self, task: Any, live: Live) -> None:
        """Let connections end (only a load balancer's targets have some), then ask to stop, then insist."""
        port = getattr(task, "listens_on", None)
        if live.drain_until is None:
            live.drain_until = time.monotonic() + (_DRAIN_SECONDS if port is not None else 0.0)
            task.last_status = "DEACTIVATING"
        busy = port is not None and self._forwarder.connections((live.address, port)) > 0
        if not busy or time.monotonic() >= live.drain_until:
            task.last_status = "STOPPING"
            self._signal_all(live)

    def _signal_all(self, live: Live) -> None:
        for process in live.processes.values():
            if process.kill_at is None:
                process.popen.send_signal(signal.SIGTERM)
                process.kill_at = time.monotonic() + process.plan.stop_timeout

    def _stopped(self, task: Any) -> None:
        self._live.pop(task.id, None)
        self._context.addresses.release(KIND, task.id)
        shutil.rmtree(self._context.paths.task(task.id), ignore_errors=True)
        for container in task.containers:
            container.last_status = "STOPPED"
        task.stopped_at = utcnow()
        task.last_status = "STOPPED"


def _set_address(task: Any, address: str) -> None:
    for attachment in task.attachments:
        for detail in attachment["details"]:
            if detail["name"] == "privateIPv4Address":
                detail["value"] = address
        for container in task.containers:
            container.network_interfaces = [{"attachmentId": attachment["id"], "privateIpv4Address": address}]


def _working_folder(live: Live, account: pwd.struct_passwd | None) -> Path:
    """The repository, where the container's code is; its own folder when its account cannot get there."""
    if account is not None and not paths.reachable(paths.REPOSITORY):
        return live.folder
    return paths.REPOSITORY


def _no_program(plan: Plan) -> str:
    name = plan.argv[0] if plan.argv else ""
    return (
        "CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task: "
        f'OCI runtime create failed: unable to start container process: exec: "{name}": '
        "executable file not found in $PATH"
    )


def _has_exited(popen: subprocess.Popen[bytes]) -> bool:
    """Whether it ended; it is not reaped yet, so that its pid stays its own."""
    return os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _kill_group(popen: subprocess.Popen[bytes]) -> None:
    """Kill the process and what it started in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(popen.pid, signal.SIGKILL)
