"""Where everything of one local cloud lies: one folder, and everything in it."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from local.processes import drop_to

REPOSITORY = Path(__file__).resolve().parent.parent

# Linux refuses a socket path above 107 bytes; this leaves room for "/<folder>/.s.PGSQL.65535".
_LONGEST_SOCKET_FOLDER = 80


@dataclass(frozen=True, slots=True)
class Paths:
    """The folder of one cloud. `root` is what the operator names, `real` where the files are."""

    root: Path
    real: Path

    @property
    def state(self) -> Path:
        """What a running cloud says about itself."""
        return self.real / "cloud.json"

    @property
    def status(self) -> Path:
        """The rows of `status`."""
        return self.real / "status.json"

    @property
    def discard(self) -> Path:
        """Its presence tells a stopping cloud that all data will be deleted."""
        return self.real / "discard"

    @property
    def logs(self) -> Path:
        """One log file for each process."""
        return self.real / "logs"

    @property
    def processes(self) -> Path:
        """One file for each running process."""
        return self.real / "processes"

    @property
    def snapshots(self) -> Path:
        """What final snapshots kept."""
        return self.real / "snapshots"

    @property
    def pulumi(self) -> Path:
        """The engine's state, one folder for each boot of the cloud."""
        return self.real / "pulumi"

    def instance(self, identifier: str) -> Path:
        """The folder of a database instance."""
        return self.real / "instances" / identifier

    def task(self, task_id: str) -> Path:
        """The private folder of a task."""
        return self.real / "tasks" / task_id

    @property
    def sockets(self) -> Path:
        """The folder of the unix sockets; elsewhere only when the root's own path is too long for one."""
        inside = self.real / "sockets"
        if len(str(inside)) <= _LONGEST_SOCKET_FOLDER:
            return inside
        return Path(tempfile.gettempdir()) / f"postgres-estate-{_digest(self.real)}"


def locate(root: Path) -> Paths:
    """The paths of a cloud, existing or not; nothing is made."""
    root = Path(os.path.abspath(root))  # noqa: PTH100 (resolve() would follow the symlink that this is about)
    return Paths(root, root.resolve())


def prepare(root: Path) -> Paths:
    """Make the root folder; where the servers' account could not reach it, a symlink to one that it can."""
    paths = locate(root)
    if not paths.real.is_dir():
        if drop_to() is not None and not reachable(_existing_ancestor(paths.real)):
            real = Path("/var/tmp") / f"postgres-estate-{_digest(paths.root)}"  # noqa: S108 (own, 0711)
            real.mkdir(exist_ok=True)
            paths.root.parent.mkdir(parents=True, exist_ok=True)
            paths.root.symlink_to(real)
            paths = Paths(paths.root, real)
        else:
            paths.real.mkdir(parents=True)
    # Others may pass through to what is theirs, and list nothing. As an ordinary user nobody else passes.
    paths.real.chmod(0o711 if drop_to() else 0o700)
    for folder in (paths.logs, paths.processes, paths.pulumi):
        folder.mkdir(mode=0o700, exist_ok=True)
    for folder in (paths.real / "instances", paths.real / "tasks", paths.snapshots, paths.sockets):
        folder.mkdir(mode=0o711, exist_ok=True)
    return paths


def remove(paths: Paths) -> None:
    """Remove the whole folder, wherever it is."""
    shutil.rmtree(paths.sockets, ignore_errors=True)
    shutil.rmtree(paths.real, ignore_errors=True)
    if paths.root.is_symlink():
        paths.root.unlink()


def reachable(path: Path) -> bool:
    """Whether an account without any rights of its own can get to (and list, or read) this path."""
    path = path.resolve()
    passable = all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)
    wanted = stat.S_IXOTH | stat.S_IROTH if path.is_dir() else stat.S_IROTH
    return passable and path.stat().st_mode & wanted == wanted


def reachable_copy(folder: Path, target: Path) -> Path:
    """The folder itself, or its copy at `target` when the servers' account cannot reach it (made once)."""
    if drop_to() is None or reachable(folder):
        return folder
    if not target.exists():
        target.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        scratch = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
        shutil.copytree(folder, scratch, symlinks=True)
        scratch.chmod(0o755)
        try:
            scratch.replace(target)
        except OSError:  # another thread was faster
            shutil.rmtree(scratch)
    return target


def _existing_ancestor(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
