"""The programs that pip does not bring: the Pulumi CLI and PgBouncer.

`python -m ops.toolchain` finds or installs them and says so; it is quick and silent about what is there already.

The Pulumi CLI: one on PATH that is new enough, else one built once from Go modules into the user's cache folder,
where every clone finds it. `setup/pulumi-cli/go.mod` and `go.sum` pin every module it is built from.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from ops.errors import OperatorError
from ops.paths import REPOSITORY, cache_folder

PULUMI_VERSION = (3, 259, 0)
"""The newest version whose Go modules are published; the Python SDK in requirements.txt is pinned to the same."""

PULUMI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
GO_MODULE = REPOSITORY / "setup" / "pulumi-cli"

Say = Callable[[str], None]


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def parse_version(text: str) -> tuple[int, int, int] | None:
    """`v3.259.0`, `3.260.1-dev+dirty` -> three numbers; None when there is no version in it."""
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _version_of(binary: Path) -> tuple[int, int, int] | None:
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(
            [str(binary), "version"], capture_output=True, text=True, timeout=30, env=environment, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(answer.stdout)


def built_pulumi_root() -> Path:
    """The folder whose `bin/pulumi` is the CLI built from Go modules."""
    return cache_folder() / f"pulumi-{_dotted(PULUMI_VERSION)}"


def find_pulumi() -> Path | None:
    """The `pulumi` to use, or None: the one on PATH when it is new enough, else the built one.

    In CI a newer one is not taken: what reviews and deploys is what was pinned, not what a runner's image has today.
    """
    on_path = shutil.which("pulumi")
    found = (_version_of(Path(on_path)) if on_path else None) or (0, 0, 0)
    if on_path and (found == PULUMI_VERSION or (found > PULUMI_VERSION and not os.environ.get("CI"))):
        return Path(on_path)
    built = built_pulumi_root() / "bin" / "pulumi"
    return built if built.is_file() else None


def require_pulumi() -> Path:
    """The `pulumi` to use; without one, an error that says how to get it."""
    found = find_pulumi()
    if found is None:
        raise OperatorError(
            f"no Pulumi CLI {_dotted(PULUMI_VERSION)} or newer is on PATH or in {built_pulumi_root()}",
            "run `make setup`, or install it from https://www.pulumi.com/docs/install/",
        )
    return found


def ensure_pulumi(say: Say) -> Path:
    """Find the Pulumi CLI, or build it; shows progress, since a build takes minutes."""
    found = find_pulumi()
    if found is not None:
        return found
    if shutil.which("go") is None:
        raise OperatorError(
            f"the Pulumi CLI {_dotted(PULUMI_VERSION)} or newer is missing, and there is no Go to build it with",
            "install the CLI from https://www.pulumi.com/docs/install/, or Go from https://go.dev/doc/install,"
            " then run `make setup` again",
        )
    root = built_pulumi_root()
    root.mkdir(parents=True, exist_ok=True)
    with (root / "build.lock").open("w") as lock:  # two clones may set up at once: one builds, the other waits
        fcntl.flock(lock, fcntl.LOCK_EX)
        binary = root / "bin" / "pulumi"
        if not binary.is_file():
            _build_pulumi(binary, say)
    return binary


def _build_pulumi(binary: Path, say: Say) -> None:
    binary.parent.mkdir(parents=True, exist_ok=True)
    unfinished = binary.with_suffix(".building")
    version = _dotted(PULUMI_VERSION)
    say(f"building the Pulumi CLI {version} from Go modules, once for this user (about 6 minutes on 2 cores)")
    link_flags = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{version}"
    command = ["go", "build", "-v", "-mod=readonly", "-trimpath", "-tags", "osusergo,grpcnotrace"]
    command += ["-gcflags=all=-dwarf=false", "-ldflags", link_flags, "-o", str(unfinished), PULUMI_PACKAGE]
    # No debug information, and a compiler that collects garbage less often: an eighth of the CPU time less (measured).
    environment = {**os.environ, "CGO_ENABLED": "0", "GOGC": "400"}
    started = time.monotonic()
    with subprocess.Popen(
        command, cwd=GO_MODULE, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as build:
        assert build.stderr is not None
        tail = _watch(build.stderr, started, say)
    if build.returncode != 0:
        raise OperatorError(
            "the Pulumi CLI could not be built; the last lines of the Go compiler:",
            *tail,
            "mend that and run `make setup` again, or install the CLI from https://www.pulumi.com/docs/install/",
        )
    unfinished.rename(binary)  # whole or not at all
    say(f"  {time.monotonic() - started:4.0f} s: built {binary}")


def _watch(lines: Iterable[str], started: float, say: Say) -> list[str]:
    """Say now and then how far the compiler is; returns its last lines. `-v` names each package, one a line."""
    packages, tail, last_said = 0, list[str](), 0.0
    for line in lines:
        tail = [*tail[-9:], line.rstrip()]
        packages += not line.startswith("go: downloading")
        elapsed = time.monotonic() - started
        if elapsed - last_said >= 20:
            last_said = elapsed
            say(f"  {elapsed:4.0f} s: {packages} packages compiled")
    return tail


def find_pgbouncer() -> Path | None:
    """PgBouncer on PATH, or where Debian puts it (an ordinary user's PATH has no /usr/sbin)."""
    found = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def ensure_pgbouncer(say: Say) -> Path:
    """Find PgBouncer, or install it with apt where root or a password-less sudo allows."""
    found = find_pgbouncer()
    if found is not None:
        return found
    missing = OperatorError(
        "PgBouncer is missing, and it cannot be installed from here without a person",
        "install it (Debian, Ubuntu: `sudo apt-get install pgbouncer`) and run `make setup` again",
    )
    prefix = _root_prefix()
    if shutil.which("apt-get") is None or prefix is None:
        raise missing
    say("installing PgBouncer with apt-get")
    # Debian starts a packaged service at once; RUNLEVEL=1 tells invoke-rc.d not to. Nothing here needs that service.
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", "-qq", "-y"]
    install = [*prefix, *quiet, "install", "--no-install-recommends", "pgbouncer"]
    result = subprocess.run(install, capture_output=True, text=True, check=False)
    if result.returncode != 0:  # the package lists may be old or absent
        subprocess.run([*prefix, *quiet, "update"], capture_output=True, text=True, check=False)
        result = subprocess.run(install, capture_output=True, text=True, check=False)
    found = find_pgbouncer()
    if found is None:
        raise OperatorError(*missing.lines, *result.stderr.strip().splitlines()[-3:])
    return found


def _root_prefix() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    may = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if may.returncode == 0 else None


def main() -> int:
    """Find or install both; exit 1 with the reason and the mend when one cannot be had.

    With `--path` the folder of the Pulumi CLI is printed, for PATH, and nothing is installed.
    """

    def say(line: str) -> None:
        print(line, flush=True)

    try:
        if "--path" in sys.argv[1:]:
            say(str(require_pulumi().parent))
            return 0
        ensure_pgbouncer(say)
        ensure_pulumi(say)
    except OperatorError as error:
        print(f"setup: {error}", file=sys.stderr)
        return error.code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
