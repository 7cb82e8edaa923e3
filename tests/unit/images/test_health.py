"""The pooler's health check against servers that answer, refuse, hang and lie."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pgbouncer_task import health

INI = "[databases]\nx = host=y\n[pgbouncer]\nlisten_port = {port}\n; listen_port = 1\n"
GSSENC_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x30"


@contextmanager
def server(answer: bytes | None) -> Iterator[tuple[int, list[bytes]]]:
    """Takes one connection, reads one request, answers and hangs up; None takes it and says nothing."""
    heard: list[bytes] = []
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            stream, _ = listening.accept()
            with stream:
                heard.append(stream.recv(100))
                if answer is None:
                    over.wait(30)
                else:
                    stream.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1], heard
        finally:
            over.set()
            thread.join()


def test_the_answer_of_pgbouncer_is_health(capsys: pytest.CaptureFixture[str]) -> None:
    with server(b"N") as (port, heard):
        assert health.main({"PGBOUNCER_INI": INI.format(port=port)}) == 0
    assert heard == [GSSENC_REQUEST], "and nothing else is said: no name, no password"
    assert capsys.readouterr() == ("", f"pooler-health: 127.0.0.1:{port}: answers\n")


@pytest.mark.parametrize("answer", [b"", b"E", b"S", b"HTTP/1.1 400"])
def test_another_answer_is_not(answer: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with server(answer) as (port, _):
        assert health.main({"PGBOUNCER_INI": INI.format(port=port)}) == 1
    assert f"it answers {answer[:1]!r}" in capsys.readouterr().err


def test_a_process_that_hangs_is_not_well(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 0.2)
    with server(None) as (port, _):
        assert health.main({"PGBOUNCER_INI": INI.format(port=port)}) == 1
    assert "timed out" in capsys.readouterr().err


def test_nobody_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert health.main({"PGBOUNCER_INI": INI.format(port=port)}) == 1
    assert "refused" in capsys.readouterr().err


@pytest.mark.parametrize("environment", [{}, {"PGBOUNCER_INI": "[pgbouncer]\n"}, {"PGBOUNCER_INI": "listen_port = x"}])
def test_without_a_configuration_it_says_so(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert health.main(environment) == 1
    assert capsys.readouterr().err == "pooler-health: PGBOUNCER_INI names no listen_port\n"


@pytest.mark.parametrize(
    ("listens", "host"),
    [
        ("", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("*", "127.0.0.1"),
        ("127.9.8.7", "127.9.8.7"),
        ("10.0.0.1, ::1", "10.0.0.1"),
    ],
)
def test_it_asks_where_pgbouncer_listens(listens: str, host: str) -> None:
    assert health.address({"PGBOUNCER_INI": INI.format(port=6432), "LISTEN_ADDR": listens}) == (host, 6432)


def test_its_own_patience_ends_before_that_of_the_container_engine() -> None:
    from infra import containers

    timeout = containers.POOLER_HEALTH["timeout"]
    assert isinstance(timeout, int)
    assert timeout > health.TIMEOUT_SECONDS
