"""Ten wrong configurations, alone and together: one line each, exit code 2, nothing started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.clone import Clone

Change = Callable[[dict[str, Any]], None]


def _first(estate: dict[str, Any]) -> dict[str, Any]:
    service: dict[str, Any] = estate["services"][0]
    return service


def unknown_key(estate: dict[str, Any]) -> None:
    _first(estate)["replica_count"] = 2


def wrong_type(estate: dict[str, Any]) -> None:
    _first(estate)["multi_az"] = "sometimes"


def gp3_with_iops(estate: dict[str, Any]) -> None:
    _first(estate)["storage"] = {"type": "gp3", "allocated_gib": 100, "iops": 12000}


def retention_40(estate: dict[str, Any]) -> None:
    estate["services"][1]["backup"] = {"retention_days": 40, "window": "02:00-03:00"}


def replicas_without_backups(estate: dict[str, Any]) -> None:
    _first(estate)["backup"] = {"retention_days": 0, "window": "03:00-04:00"}
    _first(estate)["replicas"] = {"count": 1}


def ceiling(estate: dict[str, Any]) -> None:
    _first(estate)["pooler"] = {"tasks": 10, "connections_per_task": 500}


def unknown_class(estate: dict[str, Any]) -> None:
    estate["services"][1]["instance_class"] = "db.t4g.mega"


def bad_window(estate: dict[str, Any]) -> None:
    _first(estate)["maintenance_window"] = "someday"


def unknown_folder(estate: dict[str, Any]) -> None:
    estate["services"].append({**estate["services"][1], "name": "warehouse"})


def two_of_one_name(estate: dict[str, Any]) -> None:
    estate["services"].append(dict(estate["services"][1]))


WRONG: dict[Change, tuple[str, str]] = {
    # The first two copy a service, so they come before what spoils it.
    unknown_folder: ("services[2].name", "'warehouse'"),
    two_of_one_name: (".name", "'familytales'"),
    unknown_key: ("services[0].replica_count", "replicas"),
    wrong_type: ("services[0].multi_az", "'sometimes'"),
    gp3_with_iops: ("services[0].storage.iops", "12000"),
    retention_40: ("services[1].backup.retention_days", "40"),
    replicas_without_backups: ("services[0].replicas.count", "1"),
    ceiling: ("services[0].pooler", "500"),
    unknown_class: ("services[1].instance_class", "'db.t4g.mega'"),
    bad_window: ("services[0].maintenance_window", "'someday'"),
}
"""Each with what its line must hold: the key and the value."""


@pytest.fixture
def original(clone: Clone) -> Any:
    """Put the stack's file back after a test."""
    path = clone.path / "Pulumi.local.yaml"
    before = path.read_text(encoding="utf-8")
    yield
    path.write_text(before, encoding="utf-8")


@pytest.mark.parametrize("change", WRONG, ids=lambda change: change.__name__)
@pytest.mark.usefixtures("original")
def test_each_wrong_configuration_is_one_line_and_nothing_is_started(clone: Clone, change: Change) -> None:
    clone.configure("local", change)
    result = clone.dbctl("local", "up", check=False)
    lines = result.err.strip().splitlines()
    assert result.code == 2, result.all
    assert len(lines) == 1, result.all
    key, value = WRONG[change]
    assert key in lines[0]
    assert value in lines[0]
    assert not (clone.path / ".local").exists()


@pytest.mark.usefixtures("original")
def test_all_of_them_together_are_reported_at_once(clone: Clone) -> None:
    for change in WRONG:
        clone.configure("local", change)
    result = clone.dbctl("deploy", "-s", "local", "--yes", check=False)
    lines = result.err.strip().splitlines()
    assert result.code == 2, result.all
    assert len(lines) == len(WRONG), result.all
    for key, value in WRONG.values():
        assert any(key in line and value in line for line in lines), (key, value, result.err)
    assert not (clone.path / ".local").exists()


@pytest.mark.usefixtures("original")
def test_a_key_that_stands_twice_is_refused_and_not_the_first_of_them_forgotten(clone: Clone) -> None:
    path = clone.path / "Pulumi.local.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    (first,) = [number for number, line in enumerate(lines, 1) if line.startswith("    tls: disabled")]
    lines.insert(first, "    tls: required\n")
    path.write_text("".join(lines), encoding="utf-8")
    result = clone.dbctl("preview", "-s", "local", "--offline", check=False)
    assert result.code == 2, result.all
    assert result.err.splitlines() == [
        f"postgres-estate:estate.tls: stands in line {first} of Pulumi.local.yaml and again in line {first + 1};"
        " a key has one value, remove the other"
    ]
