"""An own loopback address for each thing that listens, so that ports stay what they are in AWS."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

from local.processes import read_json, write_json

# 127.a.b.0/24: 0 and 255 are left out, as in any other network.
_HOSTS = range(1, 255)


class NoAddressLeft(Exception):
    """All addresses of this cloud are taken."""


def network(root: Path) -> str:
    """The first three bytes of a cloud's addresses. 127.0.* is left to everybody else."""
    digest = hashlib.sha256(os.fsencode(root)).digest()
    return f"127.{1 + digest[0] % 254}.{digest[1]}"


class Addresses:
    """Hands out addresses by name; a name gets the same one again as long as it is not released."""

    def __init__(self, root: Path, file: Path) -> None:
        self._network = network(root)
        self._file = file
        self._lock = threading.Lock()
        stored = read_json(file) or {}
        self._hosts: dict[str, int] = {name: int(host) for name, host in stored.items()}

    @property
    def cidr(self) -> str:
        """The network that all of them are in."""
        return f"{self._network}.0/24"

    def get(self, kind: str, name: str) -> str:
        """The address of a thing; the first time, the lowest free one."""
        key = f"{kind}/{name}"
        with self._lock:
            if key not in self._hosts:
                taken = set(self._hosts.values())
                free = next((host for host in _HOSTS if host not in taken), None)
                if free is None:
                    raise NoAddressLeft(
                        f"All {len(_HOSTS)} addresses of {self.cidr} are in use; none is left for {key}. "
                        "Delete services, instances or load balancers that are no longer needed."
                    )
                self._hosts[key] = free
                write_json(self._file, self._hosts)
            return f"{self._network}.{self._hosts[key]}"

    def release(self, kind: str, name: str) -> None:
        """Give an address back."""
        with self._lock:
            if self._hosts.pop(f"{kind}/{name}", None) is not None:
                write_json(self._file, self._hosts)

    def release_all(self, kind: str) -> None:
        """Give back every address of a kind: tasks and load balancers do not outlive their cloud."""
        with self._lock:
            self._hosts = {key: host for key, host in self._hosts.items() if not key.startswith(f"{kind}/")}
            write_json(self._file, self._hosts)
