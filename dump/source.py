"""The database that is dumped: one snapshot of it, what it is, and whether it would show every row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from dump.errors import DatabaseRefuses
from dump.names import Facts
from dump.settings import Settings

# Two servers are tried by nobody: one address, and a minute for a failover to end.
_CONNECT_SECONDS = 60

# What pg_dump writes rows of: every ordinary table, each partition by itself, nothing of an extension's.
_OURS = """
       relation.relkind = 'r' AND relation.relpersistence <> 't'
   AND space.nspname <> 'information_schema' AND space.nspname NOT LIKE 'pg\\_%'
   AND NOT EXISTS (SELECT FROM pg_depend AS needs
                    WHERE needs.classid = 'pg_class'::regclass AND needs.objid = relation.oid AND needs.deptype = 'e')
"""
_TABLES = f"""
SELECT count(*) FROM pg_class AS relation JOIN pg_namespace AS space ON space.oid = relation.relnamespace
 WHERE {_OURS}
"""  # noqa: S608 (constants)

# Row security hides what no policy shows, and pg_dump would write such a table as an empty one without a word.
_HIDDEN = f"""
SELECT format('%I.%I', space.nspname, relation.relname)
  FROM pg_class AS relation JOIN pg_namespace AS space ON space.oid = relation.relnamespace
 WHERE {_OURS}
   AND row_security_active(relation.oid)
   AND (NOT EXISTS (SELECT FROM pg_policy AS policy
                     WHERE policy.polrelid = relation.oid AND policy.polpermissive AND policy.polcmd IN ('r', '*')
                       AND pg_get_expr(policy.polqual, policy.polrelid) = 'true'
                       AND EXISTS (SELECT FROM unnest(policy.polroles) AS granted (role)
                                    WHERE granted.role = 0 OR pg_has_role(granted.role, 'USAGE')))
     OR EXISTS (SELECT FROM pg_policy AS policy
                 WHERE policy.polrelid = relation.oid AND NOT policy.polpermissive AND policy.polcmd IN ('r', '*')
                   AND EXISTS (SELECT FROM unnest(policy.polroles) AS granted (role)
                                WHERE granted.role = 0 OR pg_has_role(granted.role, 'USAGE'))))
 ORDER BY 1
"""  # noqa: S608 (constants)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A moment of the database that pg_dump can be pointed at, as long as its transaction is open."""

    id: str
    server_major: int
    facts: Facts


@contextmanager
def snapshot(settings: Settings) -> Iterator[Snapshot]:
    """Opens a transaction and exports its snapshot, so that the facts are of the moment that is dumped."""
    try:
        connection = psycopg.connect(
            host=settings.libpq["PGHOST"],
            port=settings.libpq["PGPORT"],
            dbname=settings.libpq["PGDATABASE"],
            user=settings.user,
            password=settings.password,
            sslmode=settings.libpq["PGSSLMODE"],
            sslrootcert=settings.libpq.get("PGSSLROOTCERT"),
            connect_timeout=_CONNECT_SECONDS,
            application_name="dump",
        )
    except psycopg.Error as error:
        raise DatabaseRefuses(f"cannot log in as {settings.user}: {_line(error)}") from None
    with connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        try:
            found = _look(connection)
        except psycopg.Error as error:
            raise DatabaseRefuses(f"the catalogue cannot be read: {_line(error)}") from None
        yield found


def _look(connection: psycopg.Connection) -> Snapshot:
    hidden = [str(row[0]) for row in connection.execute(_HIDDEN).fetchall()]
    if hidden:
        raise DatabaseRefuses(
            f"rows of {', '.join(hidden)} are hidden from the role by row security and would be missing in the dump,"
            " silently: give it a policy FOR SELECT USING (true) on each (docs/adr/0016)"
        )
    ((exported,),) = connection.execute("SELECT pg_export_snapshot()").fetchall()
    ((tables,),) = connection.execute(_TABLES).fetchall()
    ((ledger_there,),) = connection.execute("SELECT to_regclass('public._sqlx_migrations') IS NOT NULL").fetchall()
    ledger = None
    if ledger_there:
        ((ledger,),) = connection.execute("SELECT max(version) FROM public._sqlx_migrations WHERE success").fetchall()
    version = connection.info.server_version
    release = connection.info.parameter_status("server_version") or str(version)
    return Snapshot(str(exported), version // 10_000, Facts(release.split(" ")[0], ledger, int(tables)))


def _line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())
