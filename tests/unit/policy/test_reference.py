"""The page says what the code says, and every control that a policy names can be looked up."""

from __future__ import annotations

from pathlib import Path

import pytest

from policy import reference
from policy.catalogue import GROUPS, POLICIES
from policy.controls import PAGES, source
from tests.unit.infra.recorder import REPOSITORY


def test_the_page_is_what_the_code_makes() -> None:
    written = (REPOSITORY / "docs" / reference.PAGE).read_text(encoding="utf-8")
    assert written == reference.page(), "run `python -m policy.reference`"


def test_main_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "DOCS", tmp_path)
    reference.main()
    assert (tmp_path / reference.PAGE).read_text(encoding="utf-8") == reference.page()


def test_every_row_has_as_many_cells_as_its_head() -> None:
    rows = [line for line in reference.page().splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {8}
    assert len(rows) == len(POLICIES) + 2 * len(GROUPS)


def test_every_policy_names_a_control_that_is_described_somewhere() -> None:
    named = [control for policy in POLICIES for control in policy.controls]
    assert all(policy.controls for policy in POLICIES)
    assert all(source(control).title for control in named)
    assert set(PAGES) <= set(named)


@pytest.mark.parametrize(
    ("control", "url"),
    [
        ("CKV2_AWS_69", "https://www.checkov.io/5.Policy%20Index/terraform.html"),
        ("RDS.38", "https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-38"),
        ("rds-multi-az-support", "https://docs.aws.amazon.com/config/latest/developerguide/rds-multi-az-support.html"),
        ("pooler-ceiling", ""),
    ],
)
def test_a_control_has_its_page(control: str, url: str) -> None:
    assert source(control).url == url


def test_a_name_of_no_catalogue_is_refused() -> None:
    with pytest.raises(ValueError, match="'something' is in no catalogue"):
        source("something")
