"""Bring one database to what its service's folder says: roles, bootstrap, then every migration it has not had."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import psycopg

from schema import files, ledger, lock, roles, transaction
from schema.patience import Patience
from schema.report import Report, count
from schema.service import Service
from schema.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """What the files of a service say, read and checked before anything is touched."""

    service: Service
    bootstrap: tuple[files.SqlFile, ...]
    migrations: tuple[files.SqlFile, ...]


def load(service: Service) -> Plan:
    """Read every file of the service; raise BadInput when any of them may not be applied."""
    return Plan(service, files.discover(service.folder, "bootstrap"), files.discover(service.folder, "migrations"))


@dataclass(frozen=True, slots=True)
class Applied:
    """One migration that this run applied."""

    file: files.SqlFile
    nanoseconds: int


def run(connection: psycopg.Connection, plan: Plan, settings: Settings, patience: Patience, report: Report) -> None:
    """Apply the plan under the lock. Ledger and files are compared first: a refused run changes nothing at all."""
    service = plan.service
    connection.add_notice_handler(lambda notice: _warn(notice, report))
    with lock.held(connection, settings.database, patience, report):
        done = ledger.read(connection)
        todo = ledger.pending(service.name, plan.migrations, done)
        _bootstrap(connection, plan, settings, patience, report)
        ledger.create(connection, service.owner)
        applied = [_apply(connection, service, file, patience, report) for file in todo]
    report.finish(_outcome(service.name, applied, plan), _document(service.name, settings.database, applied, plan))


def _bootstrap(
    connection: psycopg.Connection, plan: Plan, settings: Settings, patience: Patience, report: Report
) -> None:
    roles.ensure(connection, plan.service, settings.roles, report)
    for file in plan.bootstrap:
        shown = files.shown_name(plan.service.name, "bootstrap", file)
        transaction.run(connection, file, shown, role=None, patience=patience, report=report)
    roles.settle(connection, plan.service, report)


def _apply(
    connection: psycopg.Connection, service: Service, file: files.SqlFile, patience: Patience, report: Report
) -> Applied:
    shown = files.shown_name(service.name, "migrations", file)
    started = time.perf_counter_ns()
    transaction.run(
        connection, file, shown, role=service.owner, patience=patience, report=report,
        last=lambda: ledger.add(connection, file),
    )  # fmt: skip
    took = time.perf_counter_ns() - started
    ledger.set_time(connection, file.version, took)
    report.say(f"{service.name}: applied {file.name} ({took / 1e6:.0f} ms)")
    return Applied(file, took)


def _warn(notice: psycopg.errors.Diagnostic, report: Report) -> None:
    # NOTICE and below are chatter such as `already exists, skipping`.
    if notice.severity_nonlocalized == "WARNING":
        report.say(f"warning from the server: {notice.message_primary}")


def _outcome(name: str, applied: list[Applied], plan: Plan) -> str:
    if not plan.migrations:
        return f"{name}: nothing to apply, there are no migrations"
    newest = f"{plan.migrations[-1].version:04}"
    if not applied:
        return f"{name}: nothing to apply, ledger at {newest} ({count(len(plan.migrations), 'migration')})"
    span = files.versions([one.file for one in applied])
    return f"{name}: applied {count(len(applied), 'migration')} ({span}), ledger now at {newest}"


def _document(name: str, database: str, applied: list[Applied], plan: Plan) -> dict[str, Any]:
    return {
        "service": name,
        "database": database,
        "applied": [
            {"version": one.file.version, "name": one.file.name, "nanoseconds": one.nanoseconds} for one in applied
        ],
        "ledger": {
            "version": plan.migrations[-1].version if plan.migrations else 0,
            "migrations": len(plan.migrations),
        },
    }
