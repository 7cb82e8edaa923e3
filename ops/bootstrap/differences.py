"""What is, compared with what is wanted: differences that tell themselves and know how to be mended."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from ops.aws import Account
from ops.bootstrap.names import ISSUER, MANAGED_BY, Facts
from ops.console import NOTHING

TAG = "ManagedBy"


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of the plan: of which thing which part differs, how it is, how it shall be, and what mends it."""

    what: str
    name: str
    part: str
    found: str
    wanted: str
    mend: Callable[[], object] = field(compare=False, repr=False)


class Foreign(Exception):
    """Something bears our name and somebody else's tag, or none; `lines` say what and what can be done."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Clients:
    """The boto3 clients of one account, each made once."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._made: dict[str, Any] = {}

    def get(self, service: str) -> Any:
        """The client of a service in the state's region."""
        if service not in self._made:
            self._made[service] = self.account.client(service)
        return self._made[service]


@dataclass(frozen=True, slots=True)
class Context:
    """What a module that reads and mends one kind of thing works with."""

    clients: Clients
    facts: Facts
    adopted: frozenset[str] = frozenset()
    pause: float = 5.0  # seconds; IAM's own advice is to wait and to try again, it is seldom more than a few

    def owned(self, what: str, name: str, tags: Mapping[str, str]) -> bool:
        """Whether a thing is tagged as ours; Foreign when it is not, unless its adoption was asked for."""
        if tags.get(TAG) == MANAGED_BY:
            return True
        if name not in self.adopted:
            whose = f"its tag {TAG} is {tags[TAG]!r}" if TAG in tags else f"it has no tag {TAG}"
            raise Foreign(
                f"the {what} {name} is there already, and is not the bootstrap's: {whose}. Look at whose it is; to"
                f" take it over and change it into what the estate needs: --adopt {name}"
            )
        return False


Kind = Callable[[Context], list[Difference]]
"""Reads one kind of thing and says how it differs. What is missing is one difference, whose mend makes it; what the
new thing then still lacks, the next call says. May raise Foreign."""


def found_or_none(call: Callable[..., Any], *codes: str, **request: Any) -> Any:
    """The answer of a read, or None where AWS says with one of `codes` that there is no such thing."""
    try:
        return call(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] in codes:
            return None
        raise


def normal(value: Any) -> Any:
    """A document in one form: AWS gives lists of one as their item, and lists in another order."""
    if isinstance(value, Mapping):
        return {key: normal(item) for key, item in sorted(value.items())}
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = sorted((normal(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        return items[0] if len(items) == 1 else items
    return str(value).lower() if isinstance(value, bool) else value


def statements(policy: Any) -> Mapping[str, Any]:
    """The statements of a document by their Sid, normalised."""
    content = normal(policy) or {}
    listed = content.get("Statement", [])
    listed = listed if isinstance(listed, list) else [listed]
    return {str(each.get("Sid", f"(no name, {place})")): each for place, each in enumerate(listed)}


def document_change(found: Any, wanted: Any) -> tuple[str, str] | None:
    """How two policy documents differ, statement by statement, in words for the plan; None where they do not."""
    found = json.loads(found) if isinstance(found, str) else found
    if normal(found) == normal(wanted):
        return None
    have, want = statements(found) if found else {}, statements(wanted)
    gone, new = sorted(have.keys() - want.keys()), sorted(want.keys() - have.keys())
    other = sorted(sid for sid in have.keys() & want.keys() if have[sid] != want[sid])
    parts = [
        f"{word} {', '.join(names)}"
        for word, names in (("without", gone), ("with", new), ("otherwise", other))
        if names
    ]
    return (f"{len(have)} statements" if found else NOTHING), "; ".join(parts) or "another version"


def trust_change(found: Any, wanted: Any) -> tuple[str, str] | None:
    """How two trust policies of a role differ, and whom each lets in: that is what somebody has to agree to."""
    change = document_change(found, wanted)
    if change is None:
        return None
    usual = next(iter(statements(wanted).values()))
    was, shall_be = change
    return f"{was}: {trusted(found, usual)}", f"{shall_be}: {trusted(wanted, usual)}"


def trusted(policy: Any, usual: Mapping[str, Any]) -> str:
    """What each statement asks of a token, and what else in it is not as in the usual one."""
    return " | ".join(
        "; ".join([*_unusual(each, usual), *(_claims(each.get("Condition")) or ["asks for no claim"])])
        for each in statements(policy).values()
    )


def _unusual(statement: Mapping[str, Any], usual: Mapping[str, Any]) -> list[str]:
    parts = sorted((statement.keys() | usual.keys()) - {"Sid", "Condition"})
    return [
        f"{part} {json.dumps(statement[part])}" if part in statement else f"no {part}"
        for part in parts
        if statement.get(part) != usual.get(part)
    ]


def _claims(condition: Any) -> list[str]:
    """`aud` and `sub` with their values; an operator that is not StringEquals stands between, such as StringLike."""
    rows = sorted(
        (claim.removeprefix(f"{ISSUER}:"), operator, values if isinstance(values, list) else [values])
        for operator, claims in (condition or {}).items()
        for claim, values in claims.items()
    )
    return [
        " ".join([claim, *([] if operator == "StringEquals" else [operator]), ", ".join(map(str, values))])
        for claim, operator, values in rows
    ]


def tag_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags as most of AWS takes them."""
    return [{key: name, value: text} for name, text in tags.items()]


def tag_map(tags: Iterable[Mapping[str, str]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Tags as a mapping."""
    return {each[key]: each[value] for each in tags}
