"""Which jobs have not succeeded for longer than they may: what tells that something was not run at all.

A job that fails says so itself; one that nobody starts says nothing. So this is asked once a day, by the same clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schema import jobs
from schema.maintain import refuse_unprepared
from schema.report import table
from schema.schedule import Job
from schema.session import Session

_DAY = timedelta(days=1)

CHECKED = "jobs checked:"
"""In the last line of each run that came to its end, overdue or not; AWS counts the lines of the log that have it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one job stands."""

    job: Job
    done: datetime | None
    """When it last came to a good end; None before the first time."""
    age: timedelta
    """Since then, or since it was first expected to run."""
    last: str | None
    """Outcome of the last run, whatever it was."""

    @property
    def overdue(self) -> bool:
        """Whether it should have come to a good end meanwhile."""
        return self.age > self.job.late

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.overdue:
            return "overdue"
        return "in time" if self.done else "expected"

    def document(self) -> dict[str, Any]:
        """The standing as JSON may hold it."""
        return {
            "job": self.job.name,
            "every": self.job.every,
            "at": self.job.at,
            "done": self.done.isoformat(timespec="seconds") if self.done else None,
            "age_seconds": round(self.age.total_seconds()),
            "late_seconds": round(self.job.late.total_seconds()),
            "last_outcome": self.last,
            "overdue": self.overdue,
        }


def run(session: Session) -> int:
    """Tell how each job stands; 1 when one is overdue."""
    refuse_unprepared(session)
    jobs.expect(session.connection, [job.name for job in session.service.jobs], session.origin)
    known = jobs.standings(session.connection)
    found = [Standing(job, *known[job.name]) for job in session.service.jobs]
    late = [one for one in found if one.overdue]
    total = f"{session.service.name}: {CHECKED} {len(found)}, overdue: {len(late)}"
    session.report.finish(
        "\n".join([*_lines(found), total]),
        {
            "service": session.service.name,
            "database": session.settings.database,
            "exit_code": int(bool(late)),
            "overdue": len(late),
            "jobs": [one.document() for one in found],
        },
    )
    return int(bool(late))


def _lines(found: Sequence[Standing]) -> list[str]:
    cells: list[tuple[str, ...]] = [
        (
            one.job.name,
            f"{one.job.every} {one.job.at}",
            one.done.isoformat(timespec="seconds") if one.done else "never",
            one.last or "-",
            _span(one.age),
            _span(one.job.late),
            one.state,
        )
        for one in found
    ]
    return table(("job", "every", "last done", "last run", "age", "may be", "state"), cells)


def _span(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):.1f} h" if span < 2 * _DAY else f"{span / _DAY:.1f} d"
