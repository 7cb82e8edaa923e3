"""The one comment of a pull request that is ours: made at the first push, changed at each further one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from delivery import text
from delivery.github import GitHub

OWN = "github-actions[bot]"
"""Who writes with a workflow's token. A comment of somebody else's is never changed, whatever stands in it."""


def is_ours(row: Any, mark: str) -> bool:
    """Whether a comment or an issue was written here: by the workflow's own user, and it begins with the mark."""
    return (row.get("user") or {}).get("login") == OWN and (row.get("body") or "").startswith(mark)


def body(name: str, commit: str, sections: Sequence[str], github: GitHub) -> str:
    """The comment's text, within GitHub's limit. `commit` is the branch's: the run's own is a merge nobody knows."""
    foot = f"Commit {commit}, [run]({github.run.url})"
    return text.fit(text.marker(name), sections, foot, f"[the run's summary]({github.run.url}) has them")


def section(path: Path) -> str:
    """What a job wrote, or that it wrote nothing: a file that is missing must not pass for one without changes."""
    if path.is_file() and (written := path.read_text(encoding="utf-8", errors="replace").strip()):
        return written
    return f"### `{path.stem}`\n\nNothing was written: its job failed before; the run's log says why."


def write(github: GitHub, pull_request: int, name: str, commit: str, sections: Sequence[str]) -> str:
    """Make or change the comment; returns what was done."""
    written = body(name, commit, sections, github)
    done: list[str] = []

    def work() -> None:
        path = f"issues/{pull_request}/comments"
        found = next((row for row in github.pages(path) if is_ours(row, text.marker(name))), None)
        if found is None:
            github.post(path, {"body": written})
            done.append("written")
        elif found["body"] != written:
            github.patch(f"issues/comments/{found['id']}", {"body": written})
            done.append("updated")
        else:
            done.append("as it was")

    github.again(work)
    return f"comment {name} of pull request {pull_request}: {done[-1]}"
