"""Every stack can be previewed by the real engine without an account, and what is protected stays."""

from __future__ import annotations

import re

import pytest

from tests.e2e.clone import Clone


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_an_offline_preview_lists_every_resource(clone: Clone, stack: str) -> None:
    result = clone.dbctl("preview", "-s", stack, "--offline")
    listed = re.findall(r"^create +(\S+) +(\S+)", result.out, flags=re.MULTILINE)
    (promised,) = re.findall(rf"^{stack}: (\d+) to create$", result.out, flags=re.MULTILINE)
    assert len(listed) == int(promised)
    assert len(set(listed)) == len(listed)
    names = {name for _, name in listed}
    for service in ("platform", "familytales"):
        assert {f"{service}-primary", f"{service}-pooler", f"{service}-schema"} <= names
    assert "platform-replica-1" in names
    assert not (clone.path / ".local").exists()


def test_an_unknown_stack_names_those_there_are(clone: Clone) -> None:
    result = clone.dbctl("preview", "-s", "staging", "--offline", check=False)
    assert result.code == 2
    assert result.err.splitlines() == [
        "there is no stack 'staging': Pulumi.staging.yaml does not exist",
        "the stacks are: dev, local, prod",
    ]
