"""Secrets that are named by their ARN, read from Secrets Manager (moto's)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from schema import settings
from schema.errors import BadInput

_SECRET = "hunter2-hunter2"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """An environment that names both secrets by ARN, in a region that nothing else names."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="eu-central-1")

        def arn(username: str) -> str:
            text = json.dumps({"username": username, "password": _SECRET})
            return str(client.create_secret(Name=f"estate/{username}", SecretString=text)["ARN"])

        yield {
            "PGHOST": "db.internal",
            "PGDATABASE": "platform",
            "PGSSLMODE": "disable",
            "MASTER_SECRET": arn("estate_admin"),
            "ROLE_SECRET_platform_app": arn("platform_app"),
        }


def test_a_secret_is_read_by_its_arn_in_its_own_region(environment: dict[str, str]) -> None:
    chosen = settings.load(environment, ["platform_app"])

    assert (chosen.master.username, chosen.master.password) == ("estate_admin", _SECRET)
    assert (chosen.roles[0].username, chosen.roles[0].password) == ("platform_app", _SECRET)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:none",
            "MASTER_SECRET could not be read: ResourceNotFoundException",
        ),
        (
            "arn:aws:s3:::bucket/hunter2",
            "MASTER_SECRET is not the ARN of a secret, arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME",
        ),
    ],
)
def test_a_secret_that_cannot_be_read_is_reported_without_its_value(
    environment: dict[str, str], value: str, problem: str
) -> None:
    with pytest.raises(BadInput) as raised:
        settings.load(environment | {"MASTER_SECRET": value}, ["platform_app"])

    assert raised.value.problems == (problem,)


def test_a_secret_of_the_wrong_user_is_refused_as_an_injected_one_is(environment: dict[str, str]) -> None:
    wrong = environment | {"ROLE_SECRET_platform_app": environment["MASTER_SECRET"]}
    with pytest.raises(BadInput, match="holds a secret of another user than platform_app"):
        settings.load(wrong, ["platform_app"])


def test_no_secret_is_read_that_a_command_does_without(environment: dict[str, str]) -> None:
    assert settings.load(environment | {"ROLE_SECRET_platform_app": "arn:nonsense"}, []).roles == ()
