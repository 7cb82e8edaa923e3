"""A small evaluator of IAM: whether documents allow an action on a resource in a context.

It knows what the documents of the bootstrap use and stops at everything else. A deny wins; without an allow it is no.
A condition holds when each of its keys does; a key that is not in the request holds only where the operator says so.
(IAM User Guide: Policy evaluation logic; Condition operators)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

Context = Mapping[str, Any]


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


@lru_cache(maxsize=100_000)
def matches(pattern: str, value: str) -> bool:
    """IAM's wildcards: * for any characters, ? for one."""
    return _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=10_000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _action(pattern: str, action: str) -> bool:
    return matches(pattern.lower(), action.lower())


def _single(operator: str, wanted: Sequence[Any], value: Any) -> bool:
    text = str(value)
    if operator == "StringEquals":
        return text in map(str, wanted)
    if operator == "StringNotEquals":
        return text not in map(str, wanted)
    if operator in ("StringLike", "ArnLike", "ArnEquals"):
        return any(matches(str(each), text) for each in wanted)
    if operator == "Bool":
        return text.lower() in (str(each).lower() for each in wanted)
    if operator == "NumericLessThan":
        return all(float(text) < float(each) for each in wanted)
    raise AssertionError(f"this evaluator knows no condition {operator!r}: teach it before a document uses it")


def _holds(operator: str, key: str, wanted: Any, context: Context) -> bool:
    if operator == "Null":
        return (key not in context) == (str(wanted).lower() == "true")
    quantifier, _, plain = operator.rpartition(":")
    if quantifier == "ForAllValues":  # true where there is none
        return all(_single(plain, listed(wanted), value) for value in listed(context.get(key, [])))
    if quantifier:
        raise AssertionError(f"this evaluator knows no condition {operator!r}: teach it before a document uses it")
    if key not in context:
        return "Not" in plain
    return _single(plain, listed(wanted), context[key])


def applies(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    """Whether a statement is about this request."""
    if "NotAction" in statement:
        if any(_action(pattern, action) for pattern in listed(statement["NotAction"])):
            return False
    elif not any(_action(pattern, action) for pattern in listed(statement["Action"])):
        return False
    if not any(matches(pattern, resource) for pattern in listed(statement["Resource"])):
        return False
    conditions = statement.get("Condition", {})
    return all(
        _holds(operator, key, wanted, context) for operator, keys in conditions.items() for key, wanted in keys.items()
    )


def allowed(documents: Iterable[Mapping[str, Any]], action: str, resource: str, context: Context | None = None) -> bool:
    """Whether the documents together allow the request."""
    statements = [each for document in documents for each in listed(document["Statement"])]
    about = [each["Effect"] for each in statements if applies(each, action, resource, context or {})]
    return "Allow" in about and "Deny" not in about
