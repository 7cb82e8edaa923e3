"""The command: settings, snapshot, stream, objects, manifest, each step told in a line."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from dump import archive, names, programs, settings, source, store
from dump.archive import Written
from dump.errors import DumpError, NoArchive, Stopped
from dump.settings import Settings
from dump.store import Upload

Say = Callable[[str], None]
MIB = 1024 * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Dumps the database that the environment names; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m dump", description="Dumps the service's database into the bucket of dumps."
    )
    parser.add_argument(
        "--monthly", action="store_true", help="keep it by the month as well, as the first of a month is"
    )
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    try:
        run(settings.parse(os.environ), os.environ, datetime.now(UTC), say, monthly=chosen.monthly)
    except DumpError as error:
        print(f"no dump: {error}", file=sys.stderr, flush=True)
        return error.code
    return 0


def run(
    chosen: Settings,
    environment: Mapping[str, str],
    moment: datetime,
    say: Say,
    *,
    monthly: bool = False,
    part_bytes: int = store.PART_BYTES,
) -> tuple[str, ...]:
    """Makes the dump; returns the keys of its objects, each with a manifest beside it."""
    keys = names.keys(chosen.service, moment, monthly)
    s3 = store.client(environment)
    with source.snapshot(chosen) as snapshot:
        facts = snapshot.facts
        if not facts.tables:
            raise NoArchive(f"{chosen.libpq['PGDATABASE']} has no table: an empty dump would look like a good one")
        found = programs.find(environment.get("PATH", os.defpath), snapshot.server_major)
        say(
            f"{chosen.service}: PostgreSQL {facts.server_version}, migration {facts.ledger}, {facts.tables} tables;"
            f" pg_dump {found.major} to {', '.join(keys)}"
        )
        labels = names.metadata(chosen.service, chosen.stack, facts)
        written: list[Written] = []
        child = programs.environment(environment, chosen.with_login())
        # Closed at once when S3 fails: pg_dump must not go on until somebody collects what is left of it.
        with contextlib.closing(archive.stream(found, snapshot.id, child, written)) as stream:
            checked = _checked(stream, written, facts.tables)
            _store(s3, chosen, keys, labels, _parts(checked, part_bytes), say)
    (done,) = written
    for key in keys:
        text = names.manifest(key, facts, labels, done.sha256, done.size, moment)
        store.put(s3, chosen.bucket, names.manifest_key(key), chosen.key_arn, text)
    say(f"{chosen.service}: {done.size / MIB:.1f} MiB stored, {done.tables} tables, SHA-256 {done.sha256}")
    return keys


def _checked(stream: Iterable[bytes], written: Sequence[Written], tables: int) -> Iterator[bytes]:
    """The stream, ended by an error unless every table is in it."""
    yield from stream
    (done,) = written
    if done.tables != tables:
        raise NoArchive(f"the archive has rows of {done.tables} tables, and the database has {tables}")


def _parts(stream: Iterable[bytes], part_bytes: int) -> Iterator[bytes]:
    """The stream in parts of one size; the last may be shorter."""
    part = bytearray()
    for chunk in stream:
        part += chunk
        if len(part) >= part_bytes:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)


def _store(
    s3: Any, chosen: Settings, keys: Sequence[str], labels: Mapping[str, str], parts: Iterable[bytes], say: Say
) -> None:
    """Sends every part to each object; none is completed before the whole stream has been read and checked."""
    uploads: list[Upload] = []
    sent = 0
    try:
        for key in keys:
            uploads.append(Upload(s3, chosen.bucket, key, chosen.key_arn, labels))
        for part in parts:
            for upload in uploads:
                upload.send(part)
            sent += len(part)
            say(f"{chosen.service}: {sent / MIB:.1f} MiB sent")
        for upload in uploads:
            upload.complete()
    finally:
        for upload in uploads:
            if (complaint := upload.close()) is not None:
                say(complaint)


def say(line: str) -> None:
    """One line of progress."""
    print(line, flush=True)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped("the task was asked to stop; nothing is stored")
