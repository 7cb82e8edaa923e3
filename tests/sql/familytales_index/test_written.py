"""Nothing that the design says of infrastructure lacks a row: its own text is read, line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sql.index import written
from tests.sql.index.holding import Design

_FOLDER = Path(__file__).parent / "as_written"
_FILES = {
    "storage_calculations": "sizing",
    "performance_targets": "targets",
    "backup_strategy": "backup",
}


@pytest.mark.parametrize("file", _FILES)
def test_every_line_that_says_a_number_is_in_the_list(file: str, design: Design) -> None:
    assert list(written.yaml(_FOLDER / f"{file}.yaml")) == list(design[_FILES[file]])


def test_every_line_of_the_configuration_is_in_the_list(design: Design) -> None:
    told = set(written.yaml(_FOLDER / "configuration.yaml"))
    assert told == {*design["configuration"], *design["extensions"]}


def test_every_schedule_is_in_the_list(design: Design) -> None:
    lines = (_FOLDER / "schedules.sql").read_text(encoding="utf-8").splitlines()
    assert [line.removeprefix("SELECT ").removesuffix(";") for line in lines] == list(design["cron"])
