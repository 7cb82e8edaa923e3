"""Which pg_dump is taken, out of what is in PATH."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dump import programs
from dump.errors import NoProgram

Install = Callable[[str, str], Path]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Puts a pg_dump and a pg_restore of a version into a folder."""

    def put(folder: str, version: str) -> Path:
        place = tmp_path / folder
        place.mkdir()
        for name in ("pg_dump", "pg_restore"):
            program = place / name
            program.write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n')
            program.chmod(0o755)
        return place

    return put


def test_the_oldest_that_is_new_enough_is_taken(install: Install) -> None:
    folders = [install("new", "18.4"), install("same", "16.14 (Debian 16.14-1)"), install("old", "15.18")]
    path = os.pathsep.join(map(str, folders))

    assert programs.find(path, 16) == programs.Programs(16, str(folders[1] / "pg_dump"), str(folders[1] / "pg_restore"))
    assert programs.find(path, 17).major == 18
    assert programs.find(path, 15).major == 15


def test_of_the_same_version_the_first_in_path_is_taken(install: Install) -> None:
    first, second = install("first", "16.1"), install("second", "16.14")
    assert programs.find(f"{first}{os.pathsep}{second}", 16).dump == str(first / "pg_dump")


def test_an_older_one_is_no_use_and_the_error_says_what_is_needed(install: Install, tmp_path: Path) -> None:
    with pytest.raises(NoProgram, match=r"dump PostgreSQL 16 \(found: 15\); the image needs postgresql-client-16"):
        programs.find(str(install("old", "15.18")), 16)
    with pytest.raises(NoProgram, match="found: none"):
        programs.find(str(tmp_path / "nowhere"), 16)


def test_a_pg_dump_without_its_pg_restore_cannot_be_checked(install: Install) -> None:
    folder = install("half", "16.14")
    (folder / "pg_restore").unlink()
    with pytest.raises(NoProgram):
        programs.find(str(folder), 16)


def test_what_pg_dump_is_asked_for() -> None:
    assert programs.arguments("00000003-0000001B-1") == [
        "--format=custom",
        "--compress=6",
        "--enable-row-security",
        "--no-blobs",
        "--no-password",
        "--lock-wait-timeout=60000",
        "--snapshot=00000003-0000001B-1",
    ]
