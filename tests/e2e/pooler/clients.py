"""Clients in a loop of transactions, as an application's pool behaves: they try again what cannot have happened yet."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg


@dataclass
class Told:
    """What all clients saw. A failure is an error after BEGIN was answered: a transaction was lost."""

    committed: set[tuple[int, int]] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    again: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Clients:
    """Threads that insert one row in each transaction."""

    def __init__(self, count: int, conninfo: Mapping[str, Any], pause: float) -> None:
        self.told = Told()
        self._conninfo = dict(conninfo)
        self._pause = pause
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(count)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        connection: psycopg.Connection[Any] | None = None
        turn = 0
        while not self._stop.is_set():
            begun = False
            try:
                if connection is None:
                    connection = psycopg.connect(**self._conninfo, autocommit=True, prepare_threshold=None)
                connection.execute("BEGIN")
                begun = True
                connection.execute("INSERT INTO done VALUES (%s, %s)", (number, turn))
                connection.execute("SELECT pg_sleep(%s)", (self._pause,))
                connection.execute("COMMIT")
                with self.told.lock:
                    self.told.committed.add((number, turn))
                turn += 1
            except psycopg.OperationalError as error:
                self._saw(error, begun, connection is None)
                if connection is not None:
                    connection.close()
                connection = None
                time.sleep(0.01)
        if connection is not None:
            connection.close()

    def _saw(self, error: psycopg.Error, begun: bool, connecting: bool) -> None:
        text = str(error).strip().splitlines()[0]
        with self.told.lock:
            if begun:
                self.told.failed.append(text)
            else:
                self.told.again["connecting" if connecting else text] += 1
