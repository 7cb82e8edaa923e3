"""The pg_dump for a server, out of those in PATH."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dump.errors import NoProgram

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True)
class Programs:
    """pg_dump and the pg_restore of the same release."""

    major: int
    dump: str
    restore: str


def find(path: str, server_major: int) -> Programs:
    """The oldest pair in PATH that is as new as the server.

    An older pg_dump refuses a newer server. A newer one may write settings into the archive that the server of the
    same age as the source does not know (pg_dump 17 sets transaction_timeout), so the nearest one is taken.
    """
    there = sorted(_installed(path), key=lambda programs: programs.major)
    for programs in there:
        if programs.major >= server_major:
            return programs
    have = ", ".join(str(programs.major) for programs in there) or "none"
    raise NoProgram(
        f"no pg_dump in PATH can dump PostgreSQL {server_major} (found: {have});"
        f" the image needs postgresql-client-{server_major} or newer"
    )


def _installed(path: str) -> Iterator[Programs]:
    for folder in map(Path, filter(None, path.split(os.pathsep))):
        dump, restore = folder / "pg_dump", folder / "pg_restore"
        if os.access(dump, os.X_OK) and os.access(restore, os.X_OK):
            answer = subprocess.run([dump, "--version"], capture_output=True, text=True, check=False)
            found = _VERSION.search(answer.stdout)
            if found is not None:
                yield Programs(int(found[1]), str(dump), str(restore))


def arguments(snapshot: str) -> list[str]:
    """pg_dump's arguments; where the server is, and the password, are in its environment.

    The custom format is one stream, which can go to S3 as it comes; the directory format needs a disk. It compresses
    each table by itself (at zlib's own level), so that compressing the archive once more would gain nothing, and
    pg_restore could no longer read it. Row security stays on: the role has policies
    that show every row, since nobody on RDS may bypass it. Large objects are left out: the services have none, and one
    that somebody made would stop the dump.
    """
    return [
        "--format=custom",
        "--compress=6",
        "--enable-row-security",
        "--no-blobs",
        "--no-password",
        # A migration that holds a table longer than this is waited for tomorrow.
        "--lock-wait-timeout=60000",
        f"--snapshot={snapshot}",
    ]


def environment(base: Mapping[str, str], libpq: Mapping[str, str]) -> dict[str, str]:
    """A child's environment: libpq's variables, and nothing else of the task's but PATH and where files may go."""
    kept = {name: base[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in base}
    return {**kept, "PGAPPNAME": "dump", **libpq}
