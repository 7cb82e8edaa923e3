"""Every command that the workflows type is one that there is: `dbctl`'s, `delivery`'s, make's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from delivery.cli import parser
from ops.cli import app
from tests.unit.delivery.workflows import ROOT, actions, workflows

# What the shell would put in place of a variable, where a command checks what it is given.
VALUES = {
    "PULL_REQUEST": "5",
    "stack": "dev",
    "STACK": "prod",
    "POOLER": "p@sha256:" + "a" * 64,
    "SCHEMA": "s@sha256:" + "b" * 64,
}


def lines(program: str) -> list[tuple[str, list[str]]]:
    """Each command line of a program in the workflows, as words, with the step it is in."""
    found = []
    for workflow in [*workflows(), *actions()]:
        for job, step in workflow.steps():
            shell = step.get("run", "").replace("\\\n", " ")
            for line in shell.splitlines():
                if program in line:
                    words = line[line.index(program) :]
                    words = re.split(r" (?:\|\||&&|>|2>|\|) ?", words)[0].replace(
                        '"${accepted[@]}"', "--accept-loss NAME"
                    )
                    words = re.sub(r"\$\{?(\w+)\}?", lambda name: VALUES.get(name[1], name[0]), words)
                    found.append((f"{workflow.name} {job}: {step['name']}", shlex.split(words)))
    return found


def parse(words: list[str]) -> dict[str, object]:
    """The options of a dbctl line, parsed by the real app, without running it."""
    command: Any = typer.main.get_command(app)
    context = command.context_class(command)
    rest = words[1:]
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(context, rest)
        context = command.context_class(command, parent=context, info_name=name)
    with command.make_context(str(context.info_name), list(rest)) as made:
        return dict(made.params)


@pytest.mark.parametrize(("where", "words"), lines("dbctl "), ids=lambda item: item if isinstance(item, str) else "")
def test_a_dbctl_line_is_one_that_dbctl_takes(where: str, words: list[str]) -> None:
    given = parse(words)
    assert given.get("stack") or given.get("stacks"), where


def test_the_dbctl_lines_are_these() -> None:
    assert sorted(" ".join(words[1:]) for _, words in lines("dbctl ")) == sorted(
        [
            "preview -s dev --offline --markdown offline-dev.md",
            "preview -s prod --markdown previews/prod.md",
            "preview -s dev --markdown preview.md",
            "deploy -s dev --yes --accept-loss NAME",
            "check -s dev",
            "preview -s prod --save-plan plan.json --expect-no-changes --markdown preview.md",
            "deploy -s prod --yes --plan plan.json --accept-loss NAME",
            "check -s prod",
            "preview -s prod --refresh --expect-no-changes --markdown found/resources.md",
            "schema verify -s prod",
            f"images pin -s dev -s prod --pooler {VALUES['POOLER']} --schema {VALUES['SCHEMA']}",
        ]
    )


def test_an_option_that_there_is_not_is_refused() -> None:
    with pytest.raises(Exception, match="No such option: --sideways"):
        parse(["dbctl", "preview", "-s", "dev", "--sideways"])
    with pytest.raises(Exception, match="No such command 'deplow'"):
        parse(["dbctl", "deplow", "-s", "dev"])


@pytest.mark.parametrize(
    ("where", "words"), lines("python3 -m delivery "), ids=lambda item: item if isinstance(item, str) else ""
)
def test_a_delivery_line_is_one_that_delivery_takes(where: str, words: list[str]) -> None:
    assert parser().parse_args(words[3:]).command, where


def test_a_make_line_names_a_target() -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = {words[1] for _, words in lines("make ") if words[0] == "make"}
    assert asked == {"setup", "lint", "test", "test-sqlx"}
    assert asked <= targets


def test_what_must_pass_in_a_pull_request_is_what_ci_runs() -> None:
    ours = re.findall(r"^make [\w-]+$", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
    (request,) = (row for row in workflows() if row.name == "pr.yml")
    theirs = [step["run"] for _, step in request.steps() if str(step.get("run", "")).startswith("make ")]
    assert theirs == ours == ["make lint", "make test", "make test-sqlx"]


def test_every_file_that_a_workflow_names_is_there() -> None:
    for workflow in [*workflows(), *actions()]:
        for name in re.findall(r"(?<![\w/$~])(?:setup|docker|ops)/[\w./-]+\.(?:sh|py|yaml)", workflow.text):
            assert (ROOT / name).is_file(), name


def test_what_starts_a_build_of_the_images_is_there() -> None:
    (images,) = (row for row in workflows() if row.name == "images.yml")
    for pattern in images.document["on"]["push"]["paths"]:
        path = Path(pattern.removesuffix("/**"))
        assert (ROOT / path).exists(), pattern
    # And it is all that the Dockerfiles copy.
    copied = set()
    for dockerfile in sorted(ROOT.glob("docker/*/Dockerfile")):
        for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile.read_text(encoding="utf-8"), re.MULTILINE):
            copied |= set(line.split()[:-1])
    assert copied
    started = [pattern.removesuffix("/**") for pattern in images.document["on"]["push"]["paths"]]
    for source in copied:
        assert any(source == name or source.startswith(f"{name}/") for name in started), source
