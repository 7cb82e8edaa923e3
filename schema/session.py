"""What every command that touches a database carries with it."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from schema import history
from schema.files import SqlFile
from schema.history import Action, Origin, Outcome
from schema.patience import Patience
from schema.report import Report
from schema.service import Service
from schema.settings import Settings


@dataclass(frozen=True, slots=True)
class Session:
    """One connection to one service's database, who uses it, how patiently, and who is told."""

    connection: psycopg.Connection
    service: Service
    settings: Settings
    origin: Origin
    patience: Patience
    report: Report

    @property
    def owner(self) -> str:
        """The role that owns every object of the service."""
        return self.service.owner

    def say(self, line: str) -> None:
        """Tell a step, under the service's name."""
        self.report.say(f"{self.service.name}: {line}")

    def record(
        self,
        action: Action,
        file: SqlFile,
        outcome: Outcome,
        *,
        nanoseconds: int | None = None,
        error: str | None = None,
    ) -> None:
        """Write what became of a migration into the history."""
        history.write(
            self.connection, self.origin, action, outcome,
            version=file.version, name=file.stem, nanoseconds=nanoseconds, error=error,
        )  # fmt: skip
