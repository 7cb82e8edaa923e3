"""The actions beside AWS's own reference of them: each exists, and can be limited as its scope says."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from ops.bootstrap import scopes
from ops.bootstrap.names import ROLES
from ops.bootstrap.permissions import grants_of
from tests.unit.bootstrap.requests import FACTS


def _operations(service: str) -> list[str]:
    names: list[str] = botocore.session.Session().get_service_model(service).operation_names
    return names


@cache
def _authorization() -> dict[str, Any]:
    """AWS's Service Authorization Reference, as cfn-lint brings it."""
    (folder,) = find_spec("cfnlint").submodule_search_locations  # type: ignore[union-attr, misc]
    path = Path(folder) / "data" / "AdditionalSpecs" / "Policies.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


# Newer than the reference that cfn-lint brings, and an operation of that name there is.
NEWER = {f"ecr:{name}" for name in ("ListImageReferrers",) if name in _operations("ecr")}


@pytest.mark.parametrize("name", sorted(role.name for role in ROLES))
def test_each_action_exists(name: str) -> None:
    known = _authorization()
    for actions in grants_of(name).values():
        for action in actions:
            service, _, word = action.partition(":")
            assert word.lower() in known[service]["Actions"] or action in NEWER, action


def test_a_scope_by_tag_holds_only_actions_on_what_has_tags() -> None:
    known = _authorization()
    by_tag = (scopes.OURS, scopes.SECRETS)
    for scope in by_tag:
        for action in grants_of("estate-deploy")[scope]:
            service, _, word = action.partition(":")
            kinds = known[service]["Actions"][word.lower()].get("Resources", [])
            keys = {
                key
                for kind in kinds
                for key in known[service].get("Resources", {}).get(kind.lower(), {}).get("ConditionKeys", [])
            }
            assert any("ResourceTag" in key for key in keys), f"{action} in {scope.sid}: {kinds}"


def test_a_scope_by_name_holds_only_actions_that_know_resources() -> None:
    known = _authorization()
    for scope, actions in grants_of("estate-deploy").items():
        if scope.resources(FACTS) == ["*"]:
            continue
        for action in actions:
            service, _, word = action.partition(":")
            assert known[service]["Actions"][word.lower()].get("Resources"), f"{action} in {scope.sid}"
