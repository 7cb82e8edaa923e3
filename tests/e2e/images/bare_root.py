"""Builds an image as a folder: carries a Dockerfile out in a bare Debian root, with chroot and no container engine.

    python -m tests.e2e.images.bare_root SPECIFICATION.json

as root. Its specification is `Build` as JSON; what was built is printed as `Built`. Every `FROM debian:...` is the root
that setup/debian_root.sh made. RUN has the network and sees `given` read-only at /mnt.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.e2e.images import context
from tests.e2e.images.dockerfile import (
    PREDEFINED,
    Image,
    NotUnderstood,
    Stage,
    Step,
    apply,
    declared,
    expand,
    flags,
    read,
    shell_command,
)

# Mounts of its own, and processes that end with it. What is downloaded stays for the next build of this machine.
_RUN = r"""
set -eu
root=$1 given=$2 archives=$3 user=$4 workdir=$5
shift 5
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for name in resolv.conf hosts; do
    touch "$root/etc/$name"
    mount --bind "/etc/$name" "$root/etc/$name"
done
mount --bind "$given" "$root/mnt"
mount -o remount,bind,ro "$root/mnt"
mount --bind "$archives" "$root/var/cache/apt/archives"
exec chroot --userspec="$user" "$root" /usr/bin/env -i --chdir="$workdir" "$@"
"""


@dataclass(frozen=True, slots=True)
class Build:
    """What is to be built, and from what."""

    file: str
    context: str
    debian: str
    target: str
    given: str
    archives: str
    arguments: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)
    """The environment of RUN that is this machine's own: where packages are fetched from."""


@dataclass(frozen=True, slots=True)
class Built:
    """The root of the last stage, what it says of itself, and the roots of all stages by name."""

    root: str
    image: Image
    stages: dict[str, str]


class Builder:
    """Carries out one file."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._context = Path(build.context)
        self._sent = list(context.files(self._context))
        self._done: dict[str, tuple[Path, Image]] = {}
        self._outside: dict[str, str] = {}

    def run(self) -> Built:
        """Build every stage in order."""
        stages, self._outside = read(Path(self._build.file), self._build.arguments)
        for stage in stages:
            self._done[stage.name] = self._stage(stage)
        root, image = self._done[stages[-1].name]
        return Built(str(root), image, {name: str(made) for name, (made, _) in self._done.items()})

    def _stage(self, stage: Stage) -> tuple[Path, Image]:
        root = Path(self._build.target) / stage.name
        if stage.base in self._done:
            source, before = self._done[stage.base]
        elif stage.base.startswith("debian:trixie"):
            source, before = Path(self._build.debian), Image()
        else:
            raise NotUnderstood(f"FROM {stage.base}")
        subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(root)], check=True)
        image = Image(**json.loads(json.dumps(asdict(before))))
        known: dict[str, str] = {}
        for step in stage.steps:
            print(f"{stage.name}: {step.name} {step.value[:100]}", file=sys.stderr, flush=True)
            if step.name == "ARG":
                known |= declared(step.value, {**known, **image.env}, self._outside, self._build.arguments)
            elif not apply(image, step, known):
                self._files(root, image, step, known)
        return root, image

    def _files(self, root: Path, image: Image, step: Step, known: dict[str, str]) -> None:
        values = {**known, **image.env}
        if step.name == "RUN":
            self._command(root, image, shell_command(step), values)
        elif step.name == "COPY":
            self._copy(root, image, expand(step.value, values))
        elif step.name == "WORKDIR":
            image.workdir = str(Path(image.workdir) / expand(step.value, values))
            (root / image.workdir.lstrip("/")).mkdir(parents=True, exist_ok=True)
        else:
            raise NotUnderstood(f"{step.name} {step.value}")

    def _command(self, root: Path, image: Image, command: str, values: dict[str, str]) -> None:
        archives = Path(self._build.archives)
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        environment = {"HOME": "/root", **self._build.machine, **values}
        environment |= {name: os.environ[name] for name in PREDEFINED if name in os.environ}
        words = [f"{name}={value}" for name, value in environment.items()]
        subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _RUN, "sh", str(root),
             self._build.given, str(archives), image.user, image.workdir, *words, "/bin/sh", "-c", command],
            check=True, stdout=sys.stderr, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def _copy(self, root: Path, image: Image, text: str) -> None:
        """Root owns what is copied, unless --chown says otherwise; what .dockerignore holds out is not there."""
        said, words = flags(text, frozenset({"from", "chown"}))
        *sources, target = words
        place = root / str(Path(image.workdir) / target).lstrip("/")
        owner, group = (int(number) for number in said.get("chown", "0:0").split(":"))
        for source in sources:
            if "from" in said:
                pieces = {"": self._done[said["from"]][0] / source.strip("/")}
            else:
                pieces = self._from_context(source.strip("/"))
            if not pieces or not all(path.exists() for path in pieces.values()):
                raise FileNotFoundError(f"COPY {text}: {source} is not there")
            for name, path in pieces.items():
                into = place / name if name else place / path.name if target.endswith("/") and path.is_file() else place
                _copy_one(path, into, owner, group)

    def _from_context(self, source: str) -> dict[str, Path]:
        if source in self._sent:
            return {"": self._context / source}
        return {
            name.removeprefix(f"{source}/"): self._context / name
            for name in self._sent
            if name.startswith(f"{source}/")
        }


def _copy_one(source: Path, target: Path, owner: int, group: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.mkdir(exist_ok=True)
        command = ["cp", "-a", "--no-preserve=ownership", f"{source}/.", str(target)]
    else:
        command = ["cp", "-a", "--no-preserve=ownership", str(source), str(target)]
    subprocess.run(command, check=True)
    if (owner, group) != (0, 0):
        subprocess.run(["chown", "--recursive", "--no-dereference", f"{owner}:{group}", str(target)], check=True)


def main() -> int:
    """Build; the last line on standard output is the answer."""
    build = Build(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    os.umask(0o022)
    shutil.rmtree(build.target, ignore_errors=True)
    Path(build.target).mkdir(parents=True)
    print(json.dumps(asdict(Builder(build).run())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
