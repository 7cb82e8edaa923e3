"""The reference page and the schema say what the code says, and the schema takes what the code takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from infra import parameters, reference
from infra.config_shape import MISSING
from infra.profiles import DEFAULTS
from tests.unit.infra.recorder import REPOSITORY
from tests.unit.infra.rules.example import changed
from tests.unit.infra.rules.test_rules import EXAMPLES, IDS
from tests.unit.infra.test_config import STACKS

REMAKE = "run `python -m infra.reference`"
KEYS = reference.keys()
SHAPES = {key.path for key in KEYS}
# What is wrong with these no schema can say: a length, a range of addresses, a choice of words for some names.
ONLY_THE_PROGRAM_KNOWS = {
    "services[].backup.window",
    "services[].maintenance_window",
    "services[].parameters",
}


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    document = json.loads((REPOSITORY / "docs" / reference.SCHEMA).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def faults(validator: Draft202012Validator, estate: Any) -> list[str]:
    """Where the schema refuses a configuration, as far down as it can say."""
    found = []
    for error in validator.iter_errors({"config": {"postgres-estate:estate": estate}}):
        deepest = error
        while deepest.context:
            deepest = max(deepest.context, key=lambda inner: len(inner.absolute_path))
        found.append("/".join(map(str, deepest.absolute_path)))
    return found


def test_the_page_is_what_the_code_makes() -> None:
    assert (REPOSITORY / "docs" / reference.PAGE).read_text(encoding="utf-8") == reference.page(), REMAKE


def test_the_schema_is_what_the_code_makes() -> None:
    assert (REPOSITORY / "docs" / reference.SCHEMA).read_text(encoding="utf-8") == reference.schema(), REMAKE


def test_main_writes_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "DOCS", tmp_path)
    reference.main()
    assert sorted(path.name for path in tmp_path.iterdir()) == [reference.PAGE, reference.SCHEMA]
    assert (tmp_path / reference.PAGE).read_text(encoding="utf-8") == reference.page()


def test_the_page_names_every_key_rule_parameter_and_profile_row() -> None:
    page = reference.page()
    for key in KEYS:
        assert f"| `{key.path}` | " in page
        default = page.split(f"| `{key.path}` | ", 1)[1].splitlines()[0]
        assert ("must be given" in default) == (key.development is MISSING), key.path
    for _, _, table in reference.RULES:
        for rule in table:
            assert f"| {rule.name} | `" in page
            assert rule.source.url in page
    for row in parameters.TABLE:
        assert f"| `{row.name}` | " in page
        assert row.why in page
    for name, why in parameters.FORBIDDEN.items():
        assert f"| `{name}` | {why} |" in page
    for name, given in DEFAULTS.items():
        assert page.count(f"| {given.why} |") == 1
        assert f"| `services[].{name}` | " in page.split("## What a profile gives")[1].split("##")[0]


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    width = None
    for line in reference.page().splitlines():
        if not line.startswith("|"):
            width = None
            continue
        cells = line.replace("\\|", "").count("|")
        width = width or cells
        assert cells == width, line


def test_a_message_on_the_page_names_values_instead_of_places_for_them() -> None:
    rules = reference.page().split("## Rules")[1].split("## Parameters")[0]
    assert "{" not in rules
    assert "max_connections *connections* less 10 reserved" in rules


@pytest.mark.parametrize("stack", STACKS)
def test_the_stack_files_fit_the_schema(stack: str, validator: Draft202012Validator) -> None:
    content = yaml.safe_load((REPOSITORY / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    assert [error.message for error in validator.iter_errors(content)] == []


# The schema sees a stack's file, so an example that changes a service's folder is none for it.
SEEN = [(id_, row) for id_, row in zip(IDS, EXAMPLES, strict=True) if not any("toml/" in key for key in row.breach)]
SHAPE_ERRORS = [(id_, row) for id_, row in SEEN if row.subject in SHAPES]


@pytest.mark.parametrize("row", [row for _, row in SHAPE_ERRORS], ids=[id_ for id_, _ in SHAPE_ERRORS])
def test_the_schema_refuses_what_is_wrong_in_itself(row: Any, validator: Draft202012Validator) -> None:
    found = faults(validator, changed({**row.beside, **row.breach}))
    if row.subject in ONLY_THE_PROGRAM_KNOWS and not found:
        return
    where = "config/postgres-estate:estate/" + row.subject.replace("[]", "/0").replace(".", "/")
    assert len(found) == 1, found
    assert found[0].startswith(where), found


@pytest.mark.parametrize("row", [row for _, row in SEEN], ids=[id_ for id_, _ in SEEN])
def test_the_schema_is_never_stricter_than_the_program(row: Any, validator: Draft202012Validator) -> None:
    assert faults(validator, changed({**row.beside, **row.accepted})) == []


def test_the_schema_refuses_unknown_and_missing_keys(validator: Draft202012Validator) -> None:
    raw = changed({"one/storrage": {}, "netwrok": {}})
    del raw["services"][0]["engine_version"]
    assert sorted(faults(validator, raw)) == [
        "config/postgres-estate:estate",
        "config/postgres-estate:estate/services/0",
        "config/postgres-estate:estate/services/0",
    ]


def test_the_schema_knows_every_parameter_that_a_stack_may_set(validator: Draft202012Validator) -> None:
    for name in parameters.BY_NAME:
        found = faults(validator, changed({f"one/parameters/{name}": "not a value"}))
        assert len(found) == 1, name
        where = "config/postgres-estate:estate/services/0/parameters"
        assert found[0] == (where if name in parameters.FORBIDDEN else f"{where}/{name}")
