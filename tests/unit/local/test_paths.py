"""Where a cloud's files lie."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from local import paths


def test_a_plain_root_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "drop_to", lambda: None)
    place = paths.prepare(tmp_path / "cloud")
    assert place.real == place.root == tmp_path / "cloud"
    assert place.real.stat().st_mode & 0o777 == 0o700
    paths.remove(place)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def dropping(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if we were root, whose servers run as somebody else."""
    monkeypatch.setattr(paths, "drop_to", lambda: pwd.getpwuid(os.geteuid()))


@pytest.mark.usefixtures("dropping")
def test_under_a_closed_home_the_root_is_a_link_to_an_open_place(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    place = paths.prepare(home / "project" / ".local")
    try:
        assert place.root.is_symlink()
        assert place.real.parent == Path("/var/tmp")
        assert paths.reachable(place.real.parent)
        assert paths.locate(place.root) == place
        assert paths.prepare(place.root) == place
    finally:
        paths.remove(place)
    assert not place.real.exists()
    assert not place.root.is_symlink()


@pytest.mark.usefixtures("dropping")
def test_programs_that_the_servers_account_cannot_reach_are_copied_once(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "bin").mkdir(parents=True)
    (closed / "bin" / "program").write_text("x")
    (closed / "bin").chmod(0o755)
    closed.chmod(0o700)
    target = tmp_path / "copies" / "bin"
    assert paths.reachable_copy(closed / "bin", target) == target
    assert (target / "program").read_text() == "x"
    before = target.stat().st_ino
    assert paths.reachable_copy(closed / "bin", target) == target
    assert target.stat().st_ino == before


def test_a_root_with_a_long_path_keeps_its_sockets_elsewhere(tmp_path: Path) -> None:
    long = paths.locate(tmp_path / ("x" * 100))
    assert len(str(long.sockets)) < 80
    assert paths.locate(Path("/tmp/short")).sockets == Path("/tmp/short/sockets")
