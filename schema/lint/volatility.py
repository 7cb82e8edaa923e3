"""Whether a default is worked out once for all rows, or anew for each."""

from __future__ import annotations

from schema.lint.catalog import Catalog
from schema.lint.parse import Node, inner, qualified, words

# Functions of the server that give another value each time they are called. All others are the same for a statement.
_VOLATILE = frozenset(
    {
        "clock_timestamp", "timeofday", "random", "random_normal", "gen_random_uuid", "uuidv4", "uuidv7", "nextval",
        "setval", "currval", "lastval", "setseed", "pg_sleep", "pg_notify", "set_config", "txid_current_if_assigned",
        "pg_advisory_lock", "pg_try_advisory_lock", "pg_logical_emit_message",
    }
)  # fmt: skip
# The contributed ones that are met in defaults; they may be in any schema.
_VOLATILE_ELSEWHERE = frozenset(
    {"uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "gen_random_bytes", "gen_salt"}
)


def volatile_calls(expression: Node, catalog: Catalog) -> list[str]:
    """The functions in an expression that are volatile, or of which that is not known to be wrong."""
    return [".".join(words(call.funcname)) for call in inner(expression, "FuncCall") if _may_be_volatile(call, catalog)]


def _may_be_volatile(call: Node, catalog: Catalog) -> bool:
    parts = words(call.funcname)
    name = parts[-1] if parts else ""
    known = catalog.functions.get(qualified(parts))
    if known is not None:
        return "v" in known.volatilities
    if name in _VOLATILE or name in _VOLATILE_ELSEWHERE:
        return True
    # A function of somebody's is VOLATILE unless it says otherwise. Without a schema it is most likely the server's.
    return len(parts) > 1 and parts[0] != "pg_catalog"
