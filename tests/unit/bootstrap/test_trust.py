"""Whom a changed trust lets in stands in the plan: what was trusted, and what would be."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from ops.aws import Account
from ops.bootstrap import command, plan
from ops.bootstrap.differences import Clients, Context, trust_change
from ops.bootstrap.documents import trust
from ops.bootstrap.names import ROLES
from tests.unit.bootstrap.conftest import REGION, Calls
from tests.unit.bootstrap.requests import FACTS

IMAGES = trust(ROLES[-1], FACTS)
SHALL_BE = "aud sts.amazonaws.com; sub repo:acme/estate:environment:images"
SUB = "token.actions.githubusercontent.com:sub"


def test_another_repository_is_told_for_each_role_by_whom_it_would_trust(made: Calls) -> None:
    account = Account(REGION)
    rows = plan.plan(Context(Clients(account), command.gather(account, "acme/estate2"), pause=0))
    assert [(row.what, row.name, row.part, row.found, row.wanted) for row in rows] == [
        (
            "role",
            name,
            "trust",
            f"1 statements: aud sts.amazonaws.com; sub {', '.join(f'repo:acme/estate:{each}' for each in places)}",
            f"otherwise GitHub: aud sts.amazonaws.com; sub {', '.join(f'repo:acme/estate2:{each}' for each in places)}",
        )
        for name, places in (
            ("estate-preview", ("environment:drift", "environment:preview")),
            ("estate-verify", ("environment:drift",)),
            ("estate-deploy", ("environment:dev", "environment:prod")),
            ("estate-images", ("environment:images",)),
        )
    ]
    assert made.writing == []


def changed(**parts: Any) -> dict[str, Any]:
    """The trust of the images' role with other parts in its statement; None takes one out."""
    policy = deepcopy(IMAGES)
    statement = policy["Statement"][0] | parts
    policy["Statement"] = [{key: value for key, value in statement.items() if value is not None}]
    return policy


OTHERS: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "a wildcard",
        changed(Condition={"StringLike": {SUB: "repo:acme/*"}}),
        "1 statements: sub StringLike repo:acme/*",
        "otherwise GitHub",
    ),
    (
        "a claim of another kind",
        changed(Condition={"StringEquals": {"token.actions.githubusercontent.com:ref": ["a", "b"]}}),
        "1 statements: ref a, b",
        "otherwise GitHub",
    ),
    ("no claim", changed(Condition=None), "1 statements: asks for no claim", "otherwise GitHub"),
    (
        "all but one",
        changed(Principal=None, NotPrincipal={"AWS": "x"}),
        f'1 statements: NotPrincipal {{"AWS": "x"}}; no Principal; {SHALL_BE}',
        "otherwise GitHub",
    ),
    (
        "one more statement",
        {
            **IMAGES,
            "Statement": [
                *IMAGES["Statement"],
                {"Sid": "More", "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
            ],
        },
        f'2 statements: Action "sts:AssumeRole"; Principal "*"; asks for no claim | {SHALL_BE}',
        "without More",
    ),
    ("a version alone", {**IMAGES, "Version": "2008-10-17"}, f"1 statements: {SHALL_BE}", "another version"),
]


@pytest.mark.parametrize(("found", "was", "change"), [row[1:] for row in OTHERS], ids=[row[0] for row in OTHERS])
def test_whatever_else_a_trust_may_say_is_told(found: dict[str, Any], was: str, change: str) -> None:
    assert trust_change(found, IMAGES) == (was, f"{change}: {SHALL_BE}")


def test_the_same_trust_is_no_difference() -> None:
    assert trust_change(deepcopy(IMAGES), IMAGES) is None
