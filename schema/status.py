"""Compare files and ledger without changing either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schema import ledger
from schema.files import SqlFile
from schema.folder import Folder
from schema.ledger import Row, state
from schema.report import table
from schema.session import Session


def run(session: Session, folder: Folder) -> None:
    """Tell the state of every migration."""
    entries = rows(folder.migrations, ledger.read(session.connection))
    session.report.finish(
        "\n".join(lines(entries)),
        {"service": session.service.name, "database": session.settings.database, "migrations": entries},
    )


def rows(files: Sequence[SqlFile], applied: Sequence[Row]) -> list[dict[str, Any]]:
    """One entry for each version that a file or the ledger knows, in order."""
    by_file = {file.version: file for file in files}
    by_row = {row.version: row for row in applied}
    return [_entry(version, by_file.get(version), by_row.get(version)) for version in sorted(by_file | by_row)]


def _entry(version: int, file: SqlFile | None, row: Row | None) -> dict[str, Any]:
    known = file or row
    return {
        "version": version,
        "description": known.description if known else "",
        "state": state(file, row),
        "applied": row.installed_on.isoformat(timespec="seconds") if row else None,
    }


def lines(entries: Sequence[dict[str, Any]]) -> list[str]:
    """The entries as a table."""
    cells: list[tuple[str, ...]] = [
        (f"{e['version']:04}", e["description"], e["state"], e["applied"] or "-") for e in entries
    ]
    return table(("version", "description", "state", "applied"), cells)
