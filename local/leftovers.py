"""Ends what a killed cloud left running. Only what it wrote down itself, or what lives in its folders."""

from __future__ import annotations

import contextlib
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.paths import Paths
from local.processes import Identity, Record, Registry, end, identify
from local.server import KIND, STOP_SECONDS

# A container gets less time than a database: it has no data of its own.
_TASK_SECONDS = 3.0


def end_all(place: Paths) -> None:
    """Stop every leftover, in parallel: tasks with SIGTERM, databases cleanly, so that their data is whole."""
    registry = Registry(place.processes)
    records = [*registry.records(), *_unrecorded_databases(place)]
    with ThreadPoolExecutor(max_workers=max(1, len(records))) as pool:
        list(pool.map(_end, records))
    for record in registry.records():
        registry.forget(record.kind, record.name)
    for folder in (place.real / "tasks").glob("*"):
        shutil.rmtree(folder, ignore_errors=True)


def _end(record: Record) -> None:
    seconds = STOP_SECONDS if record.kind == KIND else _TASK_SECONDS
    # SIGQUIT makes PostgreSQL leave at once, with its children; a later start recovers from the WAL.
    last = signal.SIGQUIT if record.kind == KIND else signal.SIGKILL
    end(record.identity, record.stop_signal, seconds, last)


def _unrecorded_databases(place: Paths) -> list[Record]:
    """Servers started in the moment before the cloud could write them down: they work in our data folders."""
    found = []
    for lock in (place.real / "instances").glob("*/data/postmaster.pid"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(lock.read_text().splitlines()[0])
            if Path(f"/proc/{pid}/cwd").readlink() == lock.parent:
                identity: Identity | None = identify(pid)
                if identity is not None:
                    found.append(Record(identity, KIND, lock.parent.parent.name, signal.SIGINT))
    return found
