"""`python3 -m pgbouncer_task.export pgbouncer.ini`: prints what PgBouncer does, once a minute.

It logs in to the console as the role in `stats_users`, whose password the entrypoint made for this task alone and put
into a file of the task's private folder. It may look and change nothing. When it cannot look, it prints nothing, and
the missing line is what the alarm on Heartbeat is about.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from pgbouncer_task import measure
from pgbouncer_task.console import Console, ConsoleError

# A queue of some seconds must not fall between two looks; PgBouncer answers from memory within a millisecond.
SAMPLE_SECONDS = 5.0
# One line in each minute of the clock, well after its beginning: a sum over a minute is then a sum over tasks.
PERIOD_SECONDS = 60.0
OFFSET_SECONDS = 15.0
CERTIFICATE, PASSWORD = "tls.crt", "stats.password"


def settings(ini: str) -> dict[str, str]:
    """The keys of the whole file; what the exporter asks for stands only in its main section."""
    found = {}
    for line in ini.splitlines():
        key, equals, value = line.partition("=")
        if equals and not key.lstrip().startswith((";", "#")):
            found[key.strip()] = value.strip()
    return found


def labels(environment: Mapping[str, str]) -> dict[str, str]:
    """What the lines say about where they come from."""
    return {"stack": environment.get("ESTATE_STACK", ""), "service": environment.get("ESTATE_SERVICE", "")}


def connect(folder: Path, known: Mapping[str, str]) -> Console:
    """The console of the PgBouncer that this folder configures."""
    address = known.get("listen_addr", "").split(",")[0].strip()
    host = "127.0.0.1" if address in ("", "*", "0.0.0.0") else address  # noqa: S104 (compared, not listened on)
    password = (folder / PASSWORD).read_text(encoding="ascii").strip()
    certificate = folder / CERTIFICATE
    return Console(
        host,
        int(known["listen_port"]),
        known["stats_users"],
        password,
        certificate if known.get("client_tls_sslmode", "disable") != "disable" else None,
    )


def look(console: Console) -> measure.Sample:
    """One sample."""
    return measure.sample(*(console.show(what) for what in ("POOLS", "DATABASES", "LISTS", "CONFIG")))


def seconds_to(moment: float, now: float) -> float:
    """How long until the clock next shows this many seconds past the minute."""
    return (moment - now) % PERIOD_SECONDS


def main(ini: Path, environment: Mapping[str, str]) -> int:
    """Look every few seconds, print every minute, until the end of the task."""
    # Whoever stops the task stops the supervisor, which stops this.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    known = settings(ini.read_text(encoding="utf-8"))
    told = labels(environment)
    if "stats_users" not in known:
        print("pooler: pgbouncer.ini names no stats_users, so nothing is measured", file=sys.stderr, flush=True)
        while True:
            signal.pause()
    period = float(environment.get("METRICS_SECONDS") or PERIOD_SECONDS)
    console: Console | None = None
    samples: list[measure.Sample] = []
    due = time.time() + (seconds_to(OFFSET_SECONDS, time.time()) if period == PERIOD_SECONDS else period)
    while True:
        try:
            if console is None:
                console = connect(ini.parent, known)
            samples.append(look(console))
            if time.time() >= due:
                for line in measure.lines(samples, console.show("STATS"), told):
                    print(line, flush=True)
                samples, due = [], due + period
        except (OSError, ConsoleError) as error:
            # While PgBouncer starts, and while it ends, it does not answer.
            if console is not None:
                print(f"pooler: the console is lost: {error}", file=sys.stderr, flush=True)
                console.close()
            console, samples = None, []
            due = max(due, time.time())
        time.sleep(min(SAMPLE_SECONDS, max(0.2, due - time.time())))


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), os.environ))
