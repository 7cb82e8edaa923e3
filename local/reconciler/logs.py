"""Carries the lines of a process's log file to CloudWatch Logs, while it runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moto.logs.models import logs_backends

from local.reconciler.containers import CannotStart

_CHUNK = 1024 * 1024


class LogTail:
    """Follows one file. Lines go as they become whole; the last, unfinished one when the process has ended."""

    def __init__(self, file: Path, stream: tuple[Any, str, str] | None) -> None:
        self._file = file
        self._stream = stream
        self._position = 0
        self._rest = b""

    def ship(self, *, ended: bool = False) -> None:
        """Send what is new."""
        while data := self._read():
            *lines, self._rest = (self._rest + data).split(b"\n")
            self._put(lines)
        if ended and self._rest:
            self._put([self._rest])
            self._rest = b""

    def _read(self) -> bytes:
        try:
            with self._file.open("rb") as file:
                file.seek(self._position)
                data = file.read(_CHUNK)
        except FileNotFoundError:
            return b""
        self._position += len(data)
        return data

    def _put(self, lines: list[bytes]) -> None:
        if not lines or self._stream is None:
            return
        backend, group, stream = self._stream
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line.decode(errors="replace")} for line in lines]
        if group in backend.groups:  # a group deleted under a running task takes its lines with it
            backend.ensure_log_stream(group, stream)
            backend.put_log_events(group, stream, events)


def open_stream(definition: Mapping[str, Any], task_id: str, region: str, account: str) -> tuple[Any, str, str] | None:
    """The CloudWatch stream of a container; None when it is not configured to have one."""
    configuration = definition.get("logConfiguration") or {}
    if configuration.get("logDriver") != "awslogs":
        return None
    options = configuration.get("options") or {}
    group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
    if not group or not prefix:
        raise _refused("awslogs-group and awslogs-stream-prefix are required on Fargate")
    backend = logs_backends[account][options.get("awslogs-region", region)]
    if group not in backend.groups:
        if options.get("awslogs-create-group") != "true":
            raise _refused(
                "create stream has been retried 1 times: failed to create Cloudwatch log stream: "
                f"ResourceNotFoundException: The specified log group does not exist. : {group}"
            )
        backend.create_log_group(group, {})
    stream = f"{prefix}/{definition['name']}/{task_id}"
    backend.ensure_log_stream(group, stream)
    return backend, group, stream


def _refused(why: str) -> CannotStart:
    return CannotStart(f"ResourceInitializationError: failed to validate logger args: {why}")
