"""What both images are, file by file."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from infra.pgbouncer import CA_BUNDLE
from tests.e2e.images import container
from tests.e2e.images.bare_root import Built
from tests.e2e.images.conftest import PGBOUNCER, POSTGRES, Given
from tests.unit.images.authorities import KINDS, REGIONS

BOTH = pytest.mark.parametrize("name", ["pooler", "schema"])


def inside(built: Built, *command: str, user: str | None = None) -> str:
    ended = container.run(built, {}, *command, user=user)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@BOTH
def test_no_file_belongs_to_the_user_or_may_be_written_by_it(images: dict[str, Built], name: str) -> None:
    number = images[name].image.user.partition(":")[0]
    writable = ["(", "-user", number, "-o", "-group", number, "-o", "-perm", "-o+w", ")"]
    found = inside(images[name], "find", "/", "-xdev", *writable, "!", "-type", "l", user="0:0").split()
    # Sticky folders for everybody, which a read-only root closes all the same.
    assert set(found) <= {"/tmp", "/var/tmp", "/run/lock"}


@BOTH
def test_no_program_makes_its_caller_another_user(images: dict[str, Built], name: str) -> None:
    assert inside(images[name], "find", "/", "-xdev", "-type", "f", "-perm", "/6000", user="0:0") == ""


@BOTH
def test_nothing_of_the_build_is_left_in_it(images: dict[str, Built], name: str) -> None:
    places = "/build /out /var/lib/apt/lists /var/log /root/.cache /root/.bash_history /etc/shadow-"
    found = inside(images[name], "sh", "-c", f"find {places} -type f 2> /dev/null; true", user="0:0")
    assert found == ""
    # And it was not there by chance: the stage that built it has them.
    build = Path(images[name].stages["build"])
    assert (build / "build").is_dir()
    assert (build / "out").is_dir()


@BOTH
def test_the_authorities_are_there_for_everybody_and_whole(images: dict[str, Built], given: Given, name: str) -> None:
    assert inside(images[name], "cat", CA_BUNDLE) == (given.folder / "bundle.pem").read_text()
    assert inside(images[name], "stat", "-c", "%a %U", CA_BUNDLE).strip() == "444 root"
    assert inside(images[name], "grep", "-c", "BEGIN", CA_BUNDLE).strip() == str(len(REGIONS) * len(KINDS))


def test_pgbouncer_is_the_release_that_was_asked_for_with_c_ares_and_tls(images: dict[str, Built]) -> None:
    said = inside(images["pooler"], "pgbouncer", "--version")
    assert said.startswith(f"PgBouncer {PGBOUNCER}\n")
    assert "adns: c-ares" in said
    assert re.search(r"^tls: OpenSSL 3\.", said, re.MULTILINE)
    linked = inside(images["pooler"], "ldd", "/usr/local/bin/pgbouncer")
    assert re.findall(r"lib(?:pam|ldap|systemd)\b", linked) == []


def test_pgbouncer_is_compiled_against_exploits(images: dict[str, Built]) -> None:
    build = images["pooler"].stages["build"]
    said = subprocess.run(
        [*container.as_root(), "chroot", build, "readelf", "-W", "-h", "-d", "-s", "/out/usr/local/bin/pgbouncer"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert re.search(r"Type:\s+DYN \(Position-Independent Executable file\)", said)
    assert "BIND_NOW" in said
    assert "__stack_chk_fail" in said
    assert "__memcpy_chk" in said or "__snprintf_chk" in said or "__vsnprintf_chk" in said


def test_the_runners_packages_fit_together(images: dict[str, Built]) -> None:
    check = ["/build/pip/bin/pip", "--python", "/opt/runner/bin/python", "check"]
    said = subprocess.run(
        [*container.as_root(), "chroot", images["schema"].stages["build"], *check],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (said.returncode, said.stdout) == (0, "No broken requirements found.\n"), said.stderr


def test_the_runner_has_debians_python_and_nothing_to_install_with(images: dict[str, Built]) -> None:
    built = images["schema"]
    assert inside(built, "python", "--version").startswith("Python 3.13.")
    assert inside(built, "sh", "-c", "command -v pip pip3 gcc git curl; true") == ""
    assert inside(built, "pg_dump", "--version").startswith(f"pg_dump (PostgreSQL) {POSTGRES}.")


def test_the_runner_has_its_code_and_the_sql_and_no_tests(images: dict[str, Built]) -> None:
    built = images["schema"]
    assert inside(built, "pwd").strip() == "/srv/estate"
    assert set(inside(built, "ls").split()) == {"dump", "schema", "sql"}
    assert inside(built, "sh", "-c", "ls schema/__pycache__ | head -n 1") != "", "compiled: a task cannot do it"
