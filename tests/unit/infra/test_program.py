"""The entry point: configuration in, one readable error or the stack's outputs out."""

from __future__ import annotations

import json
import runpy

import pulumi
import pytest
import yaml

from infra.credentials import _password_of
from infra.program import PROJECT
from tests.unit.infra.recorder import REPOSITORY, configuration, record


def run_main(estate: object, stack: str) -> dict[str, object]:
    def program() -> None:
        runpy.run_path(str(REPOSITORY / "__main__.py"), run_name="__main__")

    return record(program, stack, {f"{PROJECT}:estate": json.dumps(estate)}).stack_outputs


def test_main_deploys_the_stacks_own_configuration() -> None:
    outputs = run_main(configuration("local"), "local")
    assert set(outputs) == {"region", "alerts", "network", "services"}


def test_main_names_every_mistake_in_one_error() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        run_main({"tls": "off", "services": [{"name": "platform"}]}, "dev")
    first, *lines = str(caught.value).splitlines()
    assert first == "the configuration has mistakes:"
    assert [line.split(" = ")[0].rsplit(".", 1)[1] for line in lines] == [
        "tls",
        "engine_version",
        "instance_class",
        "allocated_gib",
    ]


def test_the_project_is_named_as_the_program_expects() -> None:
    project = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert project["name"] == PROJECT
    assert project["runtime"] == {"name": "python", "options": {"virtualenv": ".venv"}}


@pytest.mark.parametrize(("stored", "error"), [(None, ValueError), ('{"password": 5}', TypeError)])
def test_a_secret_without_a_password_is_refused_without_showing_it(stored: str | None, error: type[Exception]) -> None:
    with pytest.raises(error, match="master's secret"):
        _password_of(stored)
