"""`python3 -m pgbouncer_task pgbouncer.ini` in the folder that the entrypoint made."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pgbouncer_task import supervise

if __name__ == "__main__":
    raise SystemExit(supervise.main(Path(sys.argv[1]), os.environ))
