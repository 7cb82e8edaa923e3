"""A type as `format_type` prints it, from the way a statement writes it, and what changing one to another costs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from schema.lint.parse import Node, constant, kind, qualified, unwrap, words

# The parser's name -> the name that format_type prints. Types of the catalog that are not here print as they are.
_PRINTED = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "varchar": "character varying",
    "bpchar": "character",
    "varbit": "bit varying",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
    "char": '"char"',
}
_SERIAL = {
    "serial": "integer", "serial4": "integer", "bigserial": "bigint", "serial8": "bigint", "smallserial": "smallint",
    "serial2": "smallint",
}  # fmt: skip
# Written without a schema they are the catalog's: it is searched before public.
_CATALOG = frozenset(
    {
        *_PRINTED, "text", "uuid", "json", "jsonb", "date", "bytea", "inet", "cidr", "macaddr", "macaddr8", "money",
        "name", "oid", "xml", "tsvector", "tsquery", "numeric", "interval", "bit", "point", "line", "lseg", "box",
        "path", "polygon", "circle", "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange",
        "int4multirange", "int8multirange", "nummultirange", "tsmultirange", "tstzmultirange", "datemultirange",
        "regclass", "regproc", "regprocedure", "regtype", "regrole", "regnamespace", "xid", "cid", "tid", "void",
        "trigger", "record", "event_trigger", "anyelement", "anyarray", "jsonpath", "pg_lsn", "txid_snapshot",
    }
)  # fmt: skip
_UNITS_OF_INTERVAL = 32767  # the mask that stands for all of them


def is_serial(node: Node) -> bool:
    """Whether a column's type is one of the notations that make a sequence."""
    return words(node.names)[-1:] != () and words(node.names)[-1] in _SERIAL


def type_name(node: Node) -> str:
    """A TypeName as text."""
    parts = words(node.names)
    if not parts:
        return "unknown"
    name = parts[-1]
    array = "[]" if node.array_bounds else ""
    if name in _SERIAL and len(parts) == 1:
        return _SERIAL[name] + array
    if parts[:-1] == ("pg_catalog",) or (len(parts) == 1 and name in _CATALOG):
        return _of_catalog(name, [constant(one) for one in node.typmods]) + array
    return qualified(parts) + array


def _of_catalog(name: str, modifiers: list[str | None]) -> str:
    printed = _PRINTED.get(name, name)
    if name == "interval":
        modifiers = modifiers[1:] if modifiers[:1] == [str(_UNITS_OF_INTERVAL)] else []
    if name in ("bpchar", "bit") and not modifiers:
        return "bpchar" if name == "bpchar" else "bit(1)"
    if name == "numeric" and len(modifiers) == 1:
        modifiers = [*modifiers, "0"]
    if not modifiers or None in modifiers:
        return printed
    inside = f"({','.join(str(one) for one in modifiers)})"
    head, _, tail = printed.partition(" ")
    # `timestamp(3) with time zone`, but `character varying(20)`.
    return f"{head}{inside} {tail}" if head in ("timestamp", "time") else printed + inside


@dataclass(frozen=True, slots=True)
class _Shape:
    """A type split into its name and its modifiers."""

    base: str
    modifiers: tuple[int, ...]


_SHAPE = re.compile(r"([^(]*)(?:\(([-0-9, ]+)\))?(.*)", re.DOTALL)


def _shape(text: str) -> _Shape:
    match = _SHAPE.fullmatch(text)
    if not match:
        return _Shape(text, ())
    modifiers = tuple(int(one) for one in match[2].split(",")) if match[2] else ()
    return _Shape(match[1] + match[3], modifiers)


# From and to, modifiers aside: the stored bytes are the same, and so is the order of an index.
_SAME_BYTES = frozenset(
    {
        ("character varying", "text"),
        ("text", "character varying"),
        ("cidr", "inet"),
        ("xml", "text"),
        ("xml", "character varying"),
    }
)
# Their modifier only limits: a larger one, or none, holds every old value as it is.
_LIMITED = frozenset(
    {
        "character varying", "bit varying", "timestamp with time zone", "timestamp without time zone",
        "time with time zone", "time without time zone", "interval",
    }
)  # fmt: skip


def keeps_the_bytes(old: str, new: str) -> bool:
    """Whether a column may change from one type to the other without its table being written anew."""
    if old == new:
        return True
    before, after = _shape(old), _shape(new)
    if old.endswith("[]") or new.endswith("[]"):
        return False
    if before.base != after.base:
        return (before.base, after.base) in _SAME_BYTES and not after.modifiers
    if before.base == "numeric":
        return not after.modifiers or (
            len(before.modifiers) == 2 and before.modifiers[1] == after.modifiers[1]  # the scale
            and before.modifiers[0] <= after.modifiers[0]
        )  # fmt: skip
    if before.base in _LIMITED:
        return not after.modifiers or (bool(before.modifiers) and before.modifiers <= after.modifiers)
    return False


def is_only_the_column(expression: Node, column: str) -> bool:
    """Whether a USING expression is the column itself, or the column cast to the type it gets."""
    found = expression
    while kind(found) == "TypeCast":
        found = unwrap(found.arg)
    return kind(found) == "ColumnRef" and words(found.fields)[-1:] == (column,)
