"""The stream while it passes: counted, hashed, read back, and never left running."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dump import archive
from dump.archive import Written
from dump.errors import NoArchive
from dump.programs import Programs

# Programs that do as the real ones do, as far as the stream is concerned.
DUMP = "#!/bin/sh\nprintf 'PGDMP-header'\nhead -c 3000000 /dev/zero\n"
RESTORE = """#!/bin/sh
case "$1" in
--list) head -c 12 >/dev/null; echo ';     TABLE DATA in a comment'
        echo '215; 0 16394 TABLE DATA app tasks owner'; echo '1; 1 2 TABLE app tasks owner' ;;
*) cat >/dev/null ;;
esac
"""
Make = Callable[..., Programs]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """The two programs, one of them another one."""

    def put(dump: str = DUMP, restore: str = RESTORE) -> Programs:
        paths = []
        for name, text in (("pg_dump", dump), ("pg_restore", restore)):
            path = tmp_path / name
            path.write_text(text)
            path.chmod(0o755)
            paths.append(str(path))
        return Programs(16, *paths)

    return put


def pass_through(programs: Programs, environment: dict[str, str] | None = None) -> tuple[bytes, list[Written]]:
    written: list[Written] = []
    variables = {"PATH": os.defpath, **(environment or {})}
    return b"".join(archive.stream(programs, "snapshot", variables, written)), written


def test_what_passes_is_counted_hashed_and_not_changed(make: Make) -> None:
    """The lister ends after twelve bytes, as pg_restore --list does: that is no error."""
    passed, written = pass_through(make())
    assert passed == b"PGDMP-header" + bytes(3_000_000)
    assert written == [Written(len(passed), hashlib.sha256(passed).hexdigest(), 1)]


@pytest.mark.parametrize(
    ("dump", "restore", "told"),
    [
        (
            "#!/bin/sh\nprintf half\necho 'connection lost' >&2\nexit 1\n",
            RESTORE,
            "pg_dump ended with 1: connection lost",
        ),
        ("#!/bin/sh\nprintf half\nkill -9 $$\n", RESTORE, "pg_dump ended with -9: it said nothing"),
        (
            DUMP,
            RESTORE.replace("cat >/dev/null", "cat >/dev/null; echo 'unexpected end of file' >&2; exit 1"),
            "pg_restore ended with 1: unexpected end of file",
        ),
        (
            DUMP,
            RESTORE.replace("--list) ", "--list) echo 'not an archive' >&2; exit 1;"),
            "pg_restore --list ended with 1: not an archive",
        ),
    ],
)
def test_a_program_that_fails_ends_the_stream_with_its_words(make: Make, dump: str, restore: str, told: str) -> None:
    with pytest.raises(NoArchive, match=told):
        pass_through(make(dump, restore))


def test_what_a_program_says_is_told_in_part(make: Make) -> None:
    loud = '#!/bin/sh\nfor n in $(seq 100); do echo "line $n" >&2; done\nhead -c 9000 /dev/zero >&2\nexit 1\n'
    with pytest.raises(NoArchive) as failed:
        pass_through(make(loud))
    assert "line 20" in str(failed.value)
    assert "line 21" not in str(failed.value)


def test_a_stream_that_nobody_reads_to_its_end_leaves_no_process(make: Make, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    programs = make(f"#!/bin/sh\necho $$ > {mark}\nexec cat /dev/zero\n")
    stream = archive.stream(programs, "snapshot", {"PATH": os.defpath}, [])
    assert next(stream)
    stream.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_only_pg_dump_has_the_password(make: Make, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    programs = make(
        f'#!/bin/sh\necho "dump $PGPASSWORD" >> {seen}\n',
        f'#!/bin/sh\necho "restore $PGPASSWORD" >> {seen}\ncat > /dev/null\n',
    )
    pass_through(programs, {"PGPASSWORD": "s3cret"})
    assert sorted(seen.read_text().splitlines()) == ["dump s3cret", "restore ", "restore "]
