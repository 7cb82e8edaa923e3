"""The runner's own tables in a database: the ledger of sqlx, and beside it history, jobs and fingerprint."""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import errors, sql

from schema import catalog, history, jobs, ledger


def create(connection: psycopg.Connection, owner: str) -> None:
    """Make what is missing, owned by the service's owner, so that `sqlx migrate run` as the migrator works on the same
    ledger.
    """
    for table in (ledger.CREATE, history.CREATE, jobs.CREATE):
        try:
            _create(connection, owner, table)
        except (errors.UniqueViolation, errors.DuplicateTable):
            # sqlx, which takes no lock, was making it at the same moment: IF NOT EXISTS does not see that.
            _create(connection, owner, table)
    catalog.create(connection, owner)


def _create(connection: psycopg.Connection, owner: str, table: LiteralString) -> None:
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(owner)))
        connection.execute(table)
