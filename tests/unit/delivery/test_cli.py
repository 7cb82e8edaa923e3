"""`python3 -m delivery` as the workflows call it: a process, with plain Python and nothing installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from delivery.cli import main
from tests.unit.delivery.fake_github import FakeGitHub, environment

ROOT = Path(__file__).resolve().parents[3]
HEAD = "d" * 40


def test_it_runs_without_anything_installed(fake: FakeGitHub, tmp_path: Path) -> None:
    (tmp_path / "dev.md").write_text("### Preview of `dev`\n")
    # -I -S: no site-packages, so nothing but the standard library can be imported.
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from delivery.cli import main; sys.exit(main())"
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            start,
            "comment",
            "--pull-request",
            "5",
            "--name",
            "preview",
            "--commit",
            HEAD,
            "dev.md",
            "prod.md",
        ],
        cwd=tmp_path,
        env=environment(fake),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "comment preview of pull request 5: written\n", "")
    (body,) = fake.bodies(5)
    assert "### Preview of `dev`" in body
    assert "### `prod`\n\nNothing was written" in body


def test_drift_is_read_from_a_folder(fake: FakeGitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "resources.outcome").write_text("drift")
    (tmp_path / "schema.outcome").write_text("clean")
    words = ["drift", "--stack", "prod", "--aspect", "resources", "--aspect", "schema", str(tmp_path)]
    assert main(words, environment(fake)) == 0
    assert capsys.readouterr().out == "prod: resources drift, schema clean; issue 1 is opened\n"


def test_a_pull_request_has_the_files_of_the_working_folder(
    fake: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("why.md").write_text("why")
    Path("Pulumi.dev.yaml").write_text("one\n")
    words = ["pull-request", "--branch", "images/digests", "--title", "New", "--body", "why.md", "Pulumi.dev.yaml"]
    assert main(words, environment(fake)) == 0
    commit = fake.commits[fake.refs["heads/images/digests"]]
    assert fake.trees[commit["tree"]]["Pulumi.dev.yaml"] == "one\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["comment", "--pull-request", "5", "--name", "x-->", "--commit", "main", "a.md"],
            "delivery: --name 'x-->': lower-case letters, digits and hyphens, beginning with a letter\n"
            "--commit 'main': the 40 hexadecimal digits of a commit\n",
        ),
        (
            ["drift", "--stack", "Prod", "--aspect", "a b", "found"],
            "delivery: --stack 'Prod': lower-case letters, digits and hyphens, beginning with a letter\n"
            "--aspect 'a b': lower-case letters, digits and hyphens, beginning with a letter\n",
        ),
        (
            ["pull-request", "--branch", "a..b", "--title", "t", "--body", "no.md", "/etc/passwd", "../x", "none.yaml"],
            "delivery: --branch 'a..b': letters, digits, `.`, `_`, `-` and `/`\n"
            "--body no.md: there is no such file\n"
            "/etc/passwd: a path within the repository is needed\n"
            "../x: a path within the repository is needed\n"
            "none.yaml: there is no such file\n",
        ),
    ],
)
def test_bad_words_are_all_named_before_anything_is_asked(
    fake: FakeGitHub, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(words, environment(fake)) == 2
    assert capsys.readouterr().err == said
    assert fake.asked == []


def test_a_refusal_ends_with_one_line(fake: FakeGitHub, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    wrong = {**environment(fake), "GITHUB_TOKEN": "ghs_other"}
    assert (
        main(["comment", "--pull-request", "5", "--name", "preview", "--commit", HEAD, str(tmp_path / "a.md")], wrong)
        == 1
    )
    said = "delivery: GET /repos/acme/estate/issues/5/comments?per_page=100: 401 Bad credentials\n"
    assert capsys.readouterr().err == said


def test_a_shortened_option_is_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["comment", "--pull", "5", "--name", "preview", "a.md"], {})
    assert caught.value.code == 2
    assert "--pull-request" in capsys.readouterr().err
