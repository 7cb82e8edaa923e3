"""Connections through a load balancer."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import addresses
from local.processes import wait_for
from local.reconciler.forwarder import Endpoint, Forwarder


@pytest.fixture
def forwarder() -> Iterator[Forwarder]:
    made = Forwarder()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def listener(tmp_path: Path) -> Endpoint:
    return f"{addresses.network(tmp_path)}.1", free_port()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def echo(name: bytes) -> Iterator[Endpoint]:
    """Answers, once the client has said all, with its own name and what it was told."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    heard = b""
                    while data := connection.recv(1024):
                        heard += data
                    connection.sendall(name + heard)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def say(listener: Endpoint, text: bytes) -> bytes:
    with socket.create_connection(listener, timeout=5) as client:
        client.sendall(text)
        client.shutdown(socket.SHUT_WR)  # half closed: the answer still has to come
        heard = b""
        while data := client.recv(1024):
            heard += data
        return heard


def test_connections_take_turns_and_half_close_is_passed_on(forwarder: Forwarder, listener: Endpoint) -> None:
    with echo(b"a") as a, echo(b"b") as b:
        forwarder.want({listener: [a, b]})
        assert [say(listener, b"!") for _ in range(4)] == [b"a!", b"b!", b"a!", b"b!"]


def test_a_target_that_refuses_is_passed_over(forwarder: Forwarder, listener: Endpoint) -> None:
    with echo(b"a") as a:
        forwarder.want({listener: [("127.0.0.1", free_port()), a]})
        assert [say(listener, b"!") for _ in range(3)] == [b"a!"] * 3


def test_without_a_target_the_connection_is_reset(forwarder: Forwarder, listener: Endpoint) -> None:
    forwarder.want({listener: []})
    with socket.create_connection(listener, timeout=5) as client, contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""


def test_a_connection_outlives_the_registration_of_its_target(forwarder: Forwarder, listener: Endpoint) -> None:
    with echo(b"a") as a, echo(b"b") as b:
        forwarder.want({listener: [a]})
        with socket.create_connection(listener, timeout=5) as client:
            client.sendall(b"still ")
            assert wait_for(lambda: forwarder.connections(a) == 1, 5)
            forwarder.want({listener: [b]})
            assert say(listener, b"!") == b"b!"
            client.sendall(b"here")
            client.shutdown(socket.SHUT_WR)
            assert client.recv(100) == b"astill here"
        assert wait_for(lambda: forwarder.connections(a) == 0, 5)


def test_a_listener_that_is_not_wanted_any_more_is_gone(forwarder: Forwarder, listener: Endpoint) -> None:
    forwarder.want({listener: []})
    forwarder.want({})
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(listener, timeout=5)
