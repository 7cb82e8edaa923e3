"""The client: pages, errors, limits, and what is sent again and what is not."""

from __future__ import annotations

import pytest

from delivery.errors import BadInput, GitHubError
from delivery.github import TRIES, GitHub, Run
from tests.unit.delivery.fake_github import BOT, REPOSITORY, TOKEN, FakeGitHub, Fault, client, environment


def test_a_list_is_read_to_its_last_page(fake: FakeGitHub) -> None:
    for number in range(250):
        fake.comment(5, f"comment {number}")
    assert [row["body"] for row in client(fake).pages("issues/5/comments")] == [f"comment {n}" for n in range(250)]
    assert len(fake.asked) == 3


def test_a_next_page_at_another_host_is_not_asked_for(fake: FakeGitHub) -> None:
    fake.comment(5, "one")
    fake.faults.append(
        Fault("GET", "comments", 200, late=True, headers={"Link": '<http://127.0.0.2:9/next>; rel="next"'}, text="[]")
    )
    with pytest.raises(GitHubError, match="the next page is said to be at another host"):
        list(client(fake).pages("issues/5/comments"))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_what_changes_nothing_twice_is_sent_again_with_growing_pauses(fake: FakeGitHub, status: int) -> None:
    paused: list[float] = []
    fake.faults += [Fault("GET", "commits", status)] * 2
    assert client(fake, paused.append).get("git/commits/" + "c" * 40)["tree"]["sha"] == "t" * 40
    assert paused == [2.0, 4.0]


def test_trouble_that_stays_is_reported_in_the_end(fake: FakeGitHub) -> None:
    fake.faults += [Fault("GET", "commits", 502, "Bad Gateway")] * TRIES
    with pytest.raises(GitHubError) as caught:
        client(fake).get("git/commits/" + "c" * 40)
    assert str(caught.value) == f"GET /repos/{REPOSITORY}/git/commits/{'c' * 40}: 502 Bad Gateway"
    assert len(fake.asked) == TRIES


def test_a_post_is_sent_once(fake: FakeGitHub) -> None:
    fake.faults.append(Fault("POST", "comments", 502))
    with pytest.raises(GitHubError):
        client(fake).post("issues/5/comments", {"body": "one"})
    assert len(fake.asked) == 1


def test_a_limit_is_waited_for_as_long_as_github_says(fake: FakeGitHub) -> None:
    paused: list[float] = []
    fake.faults.append(Fault("GET", "commits", 403, "You have exceeded a secondary rate limit", {"Retry-After": "17"}))
    fake.faults.append(
        Fault(
            "GET", "commits", 429, "API rate limit exceeded", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}
        )
    )
    client(fake, paused.append).get("git/commits/" + "c" * 40)
    assert paused == [17.0, 0.0]


def test_a_limit_that_lasts_too_long_is_not_waited_for(fake: FakeGitHub) -> None:
    paused: list[float] = []
    fake.faults.append(Fault("GET", "commits", 403, "API rate limit exceeded", {"Retry-After": "3600"}))
    with pytest.raises(GitHubError, match="403 API rate limit exceeded"):
        client(fake, paused.append).get("git/commits/" + "c" * 40)
    assert paused == []


def test_a_refusal_is_not_asked_again_and_says_all_that_github_says(fake: FakeGitHub) -> None:
    with pytest.raises(GitHubError) as caught:
        client(fake).post("issues/5/comments", {"body": "x" * 65_537})
    assert str(caught.value) == (
        f"POST /repos/{REPOSITORY}/issues/5/comments: 422 Validation Failed;"
        " body is too long (maximum is 65536 characters)"
    )
    assert len(fake.asked) == 1


def test_a_wrong_token_is_refused_and_shown_nowhere(fake: FakeGitHub) -> None:
    wrong = GitHub(Run(REPOSITORY, "c", "u"), fake.url, "ghs_wrong")
    with pytest.raises(GitHubError) as caught:
        wrong.get("issues")
    assert str(caught.value) == f"GET /repos/{REPOSITORY}/issues: 401 Bad credentials"
    assert "ghs_wrong" not in repr(wrong) + repr(caught.value)


def test_a_redirect_does_not_take_the_token_elsewhere(fake: FakeGitHub) -> None:
    fake.faults.append(
        Fault("GET", "issues", 301, "Moved Permanently", {"Location": f"{fake.url}/repositories/1/issues"})
    )
    with pytest.raises(GitHubError, match="301 Moved Permanently"):
        client(fake).get("issues")
    assert len(fake.asked) == 1


def test_no_answer_is_trouble_that_may_pass() -> None:
    paused: list[float] = []
    nobody = GitHub(Run(REPOSITORY, "c", "u"), "http://127.0.0.1:1", TOKEN, paused.append)
    with pytest.raises(GitHubError, match=r"GET /repos/acme/estate/issues: no answer: .*refused"):
        nobody.get("issues")
    assert paused == [2.0, 4.0, 8.0]


def test_an_answer_that_is_not_json_is_trouble_that_may_pass(fake: FakeGitHub) -> None:
    fake.faults.append(Fault("GET", "commits", 200, late=True, text="<html>busy</html>"))
    fake.faults[0].status = 200
    assert client(fake).get("git/commits/" + "c" * 40)["sha"] == "c" * 40


def test_an_error_that_is_not_json_has_its_reason(fake: FakeGitHub) -> None:
    fake.faults.append(Fault("POST", "issues", 502, text="<html>nginx</html>"))
    with pytest.raises(GitHubError, match="502 Bad Gateway"):
        client(fake).post("issues", {})


def test_the_environment_gives_the_run(fake: FakeGitHub) -> None:
    github = GitHub.of(environment(fake))
    assert github.run == Run(REPOSITORY, "c" * 40, f"https://github.com/{REPOSITORY}/actions/runs/77")
    assert TOKEN not in repr(github)


def test_all_that_the_environment_lacks_is_said_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        GitHub.of({"GITHUB_REPOSITORY": "estate", "GITHUB_SHA": "c", "GITHUB_SERVER_URL": "https://github.com"})
    assert str(caught.value).splitlines() == [
        "GITHUB_API_URL is not set; the runner sets it, GITHUB_TOKEN the step",
        "GITHUB_RUN_ID is not set; the runner sets it, GITHUB_TOKEN the step",
        "GITHUB_TOKEN is not set; the runner sets it, GITHUB_TOKEN the step",
        "GITHUB_REPOSITORY = 'estate': owner/name is needed",
    ]


def test_the_bot_is_githubs_own() -> None:
    from delivery.comment import OWN

    assert OWN == BOT
