"""One connection as the master user, waiting only while the server cannot be there yet."""

from __future__ import annotations

import re

import psycopg
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from schema.errors import Unreachable
from schema.patience import Patience
from schema.report import Report
from schema.settings import Settings

APPLICATION_NAME = "estate-schema"

# libpq gives no SQLSTATE for a refused connection, so its text decides. Everything else (a wrong password, an unknown
# database, a bad certificate) will be as wrong in ten seconds.
_NOT_YET = re.compile(
    r"connection refused|timeout expired|timed out|could not translate host name|no route to host"
    r"|network is unreachable|connection reset by peer|server closed the connection unexpectedly|the database system is"
    r"|too many clients|remaining connection slots",
    re.IGNORECASE,
)
# One attempt: enough for a slow TLS handshake, short enough to notice soon that the instance listens.
_ATTEMPT_SECONDS = 10


def connect(settings: Settings, patience: Patience, report: Report) -> psycopg.Connection:
    """Open an autocommit connection, or raise Unreachable with the server's own words."""

    def waiting(state: RetryCallState) -> None:
        if state.attempt_number == 1:
            report.say(f"waiting for {settings.host}:{settings.port} ({_reason(state.outcome.exception())})")  # type: ignore[union-attr]

    attempts = Retrying(
        retry=retry_if_exception(_not_there_yet),
        stop=stop_after_delay(patience.connect),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        before_sleep=waiting,
        reraise=True,
    )
    try:
        return attempts(_open, settings)
    except psycopg.OperationalError as error:
        raise Unreachable(
            f"no connection to {settings.host}:{settings.port}/{settings.database} as {settings.master.username}: "
            f"{_reason(error)}{_mend(error, patience)}"
        ) from None


def _open(settings: Settings) -> psycopg.Connection:
    return psycopg.connect(
        host=settings.host,
        port=settings.port,
        dbname=settings.database,
        user=settings.master.username,
        password=settings.master.password,
        sslmode=settings.sslmode,
        sslrootcert=settings.sslrootcert,
        connect_timeout=_ATTEMPT_SECONDS,
        application_name=APPLICATION_NAME,
        # Whoever kills this process wants its work to end too, not to hold its locks until an hour's statement is done.
        # A server looks for its client only when it is told to; every 5 s costs nothing. RESET ALL keeps it.
        # The other two hold whatever the database or the role is set to: names are read in one way, and strings too.
        options="-c client_connection_check_interval=5s -c search_path=public -c standard_conforming_strings=on",
        client_encoding="utf8",
        autocommit=True,
        # A file is sent once; prepared statements would only cost memory.
        prepare_threshold=None,
    )


def _not_there_yet(error: BaseException) -> bool:
    return isinstance(error, psycopg.OperationalError) and bool(_NOT_YET.search(str(error)))


def _reason(error: BaseException | None) -> str:
    # libpq adds `Is the server running …?`; the line before says what happened.
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not line.endswith("?")]
    return lines[-1] if lines else "no reason given"


def _mend(error: BaseException, patience: Patience) -> str:
    if _not_there_yet(error):
        return f"; tried for {patience.connect:g} s: is the instance running, and may this task reach its port?"
    return "; compare MASTER_SECRET, PGDATABASE and PGSSLROOTCERT with the instance"
