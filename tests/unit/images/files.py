"""The two Dockerfiles, and what is known beside them."""

from __future__ import annotations

import re

from ops.paths import REPOSITORY

DOCKER = REPOSITORY / "docker"
FILES = {name: DOCKER / name / "Dockerfile" for name in ("pooler", "schema")}


def checksums() -> dict[str, str]:
    """The SHA-256 of PgBouncer's releases that setup/pgbouncer.sh knows, by version."""
    text = (REPOSITORY / "setup" / "pgbouncer.sh").read_text(encoding="utf-8")
    return dict(re.findall(r"^(\d+\.\d+\.\d+)\) sha256=([0-9a-f]{64}) ;;$", text, re.MULTILINE))
