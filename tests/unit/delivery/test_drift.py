"""A stack has one issue while it drifts: opened, kept up to date, closed with a word when the drift is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery import drift
from delivery.drift import Action, Look, Outcome
from tests.unit.delivery.fake_github import BOT, COMMIT, FakeGitHub, Fault, client

RUN = "https://github.com/acme/estate/actions/runs/77"
CLEAN = [Look("resources", Outcome.CLEAN, ""), Look("schema", Outcome.CLEAN, "")]


def drifted(found: str) -> list[Look]:
    return [Look("resources", Outcome.DRIFT, found), Look("schema", Outcome.CLEAN, "all well")]


def report(fake: FakeGitHub, looks: list[Look], stack: str = "prod") -> str:
    return drift.report(client(fake), stack, looks)


@pytest.mark.parametrize(
    ("outcomes", "is_open", "action"),
    [
        (("clean", "clean"), False, Action.LEAVE),
        (("clean", "clean"), True, Action.CLOSE),
        (("drift", "clean"), False, Action.REPORT),
        (("clean", "drift"), True, Action.REPORT),
        (("drift", "failed"), False, Action.REPORT),
        (("failed", "clean"), False, Action.LEAVE),
        (("failed", "clean"), True, Action.LEAVE),
        (("failed", "failed"), True, Action.LEAVE),
        ((), True, Action.LEAVE),
    ],
)
def test_a_failure_is_no_drift_and_no_end_of_one(outcomes: tuple[str, ...], is_open: bool, action: Action) -> None:
    looked = {str(number): Outcome(word) for number, word in enumerate(outcomes)}
    assert drift.decide(looked, is_open=is_open) is action


def test_drift_opens_an_issue(fake: FakeGitHub) -> None:
    assert report(fake, drifted("| update | platform-primary |")) == (
        "prod: resources drift, schema clean; issue 1 is opened"
    )
    (issue,) = fake.issues
    assert (issue["title"], issue["labels"], issue["state"]) == ("Drift in prod", [{"name": "drift"}], "open")
    lines = issue["body"].splitlines()
    assert lines[0] == "<!-- postgres-estate:drift:prod -->"
    assert lines[2:] == [
        "`prod` is not as `main` says. What to do is in `docs/delivery.md`, under Drift.",
        "",
        "### Resources",
        "",
        "| update | platform-primary |",
        "",
        f"Last seen at commit {COMMIT}, [run]({RUN})",
    ]


def test_the_same_drift_of_the_next_night_updates_it_and_tells_nobody(fake: FakeGitHub) -> None:
    report(fake, drifted("a"))
    assert report(fake, drifted("a")).endswith("issue 1 is updated")
    assert (len(fake.issues), fake.comments) == (1, [])


def test_another_drift_updates_it_and_says_so(fake: FakeGitHub) -> None:
    report(fake, drifted("a"))
    assert report(fake, drifted("b")).endswith("issue 1 is updated and says that it changed")
    assert "\n### Resources\n\nb\n" in fake.issues[0]["body"]
    assert fake.bodies(1) == [f"What drifted has changed: [run]({RUN})."]


def test_when_the_drift_is_gone_it_is_closed_with_a_word(fake: FakeGitHub) -> None:
    report(fake, drifted("a"))
    assert report(fake, CLEAN) == "prod: resources clean, schema clean; issue 1 is closed"
    assert (fake.issues[0]["state"], fake.issues[0]["state_reason"]) == ("closed", "completed")
    assert fake.bodies(1) == [f"The drift is gone: `prod` is as `main` says at commit {COMMIT}, [run]({RUN})."]


def test_a_night_without_drift_and_without_issue_says_nothing(fake: FakeGitHub) -> None:
    assert report(fake, CLEAN) == "prod: resources clean, schema clean; nothing to say"
    assert {method for method, _ in fake.asked} == {"GET"}


def test_a_night_that_failed_leaves_the_issue_as_it_is(fake: FakeGitHub) -> None:
    report(fake, drifted("a"))
    before = dict(fake.issues[0])
    failed = [Look("resources", Outcome.FAILED, ""), CLEAN[1]]
    assert report(fake, failed) == "prod: resources failed, schema clean; issue 1 is left as it is"
    assert (fake.issues, fake.comments) == ([before], [])


def test_what_could_not_be_looked_at_is_said_beside_the_drift(fake: FakeGitHub) -> None:
    report(fake, [*drifted("a")[:1], Look("schema", Outcome.FAILED, "")])
    assert "### Schema\n\nCould not be looked at this time; the run's log says why." in fake.issues[0]["body"]


def test_drift_after_a_closed_issue_opens_a_new_one(fake: FakeGitHub) -> None:
    report(fake, drifted("a"))
    report(fake, CLEAN)
    report(fake, drifted("a"))
    assert [row["state"] for row in fake.issues] == ["closed", "open"]


def test_each_stack_has_its_own(fake: FakeGitHub) -> None:
    report(fake, drifted("a"), "dev")
    report(fake, drifted("a"), "prod")
    report(fake, CLEAN, "dev")
    assert [(row["title"], row["state"]) for row in fake.issues] == [
        ("Drift in dev", "closed"),
        ("Drift in prod", "open"),
    ]


@pytest.mark.parametrize("kind", ["a person's", "a pull request"])
def test_what_only_looks_like_ours_is_left_alone(fake: FakeGitHub, kind: str) -> None:
    mark = "<!-- postgres-estate:drift:prod -->"
    number = fake.issue(mark, login="mallory" if kind == "a person's" else BOT)
    if kind == "a pull request":
        fake.issues[0]["pull_request"] = {"url": "…"}
    report(fake, drifted("a"))
    assert fake.issues[0]["body"] == mark
    assert [row["number"] for row in fake.issues] == [number, number + 1]


def test_an_issue_is_found_behind_a_hundred_others(fake: FakeGitHub) -> None:
    for _ in range(120):
        fake.issue("of another stack")
    report(fake, drifted("a"))
    report(fake, drifted("a"))
    assert len(fake.issues) == 121


def test_an_answer_that_got_lost_opens_no_second_issue(fake: FakeGitHub) -> None:
    fake.faults.append(Fault("POST", "issues", 502, late=True))
    report(fake, drifted("a"))
    assert len(fake.issues) == 1


def test_a_long_report_is_cut(fake: FakeGitHub) -> None:
    report(fake, drifted("\n".join(f"| update | thing-{n} |" for n in range(5000))))
    assert len(fake.issues[0]["body"]) <= 65_536
    assert f"more lines: [the run's summary]({RUN}) has them**" in fake.issues[0]["body"]


def test_what_a_job_left_is_read(tmp_path: Path) -> None:
    (tmp_path / "resources.outcome").write_text("drift\n")
    (tmp_path / "resources.md").write_text("| a |\n")
    (tmp_path / "schema.outcome").write_text("clean\n")
    (tmp_path / "schema.txt").write_text("platform: as its files say\n")
    assert drift.read(tmp_path, "resources") == Look("resources", Outcome.DRIFT, "| a |")
    assert drift.read(tmp_path, "schema") == Look("schema", Outcome.CLEAN, "```text\nplatform: as its files say\n```")


@pytest.mark.parametrize("word", [None, "", "ok"])
def test_a_job_that_left_no_word_of_its_end_failed(tmp_path: Path, word: str | None) -> None:
    if word is not None:
        (tmp_path / "schema.outcome").write_text(word)
    assert drift.read(tmp_path, "schema") == Look("schema", Outcome.FAILED, "")
