"""Run a service's scheduled work: partitions, refreshes, retention, statistics.

A job is a file in sql/<service>/jobs/. Its statements run one after another as the owner, or as the role that its
header names, each outside a transaction, so a job may do what a function cannot (VACUUM, REINDEX CONCURRENTLY, DETACH
PARTITION CONCURRENTLY). Where a statement returns a column named `run`, each of its values is a statement to run next:
a query decides, the job does. A job must be written so that it may be run again at any time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg

from schema import execution, files, headers, jobs, lock, outside, untransacted
from schema.errors import BadInput, LockNotObtained, MigrationFailed
from schema.execution import StatementFailed
from schema.files import SqlFile
from schema.fingerprint import Watch
from schema.folder import Folder
from schema.jobs import DONE, FAILED, RUNNING, Result
from schema.outside import State
from schema.report import table
from schema.session import Session
from schema.sqltext import Statement

_RUN = "run"


def chosen(folder: Folder, names: Sequence[str]) -> tuple[SqlFile, ...]:
    """The jobs named, or all; BadInput for a name that is none."""
    known = {file.stem: file for file in folder.jobs}
    unknown = [name for name in names if name not in known]
    if unknown:
        shown = ", ".join(known) or "none"
        raise BadInput(f"{folder.service.name}: there is no job {name}; there are: {shown}" for name in unknown)
    return tuple(known[name] for name in names) if names else folder.jobs


def run(session: Session, chosen: Sequence[SqlFile]) -> int:
    """Run the jobs in turn, each whatever became of the one before; the exit code is that of the worst."""
    refuse_unprepared(session)
    _refuse_roles(session, chosen)
    watch = Watch.begin(session)
    results = []
    for job in chosen:
        result = _one(session, job)
        results.append(result)
        session.say(f"job {result.job}: {result.outcome} ({result.seconds:.1f} s)")
        if result.error:
            session.report.say(result.error)
    _keep_fingerprint(session, watch)
    codes = {result.exit_code for result in results}
    code = next((code for code in (FAILED, RUNNING) if code in codes), DONE)
    session.report.finish(
        "\n".join(_lines(results)) if results else f"{session.service.name}: there are no jobs",
        {
            "service": session.service.name,
            "database": session.settings.database,
            "exit_code": code,
            "jobs": [result.document() for result in results],
        },
    )
    return code


def _keep_fingerprint(session: Session, watch: Watch) -> None:
    """What a job made is no drift. Under the lock: a migration that runs meanwhile keeps the fingerprint, too."""
    if watch.before is None:  # there is none to keep; the next `apply` takes it
        return
    try:
        with lock.held(session.connection, session.settings.database, session.patience, session.report):
            watch.end()
    except LockNotObtained as reason:
        session.say(f"warning: what the jobs made will look like drift: {reason}")


def refuse_unprepared(session: Session) -> None:
    """A database to which nothing was applied has no jobs, and no table of them."""
    row = session.connection.execute("SELECT pg_catalog.to_regclass('public._schema_jobs') IS NOT NULL").fetchone()
    if not row or not row[0]:
        raise BadInput(f"{session.service.name}: nothing was ever applied to {session.settings.database}; run apply")


def _refuse_roles(session: Session, chosen: Sequence[SqlFile]) -> None:
    """A job acts as one of the service's own roles that nobody logs in as: such roles own things, others only use them.

    Asked before any job is run, for a wrong header is a wrong file.
    """
    problems = []
    for job in chosen:
        if not (role := job.headers.role):
            continue
        row = session.connection.execute(
            "SELECT rolcanlogin, pg_catalog.pg_has_role(oid, %s) FROM pg_catalog.pg_roles WHERE rolname = %s",
            # From 16 on, who made a role is a member of it that may not act as it.
            ("SET" if session.connection.info.server_version >= 160000 else "MEMBER", role),
        ).fetchone()
        if not role.startswith(f"{session.service.name}_"):
            problem = f"is no role of {session.service.name}; name one that begins with {session.service.name}_"
        elif row is None:
            problem = "does not exist; make it in bootstrap/, or correct the name"
        elif row[0]:
            problem = f"is a role to log in as; name one that owns what the job works on, such as {session.owner}"
        elif not row[1]:
            problem = f"is no role that the runner may act as; GRANT {role} TO {session.owner} in bootstrap/"
        else:
            continue
        shown = files.shown_name(session.service.name, "jobs", job)
        line = next(n for n, text in enumerate(job.text.splitlines(), 1) if text.startswith(f"-- {headers.ROLE}:"))
        problems.append(f"{shown}:{line}: role: {role} {problem}")
    if problems:
        raise BadInput(problems)


def _one(session: Session, job: SqlFile) -> Result:
    """Run one job under its own lock, and keep its result in the database.

    The lock is not waited for: the same job twice in a row would find nothing to do.
    """
    result = Result(job.stem)
    started = time.perf_counter()
    with lock.tried(session.connection, f"{session.settings.database}/jobs/{job.stem}") as free:
        if free:
            number = jobs.begin(session.connection, result, session.origin)
            _work(session, job, result)
            jobs.finish(session.connection, number, result)
        else:
            result.exit_code = RUNNING
    result.seconds = time.perf_counter() - started
    return result


def _work(session: Session, job: SqlFile, result: Result) -> None:
    """Run the job's statements until one fails; a lost connection ends the whole run instead."""
    shown = files.shown_name(session.service.name, "jobs", job)
    try:
        for statement in job.statements:
            _statement(session, job, shown, statement, result)
    except StatementFailed as failed:
        ending = "what the statements before it did is kept; correct the cause and run the job again"
        problem = execution.failure(job, shown, failed, session.patience, ending)
    except MigrationFailed as failed:
        problem = failed
    else:
        return
    if session.connection.closed:
        raise problem
    result.exit_code, result.error, result.failure = FAILED, str(problem), problem.document


