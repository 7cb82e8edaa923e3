"""Every index has a reason: a constraint, a foreign key, or a question that somebody asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, LiteralString

from bench.platform_database import FOLDER
from tests.sql.queries.conftest import QUERIES, Query, World

# A foreign key looks for rows by the columns of the key. An index serves it when it starts with one of them; the
# organisation would be one, but finds all the rows of a tenant. A partial index does, when it leaves out NULLs only.
_WITHOUT_A_CONSTRAINT: LiteralString = """
SELECT relation.oid::regclass::text, index.relname
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS index ON index.oid = i.indexrelid
  JOIN pg_catalog.pg_class AS relation ON relation.oid = i.indrelid
  LEFT JOIN pg_catalog.pg_attribute AS first ON first.attrelid = i.indrelid AND first.attnum = i.indkey[0]
 WHERE relation.relnamespace IN ('auth'::regnamespace, 'app'::regnamespace, 'analytics'::regnamespace,
                                 'audit'::regnamespace)
   AND NOT i.indisunique
   AND NOT EXISTS (
       SELECT FROM pg_catalog.pg_constraint AS key
        WHERE key.contype = 'f' AND key.conrelid = i.indrelid AND i.indkey[0] = ANY (key.conkey)
          AND first.attname <> 'organization_id'
          AND (i.indpred IS NULL
               OR pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', first.attname)))
 ORDER BY 1, 2
"""
# An index of a partition counts as that of its parent.
_NAMES: LiteralString = """
SELECT index.relname, root.relname
  FROM pg_catalog.pg_class AS index
  JOIN pg_catalog.pg_class AS root ON root.oid = coalesce(pg_partition_root(index.oid), index.oid)
 WHERE index.relkind IN ('i', 'I')
   AND root.relnamespace IN ('auth'::regnamespace, 'app'::regnamespace, 'analytics'::regnamespace,
                             'audit'::regnamespace)
"""
_SCANS: LiteralString = """
SELECT coalesce(pg_partition_root(indexrelid), indexrelid)::regclass::oid::bigint AS root, sum(idx_scan)::bigint
  FROM pg_catalog.pg_stat_all_indexes GROUP BY 1
"""
# A table of a few thousand rows is soonest read from end to end; what is asked here is what the index is good for. The
# cost of a page is the one that the estate's parameter groups set.
_LARGE: LiteralString = "SET LOCAL enable_seqscan = off; SET LOCAL random_page_cost = 1.1"
_CALLS_A_FUNCTION = re.compile(rb"FROM \w+\.\w+\(")
_DELETES = re.compile(rb"^DELETE.*?(?=;)|^SELECT 'DELETE.*?(?= AS run)", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"(\w+)(?: \((\w+)\))?")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _found_by(plan: dict[str, Any]) -> set[str]:
    """The indexes by which a plan finds its rows, or which give it their order. Reading all of one is no use of it."""
    nodes = list(_nodes(plan))
    in_order = not any(node["Node Type"] in ("Sort", "Incremental Sort") for node in nodes)
    return {
        node["Index Name"]
        for node in nodes
        if "Index Name" in node and ("Index Cond" in node or (in_order and node["Node Type"] == "Index Scan"))
    }


class _Indexes:
    def __init__(self, world: World) -> None:
        self.world = world
        with world.superuser() as superuser:
            self.root = dict(superuser.execute(_NAMES).fetchall())
            self.extensions = {name for (name,) in superuser.execute("SELECT extname FROM pg_extension")}

    def used_by(self, query: Query) -> set[str]:
        if _CALLS_A_FUNCTION.search(query.text):
            return self._scanned_by(query)
        ((plans,),) = self.world.ask(query, before=_LARGE, text=b"EXPLAIN (FORMAT JSON) " + query.text)
        return {self.root[name] for name in _found_by(plans[0]["Plan"])}

    def _scanned_by(self, query: Query) -> set[str]:
        """EXPLAIN does not look into functions. The server counts what is read by an index, whoever asks."""
        before = self._scans()
        with self.world.place.login(query.role) as connection:
            with connection.transaction():
                user = str(self.world.parameters["user"])
                connection.execute("SELECT set_config('app.current_user_id', %s, true)", (user,))
                connection.execute(_LARGE)
                connection.execute(query.text, self.world.values(query))
            connection.execute("SELECT pg_stat_force_next_flush()")
        after = self._scans()
        return {name for name, scans in after.items() if scans > before.get(name, 0)}

    def _scans(self) -> dict[str, int]:
        with self.world.superuser() as superuser:
            counted = superuser.execute(
                "SELECT relname, scans FROM (" + _SCANS + ") AS counted (root, scans) JOIN pg_class ON oid = root"
            ).fetchall()
        return dict(counted)

    def used_by_jobs(self) -> set[str]:
        """What a job deletes is explained as the owner, whom it runs as."""
        found = set()
        with self.world.superuser() as superuser, superuser.transaction():
            superuser.execute("SET LOCAL ROLE platform_owner")
            superuser.execute(_LARGE)
            for path in (FOLDER / "jobs").glob("*.sql"):
                for statement in _DELETES.findall(path.read_bytes()):
                    # A job may delete at once, or by statements that a query writes.
                    written = superuser.execute(statement).fetchone() if statement.startswith(b"SELECT") else None
                    explained = written[0].encode() if written else statement
                    row = superuser.execute(b"EXPLAIN (FORMAT JSON) " + explained).fetchone()
                    assert row is not None
                    found |= {self.root[name] for name in _found_by(row[0][0]["Plan"])}
        return found

    def named_by(self, query: Query) -> set[str]:
        """The indexes that a query says it uses, as far as they are there to be used."""
        named = set()
        for one in query.uses:
            match = _NAMED.fullmatch(one)
            assert match, one
            name, extension = match.groups()
            is_there = name in self.root.values()
            if extension is None:
                assert is_there, f"{query.name} uses {name}, which is not there"
            else:
                assert is_there == (extension in self.extensions), f"{name} goes with {extension}"
            named |= {name} if is_there else set()
        return named


def test_a_query_uses_the_indexes_that_it_names(world: World, query: Query) -> None:
    indexes = _Indexes(world)

    named = indexes.named_by(query)

    if named:
        used = indexes.used_by(query)
        assert named <= used, f"{query.name} uses {sorted(used)}"


def test_every_index_serves_a_constraint_or_a_query_or_a_job(world: World) -> None:
    indexes = _Indexes(world)
    with world.superuser() as superuser:
        without = superuser.execute(_WITHOUT_A_CONSTRAINT).fetchall()

    served = set().union(*(indexes.named_by(query) for query in QUERIES.values())) | indexes.used_by_jobs()

    assert [f"{name} on {table}" for table, name in without if name not in served] == []
