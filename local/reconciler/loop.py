"""The reconciler: one thread that gives each part its turn, and writes down what runs."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Sequence

from local.processes import write_json
from local.reconciler.context import Context, Part, Row
from local.reconciler.elb import LoadBalancers
from local.reconciler.forwarder import Forwarder
from local.reconciler.rds import Instances
from local.reconciler.services import Services
from local.reconciler.tasks import Tasks

# Fast enough that nobody waits for it, slow enough to cost nothing.
_INTERVAL_SECONDS = 0.1


class Loop:
    """Runs until it is told to stop; then ends everything it started."""

    def __init__(self, context: Context) -> None:
        forwarder = Forwarder()
        self._context = context
        # In the order in which they end: nothing starts anew, then clients, then servers.
        self._parts: Sequence[Part] = (
            Services(context),
            Tasks(context, forwarder),
            LoadBalancers(context, forwarder),
            Instances(context),
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler")
        self._written: list[Row] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, *, discard: bool) -> None:
        """End everything and wait for it."""
        self._stop.set()
        self._thread.join()
        for part in self._parts:
            part.close(discard=discard)

    def _run(self) -> None:
        while not self._stop.wait(_INTERVAL_SECONDS):
            for part in self._parts:
                try:
                    part.tick()
                except Exception:  # one part's trouble must not stop the others; it comes again next time
                    self._context.say(traceback.format_exc())
            rows = [row for part in self._parts for row in part.rows()]
            if rows != self._written:
                write_json(self._context.paths.status, {"rows": [row.as_dict() for row in rows]})
                self._written = rows
