"""The one pull request with files that a workflow changed: a commit through the API, no git credentials anywhere.

GitHub signs a commit that is made this way. The branch is ours alone: it is set anew each time, on top of the commit
that the files were changed at, so that a change on `main` meanwhile shows as a conflict and is never taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from delivery.errors import GitHubError
from delivery.github import GitHub

ALLOW = (
    "let workflows open pull requests: Settings, Actions, General, Workflow permissions,"
    " `Allow GitHub Actions to create and approve pull requests`"
)


def propose(github: GitHub, branch: str, base: str, title: str, body: str, files: Mapping[str, str]) -> str:
    """Commit the files (path in the repository -> text) to the branch, open or update its pull request."""
    commit = github.run.commit
    tree = github.get(f"git/commits/{commit}")["tree"]["sha"]
    rows = [{"path": path, "mode": "100644", "type": "blob", "content": text} for path, text in sorted(files.items())]
    changed = github.post("git/trees", {"base_tree": tree, "tree": rows})["sha"]
    if changed == tree:
        return f"{commit} has these files already; nothing to propose"
    made = github.post("git/commits", {"message": title, "tree": changed, "parents": [commit]})["sha"]
    _point(github, branch, made)
    done: list[str] = []
    github.again(lambda: done.append(_open(github, branch, base, title, body)))
    return done[-1]


def _point(github: GitHub, branch: str, commit: str) -> None:
    try:
        github.get(f"git/ref/heads/{branch}")
    except GitHubError as error:
        if error.status != 404:
            raise
        github.post("git/refs", {"ref": f"refs/heads/{branch}", "sha": commit})
    else:
        github.patch(f"git/refs/heads/{branch}", {"sha": commit, "force": True})


def _open(github: GitHub, branch: str, base: str, title: str, body: str) -> str:
    owner = github.run.repository.partition("/")[0]
    found: Any = next(iter(github.pages("pulls", state="open", head=f"{owner}:{branch}", base=base)), None)
    if found is not None:
        github.patch(f"pulls/{found['number']}", {"title": title, "body": body})
        return f"pull request {found['number']} is updated"
    try:
        made = github.post("pulls", {"title": title, "body": body, "head": branch, "base": base})
    except GitHubError as error:
        if error.status == 403:
            raise GitHubError("POST pulls", 403, f"{error}; {ALLOW}") from None
        raise
    return f"pull request {made['number']} is opened"
