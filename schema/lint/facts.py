"""What is known about the database before the files are run, and how it grows with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import psycopg

from schema.files import SqlFile
from schema.lint import facts_query, fold
from schema.lint.catalog import Catalog
from schema.lint.parse import Node, Unreadable, parse


@dataclass(frozen=True, slots=True)
class Facts(Catalog):
    """The catalog, from a database or from files."""

    @classmethod
    def empty(cls) -> Self:
        """Nothing is known: the files begin with an empty database."""
        return cls()

    @classmethod
    def from_database(cls, connection: psycopg.Connection) -> Self:
        """Ask a database. Needs no rights beyond those of any user: the catalog is readable by all."""
        return cls(**facts_query.read(connection))

    @classmethod
    def from_files(cls, files: Iterable[SqlFile]) -> Self:
        """What files would have made; it counts as being there, with sizes unknown.

        What their functions would have made, such as partitions, is not seen.
        """
        facts = cls()
        for file in files:
            for statement in file.statements:
                try:
                    facts = facts.after(parse(statement.text))
                except Unreadable:
                    continue  # whoever examines the file is told
        relations = {name: replace(one, new=False, rows=None, bytes=None) for name, one in facts.relations.items()}
        functions = {name: replace(one, new=False) for name, one in facts.functions.items()}
        return replace(facts, relations=relations, functions=functions, complete=False)

    def after(self, node: Node) -> Self:
        """The facts when a statement has been run."""
        return fold.after(self, node)