def _statement(session: Session, job: SqlFile, shown: str, statement: Statement, result: Result) -> None:
    """Run one statement, and those that it returns in a column named `run`."""
    for text in _execute(session, job, shown, statement, result):
        session.say(f"job {job.stem}: {text}")
        try:
            found = files.made(text)
        except BadInput as bad:
            raise MigrationFailed(
                f"{shown}:{statement.line}: the query wrote what cannot be run: {'; '.join(bad.problems)}\n    {text}"
            ) from None
        # Its errors are shown at the line of the statement that wrote it.
        for one in found:
            placed = Statement(one.text, statement.offset, statement.line, one.words)
            _execute(session, job, shown, placed, result)


def _execute(session: Session, job: SqlFile, shown: str, statement: Statement, result: Result) -> list[str]:
    form = outside.form_of(statement)
    timeout = job.headers.statement_timeout or session.patience.statement_timeout
    if form is not None and _finished(session, job, shown, form, result):
        return []
    returned: list[str] = []

    def once() -> None:
        returned.clear()
        with untransacted.settled(session, form, timeout, job.headers.role):
            cursor = execution.execute(session.connection, statement)
            returned.extend(_to_run(cursor))
            result.affected_rows += max(cursor.rowcount, 0) if cursor.description is None else 0

    execution.persist(once, shown, session.patience, session.report)
    result.statements += 1
    return returned


def _finished(session: Session, job: SqlFile, shown: str, form: outside.Form, result: Result) -> bool:
    """Finish or take away what an interrupted run of the same statement left; whether that was all there was to do.

    A detach that was begun can only be finished, whoever began it. An INVALID index is taken away only after a run of
    this job that did not end well, and while nobody is at work on the table: else it is somebody else's.
    """
    found = form.look(session.connection)
    if found.state is not State.HALF:
        return False
    if found.table is not None and (not result.after_a_failure or untransacted.builders(session.connection, found)):
        return False
    try:
        untransacted.mend(session, found, shown, job.headers.role)
    except psycopg.Error as error:
        raise MigrationFailed(f"{shown}: could not mend: {execution.words(error)}; run again") from None
    return form.look(session.connection).state is State.DONE


def _to_run(cursor: psycopg.Cursor) -> list[str]:
    names = [column.name for column in cursor.description or ()]
    if _RUN not in names:
        return []
    place = names.index(_RUN)
    return [str(row[place]) for row in cursor.fetchall() if row[place] is not None]


def _lines(results: Sequence[Result]) -> list[str]:
    cells: list[tuple[str, ...]] = [
        (one.job, one.outcome, f"{one.seconds:.1f} s", str(one.statements), str(one.affected_rows)) for one in results
    ]
    return table(("job", "outcome", "time", "statements", "rows"), cells)
