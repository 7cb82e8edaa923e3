"""A service folder like the real ones, and one recording of each stack."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.unit.infra.recorder import Recording, configuration, record_stack

FOLDERS = {
    "platform": {
        "platform_app": True,
        "platform_auth": True,
        "platform_backup": False,
        "platform_migrator": False,
    },
    "familytales": {"familytales_app": True, "familytales_backup": False, "familytales_migrator": False},
}


def service_toml(roles: dict[str, bool]) -> str:
    """A service.toml with these roles: name -> pooled."""
    tables = [
        f'[[login_roles]]\nname = "{name}"\npurpose = "tests"\npooled = {str(pooled).lower()}\n'
        for name, pooled in roles.items()
    ]
    return '[service]\ndescription = "A service for tests"\n' + "".join(tables)


@pytest.fixture(scope="session")
def sql_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sql")
    for service, roles in FOLDERS.items():
        (root / service).mkdir()
        (root / service / "service.toml").write_text(service_toml(roles), encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def recorded(sql_root: Path) -> Callable[[str], Recording]:
    """A recording of one stack's own file; each is made once, in a context of its own."""

    @cache
    def run(stack: str) -> Recording:
        return record_stack(configuration(stack), stack, sql_root)

    return run


@pytest.fixture(scope="session")
def prod(recorded: Callable[[str], Recording]) -> Recording:
    return recorded("prod")


@pytest.fixture(scope="session")
def local(recorded: Callable[[str], Recording]) -> Recording:
    return recorded("local")
