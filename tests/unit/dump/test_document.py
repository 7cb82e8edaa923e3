"""docs/backups.md has a line for each way in which a dump ends."""

from __future__ import annotations

import re
from pathlib import Path

from dump import errors

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "backups.md"


def test_every_exit_code_is_told_and_no_other() -> None:
    told = [int(code) for code in re.findall(r"^\| (\d) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)]
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DumpError)]
    known = {kind.code for kind in kinds}
    assert told == sorted({0, *known})
