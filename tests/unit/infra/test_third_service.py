"""A third service is a folder and a block in a stack's file: everything is there for it, and no code knew of it."""

from __future__ import annotations

import copy
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.config import ConfigErrors, Service, parse
from tests.unit.infra.recorder import PLANTED, REPOSITORY, Recording, Registered, record_stack

LEDGER = REPOSITORY / "tests" / "services" / "ledger"
STACK = "dev"
# The service whose parts the third one's are compared with.
LIKE, NEW = "platform", "ledger"


@pytest.fixture(scope="module")
def sql_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository") / "sql"
    shutil.copytree(REPOSITORY / "sql", root)
    shutil.copytree(LEDGER, root / NEW)
    return root


@pytest.fixture(scope="module")
def before() -> Any:
    content = yaml.safe_load((REPOSITORY / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8"))
    return content["config"]["postgres-estate:estate"]


@pytest.fixture(scope="module")
def after(before: Any) -> Any:
    """The stack with one block more: the platform's, under another name."""
    raw = copy.deepcopy(before)
    block = next(block for block in raw["services"] if block["name"] == LIKE)
    raw["services"].append({**copy.deepcopy(block), "name": NEW, "backup": {**block["backup"], "dump_at": "22:30"}})
    block["backup"] = {**block["backup"], "dump_at": "22:30"}
    return raw


@pytest.fixture(scope="module")
def without(after: Any, sql_root: Path) -> Recording:
    return record_stack({**after, "services": after["services"][:-1]}, STACK, sql_root)


@pytest.fixture(scope="module")
def recording(after: Any, sql_root: Path) -> Recording:
    return record_stack(after, STACK, sql_root)


@pytest.fixture(scope="module")
def services(after: Any, sql_root: Path) -> dict[str, Service]:
    estate = parse(after, stack=STACK, sql_root=sql_root)
    return {service.name: service for service in estate.services}


def of(recording: Recording, service: str) -> set[tuple[str, str]]:
    """Type and name of everything that is called after a service."""
    return {key for key in recording.names() if re.search(rf"(^|-){service}(-|$)", key[1])}


def own(service: Service) -> set[str]:
    """What a service's folder gives a name to, without the service's own."""
    roles = {role.name.removeprefix(f"{service.name}_") for role in service.login_roles}
    return {name.replace("_", "-") for name in roles | {job.name for job in service.jobs}}


def about(name: str, words: set[str]) -> bool:
    """Whether a resource's name tells that it is about one of these roles or jobs."""
    return any(re.search(rf"-{word}(-|$)", name.replace("_", "-")) for word in words)


def test_everything_is_there_for_it(recording: Recording, services: dict[str, Service]) -> None:
    only_the_other_has = own(services[LIKE]) - own(services[NEW])
    expected = {
        (kind, name.replace(LIKE, NEW)) for kind, name in of(recording, LIKE) if not about(name, only_the_other_has)
    }
    assert of(recording, NEW) == expected
    assert len(expected) > 100


def test_its_roles_and_jobs_are_its_folders(recording: Recording, services: dict[str, Service]) -> None:
    assert own(services[NEW]) == {"app", "backup", "statistics"}
    for word in own(services[NEW]):
        assert any(about(name, {word}) for _, name in of(recording, NEW)), word
    assert not any(about(name, own(services[LIKE]) - own(services[NEW])) for _, name in of(recording, NEW))


def masked(item: Registered) -> str:
    """What a resource is asked to be, passwords aside: they are drawn anew in each recording."""
    return re.sub(rf"{PLANTED}\d+", PLANTED, json.dumps(item.inputs, sort_keys=True))


def test_nothing_of_the_other_services_changes(without: Recording, recording: Recording) -> None:
    assert recording.names() - of(recording, NEW) == without.names()
    now = {(item.type, item.name): masked(item) for item in recording.resources}
    then = {(item.type, item.name): masked(item) for item in without.resources}
    changed = {key for key in then if now[key] != then[key]}
    # What all services share may name them all, and nothing else of it.
    for key in changed:
        assert not re.search(r"platform|familytales", key[1]), key
        assert NEW in now[key]
        assert NEW not in then[key]


def test_it_has_outputs_like_the_others(recording: Recording) -> None:
    outputs = recording.stack_outputs["services"]
    assert outputs.keys() == {"platform", "familytales", NEW}
    assert _shape(outputs[NEW]).keys() == _shape(outputs[LIKE]).keys()
    assert LIKE not in json.dumps(outputs[NEW])


def _shape(value: dict[str, Any]) -> dict[str, Any]:
    return {key: type(item).__name__ for key, item in value.items()}


def test_without_its_folder_it_is_refused_by_name(after: Any) -> None:
    missing = r"services\[2\].name = 'ledger': a service needs the file sql/ledger/service.toml"
    with pytest.raises(ConfigErrors, match=missing):
        parse(after, stack=STACK, sql_root=REPOSITORY / "sql")
