"""`.venv/bin/python docker/schema/lock.py` writes requirements-runner.txt anew, after a version was changed.

What the runner and the dump import, and what that needs, in the versions that requirements.txt and requirements-dev.txt
pin, with the SHA-256 of the wheels for the image's Python. pip resolves and downloads; nothing is installed.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LOCK = REPOSITORY / "requirements-runner.txt"
PINS = tuple(REPOSITORY / name for name in ("requirements.txt", "requirements-dev.txt"))
# What schema/ and dump/ import by themselves; `binary` is psycopg with a libpq of its own.
DIRECT = ("boto3", "postgast", "psycopg[binary]", "tenacity", "typer")
PYTHON = "3.13"  # Debian 13's
# Tasks run on x86-64; a laptop that builds the image may be the other. Both libc levels that wheels are tagged with.
MACHINES = ("x86_64", "aarch64")
LIBC = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")

HEAD = """\
# What the schema image installs (docker/schema/Dockerfile): the imports of schema/ and dump/ and what those need.
# Written by docker/schema/lock.py from the versions in requirements.txt and requirements-dev.txt; not edited by hand.
# The sums are those of the wheels for Python 3.13 on Linux, x86-64 and arm64.
"""

_PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?==(\S+)$", re.MULTILINE)


def canonical(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(texts: Iterable[str]) -> dict[str, str]:
    """The versions that requirements files pin, by canonical name."""
    return {canonical(name): version for text in texts for name, version in _PIN.findall(text)}


def text(sums: Mapping[tuple[str, str], Iterable[str]]) -> str:
    """The file, from the SHA-256 sums of each package and version."""
    blocks = []
    for (name, version), digests in sorted(sums.items()):
        lines = [f"{name}=={version}", *(f"    --hash=sha256:{digest}" for digest in sorted(set(digests)))]
        blocks.append(" \\\n".join(lines))
    return f"{HEAD}{chr(10).join(blocks)}\n"


def download(folder: Path, constraints: Path) -> None:
    """The wheels for each machine, as pip resolves them."""
    for machine in MACHINES:
        platforms = [word for libc in LIBC for word in ("--platform", f"{libc}_{machine}")]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", *platforms]
        command += ["--implementation", "cp", "--python-version", PYTHON, "--constraint", str(constraints)]
        subprocess.run([*command, "--dest", str(folder), *DIRECT], check=True)


def main() -> int:
    """Writes the file."""
    wanted = pins(path.read_text(encoding="utf-8") for path in PINS)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        constraints = folder / "constraints.txt"
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in wanted.items()), encoding="utf-8")
        download(folder, constraints)
        sums: dict[tuple[str, str], list[str]] = {}
        for wheel in folder.glob("*.whl"):
            name, version = wheel.name.split("-")[:2]
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            sums.setdefault((canonical(name), version), []).append(digest)
    loose = sorted(f"{name}=={version}" for name, version in sums if wanted.get(name) != version)
    if loose:
        print(f"lock: pin these in requirements-dev.txt first: {', '.join(loose)}", file=sys.stderr)
        return 1
    LOCK.write_text(text(sums), encoding="utf-8")
    print(f"{LOCK.name}: {len(sums)} packages")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
