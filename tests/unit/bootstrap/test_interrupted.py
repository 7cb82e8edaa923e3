"""Runs that did not come to their end, and accounts that say no."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from rich.console import Console
from rich.prompt import Confirm

from ops import console
from ops.bootstrap import plan
from ops.bootstrap.names import ALIAS
from ops.errors import OperatorError, Refused
from tests.unit.bootstrap.conftest import Calls, Make, client


def interrupted_at(monkeypatch: pytest.MonkeyPatch, context: Make, count: int, code: str = "Throttling") -> None:
    """Runs the bootstrap until its writing call number `count`, which fails."""

    original, seen = BaseClient._make_api_call, [0]  # type: ignore[attr-defined]

    def call(self: Any, operation: str, request: Any) -> Any:
        if not operation.startswith(("Describe", "Get", "Head", "List")):
            seen[0] += 1
            if seen[0] == count:
                raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)
        return original(self, operation, request)

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        with pytest.raises(OperatorError) as caught:
            plan.run(context(), dry_run=False, yes=True)
    assert caught.value.lines[-1] == "run it again: it goes on from there"
    assert caught.value.lines[-3].startswith("it stopped at ")


# The second of the two calls that make a bucket is not AWS's own: there a bucket is tagged as it is made.
@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 28, 32])
def test_an_interrupted_run_is_gone_on_from(
    monkeypatch: pytest.MonkeyPatch, context: Make, calls: Calls, count: int
) -> None:
    interrupted_at(monkeypatch, context, count)
    assert plan.run(context(), dry_run=False, yes=True)
    assert plan.plan(context()) == []
    assert len(client("kms").list_keys()["Keys"]) == 1


def test_what_aws_does_not_know_yet_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, context: Make, calls: Calls
) -> None:

    original = BaseClient._make_api_call  # type: ignore[attr-defined]
    refused: list[str] = []

    def call(self: Any, operation: str, request: Any) -> Any:
        if operation == "AttachRolePolicy" and len(refused) < 3:
            refused.append(operation)
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "not yet"}}, operation)
        return original(self, operation, request)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    assert plan.run(context(), dry_run=False, yes=True)
    assert len(refused) == 3
    assert plan.plan(context()) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("403", "belongs to another account than 123456789012, or you are no administrator"),
        ("301", "is in another region than us-east-1"),
    ],
)
def test_a_bucket_that_cannot_be_looked_at_is_told(
    monkeypatch: pytest.MonkeyPatch, context: Make, calls: Calls, code: str, words: str
) -> None:
    refusing(monkeypatch, "HeadBucket", code)
    with pytest.raises(OperatorError, match=words):
        plan.run(context(), dry_run=False, yes=True)
    assert calls.writing == []


def test_a_bucket_name_that_another_account_has_is_told(
    monkeypatch: pytest.MonkeyPatch, context: Make, calls: Calls
) -> None:
    refusing(monkeypatch, "CreateBucket", "BucketAlreadyExists")
    with pytest.raises(OperatorError) as caught:
        plan.run(context(), dry_run=False, yes=True)
    assert "is taken by another account; nothing of it was changed" in caught.value.lines[0]
    assert caught.value.lines[-2:] == (f"changed before that: key {ALIAS}", "run it again: it goes on from there")


@pytest.mark.parametrize("operation", ["DescribeKey", "GetRole", "DescribeRepositories", "CreateRole"])
def test_who_may_not_is_told_whom_it_takes(
    monkeypatch: pytest.MonkeyPatch, context: Make, calls: Calls, operation: str
) -> None:
    refusing(monkeypatch, operation, "AccessDenied")
    with pytest.raises(OperatorError) as caught:
        plan.run(context(), dry_run=False, yes=True)
    assert caught.value.lines[0] == f"AWS refuses {operation}: refused"
    assert "run it as an administrator of the account 123456789012" in caught.value.lines[1]


def refusing(monkeypatch: pytest.MonkeyPatch, operation: str, code: str) -> None:

    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(self: Any, name: str, request: Any) -> Any:
        if name == operation:
            raise ClientError({"Error": {"Code": code, "Message": "refused"}}, name)
        return original(self, name, request)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


def test_a_key_that_will_be_deleted_stops_everything(made: Calls, context: Make) -> None:
    kms = client("kms")
    kms.schedule_key_deletion(KeyId=kms.describe_key(KeyId=ALIAS)["KeyMetadata"]["KeyId"], PendingWindowInDays=7)
    with pytest.raises(OperatorError, match="nothing could read it any more") as caught:
        plan.run(context(), dry_run=False, yes=True)
    assert "aws kms cancel-key-deletion --region us-east-1" in caught.value.lines[1]


def test_without_a_terminal_nobody_is_asked_and_nothing_is_done(context: Make, calls: Calls) -> None:
    with pytest.raises(Refused, match="pass --yes; nothing was changed"):
        plan.run(context(), dry_run=False, yes=False)
    assert calls.writing == []


@pytest.mark.parametrize("answer", [True, False])
def test_on_a_terminal_somebody_is_asked(
    context: Make, calls: Calls, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    asked: list[str] = []

    def ask(question: str, **options: Any) -> bool:
        asked.append(question)
        assert options["default"] is False
        return answer

    monkeypatch.setattr(console, "err", Console(stderr=True, force_terminal=True))
    monkeypatch.setattr(Confirm, "ask", ask)
    if answer:
        assert plan.run(context(), dry_run=False, yes=False)
        assert plan.plan(context()) == []
    else:
        with pytest.raises(Refused, match="not confirmed; nothing was changed"):
            plan.run(context(), dry_run=False, yes=False)
        assert calls.writing == []
    assert asked == ["Change the account 123456789012 so"]
