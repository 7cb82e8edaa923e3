"""One interruption is told once, however often it is delivered, and to whom it belongs."""

from __future__ import annotations

import signal
import subprocess
from typing import Any

import pytest
import typer

from ops import cli, go_on
from ops.errors import INTERRUPTED, Interrupted
from ops.interruption import AGAIN, Interruption, Stopped

INT, TERM = signal.SIGINT, signal.SIGTERM
ENGINE: dict[int, int] = {INT: INT, TERM: INT}
PSQL: dict[int, int] = {TERM: TERM}


class Child(subprocess.Popen[str]):
    """One that only notes what it is told."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.returncode = 0

    def send_signal(self, sig: int) -> None:
        self.told.append(sig)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("meaning", "signals", "told"),
    [
        (ENGINE, [(INT, 0)], [INT]),
        (ENGINE, [(TERM, 0)], [INT]),
        (ENGINE, [(INT, 0), (INT, AGAIN / 2)], [INT]),
        (ENGINE, [(INT, 0), (INT, AGAIN)], [INT, INT]),
        (ENGINE, [(TERM, 0), (TERM, 60)], [INT]),
        (ENGINE, [(INT, 0), (TERM, 60)], [INT]),
        (ENGINE, [(TERM, 0), (INT, 60)], [INT, INT]),
        (PSQL, [(INT, 0), (INT, 60)], []),
        (PSQL, [(INT, 0), (TERM, 0)], [TERM]),
        (PSQL, [(TERM, 0), (TERM, 0)], [TERM]),
    ],
)
def test_a_child_is_told_once_for_each_interruption(
    meaning: dict[int, int], signals: list[tuple[int, float]], told: list[int]
) -> None:
    clock, child = Clock(), Child()
    hear = Interruption(clock)
    with hear.held(meaning) as held:
        held.pass_to(child)
        for signum, seconds in signals:
            clock.now += seconds
            hear(signum, None)
    assert child.told == told
    assert held.heard == len(told)


def test_what_comes_before_there_is_a_child_is_told_when_there_is_one() -> None:
    hear, child = Interruption(), Child()
    with hear.held(ENGINE) as held:
        hear(TERM, None)
        held.pass_to(child)
    assert child.told == [INT]


def test_without_a_child_a_command_is_interrupted_once_and_may_stop_its_tasks_undisturbed() -> None:
    clock = Clock()
    hear = Interruption(clock)
    with pytest.raises(KeyboardInterrupt):
        hear(TERM, None)
    hear(TERM, None)
    hear(INT, None)
    clock.now += AGAIN
    with pytest.raises(KeyboardInterrupt):
        hear(INT, None)


def test_a_signal_that_whoever_started_us_ignores_stays_ignored() -> None:
    before = {signum: signal.getsignal(signum) for signum in (INT, TERM)}
    hear = Interruption()
    try:
        signal.signal(INT, signal.SIG_IGN)
        hear.listen()
        assert signal.getsignal(INT) is signal.SIG_IGN
        assert signal.getsignal(TERM) is hear
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


@pytest.mark.parametrize(
    ("command", "raised", "lines"),
    [
        ("deploy", KeyboardInterrupt(), ("interrupted", go_on.GO_ON["deploy"])),
        ("deploy", Stopped("how it was left"), ("interrupted", "how it was left", go_on.GO_ON["deploy"])),
        ("endpoints", KeyboardInterrupt(), ("interrupted", "nothing was changed")),
    ],
)
def test_an_interrupted_command_says_what_is_left_and_how_to_go_on(
    command: str, raised: KeyboardInterrupt, lines: tuple[str, ...]
) -> None:
    app = typer.Typer(cls=go_on.Commands)

    def interrupted() -> Any:
        raise raised

    for name in ("deploy", "endpoints"):
        app.command(name)(interrupted)
    with pytest.raises(Interrupted) as error:
        app([command])
    assert error.value.lines == lines
    assert error.value.code == INTERRUPTED == 130


def test_what_is_said_is_said_of_commands_that_there_are() -> None:
    commands: Any = typer.main.get_command(cli.app)
    assert isinstance(commands, go_on.Commands)
    assert set(go_on.GO_ON) < set(commands.commands)
    assert set(commands.commands) - set(go_on.GO_ON) == {"preview", "psql", "endpoints"}
