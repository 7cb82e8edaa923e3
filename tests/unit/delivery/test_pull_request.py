"""The digests become one pull request: a commit through the API, on top of the commit they were made at."""

from __future__ import annotations

import pytest

from delivery import pull_request
from delivery.errors import GitHubError
from tests.unit.delivery.fake_github import COMMIT, FakeGitHub, Fault, client

FILES = {"Pulumi.prod.yaml": "two\n", "Pulumi.dev.yaml": "one\n"}


def propose(fake: FakeGitHub, files: dict[str, str]) -> str:
    return pull_request.propose(client(fake), "images/digests", "main", "New images", "why", files)


def test_the_first_proposal_makes_commit_branch_and_pull_request(fake: FakeGitHub) -> None:
    assert propose(fake, FILES) == "pull request 1 is opened"
    commit = fake.commits[fake.refs["heads/images/digests"]]
    assert (commit["message"], commit["parents"]) == ("New images", [COMMIT])
    assert fake.trees[commit["tree"]] == {"README.md": "hello", **FILES}
    assert fake.pulls == [
        {"number": 1, "state": "open", "title": "New images", "body": "why", "head": "images/digests", "base": "main"}
    ]
    assert fake.refs["heads/main"] == COMMIT


def test_a_further_proposal_takes_the_place_of_the_open_one(fake: FakeGitHub) -> None:
    propose(fake, FILES)
    assert propose(fake, {**FILES, "Pulumi.dev.yaml": "three\n"}) == "pull request 1 is updated"
    commit = fake.commits[fake.refs["heads/images/digests"]]
    assert commit["parents"] == [COMMIT]
    assert fake.trees[commit["tree"]]["Pulumi.dev.yaml"] == "three\n"
    assert len(fake.pulls) == 1


def test_after_a_merged_one_a_new_one_is_opened(fake: FakeGitHub) -> None:
    propose(fake, FILES)
    fake.pulls[0]["state"] = "closed"
    assert propose(fake, {"Pulumi.dev.yaml": "three\n"}) == "pull request 2 is opened"


def test_files_that_are_as_proposed_already_propose_nothing(fake: FakeGitHub) -> None:
    assert propose(fake, {"README.md": "hello"}) == f"{COMMIT} has these files already; nothing to propose"
    assert (fake.pulls, list(fake.refs)) == ([], ["heads/main"])


def test_an_answer_that_got_lost_opens_no_second_one(fake: FakeGitHub) -> None:
    fake.faults.append(Fault("POST", "pulls", 502, late=True))
    assert propose(fake, FILES) == "pull request 1 is updated"
    assert len(fake.pulls) == 1


def test_where_workflows_may_open_none_the_setting_is_named(fake: FakeGitHub) -> None:
    fake.may_open_pulls = False
    with pytest.raises(GitHubError) as caught:
        propose(fake, FILES)
    assert "not permitted to create or approve pull requests" in str(caught.value)
    assert "Settings, Actions, General, Workflow permissions" in str(caught.value)
