"""Where things are: the repository, the local cloud's folder, the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
SQL_ROOT = REPOSITORY / "sql"
LOCAL_ROOT = REPOSITORY / ".local"
"""Everything the local cloud makes is in this one folder."""


def cache_folder() -> Path:
    """The user's cache for built tools; every clone of the repository finds them there."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "postgres-estate"
