"""Run a file whose statement may not stand in a transaction, so that a crash at any moment can be told and mended.

The ledger has the file's row before the statement is sent (success = false) and is told of the end after it. Whoever
finds such a row asks the catalog how far the statement came (schema/outside.py) and goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import errors, sql

from schema import execution
from schema.errors import MigrationFailed
from schema.execution import StatementFailed
from schema.files import SqlFile
from schema.lock import Held
from schema.outside import Form, State, Trace
from schema.session import Session
from schema.sqltext import Statement
from schema.transaction import Superseded

# The lock of whoever builds or drops an index concurrently; nobody else but VACUUM and ANALYZE takes it.
_BUILDERS = """
    SELECT pid FROM pg_catalog.pg_locks
     WHERE locktype = 'relation' AND relation = %s AND mode = 'ShareUpdateExclusiveLock' AND granted
       AND pid <> pg_catalog.pg_backend_pid()
       AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
"""


@dataclass(frozen=True, slots=True)
class Marks:
    """What the ledger is told; each in a transaction of its own."""

    begin: Callable[[], None]
    """The statement is about to be sent. A UniqueViolation says that another tool was faster."""
    finish: Callable[[int], None]
    """It was done, in so many nanoseconds."""
    undo: Callable[[], None]
    """It failed and left nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """One file that is to run outside a transaction."""

    session: Session
    file: SqlFile
    shown: str
    form: Form
    marks: Marks
    held: Held

    @property
    def connection(self) -> psycopg.Connection:
        """The session's."""
        return self.session.connection

    @property
    def _timeout(self) -> str:
        return self.file.headers.statement_timeout or self.session.patience.statement_timeout

    @property
    def statement(self) -> Statement:
        """The file's only one."""
        return self.file.statements[0]

    def run(self, *, resumed: bool) -> int:
        """Run the file, or finish what an earlier run began; nanoseconds that it took.

        Raise MigrationFailed; then the database is as before and the ledger too, or the message says what is left.
        Raise Superseded when another tool ran the file meanwhile.
        """
        started = time.perf_counter_ns()
        if resumed:
            self.session.report.say(f"{self.shown}: was interrupted; looking at what it left")
            found = self._mended()
            self.session.report.say(f"{self.shown}: {found.state.value}")
            if found.state is not State.DONE:
                self._work()
        else:
            self._begin()
            self._work()
        took = time.perf_counter_ns() - started
        with self.connection.transaction():
            self.marks.finish(took)
        return took

    def _begin(self) -> None:
        """Mark the file as started, unless the catalog holds something that would be taken for its work later.

        So whoever finds the mark may believe the catalog: what is there has come since.
        """
        found = self.form.look(self.connection)
        if found.state is State.HALF:
            self._wait_for_builders(found)
            found = self.form.look(self.connection)
        if found.state is State.HALF:
            steps = "; ".join(step.as_string(self.connection) for step in found.mend)
            raise MigrationFailed(
                f"{self.shown}:{self.statement.line}: {_leftovers(found)} is there from an attempt that this runner "
                f"did not make; look at it, then run: {steps}"
            )
        if found.state is State.DONE and not self.form.idempotent:
            self._refuse_as_the_server_does()
        try:
            with self.connection.transaction():
                self.marks.begin()
        except errors.UniqueViolation:
            raise Superseded from None

    def _refuse_as_the_server_does(self) -> None:
        """The work is there already, made by somebody: the server says so in its own words, and nothing is marked."""
        try:
            with settled(self.session, self.form, self._timeout):
                execution.execute(self.connection, self.statement)
        except StatementFailed as failed:
            ending = "the database is as before; correct the cause and run again"
            raise execution.failure(self.file, self.shown, failed, self.session.patience, ending) from None
        raise MigrationFailed(f"{self.shown}: somebody undid what was in its way just now, and it was run; run again")

    def _mended(self) -> Trace:
        """Take away what an attempt of this very file left, or finish it; what the catalog shows then."""
        found = self.form.look(self.connection)
        if found.state is not State.HALF:
            return found
        self._wait_for_builders(found)
        found = self.form.look(self.connection)  # whoever was at it has finished
        if found.state is State.HALF:
            try:
                mend(self.session, found, self.shown)
            except psycopg.Error as error:
                raise MigrationFailed(
                    f"{self.shown}: {_leftovers(found)} could not be mended: {execution.words(error)}; run again"
                ) from None
            found = self.form.look(self.connection)
        return found

    def _wait_for_builders(self, found: Trace) -> None:
        """An index is INVALID while it is built, too; the session of a killed runner goes on building it."""
        patience = self.session.patience
        deadline = time.monotonic() + patience.lock
        while pids := builders(self.connection, found):
            if time.monotonic() >= deadline:
                raise MigrationFailed(
                    f"{self.shown}: process {', '.join(map(str, pids))} still works on the table, so "
                    f"{_leftovers(found)} may be its work; run again when it has ended"
                )
            time.sleep(patience.lock_poll)

    def _work(self) -> None:
        def once() -> None:
            before = self.form.look(self.connection)
            if self.form.waits_for_others:
                self.held.lend()
            try:
                with settled(self.session, self.form, self._timeout):
                    execution.execute(self.connection, self.statement)
            except StatementFailed:
                if self.connection.closed:
                    raise
                after = self._mended()
                if after.state is not State.DONE or before.state is State.DONE:
                    raise

        try:
            execution.persist(once, self.shown, self.session.patience, self.session.report)
        except StatementFailed as failed:
            raise self._failed(failed) from None

    def _failed(self, failed: StatementFailed) -> MigrationFailed:
        ending = f"{self.form.after_failure}; correct the cause and run again"
        if self.connection.closed:
            ending = "the connection was lost; run again: what had happened is found, and finished or undone"
        else:
            with self.connection.transaction():
                self.marks.undo()
        return execution.failure(self.file, self.shown, failed, self.session.patience, ending)


def builders(connection: psycopg.Connection, found: Trace) -> list[int]:
    """The sessions that may be at work on the trace's table this very moment."""
    if found.table is None:
        return []
    return [pid for (pid,) in connection.execute(_BUILDERS, (found.table,))]


@contextmanager
def settled(session: Session, form: Form | None, statement_timeout: str, role: str | None = None) -> Iterator[None]:
    """Act as the role, or as the owner, for the block, with the timeouts that fit the form."""
    connection = session.connection
    patient = form is not None and form.waits_for_others
    lock_timeout = "0" if patient else session.patience.lock_timeout
    connection.execute("RESET ALL")
    execution.set_timeouts(connection, lock_timeout, statement_timeout, local=False)
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role or session.owner)))
    try:
        yield
    finally:
        # A broken or closed connection takes its role and settings with it.
        if not connection.closed:
            connection.execute("RESET ROLE")
            connection.execute("RESET ALL")


def mend(session: Session, found: Trace, shown: str, role: str | None = None) -> None:
    """Take away, or finish, what the trace found; each step is said before it is taken."""
    with settled(session, None, session.patience.statement_timeout, role):
        # These wait for other transactions, and nobody queues behind them.
        session.connection.execute("SET lock_timeout = 0")
        for step in found.mend:
            session.report.say(f"{shown}: mending: {step.as_string(session.connection)}")
            session.connection.execute(step)


def _leftovers(found: Trace) -> str:
    return ", ".join(found.leftovers)
