"""The local cloud as `dbctl` uses it: started, brought up after whatever happened to it, torn down."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from local import cloud as local_cloud
from local.cloud import Cloud
from ops import console, engine
from ops.engine import Target
from ops.errors import OperatorError
from ops.paths import LOCAL_ROOT, REPOSITORY

STACK = "local"
"""The stack that lives in the local cloud; its name is also what allows `tls: disabled`."""

ORPHAN_WAIT = 30.0
"""Seconds to wait for the engine of a killed command to notice and let go of the stack."""


def target(cloud: Cloud) -> Target:
    """The stack `local` in a running cloud."""
    return engine.fake_target(STACK, _work_dir(cloud), cloud.environment(), cloud.pulumi_environment())


def running_target() -> Target:
    """The stack `local`, when its cloud runs; an error that says how to start it, when not."""
    cloud = local_cloud.find(LOCAL_ROOT)
    if cloud is None:
        raise OperatorError("the local cloud is not running: start it with `make up` (or `dbctl local up`)")
    return target(cloud)


def ready() -> Target:
    """A running cloud whose stack can be updated, whatever happened before.

    A fake account forgets when its process ends, and an update that was killed leaves a lock and half-made resources
    that only the dead process knew of. In these cases, and when the cloud's own code changed, the control plane starts
    afresh: a new boot id, an empty state. The databases keep their data: each instance finds its folder by its
    identifier.
    """
    cloud = local_cloud.start(LOCAL_ROOT, mode="real")
    reason = _outdated(cloud) or _interrupted(cloud)
    if reason is not None:
        console.note(f"{reason}: the control plane starts afresh, the databases keep their data")
        local_cloud.stop(LOCAL_ROOT)
        cloud = local_cloud.start(LOCAL_ROOT, mode="real")
    return target(cloud)


@contextmanager
def offline(stack: str) -> Iterator[Target]:
    """Any stack against an empty fake account, with no database behind it; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="dbctl-offline-") as folder:
        root = Path(folder) / "cloud"
        cloud = local_cloud.start(root, mode="control-plane")
        try:
            yield engine.fake_target(stack, _work_dir(cloud), cloud.environment(), cloud.pulumi_environment())
        finally:
            local_cloud.stop(root, delete=True)


def _work_dir(cloud: Cloud) -> Path:
    return cloud.root / "pulumi" / cloud.boot_id / "project"


def _outdated(cloud: Cloud) -> str | None:
    """Whether the running cloud is of an older code than the repository's now: a pull, or somebody at work on it."""
    started = (cloud.root / "cloud.json").stat().st_mtime
    sources = (REPOSITORY / "local").rglob("*.py")
    return "the local cloud's own code has changed" if any(path.stat().st_mtime > started for path in sources) else None


def _interrupted(cloud: Cloud) -> str | None:
    """Why the state of an earlier update cannot be gone on from; None when it can.

    Raises OperatorError when another update is running.
    """
    backend = Path(cloud.pulumi_environment()["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi"
    deadline = time.monotonic() + ORPHAN_WAIT
    while holders := [pid for pid in _lock_holders(backend) if _alive(pid)]:
        if time.monotonic() > deadline:
            raise OperatorError(
                f"another update of the local stack is running (process {', '.join(map(str, holders))});"
                " wait for it, or end it, and try again"
            )
        time.sleep(0.5)
    if _lock_holders(backend):
        return "an earlier update was killed"
    for state in backend.glob("stacks/**/*.json"):
        checkpoint = json.loads(state.read_text(encoding="utf-8")).get("checkpoint", {}).get("latest") or {}
        if checkpoint.get("pending_operations"):
            return "an earlier update was interrupted while it made something"
    return None


def _lock_holders(backend: Path) -> list[int]:
    """The process ids in the engine's lock files."""
    return [int(json.loads(path.read_text(encoding="utf-8"))["pid"]) for path in backend.glob("locks/**/*.json")]


def _alive(pid: int) -> bool:
    """Whether the engine that took the lock still runs; its number may long be another program's."""
    try:
        return "pulumi" in psutil.Process(pid).name()
    except psutil.Error:
        return False
