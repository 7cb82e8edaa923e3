"""`.venv/bin/python -m setup.lock` writes the requirements files with sums anew, after a version was changed.

requirements.txt and requirements-dev.txt say the versions, for whoever clones the repository, on any machine. Where
more is at stake than a laptop, each package must also be the very file that was pinned: in the schema image, and in the
workflows, some of which may deploy. pip resolves and downloads; nothing is installed.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PINS = tuple(REPOSITORY / name for name in ("requirements.txt", "requirements-dev.txt"))

LIBC = ("2_39", "2_35", "2_34", "2_28", "2_27", "2_17", "2_12", "2_5")
"""The levels of glibc that wheels are tagged with, up to that of the runners and of the image."""

_PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?==(\S+)$", re.MULTILINE)

Sums = Mapping[tuple[str, str], Iterable[str]]
"""The SHA-256 sums of the wheels of each package and version."""


@dataclass(frozen=True, slots=True)
class Lock:
    """One file: what it holds, and for which Python and machines."""

    name: str
    python: str
    machines: tuple[str, ...]
    direct: tuple[str, ...]
    """What is asked for by name; empty: every package that is pinned."""
    head: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where it is."""
        return REPOSITORY / self.name

    def text(self, sums: Sums) -> str:
        """The file."""
        blocks = []
        for (name, version), digests in sorted(sums.items()):
            lines = [f"{name}=={version}", *(f"    --hash=sha256:{digest}" for digest in sorted(set(digests)))]
            blocks.append(" \\\n".join(lines))
        head = (*self.head, "Written by setup/lock.py from the versions in requirements.txt and requirements-dev.txt.")
        return "".join(f"# {line}\n" for line in head) + "\n".join(blocks) + "\n"


LOCKS = (
    Lock(
        "requirements-runner.txt",
        python="3.13",  # Debian 13's
        machines=("x86_64", "aarch64"),  # tasks run on the first; a laptop that builds the image may be the other
        # What schema/ and dump/ import by themselves; `binary` is psycopg with a libpq of its own.
        direct=("boto3", "postgast", "psycopg[binary]", "tenacity", "typer"),
        head=(
            "What the schema image installs (docker/schema/Dockerfile): what schema/ and dump/ import and need.",
            "The sums are those of the wheels for Python 3.13 on Linux, x86-64 and arm64.",
        ),
    ),
    Lock(
        "requirements-ci.txt",
        python="3.11",  # .github/actions/setup
        machines=("x86_64",),
        direct=(),
        head=(
            "What `make setup` installs where CI is set (setup/venv.sh): all of requirements-dev.txt.",
            "The sums are those of the wheels for Python 3.11 on Linux, x86-64: what the workflows run on.",
        ),
    ),
)


def canonical(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(texts: Iterable[str]) -> dict[str, str]:
    """The versions that requirements files pin, by canonical name."""
    return {canonical(name): version for text in texts for name, version in _PIN.findall(text)}


def download(lock: Lock, folder: Path, wanted: Mapping[str, str]) -> None:
    """The wheels for each machine, as pip resolves them."""
    constraints = folder / "constraints.txt"
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in wanted.items()), encoding="utf-8")
    asked = lock.direct or ("--no-deps", "--requirement", str(constraints))
    for machine in lock.machines:
        platforms = [word for libc in LIBC for word in ("--platform", f"manylinux_{libc}_{machine}")]
        platforms += ["--platform", f"manylinux2014_{machine}"]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", *platforms]
        command += ["--implementation", "cp", "--python-version", lock.python, "--constraint", str(constraints)]
        subprocess.run([*command, "--dest", str(folder), *asked], check=True)


def sums_in(folder: Path) -> dict[tuple[str, str], list[str]]:
    """The sums of the wheels in a folder."""
    found: dict[tuple[str, str], list[str]] = {}
    for wheel in folder.glob("*.whl"):
        name, version = wheel.name.split("-")[:2]
        found.setdefault((canonical(name), version), []).append(hashlib.sha256(wheel.read_bytes()).hexdigest())
    return found


def main() -> int:
    """Writes the files, all or none."""
    wanted = pins(path.read_text(encoding="utf-8") for path in PINS)
    made: dict[Lock, Sums] = {}
    for lock in LOCKS:
        with tempfile.TemporaryDirectory() as name:
            download(lock, Path(name), wanted)
            made[lock] = sums_in(Path(name))
    loose = sorted(
        {f"{name}=={version}" for sums in made.values() for name, version in sums if wanted.get(name) != version}
    )
    if loose:
        print(f"lock: pin these in requirements-dev.txt first: {', '.join(loose)}", file=sys.stderr)
        return 1
    for lock, sums in made.items():
        lock.path.write_text(lock.text(sums), encoding="utf-8")
        print(f"{lock.name}: {len(list(sums))} packages")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
