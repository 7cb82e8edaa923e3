"""Columns and constraints as CREATE TABLE and ALTER TABLE write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import postgast
from google.protobuf.message import DecodeError

from schema.lint.catalog import Column, Constraint
from schema.lint.parse import Node, column_of, columns_in, inner, label, unwrap, words
from schema.lint.typenames import is_serial, type_name

# What a constraint's type is called in the catalog. NOT NULL is left out: before 18 it is no constraint of its own.
_LETTERS = {
    "CONSTR_CHECK": "c", "CONSTR_FOREIGN": "f", "CONSTR_PRIMARY": "p", "CONSTR_UNIQUE": "u", "CONSTR_EXCLUSION": "x",
}  # fmt: skip
_ENDINGS = {"c": "check", "f": "fkey", "p": "pkey", "u": "key", "x": "excl"}


@dataclass(frozen=True, slots=True)
class Written:
    """A column definition, with what hangs on it."""

    column: Column
    node: Node
    constraints: dict[str, Node]
    """By PostgreSQL's name of their kind, such as `CONSTR_DEFAULT`."""

    @property
    def fills_itself(self) -> bool:
        """Whether old rows get a value other than NULL."""
        return is_serial(self.node.type_name) or bool(
            self.constraints.keys() & {"CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"}
        )


def written(node: Node) -> Written:
    """Read a ColumnDef."""
    constraints = {label(one.constraint, "contype"): one.constraint for one in node.constraints}
    not_null = is_serial(node.type_name) or bool(
        constraints.keys() & {"CONSTR_NOTNULL", "CONSTR_PRIMARY", "CONSTR_IDENTITY"}
    )
    return Written(Column(str(node.colname), type_name(node.type_name), not_null), node, constraints)


def stored(constraint: Node) -> bool:
    """Whether a generated column is written into the rows (the other kind, from 18 on, is computed on reading)."""
    return bool(constraint.generated_kind != "v")


def inline_constraints(column: Written) -> Iterator[Node]:
    """The constraints of a column that are constraints of its table."""
    return (node for name, node in column.constraints.items() if name in _LETTERS)


def sql_of(expression: Node) -> str:
    """An expression as text."""
    tree = postgast.parse("SELECT 1")
    tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val.CopyFrom(expression)
    return postgast.deparse(tree).removeprefix("SELECT ")


def with_column_renamed(definition: str, old: str, new: str) -> str:
    """A CHECK as the catalog prints it, when one of its columns is called otherwise."""
    if not definition.startswith("CHECK "):
        return definition
    try:
        tree = postgast.parse(f"SELECT {definition.removeprefix('CHECK ').removesuffix(' NOT VALID')}")
    except (postgast.PgQueryError, DecodeError):
        return definition
    for reference in inner(tree, "ColumnRef"):
        if column_of(reference) == old:
            reference.fields[-1].string.sval = new
    return f"CHECK ({postgast.deparse(tree).removeprefix('SELECT ')})"


def constraint(
    node: Node, relation: str, column: str | None, taken: Iterable[str], references: str | None
) -> Constraint | None:
    """A table constraint as the catalog would hold it; None for what the catalog keeps elsewhere."""
    letter = _LETTERS.get(label(node, "contype"))
    if letter is None:
        return None
    columns = _columns(node, letter, column)
    return Constraint(
        name=str(node.conname) or _chosen_name(relation.rpartition(".")[2], letter, columns, frozenset(taken)),
        relation=relation,
        type=letter,
        validated=not node.skip_validation,
        definition=f"CHECK ({sql_of(node.raw_expr)})" if letter == "c" else "",
        columns=columns,
        references=references,
    )


def _columns(node: Node, letter: str, column: str | None) -> tuple[str, ...]:
    if letter == "c":
        return (column,) if column else tuple(sorted(columns_in(unwrap(node.raw_expr))))
    named = words(node.fk_attrs if letter == "f" else node.keys)
    if letter == "x":
        named = tuple(str(unwrap(one.list.items[0]).name) for one in node.exclusions)
    return named or ((column,) if column else ())


def _chosen_name(table: str, letter: str, columns: tuple[str, ...], taken: frozenset[str]) -> str:
    """The name that PostgreSQL gives, but for what does not fit into 63 bytes."""
    middle = () if letter == "p" or (letter == "c" and len(columns) != 1) else columns
    base = "_".join([table, *middle, _ENDINGS[letter]])
    name, number = base, 0
    while name in taken:
        number += 1
        name = f"{base}{number}"
    return name
