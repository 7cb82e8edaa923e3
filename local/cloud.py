"""Start, find, stop and look at a local cloud. The cloud itself is another process (`local.daemon`)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from local import leftovers, paths
from local.paths import Paths
from local.processes import Identity, alive, end, identify, read_json, signal_process, wait_gone
from local.rows import Row

Mode = Literal["real", "control-plane"]

REGION = "us-east-1"

# Importing moto and the provider takes some seconds on a slow machine.
_START_SECONDS = 60.0
# Databases get their own time to write a checkpoint; all stop in parallel.
_STOP_SECONDS = 60.0


class CloudError(Exception):
    """The local cloud could not be started or stopped; the message says where to look."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """A running local cloud."""

    root: Path
    pid: int
    boot_id: str
    aws_endpoint: str
    provider_port: int
    mode: Mode
    started: str

    def environment(self) -> dict[str, str]:
        """What makes boto3 and the AWS command line speak with this cloud and with nothing else."""
        return {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.aws_endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def pulumi_environment(self) -> dict[str, str]:
        """What makes the Pulumi engine use this cloud's provider and keep its state in this cloud's folder."""
        pulumi = self.root / "pulumi"
        return {
            "PULUMI_DEBUG_PROVIDERS": f"aws:{self.provider_port}",
            "PULUMI_BACKEND_URL": f"file://{pulumi / self.boot_id}",
            "PULUMI_CONFIG_PASSPHRASE": "local",
            "PULUMI_HOME": str(pulumi / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }


def find(root: Path) -> Cloud | None:
    """The cloud that runs in this folder; a state file of a dead one counts for nothing."""
    place = paths.locate(root)
    raw = read_json(place.state)
    if raw is None:
        return None
    cloud = Cloud(root=place.root, **raw)
    return cloud if alive(Identity(cloud.pid, cloud.started)) else None


def start(root: Path, mode: Mode = "real") -> Cloud:
    """The cloud of this folder, started when it does not run. Two that start at once get the same one."""
    with _locked(root) as place:
        running = find(root)
        if running is not None:
            if running.mode != mode:
                raise CloudError(
                    f"The cloud in {place.root} runs in mode {running.mode}, wanted is {mode}. "
                    "Stop it first, or use another folder."
                )
            return running
        return _launch(place, mode)


def stop(root: Path, delete: bool = False) -> None:
    """End the cloud and all that it started; the data stays unless it is to be deleted."""
    place = paths.locate(root)
    if not place.real.is_dir():
        if place.root.is_symlink():
            place.root.unlink()
        return
    with _locked(root) as place:
        raw = read_json(place.state)
        if delete:
            place.discard.touch()
        if raw is not None:
            identity = Identity(int(raw["pid"]), str(raw["started"]))
            if signal_process(identity, 15) and not wait_gone(identity, _STOP_SECONDS):
                end(identity, 9, _STOP_SECONDS)
        leftovers.end_all(place)
        place.state.unlink(missing_ok=True)
        place.status.unlink(missing_ok=True)
        if delete:
            paths.remove(place)


def status(root: Path) -> list[Row]:
    """What runs, as the cloud last wrote it down; the cloud itself first. Empty when there is none."""
    cloud = find(root)
    if cloud is None:
        return []
    place = paths.locate(root)
    host, _, port = cloud.aws_endpoint.removeprefix("http://").rpartition(":")
    own = Row("cloud", cloud.boot_id, host, int(port), cloud.pid, "running", f"mode {cloud.mode}")
    written = read_json(place.status) or {"rows": []}
    return [own, *(Row(**row) for row in written["rows"])]


def _launch(place: Paths, mode: Mode) -> Cloud:
    place.state.unlink(missing_ok=True)
    log = place.logs / "cloud.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local", "serve", "--root", str(place.root), "--mode", mode],
            cwd=paths.REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        cloud = find(place.root)
        if cloud is not None and cloud.pid == process.pid:
            process.returncode = 0  # it is not ours to wait for: no warning when this object goes
            return cloud
        if process.poll() is not None:
            break
        time.sleep(0.02)
    identity = identify(process.pid)
    if process.poll() is None and identity is not None:
        process.kill()
        process.wait()
    end_of_log = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    raise CloudError(f"The local cloud did not start in {place.root}. The end of {log}:\n{end_of_log}")


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[Paths]:
    """One start or stop at a time. The folder may be deleted while we wait, and its lock with it."""
    while True:
        place = paths.prepare(root)
        with (place.real / "cloud.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                current = (place.real / "cloud.lock").stat().st_ino
            except FileNotFoundError:
                continue
            if current == os.fstat(lock.fileno()).st_ino:
                yield place
                return
