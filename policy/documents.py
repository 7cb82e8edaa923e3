"""Policy documents of IAM, keys, buckets, topics, queues, vaults and endpoints: read and judged. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policy.core import Resource
from policy.judge import known

Statement = Mapping[str, Any]

TRUSTS: Mapping[str, str] = {
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:backup/vaultPolicy:VaultPolicy": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
}
"""Documents that say who may do something to the resource that carries them: type -> input."""

GRANTS: Mapping[str, str] = {
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
}
"""Documents that say what an identity may do: type -> input."""

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"

PINS = frozenset(
    key.lower()
    for key in (
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceOrgID",
        "kms:CallerAccount",
    )
)
"""Condition keys that say whose request it may be. (IAM User Guide: AWS global condition context keys)"""

COMPARES = ("StringEquals", "StringLike", "ArnEquals", "ArnLike")
"""Operators that a pin needs: the negated ones and those with IfExists let others through."""


class NotADocument(ValueError):
    """The text is not a JSON object with statements."""


def statements(resource: Resource, path: str) -> list[Statement] | None:
    """The statements of a document; empty where there is none, None where it is not known yet."""
    text = resource.get(path)
    if text is None:
        return []
    return parse(text) if known(text) else None


def parse(text: Any) -> list[Statement]:
    """The statements of a document's text."""
    try:
        document = json.loads(text) if isinstance(text, str) else text
        rows = document["Statement"]
    except (ValueError, KeyError, TypeError):
        raise NotADocument("it is not a policy document in JSON") from None
    return [rows] if isinstance(rows, Mapping) else list(rows)


def listed(value: Any) -> list[Any]:
    """A value that may stand alone or in a list, as a list."""
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def allows(statement: Statement) -> bool:
    """Whether the statement grants something."""
    return statement.get("Effect") == "Allow"


def anybody(statement: Statement) -> bool:
    """Whether the statement is about every principal there is."""
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    if principal == "*":
        return True
    return isinstance(principal, Mapping) and any("*" in listed(value) for value in principal.values())


def pinned(statement: Statement) -> bool:
    """Whether a condition keeps requests of foreign accounts out."""
    conditions = statement.get("Condition") or {}
    return any(
        key.lower() in PINS and all(not str(value).startswith("*") for value in listed(values))
        for operator in COMPARES
        for key, values in (conditions.get(operator) or {}).items()
    )


def broad_actions(statement: Statement) -> list[str]:
    """Actions that are a whole service, or everything; those that `NotAction` leaves are everything but a few."""
    if "NotAction" in statement:
        return ["NotAction"]
    return [action for action in listed(statement.get("Action")) if action == "*" or str(action).endswith(":*")]


def denied_without(key: str) -> Callable[[Any], bool]:
    """A test of a document's text: whether everything is denied to everybody while this key is false."""

    def holds(text: Any) -> bool:
        try:
            rows = parse(text)
        except NotADocument:
            return False
        return any(
            row.get("Effect") == "Deny"
            and anybody(row)
            and listed((row.get("Condition") or {}).get("Bool", {}).get(key)) in (["false"], [False])
            and {"s3:*", "*"} & set(map(str, listed(row.get("Action"))))
            for row in rows
        )

    return holds


def each_statement(resource: Resource, path: str) -> Iterator[Statement]:
    """The statements that are known; nothing where the document is not."""
    yield from statements(resource, path) or ()
