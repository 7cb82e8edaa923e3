"""Read one statement as the server's own grammar does, and name what its tree names.

The tree's classes are generated and untyped here; what leaves this module is text and numbers wherever possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import postgast
from google.protobuf.message import DecodeError

# A message of the parser's tree.
Node = Any


class Unreadable(ValueError):
    """The parser refused a statement; its words are the message."""

    def __init__(self, words: str, position: int) -> None:
        """Remember where it stopped, counted in characters from 0."""
        self.position = position
        super().__init__(words)


def parse(text: str) -> Node:
    """The statement's own message, such as an AlterTableStmt."""
    try:
        found = postgast.parse(text).stmts
    except postgast.PgQueryError as error:
        # The parser counts bytes from 1.
        before = text.encode()[: max(error.cursorpos - 1, 0)]
        raise Unreadable(error.message, len(before.decode(errors="ignore"))) from None
    except DecodeError:  # an expression some fifty levels deep, which the server has no trouble with
        raise Unreadable("nested too deeply to be looked into", 0) from None
    if len(found) != 1:
        raise Unreadable("not exactly one statement", 0)
    return unwrap(found[0].stmt)


def unwrap(node: Node) -> Node:
    """What a generic Node holds."""
    return postgast.unwrap_node(node)


def kind(node: Node) -> str:
    """Name of a message's class in PostgreSQL, such as `IndexStmt`."""
    return str(node.DESCRIPTOR.name)


def walk(node: Node) -> Iterator[Node]:
    """A message and everything in it."""
    for _, found in postgast.walk(node):
        yield found


def inner(node: Node, wanted: str) -> list[Node]:
    """Everything of one class in a message."""
    return [found for found in walk(node) if kind(found) == wanted]


def label(message: Node, field: str) -> str:
    """Name of an enumeration's value, such as `AT_AddColumn`."""
    values = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return str(values[getattr(message, field)].name)


def definition(message: Node) -> Node:
    """The field `def`, which no Python can spell."""
    return unwrap(getattr(message, "def"))


def words(nodes: Iterable[Node]) -> tuple[str, ...]:
    """The strings of a list of names."""
    return tuple(str(node.string.sval) for node in nodes if node.HasField("string"))


def qualified(parts: tuple[str, ...]) -> str:
    """A name with its schema. Files run with search_path = public; the catalog's names are found before that."""
    if len(parts) > 1:
        return ".".join(parts[-2:])
    name = parts[0] if parts else ""
    return f"pg_catalog.{name}" if name.startswith("pg_") else f"public.{name}"


def range_name(relation: Node) -> str:
    """Name of a relation as it is written in a statement."""
    if relation.relpersistence == "t" and not relation.schemaname:
        return f"pg_temp.{relation.relname}"
    return qualified((str(relation.schemaname), str(relation.relname)) if relation.schemaname else (relation.relname,))


def options(nodes: Iterable[Node]) -> dict[str, Node]:
    """A list of named options; the last of a name counts."""
    return {str(node.def_elem.defname): unwrap(node.def_elem.arg) for node in nodes}


def is_on(found: dict[str, Node], name: str) -> bool:
    """Whether a boolean option such as CONCURRENTLY is given and not switched off."""
    if name not in found:
        return False
    value = found[name]
    said = getattr(value, "sval", None) or getattr(value, "boolval", None)
    return kind(value) not in ("String", "Boolean", "Integer") or str(said).lower() not in ("off", "false", "0", "none")


def constant(node: Node) -> str | None:
    """Text of a literal, casts around it removed; None for anything else."""
    found = unwrap(node)
    while kind(found) == "TypeCast":
        found = unwrap(found.arg)
    if kind(found) != "A_Const":
        return None
    which = found.WhichOneof("val")
    if which == "sval":
        return str(found.sval.sval)
    if which == "ival":
        return str(found.ival.ival)
    if which == "fval":
        return str(found.fval.fval)
    return str(found.boolval.boolval).lower() if which == "boolval" else None


def expression(text: str) -> Node | None:
    """The tree of an expression that a catalog prints; None when it cannot be read."""
    try:
        return unwrap(unwrap(parse(f"SELECT {text}").target_list[0]).val)
    except (Unreadable, IndexError):
        return None


def conjuncts(node: Node) -> Iterator[Node]:
    """The parts of an expression that all have to be true."""
    if kind(node) == "BoolExpr" and label(node, "boolop") == "AND_EXPR":
        for part in node.args:
            yield from conjuncts(unwrap(part))
    else:
        yield node


def column_of(node: Node) -> str | None:
    """Name of the column that an expression is, and nothing else."""
    if kind(node) != "ColumnRef" or not node.fields:
        return None
    last = unwrap(node.fields[-1])
    return str(last.sval) if kind(last) == "String" else None


def columns_in(node: Node) -> set[str]:
    """Names of the columns that an expression uses; `*` stands for all."""
    return {column_of(reference) or "*" for reference in inner(node, "ColumnRef")}
