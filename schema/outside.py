"""Statements that PostgreSQL refuses to run inside a transaction, and what each leaves behind when it is interrupted.

A file and its ledger row cannot commit together here, so after a crash the catalog has to tell how far the statement
came. Each form knows what to look for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import postgast
import psycopg
from google.protobuf.message import DecodeError
from postgast import pg_query_pb2 as ast
from psycopg import sql

from schema.sqltext import Statement


class State(Enum):
    """How far a statement came, as far as the catalog shows."""

    NOTHING = "nothing happened"
    HALF = "it happened in part"
    DONE = "it happened"


@dataclass(frozen=True, slots=True)
class Trace:
    """What the catalog shows of a statement, and what mends it when it happened in part."""

    state: State
    leftovers: tuple[str, ...] = ()
    """What it left, as an operator would look for it: `the INVALID index app.tasks_due_idx`."""
    mend: tuple[sql.Composed, ...] = ()
    """Statements that take the leftovers away or finish the work; each outside a transaction."""
    table: int | None = None
    """The oid of a table on which somebody else may be at the same work this very moment."""


Look = Callable[[psycopg.Connection], Trace]

_NOTHING = Trace(State.NOTHING)


def _cannot_tell(connection: psycopg.Connection) -> Trace:
    return _NOTHING


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of statement that runs outside a transaction."""

    what: str
    look: Look = _cannot_tell
    refusal: str | None = None
    """Why it may not stand in a migration at all, with the mend."""
    waits_for_others: bool = False
    """It waits for other transactions without making anybody queue behind it, so lock_timeout must not end it."""
    after_failure: str = "the database is as before"
    """What holds when it has failed, and what it may have left is mended."""
    optional: bool = False
    """It may stand in a transaction as well, depending on what it is about; the file's header decides."""
    idempotent: bool = False
    """It is content to find its work done (IF EXISTS, IF NOT EXISTS)."""


def form_of(statement: Statement) -> Form | None:
    """The form of a statement; None when it may run inside a transaction (or the parser does not know it)."""
    if not statement.words or statement.words[0] not in _FIRST_WORDS:
        return None  # parsing costs; nine in ten statements end here
    try:
        parsed = postgast.parse(statement.text)
    except postgast.PgQueryError:
        return None  # the server will say what is wrong with it, and where
    except DecodeError:  # nested more deeply than the parser's tree can be handed over
        if "CONCURRENTLY" in statement.words:
            return Form(
                " ".join(statement.words[:2]), refusal="CONCURRENTLY is nested too deeply to be read; simplify it"
            )
        return None
    node = parsed.stmts[0].stmt
    kind = node.WhichOneof("node")
    reader = _READERS.get(kind or "")
    return reader(getattr(node, str(kind))) if reader else None


def _create_index(node: ast.IndexStmt) -> Form | None:
    if not node.concurrent:
        return None
    what = "CREATE INDEX CONCURRENTLY"
    if not node.idxname:
        return Form(what, refusal="needs a name for the index, by which it can be found after a crash; name it")
    table = _qualified(node.relation)
    return Form(
        what,
        lambda connection: _index_trace(connection, table, node.idxname),
        waits_for_others=True,
        idempotent=node.if_not_exists,
    )


def _index_trace(connection: psycopg.Connection, table: str, name: str) -> Trace:
    """An index is in the schema of its table, whatever the search_path."""
    row = connection.execute(
        """
        SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname), i.indisvalid, i.indrelid
          FROM pg_catalog.pg_class AS t
          JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
          JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = %s
          JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
         WHERE t.oid = pg_catalog.to_regclass(%s)
        """,
        (name, table),
    ).fetchone()
    if row is None:
        return _NOTHING
    shown, valid, relation = row
    return Trace(State.DONE) if valid else _invalid([shown], relation)


def _invalid(indexes: list[str], table: int | None) -> Trace:
    return Trace(
        State.HALF,
        tuple(f"the INVALID index {index}" for index in indexes),
        tuple(sql.SQL("DROP INDEX CONCURRENTLY {}").format(_name(index)) for index in indexes),
        table,
    )


def _drop(node: ast.DropStmt) -> Form | None:
    if not node.concurrent:
        return None
    names = [_dotted(item.list) for item in node.objects]

    def look(connection: psycopg.Connection) -> Trace:
        # An interrupted one leaves the index invalid; dropping it again ends that.
        return _NOTHING if any(_exists(connection, name) for name in names) else Trace(State.DONE)

    return Form(
        "DROP INDEX CONCURRENTLY",
        look,
        waits_for_others=True,
        idempotent=node.missing_ok,
        after_failure="the index may be INVALID now: no query uses it any more, and the next run drops it",
    )


def _reindex(node: ast.ReindexStmt) -> Form | None:
    concurrently = any(option.def_elem.defname == "concurrently" for option in node.params)
    whole = node.kind not in (ast.REINDEX_OBJECT_INDEX, ast.REINDEX_OBJECT_TABLE)
    if not concurrently:
        # Of a partitioned table it may not stand in a transaction, of any other it may.
        return Form("REINDEX of more than one table") if whole else Form("REINDEX", optional=True)
    if whole:
        scope = sql.SQL("n.nspname = {}").format(node.name) if node.name else sql.SQL("true")
    else:
        scope = sql.SQL("{} IN (i.indrelid, i.indexrelid, own.indexrelid)").format(
            sql.SQL("pg_catalog.to_regclass({})").format(_qualified(node.relation))
        )
    return Form("REINDEX CONCURRENTLY", lambda connection: _reindex_trace(connection, scope), waits_for_others=True)


