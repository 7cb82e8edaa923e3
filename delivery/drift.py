"""The one issue of a stack that is not as `main` says: opened, kept up to date, closed when the drift is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from delivery import text
from delivery.comment import is_ours
from delivery.github import GitHub

LABEL = "drift"


class Outcome(StrEnum):
    """How one look at a stack ended."""

    CLEAN = "clean"
    DRIFT = "drift"
    FAILED = "failed"


class Action(StrEnum):
    """What becomes of the issue."""

    REPORT = "report"
    CLOSE = "close"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a stack: `aspect` is what was looked at, `found` what it wrote, as Markdown."""

    aspect: str
    outcome: Outcome
    found: str


def read(folder: Path, aspect: str) -> Look:
    """What a job left in `<aspect>.outcome`, and its report in `<aspect>.md` or `<aspect>.txt`.

    A job that left nothing failed before it could say anything.
    """
    said = folder / f"{aspect}.outcome"
    word = said.read_text(encoding="utf-8").strip() if said.is_file() else ""
    outcome = Outcome(word) if word in {*Outcome} else Outcome.FAILED
    page, plain = folder / f"{aspect}.md", folder / f"{aspect}.txt"
    if page.is_file():
        return Look(aspect, outcome, page.read_text(encoding="utf-8", errors="replace").strip())
    if plain.is_file():
        return Look(aspect, outcome, text.fenced(plain.read_text(encoding="utf-8", errors="replace")))
    return Look(aspect, outcome, "")


def decide(outcomes: Mapping[str, Outcome], *, is_open: bool) -> Action:
    """A failure is no drift and no end of one: it opens nothing and closes nothing."""
    if Outcome.DRIFT in outcomes.values():
        return Action.REPORT
    if is_open and outcomes and set(outcomes.values()) == {Outcome.CLEAN}:
        return Action.CLOSE
    return Action.LEAVE


def title(stack: str) -> str:
    """The issue's title, the same every night."""
    return f"Drift in {stack}"


def body(stack: str, looks: list[Look], github: GitHub) -> str:
    """The issue's text, within GitHub's limit."""
    sections = [_section(look) for look in looks if look.outcome is not Outcome.CLEAN]
    head = "\n".join(
        [
            text.marker(f"drift:{stack}"),
            text.content_mark("\n".join(sections)),
            f"`{stack}` is not as `main` says. What to do is in `docs/delivery.md`, under Drift.",
        ]
    )
    foot = f"Last seen at commit {github.run.commit}, [run]({github.run.url})"
    return text.fit(head, sections, foot, f"[the run's summary]({github.run.url}) has them")


def _section(look: Look) -> str:
    if look.outcome is Outcome.FAILED:
        return f"### {look.aspect.capitalize()}\n\nCould not be looked at this time; the run's log says why."
    return f"### {look.aspect.capitalize()}\n\n{look.found or 'Differs; the log of the run says how.'}"


def report(github: GitHub, stack: str, looks: list[Look]) -> str:
    """Open, update or close the stack's issue; returns what was done."""
    done: list[str] = []

    def work() -> None:
        mark = text.marker(f"drift:{stack}")
        rows = github.pages("issues", state="open", labels=LABEL, sort="created", direction="asc")
        found = next((row for row in rows if "pull_request" not in row and is_ours(row, mark)), None)
        action = decide({look.aspect: look.outcome for look in looks}, is_open=found is not None)
        if action is Action.REPORT:
            done.append(_write(github, stack, looks, found))
        elif action is Action.CLOSE:
            assert found is not None
            done.append(_close(github, stack, found))
        else:
            done.append("nothing to say" if found is None else f"issue {found['number']} is left as it is")

    github.again(work)
    states = ", ".join(f"{look.aspect} {look.outcome}" for look in looks)
    return f"{stack}: {states}; {done[-1]}"


def _write(github: GitHub, stack: str, looks: list[Look], found: Any) -> str:
    written = body(stack, looks, github)
    if found is None:
        made = github.post("issues", {"title": title(stack), "body": written, "labels": [LABEL]})
        return f"issue {made['number']} is opened"
    number = found["number"]
    github.patch(f"issues/{number}", {"body": written})
    if text.content_of(found["body"]) == text.content_of(written):
        return f"issue {number} is updated"
    # GitHub tells nobody of a changed body.
    github.post(f"issues/{number}/comments", {"body": f"What drifted has changed: [run]({github.run.url})."})
    return f"issue {number} is updated and says that it changed"


def _close(github: GitHub, stack: str, found: Any) -> str:
    number = found["number"]
    # Closed first: where the word gets lost, no open issue is left behind.
    github.patch(f"issues/{number}", {"state": "closed", "state_reason": "completed"})
    words = f"The drift is gone: `{stack}` is as `main` says at commit {github.run.commit}, [run]({github.run.url})."
    github.post(f"issues/{number}/comments", {"body": words})
    return f"issue {number} is closed"
