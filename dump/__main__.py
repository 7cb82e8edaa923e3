"""`python -m dump`."""

from __future__ import annotations

import sys

from dump.command import main

sys.exit(main())
