"""The command's words: what it takes, what it refuses, what it says at its end; and the whole of it as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from rich.console import Console
from typer.testing import CliRunner

from ops import console, stack_file
from ops.aws import Account
from ops.bootstrap import command
from ops.cli import app
from ops.errors import BadInput
from ops.paths import REPOSITORY
from tests.unit.bootstrap.conftest import Calls


@pytest.mark.parametrize("repository", ["estate", "acme/", "/estate", "acme/a b", "ac*me/estate", "acme/estate/more", "-a/b"])  # fmt: skip  # noqa: E501
def test_a_repository_that_github_cannot_have_is_refused(calls: Calls, repository: str) -> None:
    with pytest.raises(BadInput, match="takes OWNER/NAME"):
        command.gather(Account("us-east-1"), repository)
    assert calls.made == []


@pytest.mark.parametrize(
    "subject",
    ["repo:acme/estate", "repo:acme-123/estate-456", "repo:acme@123/estate@456"],
)
def test_a_subject_has_the_names_and_their_numbers(calls: Calls, subject: str) -> None:
    assert command.gather(Account("us-east-1"), "acme/estate", subject).subject == subject


@pytest.mark.parametrize(
    "subject",
    ["repo:acme/*", "repo:*", "repo:other/estate", "repo:acme/estate:environment:prod", "repo:acme/estate-x", "*"],
)
def test_a_subject_that_would_trust_more_is_refused(calls: Calls, subject: str) -> None:
    with pytest.raises(BadInput, match="--subject"):
        command.gather(Account("us-east-1"), "acme/estate", subject)


def test_the_facts_come_from_the_account_and_the_stacks_files(calls: Calls) -> None:
    facts = command.gather(Account("eu-west-1"), "acme/estate")
    assert facts.account == "123456789012"
    assert facts.partition == "aws"
    assert facts.regions == ("eu-west-1", "us-east-1", "us-west-2")  # the state's, and those of dev and prod
    assert facts.domains == ("estate.internal",)
    assert facts.subject == "repo:acme/estate"
    assert facts.bucket == "postgres-estate-state-123456789012-eu-west-1"


def test_a_name_that_the_bootstrap_does_not_make_cannot_be_adopted(
    calls: Calls, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadInput) as caught:
        command.bootstrap("acme/estate", adopt=["estate-deploi", "estate-deploy"], yes=True)
    assert caught.value.lines[0] == "--adopt estate-deploi: the bootstrap makes nothing of this name"
    assert "estate-deploy, " in caught.value.lines[1]
    assert calls.writing == []


def test_all_that_is_wrong_is_said_at_once_before_an_account_is_asked() -> None:
    with pytest.raises(BadInput) as caught:
        command.bootstrap("acme", region="frankfurt", subject="repo:acme/*")
    assert caught.value.lines == (
        "--region 'frankfurt': takes the code of an AWS region that has RDS; write one such as us-east-1",
        "--repository 'acme': takes OWNER/NAME as in its address on GitHub, such as acme/estate",
        "--subject 'repo:acme/*': takes repo:OWNER/NAME, with the numbers of owner and repository behind their names"
        " where GitHub has them, and without the environment; docs/bootstrap.md says how to ask GitHub for it",
    )


@pytest.mark.parametrize("subject", [None, "repo:acme/estate", "repo:acme-123/estate-456"])
def test_beside_a_wrong_repository_a_subject_of_the_right_form_is_not_named(subject: str | None) -> None:
    (said,) = command.problems_of("acme", subject)
    assert said.startswith("--repository 'acme': ")


def test_a_state_is_kept_in_a_region_that_there_is() -> None:
    assert command._region("eu-central-1") == ("eu-central-1", [])
    _, (said,) = command._region("eu-wets-1")
    assert said.startswith("--region 'eu-wets-1': takes the code of an AWS region that has RDS; did you mean eu-west-1")


def test_without_a_region_each_file_that_names_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_file, "stack_names", lambda: ["dev", "local", "prod"])
    monkeypatch.setattr(stack_file, "region", partial(stack_file.region, repository=tmp_path))
    for stack, line in (("dev", "aws:region: mars"), ("prod", "aws:profile: x")):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(f"config:\n  {line}\n")
    allowed = "takes the code of an AWS region that has RDS; write one such as us-east-1"
    assert command._region(None)[1] == [
        f"Pulumi.dev.yaml: aws:region = 'mars': {allowed}",
        f"Pulumi.prod.yaml: aws:region = (missing): {allowed}",
    ]


def test_without_a_region_it_is_the_stacks_own() -> None:
    assert command._region(None) == ("us-east-1", [])


def test_it_ends_with_what_is_left_to_do(
    calls: Calls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "out", Console(highlight=False, width=320))
    command.after(command.gather(Account("us-east-1"), "acme/estate"))
    said = capsys.readouterr().out
    for line in (
        "arn:aws:iam::123456789012:role/estate-preview  preview, drift  60 min",
        "arn:aws:iam::123456789012:role/estate-verify   drift           120 min",
        "arn:aws:iam::123456789012:role/estate-deploy   dev, prod       240 min",
        "arn:aws:iam::123456789012:role/estate-images   images          60 min",
        "environment          prod            branch main only, with reviewers",
        "repository variable  AWS_ACCOUNT_ID  123456789012",
        "repository variable  AWS_REGION      us-east-1",
        'pulumi login "s3://postgres-estate-state-123456789012-us-east-1?region=us-east-1"',
        'pulumi stack init dev --secrets-provider "awskms://alias/postgres-estate-state?region=us-east-1"',
    ):
        assert line in said
    # GitHub makes an environment that is missing without protection: so they come before what switches the jobs on.
    assert said.index("environment          prod") < said.index("repository variable")


def test_the_help_names_every_word() -> None:
    said = CliRunner().invoke(app, ["bootstrap", "--help"], env={"COLUMNS": "200"}).output
    for word in ("--repository", "--region", "--subject", "--adopt", "--dry-run", "--yes"):
        assert word in said


@pytest.fixture
def endpoint() -> Iterator[str]:
    """moto as a server, which a process of its own can reach; what other tests left in it is forgotten."""
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    moto_api_backend.reset()


def dbctl(endpoint: str | None, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
    environment |= {"AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    if endpoint is not None:
        keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        environment |= {"AWS_ENDPOINT_URL": endpoint, **keys}
    return subprocess.run(
        [sys.executable, "-m", "ops", "bootstrap", *words],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_the_command_makes_an_account_ready_and_finds_nothing_to_do_afterwards(endpoint: str) -> None:
    refused = dbctl(endpoint, "--repository", "acme/estate")
    assert refused.returncode == 3
    assert "pass --yes; nothing was changed" in refused.stderr
    first = dbctl(endpoint, "--repository", "acme/estate", "--yes")
    assert first.returncode == 0, first.stderr
    assert "Set on GitHub" in first.stdout
    second = dbctl(endpoint, "--repository", "acme/estate", "--dry-run")
    assert second.returncode == 0, second.stderr
    assert "nothing to do: the account is as it should be" in second.stdout
    other = dbctl(endpoint, "--repository", "acme/estate2", "--dry-run")
    assert other.returncode == 0, other.stderr
    assert "sub repo:acme/estate:environment:dev, repo:acme/estate:environment:prod" in other.stdout
    assert "sub repo:acme/estate2:environment:dev, repo:acme/estate2:environment:prod" in other.stdout


def test_the_command_without_credentials_says_so() -> None:
    told = dbctl(None, "--repository", "acme/estate", "--yes")
    assert told.returncode == 1
    assert "there are no AWS credentials" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_command_with_a_wrong_word_tries_nothing() -> None:
    told = dbctl(None, "--repository", "estate", "--yes")
    assert told.returncode == 2
    assert "--repository 'estate': takes OWNER/NAME" in told.stderr
