"""A pull request has one comment of ours, whatever happens on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery import comment
from tests.unit.delivery.fake_github import FakeGitHub, Fault, client

MARK = "<!-- postgres-estate:preview -->"
HEAD = "d" * 40
FOOT = f"Commit {HEAD}, [run](https://github.com/acme/estate/actions/runs/77)"


def write(fake: FakeGitHub, *sections: str) -> str:
    return comment.write(client(fake), 5, "preview", HEAD, list(sections))


def test_the_first_push_writes_the_comment(fake: FakeGitHub) -> None:
    assert write(fake, "### Preview of `dev`", "### Preview of `prod`") == "comment preview of pull request 5: written"
    assert fake.bodies(5) == [f"{MARK}\n\n### Preview of `dev`\n\n### Preview of `prod`\n\n{FOOT}"]


def test_a_further_push_changes_it_and_writes_no_second_one(fake: FakeGitHub) -> None:
    write(fake, "old")
    assert write(fake, "new") == "comment preview of pull request 5: updated"
    assert fake.bodies(5) == [f"{MARK}\n\nnew\n\n{FOOT}"]


def test_the_same_text_is_not_sent_again(fake: FakeGitHub) -> None:
    write(fake, "same")
    fake.asked.clear()
    assert write(fake, "same") == "comment preview of pull request 5: as it was"
    assert {method for method, _ in fake.asked} == {"GET"}


def test_it_is_found_behind_more_than_one_page_of_others(fake: FakeGitHub) -> None:
    for number in range(130):
        fake.comment(5, f"a word {number}", login="somebody")
    write(fake, "old")
    write(fake, "new")
    assert len(fake.bodies(5)) == 131
    assert fake.bodies(5)[-1] == f"{MARK}\n\nnew\n\n{FOOT}"


@pytest.mark.parametrize(("body", "login"), [(f"{MARK}\nmine", "mallory"), (f"> {MARK}", "github-actions[bot]")])
def test_what_only_looks_like_ours_is_left_alone(fake: FakeGitHub, body: str, login: str) -> None:
    fake.comment(5, body, login=login)
    write(fake, "ours")
    assert fake.bodies(5) == [body, f"{MARK}\n\nours\n\n{FOOT}"]


def test_an_answer_that_got_lost_leads_to_no_second_comment(fake: FakeGitHub) -> None:
    fake.faults.append(Fault("POST", "comments", 502, late=True))
    assert write(fake, "one") == "comment preview of pull request 5: as it was"
    assert fake.bodies(5) == [f"{MARK}\n\none\n\n{FOOT}"]


def test_a_comment_that_was_not_written_is_written_then(fake: FakeGitHub) -> None:
    fake.faults += [Fault("POST", "comments", 502)] * 2
    assert write(fake, "one") == "comment preview of pull request 5: written"
    assert len(fake.bodies(5)) == 1


def test_previews_beyond_githubs_limit_are_cut_and_say_where_the_rest_is(fake: FakeGitHub) -> None:
    long = "\n".join(f"| create | thing-{n:05} |" for n in range(5000))
    write(fake, long, long)
    (body,) = fake.bodies(5)
    assert 65_000 < len(body) <= 65_536
    assert body.count("more lines: [the run's summary](https://github.com/acme/estate/actions/runs/77) has them**") == 2
    assert body.endswith(FOOT)


def test_a_preview_that_was_not_written_does_not_pass_for_one_without_changes(tmp_path: Path) -> None:
    (tmp_path / "empty.md").write_text("\n")
    said = "Nothing was written: its job failed before; the run's log says why."
    assert comment.section(tmp_path / "prod.md") == f"### `prod`\n\n{said}"
    assert comment.section(tmp_path / "empty.md") == f"### `empty`\n\n{said}"
