"""A preview as GitHub-flavoured Markdown: what a reviewer reads on a pull request. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ops import changes, risks
from ops.changes import Change
from ops.risks import Level
from policy.core import Violation

OPEN_ROWS = 25
"""Changes that are shown at once; more of them stand behind a line to open, since a new stack has hundreds."""

NO_CHANGES = "no changes: every resource is as the configuration says"

_MARKS = {Level.LOSES_DATA: "**DATA LOSS:** ", Level.INTERRUPTS: "**interrupts:** ", Level.NOTE: ""}


def preview(stack: str, planned: Sequence[Change], violations: Sequence[Violation] = ()) -> str:
    """The whole text: heading, counts, what would lose data, policies that are violated, the table of changes."""
    blocks = [f"### Preview of `{stack}`", summary(planned)]
    if lost := risks.losses(planned):
        blocks.append(
            "**This would lose data.** It is refused unless each loss is accepted by the resource's name:\n\n"
            + "\n".join(f"* `{change.name}` ({change.op}): {_cell(risk.text)}" for change, risk in lost)
        )
    judged = [f"* {_cell(str(row))}" for row in violations if row.severity != "unknown"]
    if judged:
        blocks.append("Policies that are violated:\n\n" + "\n".join(judged))
    unknown = [
        f"* {_cell(f'{row.policy}: {row.resource}: {row.message}')}" for row in violations if row.severity == "unknown"
    ]
    if unknown:
        blocks.append(_folded(f"Policies that can be judged only after the update: {len(unknown)}", "\n".join(unknown)))
    if planned:
        table = _table(planned)
        many = len(planned) > OPEN_ROWS
        blocks.append(_folded("All changes", table) if many else table)
    return "\n\n".join(blocks) + "\n"


def summary(planned: Sequence[Change]) -> str:
    """`2 to create, 1 to update`, or that nothing would change."""
    counted = ", ".join(f"{number} to {op}" for op, number in changes.counts(planned).items())
    return counted or NO_CHANGES


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def _table(planned: Sequence[Change]) -> str:
    lines = ["| what | type | resource | properties | risk |", "|---|---|---|---|---|"]
    for change in planned:
        forced = [f"forced by {', '.join(change.replace_keys)}"] if change.replace_keys else []
        what = "<br>".join(_cell(text) for text in [*forced, *map(str, change.details)])
        found = "<br>".join(_MARKS[risk.level] + _cell(risk.text) for risk in risks.of(change))
        lines.append(f"| {change.op} | {_cell(change.short_type)} | {_cell(change.name)} | {what} | {found} |")
    return "\n".join(lines)


_PLAIN = str.maketrans(
    {
        **{character: f"\\{character}" for character in "\\|`*_[#~$"},
        **{"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@&#8203;"},
    }
)
"""Characters that would make Markdown, HTML or mathematics of a value, or notify somebody whose name it looks like."""

_LINKS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=:)(?=[a-z0-9_+-]+:)|(?<=GH)(?=-[0-9])", re.IGNORECASE)
"""Within what would become a link, a picture (`:tada:`) or a reference to another pull request."""


def _cell(text: str) -> str:
    """A text in one cell: nothing in it is markup, whatever a configuration holds."""
    return _LINKS.sub("&#8203;", " ".join(text.split()).translate(_PLAIN))