def _reindex_trace(connection: psycopg.Connection, scope: sql.Composable) -> Trace:
    """The copies that it makes are called name_ccnew while they are built, and name_ccold once they are replaced."""
    rows = connection.execute(
        sql.SQL(
            """
            SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, c.relname), i.indrelid
              FROM pg_catalog.pg_index AS i
              JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
              JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
              JOIN pg_catalog.pg_index AS own ON own.indrelid = i.indrelid
             WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND {}
             ORDER BY 1
            """
        ).format(scope)
    ).fetchall()
    return _invalid([name for name, _ in rows], rows[0][1]) if rows else _NOTHING


def _alter_table(node: ast.AlterTableStmt) -> Form | None:
    commands = [item.alter_table_cmd for item in node.cmds]
    if len(commands) != 1 or commands[0].subtype != ast.AT_DetachPartition:
        return None  # PostgreSQL takes no second action beside it
    detached = getattr(commands[0], "def").partition_cmd
    if not detached.concurrent:
        return None
    parent, child = _qualified(node.relation), _qualified(detached.name)
    return Form(
        "DETACH PARTITION CONCURRENTLY",
        lambda connection: _detach_trace(connection, parent, child),
        waits_for_others=True,
    )


def _detach_trace(connection: psycopg.Connection, parent: str, child: str) -> Trace:
    if not (_exists(connection, parent) and _exists(connection, child)):
        return _NOTHING  # renamed or gone since: the server will say so
    row = connection.execute(
        "SELECT inhdetachpending FROM pg_catalog.pg_inherits"
        " WHERE inhparent = pg_catalog.to_regclass(%s) AND inhrelid = pg_catalog.to_regclass(%s)",
        (parent, child),
    ).fetchone()
    if row is None:
        return Trace(State.DONE)
    if not row[0]:
        return _NOTHING
    finish = sql.SQL("ALTER TABLE {} DETACH PARTITION {} FINALIZE").format(_name(parent), _name(child))
    return Trace(State.HALF, (f"the partition {child}, detached from {parent} in part",), (finish,))


def _vacuum(node: ast.VacuumStmt) -> Form | None:
    return Form("VACUUM") if node.is_vacuumcmd else None


def _cluster(node: ast.ClusterStmt) -> Form | None:
    return Form("CLUSTER", optional=True) if node.HasField("relation") else Form("CLUSTER of every table")


_COMMITS = "what it had committed is kept, and it is run from its beginning once more"


def _call(node: ast.CallStmt) -> Form:
    return Form("CALL", after_failure=_COMMITS, optional=True)


def _do(node: ast.DoStmt) -> Form:
    return Form("DO", after_failure=_COMMITS, optional=True)


def _of_the_instance(what: str) -> Callable[[object], Form]:
    refusal = "is about the whole instance, not about this database; take it out"
    return lambda node: Form(what, refusal=refusal)


_READERS: dict[str, Callable[..., Form | None]] = {
    "index_stmt": _create_index,
    "drop_stmt": _drop,
    "reindex_stmt": _reindex,
    "alter_table_stmt": _alter_table,
    "vacuum_stmt": _vacuum,
    "cluster_stmt": _cluster,
    "call_stmt": _call,
    "do_stmt": _do,
    "alter_system_stmt": _of_the_instance("ALTER SYSTEM"),
    "createdb_stmt": _of_the_instance("CREATE DATABASE"),
    "dropdb_stmt": _of_the_instance("DROP DATABASE"),
    "create_table_space_stmt": _of_the_instance("CREATE TABLESPACE"),
    "drop_table_space_stmt": _of_the_instance("DROP TABLESPACE"),
    "create_subscription_stmt": _of_the_instance("CREATE SUBSCRIPTION"),
    "drop_subscription_stmt": _of_the_instance("DROP SUBSCRIPTION"),
}
_FIRST_WORDS = frozenset({"CREATE", "DROP", "REINDEX", "ALTER", "VACUUM", "CLUSTER", "CALL", "DO"})


def _exists(connection: psycopg.Connection, name: str) -> bool:
    row = connection.execute("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", (name,)).fetchone()
    return bool(row and row[0])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _qualified(relation: ast.RangeVar) -> str:
    """A relation as to_regclass reads it. Files run with search_path = public."""
    return f"{_quoted(relation.schemaname or 'public')}.{_quoted(relation.relname)}"


def _dotted(names: ast.List) -> str:
    parts = [item.string.sval for item in names.items]
    return ".".join(map(_quoted, parts if len(parts) > 1 else ["public", *parts]))


def _name(quoted: str) -> sql.SQL:
    """A name that is quoted already, by the server or by `_quoted`."""
    return sql.SQL(quoted)
