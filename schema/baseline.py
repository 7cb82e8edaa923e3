"""Take over a database that has its schema already: mark migrations as applied without running them."""

from __future__ import annotations

from schema import apply, fingerprint, ledger, lock
from schema.errors import BadInput
from schema.files import SqlFile
from schema.folder import Folder
from schema.report import count
from schema.session import Session

# Something of somebody's, other than what the runner and extensions bring.
_OBJECTS = """
    SELECT count(*) FROM pg_catalog.pg_class AS c
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
       AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
       AND c.relname NOT LIKE '\\_schema\\_%' AND c.relname <> '_sqlx_migrations'
       AND c.relnamespace::regnamespace::text !~ '^pg_(toast|temp)'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""


def run(session: Session, folder: Folder, to: int) -> None:
    """Mark every migration up to a number as applied; refuse where that could not be true."""
    connection, service = session.connection, session.service
    marked = _marked(service.name, folder, to)
    with lock.held(connection, session.settings.database, session.patience, session.report):
        if rows := ledger.read(connection):
            raise BadInput(
                [
                    f"{service.name}: the ledger holds {count(len(rows), 'migration')} already (up to "
                    f"{rows[-1].version:04}); a baseline is for a database that has none: use apply"
                ]
            )
        row = connection.execute(_OBJECTS).fetchone()
        if not row or not row[0]:
            raise BadInput(
                [
                    f"{service.name}: the database {session.settings.database} is empty, so no migration was applied "
                    "to it; use apply"
                ]
            )
        watch = fingerprint.Watch.begin(session)
        apply.bootstrap(session, folder)
        with connection.transaction():
            for file in marked:
                ledger.add(connection, file, success=True, nanoseconds=0)
                session.record("baseline", file, "done")
        watch.end()
    session.report.finish(
        f"{service.name}: marked {count(len(marked), 'migration')} as applied, nothing was run, ledger now at {to:04}",
        {
            "service": service.name,
            "database": session.settings.database,
            "marked": [{"version": file.version, "name": file.name} for file in marked],
            "ledger": {"version": to},
        },
    )


def _marked(service: str, folder: Folder, to: int) -> tuple[SqlFile, ...]:
    known = [file.version for file in folder.migrations]
    if to not in known:
        shown = ", ".join(f"{version:04}" for version in known) or "none"
        raise BadInput([f"{service}: --to {to:04}: there is no such migration; there are: {shown}"])
    return tuple(file for file in folder.migrations if file.version <= to)
