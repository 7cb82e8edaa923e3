"""`python3 -m delivery`: the words that the workflows use."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from delivery import comment, drift, pull_request, text
from delivery.errors import BadInput, DeliveryError
from delivery.github import GitHub

COMMIT = re.compile(r"[0-9a-f]{40}")


def parser() -> argparse.ArgumentParser:
    """The command line, for the tests that hold the workflows against it too."""
    top = argparse.ArgumentParser(prog="python3 -m delivery", description=__doc__, allow_abbrev=False)
    words = top.add_subparsers(dest="command", required=True)

    one = words.add_parser("comment", help="write or update the one comment of a pull request", allow_abbrev=False)
    one.add_argument("--pull-request", type=int, required=True, metavar="NUMBER")
    one.add_argument("--name", required=True, help="what the comment is found by")
    one.add_argument("--commit", required=True, help="the branch's commit that the files are about")
    one.add_argument("files", nargs="+", type=Path, metavar="FILE", help="Markdown, one section each")

    two = words.add_parser("drift", help="open, update or close the one issue of a stack", allow_abbrev=False)
    two.add_argument("--stack", required=True)
    two.add_argument("--aspect", action="append", required=True, help="what was looked at; may be repeated")
    two.add_argument("folder", type=Path, help="holds ASPECT.outcome, and ASPECT.md or ASPECT.txt")

    three = words.add_parser("pull-request", help="propose changed files", allow_abbrev=False)
    three.add_argument("--branch", required=True)
    three.add_argument("--base", default="main")
    three.add_argument("--title", required=True)
    three.add_argument("--body", type=Path, required=True, metavar="FILE")
    three.add_argument("files", nargs="+", metavar="PATH", help="in the repository, which is the working folder")
    return top


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Exit code 0 done, 1 it failed, 2 the command line or the environment is wrong."""
    asked = parser().parse_args(arguments)
    try:
        _check(asked)
        print(WORDS[asked.command](asked, GitHub.of(environment)))
    except DeliveryError as error:
        print(f"delivery: {error}", file=sys.stderr)
        return error.code
    return 0


def _check(asked: argparse.Namespace) -> None:
    names = {"--name": [getattr(asked, "name", None)], "--stack": [getattr(asked, "stack", None)]}
    names["--aspect"] = getattr(asked, "aspect", [])
    problems = [
        f"{option} {value!r}: lower-case letters, digits and hyphens, beginning with a letter"
        for option, values in names.items()
        for value in values
        if value is not None and not text.NAME.fullmatch(value)
    ]
    if asked.command == "comment" and not COMMIT.fullmatch(asked.commit):
        problems.append(f"--commit {asked.commit!r}: the 40 hexadecimal digits of a commit")
    if asked.command == "pull-request":
        if not re.fullmatch(r"[\w][\w./-]*", asked.branch) or ".." in asked.branch:
            problems.append(f"--branch {asked.branch!r}: letters, digits, `.`, `_`, `-` and `/`")
        if not asked.body.is_file():
            problems.append(f"--body {asked.body}: there is no such file")
        for name in asked.files:
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                problems.append(f"{name}: a path within the repository is needed")
            elif not Path(name).is_file():
                problems.append(f"{name}: there is no such file")
    if problems:
        raise BadInput("\n".join(problems))


def _comment(asked: argparse.Namespace, github: GitHub) -> str:
    sections = [comment.section(path) for path in asked.files]
    return comment.write(github, asked.pull_request, asked.name, asked.commit, sections)


def _drift(asked: argparse.Namespace, github: GitHub) -> str:
    return drift.report(github, asked.stack, [drift.read(asked.folder, aspect) for aspect in asked.aspect])


def _pull_request(asked: argparse.Namespace, github: GitHub) -> str:
    files = {name: Path(name).read_text(encoding="utf-8") for name in asked.files}
    words = text.cut(asked.body.read_text(encoding="utf-8"), text.LIMIT, "the run has them")
    return pull_request.propose(github, asked.branch, asked.base, asked.title, words, files)


WORDS = {"comment": _comment, "drift": _drift, "pull-request": _pull_request}
