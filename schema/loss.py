"""Refuse to apply a migration that loses data, unless it is named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from schema import files
from schema.errors import BadInput, Refused
from schema.files import SqlFile
from schema.folder import Folder
from schema.lint import FileReport, Finding
from schema.report import count

FORM: Final = re.compile(r"(?:([a-z][a-z0-9]*)/)?([0-9]{4}(?:_[a-z0-9]+)*)")
"""A migration as its loss is accepted: 0031 or 0031_goes, with the service before it where there are several."""


def ensure(folder: Folder, todo: Sequence[SqlFile], reports: Sequence[FileReport], accepted: Sequence[str]) -> None:
    """Refused where a pending file loses data and is not accepted; BadInput for a name that no pending file has.

    What a comment in the file allows with its reason is in no report: whoever reviewed the file has read it.
    """
    service = folder.service.name
    names = _of(service, accepted)
    if unfit := [f"--accept-loss {name}: {_why_not(folder, todo, name)}" for name in names if not _meant(name, todo)]:
        raise BadInput(unfit)
    wanting = [one for one in reports if losses(one) and not set(_called(one.file)) & set(names)]
    if not wanting:
        return
    head = f"{service}: nothing was applied: {count(len(wanting), 'pending migration')} would lose data"
    accept = [f"--accept-loss {service}/{one.file.stem}" for one in wanting]
    raise Refused(
        "\n".join(
            [
                head,
                *(f"  {line}" for one in wanting for line in told(service, one)),
                f"  to apply it all the same, accept each loss by name: {' '.join(accept)}",
            ]
        ),
        {"service": service, "would_lose": [_document(one) for one in wanting]},
    )


def told(service: str, report: FileReport) -> Iterator[str]:
    """A line for each loss: where it stands, the statement, and what is gone."""
    shown = files.shown_name(service, "migrations", report.file)
    summaries = {statement.line: statement.summary for statement in report.statements}
    for finding in losses(report):
        yield f"{shown}:{finding.line}: {summaries[finding.line]}: {finding.why}"


def losses(report: FileReport) -> list[Finding]:
    """What the rules know to be gone afterwards, and no comment in the file allows."""
    return [finding for finding in report.findings if finding.loses_data]


def _of(service: str, accepted: Sequence[str]) -> list[str]:
    """The names that are meant for this service: a deployment gives those of all its services to each."""
    found, wrong = [], []
    for name in dict.fromkeys(accepted):
        form = FORM.fullmatch(name)
        if form is None:
            wrong.append(
                f"--accept-loss {name}: not the name of a migration; write its number, or number and name, such as "
                "0031_goes"
            )
        elif form[1] in (None, service):
            found.append(form[2])
    if wrong:
        raise BadInput(wrong)
    return found


def _called(file: SqlFile) -> tuple[str, str]:
    return f"{file.version:04}", file.stem


def _meant(name: str, todo: Sequence[SqlFile]) -> bool:
    return any(name in _called(file) for file in todo)


def _why_not(folder: Folder, todo: Sequence[SqlFile], name: str) -> str:
    if any(name in _called(file) for file in folder.migrations):
        return "is applied already, so there is nothing to accept; leave it out"
    return f"no pending migration has that name; pending: {', '.join(file.stem for file in todo) or 'none'}"


def _document(report: FileReport) -> dict[str, Any]:
    return {
        "version": report.file.version,
        "name": report.file.stem,
        "findings": [asdict(finding) for finding in losses(report)],
    }
