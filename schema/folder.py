"""What the folder of a service says, read and checked before anything is touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from schema import files, settings
from schema import service as services
from schema.errors import BadInput
from schema.files import SqlFile
from schema.service import Service
from schema.settings import Settings

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one service; every one of them passed every rule."""

    service: Service
    bootstrap: tuple[SqlFile, ...]
    migrations: tuple[SqlFile, ...]
    jobs: tuple[SqlFile, ...]

    @property
    def newest(self) -> str:
        """The number of the last migration, as messages show it."""
        return f"{self.migrations[-1].version:04}" if self.migrations else "0000"


@dataclass(frozen=True, slots=True)
class Input:
    """Everything that is read before a connection is made."""

    folder: Folder
    settings: Settings


def load(path: Path) -> Folder:
    """Read every file of the service; raise BadInput with what is wrong with any of them."""
    return _with_files(services.load(path))


def folder_and_settings(path: Path, environment: Mapping[str, str], *, with_roles: bool) -> Input:
    """Read folder and environment; what is wrong with either is reported together.

    The secrets of the login roles are read only `with_roles`: most commands do without them.
    """
    service = services.load(path)
    names = [role.name for role in service.roles] if with_roles else []
    problems: list[str] = []
    chosen = _gathered(problems, lambda: settings.load(environment, names))
    read = _gathered(problems, lambda: _with_files(service))
    if chosen is None or read is None:
        raise BadInput(problems)
    return Input(read, chosen)


def _with_files(service: Service) -> Folder:
    problems: list[str] = []
    found = {kind: _gathered(problems, partial(files.discover, service.folder, kind)) for kind in files.KINDS}
    if problems:
        raise BadInput(problems)
    return Folder(service, **{kind: those or () for kind, those in found.items()})


def _gathered(problems: list[str], read: Callable[[], _T]) -> _T | None:
    """What it reads; None when that is wrong, with the problems added."""
    try:
        return read()
    except BadInput as bad:
        problems += bad.problems
        return None
