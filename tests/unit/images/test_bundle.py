"""A bundle is RDS's, whole and of today, or the image is not built."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.images import authorities
from tests.unit.images.authorities import YEAR, Authority, make
from tests.unit.images.files import DOCKER

SCRIPT = DOCKER / "authorities" / "check_bundle.py"


@pytest.fixture(scope="module")
def check() -> ModuleType:
    """The script, as a module: it lies in no package."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("check_bundle", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def whole() -> list[str]:
    return [one.pem for one in authorities.bundle()]


def problems(check: ModuleType, parts: list[str], now: float | None = None) -> list[str]:
    found: list[str] = check.problems("".join(parts), time.time() if now is None else now)
    return found


def test_a_whole_bundle_passes(check: ModuleType, whole: list[str]) -> None:
    assert len(whole) == 108
    assert problems(check, whole) == []


def test_remarks_between_certificates_do_no_harm(check: ModuleType, whole: list[str]) -> None:
    assert problems(check, [f"# {number}\n{part}" for number, part in enumerate(whole)]) == []


def test_as_few_as_could_be_pass_and_one_less_does_not(check: ModuleType, whole: list[str]) -> None:
    assert problems(check, whole[: check.FEWEST]) == []
    assert problems(check, whole[: check.FEWEST - 1]) == ["89 certificates; RDS's bundle has 90 at the least"]


def test_an_empty_file_is_no_bundle(check: ModuleType) -> None:
    assert problems(check, []) == ["0 certificates; RDS's bundle has 90 at the least"]
    assert problems(check, ["<html>Access Denied</html>"]) == ["0 certificates; RDS's bundle has 90 at the least"]


STRANGE: list[tuple[str, Authority, str]] = [
    ("somebody else's", make("Elsewhere Root", organisation="Elsewhere Ltd"), "Elsewhere Root: is of 'Elsewhere Ltd'"),
    ("past its end", make("Old Root", begins=-2 * YEAR, lasts=YEAR), "Old Root: ends on"),
    ("near its end", make("Late Root", lasts=YEAR + dt.timedelta(days=89)), "which is within 90 days or past"),
    ("not begun", make("New Root", begins=dt.timedelta(days=1)), "New Root: begins on"),
    ("a server's", make("server", authority=False), "certificate 109 is no authority's"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "words"), [row[1:] for row in STRANGE], ids=[row[0] for row in STRANGE])
def test_one_certificate_that_does_not_belong_is_named(
    check: ModuleType, whole: list[str], one: Authority, words: str
) -> None:
    (found,) = problems(check, [*whole, one.pem])
    assert words in found


def test_a_certificate_that_ends_in_91_days_still_passes(check: ModuleType, whole: list[str]) -> None:
    late = make("Late Root", lasts=YEAR + dt.timedelta(days=91))
    assert problems(check, [*whole, late.pem]) == []


def test_a_file_that_broke_off_within_a_certificate_is_said_to_be_cut(check: ModuleType, whole: list[str]) -> None:
    text = "".join(whole)
    assert check.problems(text[:-200], time.time()) == [
        "108 blocks begin and 107 are whole certificates: the file is cut off or mixed"
    ]


def test_a_private_key_among_them_is_found(check: ModuleType, whole: list[str]) -> None:
    _, key = make("x").server("127.0.0.1")
    assert problems(check, [*whole, key]) == [
        "109 blocks begin and 108 are whole certificates: the file is cut off or mixed"
    ]


def test_what_is_no_certificate_inside_is_named_by_its_place(check: ModuleType, whole: list[str]) -> None:
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    (found,) = problems(check, [whole[0], broken, *whole[1:]])
    assert found.startswith("certificate 2 cannot be read: ")


def test_the_same_twice_is_said(check: ModuleType, whole: list[str]) -> None:
    assert problems(check, [*whole, whole[0]]) == ["1 certificates are there twice"]


def test_everything_wrong_is_said_at_once(check: ModuleType) -> None:
    assert len(problems(check, [STRANGE[0][1].pem, STRANGE[1][1].pem])) == 3


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", str(SCRIPT), *arguments], capture_output=True, text=True, check=False)


def test_the_command_ends_a_build_or_lets_it_go_on(tmp_path: Path, whole: list[str]) -> None:
    good, bad = tmp_path / "good.pem", tmp_path / "bad.pem"
    good.write_text("".join(whole))
    bad.write_text("".join(whole[:3]))
    passed, refused = run(str(good)), run(str(bad))
    assert (passed.returncode, passed.stderr) == (0, "")
    assert passed.stdout == f"check_bundle: {good}: 108 authorities of Amazon Web Services, Inc.\n"
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"check_bundle: {bad}: 3 certificates; RDS's bundle has 90 at the least\n"
    assert run(str(tmp_path / "none.pem")).returncode == 2
    assert run().returncode == 2
