"""The image's own Python: what it measures, how it logs in, when it does what after SIGTERM."""

from __future__ import annotations

import ast
import json
import signal
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from pgbouncer_task import console, export, measure, timetable

from infra import containers

PACKAGE = Path(timetable.__file__).parent

POOLS = [
    {"database": "pgbouncer", "user": "pgbouncer", "cl_active": "1", "cl_waiting": "0", "sv_active": "0",
     "sv_idle": "0", "sv_used": "0", "sv_tested": "0", "sv_login": "0", "maxwait": "0", "maxwait_us": "0"},
    {"database": "platform", "user": "platform_app", "cl_active": "90", "cl_waiting": "4", "sv_active": "5",
     "sv_active_cancel": "1", "sv_being_canceled": "0", "sv_idle": "3", "sv_used": "1", "sv_tested": "1",
     "sv_login": "1", "maxwait": "2", "maxwait_us": "500000"},
    {"database": "platform", "user": "platform_auth", "cl_active": "10", "cl_waiting": "1", "sv_active": "2",
     "sv_active_cancel": "0", "sv_being_canceled": "0", "sv_idle": "0", "sv_used": "0", "sv_tested": "0",
     "sv_login": "0", "maxwait": "0", "maxwait_us": "7000"},
]  # fmt: skip
DATABASES = [
    {"name": "pgbouncer", "max_connections": "0"},
    {"name": "platform", "max_connections": "40"},
    {"name": "platform_ro", "max_connections": "30"},
]
LISTS = [{"list": "used_clients", "items": "106"}, {"list": "free_clients", "items": "44"}]
CONFIG = [{"key": "max_client_conn", "value": "1000"}, {"key": "pool_mode", "value": "transaction"}]
STATS = [
    {"database": "platform", "avg_xact_count": "120", "avg_query_count": "360", "avg_query_time": "1500",
     "avg_wait_time": "250"},
]  # fmt: skip
LABELS = {"stack": "prod", "service": "platform"}


def test_the_line_of_a_task_is_exactly_this() -> None:
    task, *_ = measure.lines([measure.sample(POOLS, DATABASES, LISTS, CONFIG)], STATS, LABELS)
    assert json.loads(task) == {
        "pooler": "task", "stack": "prod", "service": "platform", "heartbeat": 1, "clients_waiting": 5,
        "max_wait_seconds": 2.5, "pool_used_percent": 25.0, "client_connections": 105, "client_limit_percent": 10.5,
        "server_connections": 14,
    }  # fmt: skip


def test_the_line_of_a_door_is_exactly_this() -> None:
    _, door, unused = measure.lines([measure.sample(POOLS, DATABASES, LISTS, CONFIG)], STATS, LABELS)
    assert json.loads(door) == {
        "pooler": "door", "stack": "prod", "service": "platform", "door": "platform", "clients_waiting": 5,
        "max_wait_seconds": 2.5, "pool_used_percent": 25.0, "client_connections": 105, "server_connections": 14,
        "transactions_per_second": 120, "queries_per_second": 360, "mean_query_ms": 1.5, "mean_wait_ms": 0.25,
    }  # fmt: skip
    assert json.loads(unused) == {
        "pooler": "door", "stack": "prod", "service": "platform", "door": "platform_ro", "clients_waiting": 0,
        "max_wait_seconds": 0.0, "pool_used_percent": 0.0, "client_connections": 0, "server_connections": 0,
    }  # fmt: skip


def test_a_minute_tells_the_worst_queue_the_mean_use_and_the_last_counts() -> None:
    full = [{**POOLS[1], "cl_waiting": "30", "maxwait": "9", "sv_active": "35"}]
    samples = [measure.sample(rows, DATABASES, LISTS, CONFIG) for rows in (full, [], [])]
    task = json.loads(measure.lines(samples, [], LABELS)[0])
    assert (task["clients_waiting"], task["max_wait_seconds"]) == (30, 9.5)
    assert task["pool_used_percent"] == round(100 * 38 / 40 / 3, 1)
    assert task["server_connections"] == 0


def test_no_line_without_a_sample() -> None:
    assert measure.lines([], STATS, LABELS) == []


def test_no_line_holds_a_clients_name() -> None:
    text = "".join(measure.lines([measure.sample(POOLS, DATABASES, LISTS, CONFIG)], STATS, LABELS))
    assert "platform_app" not in text and "platform_auth" not in text


def test_the_login_is_the_example_of_rfc_7677() -> None:
    nonce = "rOprNGfwEbeRWgbNEkqO"
    first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    answer, server = console.scram_answer("pencil", nonce, f"n=user,r={nonce}", first)
    assert answer.endswith(b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    assert server == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_another_servers_nonce_is_refused() -> None:
    with pytest.raises(console.ConsoleError, match="another login"):
        console.scram_answer("pencil", "mine", "n=,r=mine", "r=yours,s=AAAA,i=4096")


def test_rows_are_read_with_their_names() -> None:
    assert console.column_names(b"\0\2name\0" + b"\0" * 18 + b"port\0" + b"\0" * 18) == ["name", "port"]
    assert console.values(b"\0\3\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0") == ["ab", "", ""]


def test_the_exporter_finds_what_it_needs_in_the_ini() -> None:
    known = export.settings("[databases]\na = host=b\n[pgbouncer]\n; listen_port = 1\nlisten_port = 6432\n")
    assert known["listen_port"] == "6432"
    assert export.labels({"ESTATE_STACK": "prod", "ESTATE_SERVICE": "shop", "SECRET": "x"}) == {
        "stack": "prod", "service": "shop",
    }  # fmt: skip


def test_one_line_falls_into_each_minute_of_the_clock() -> None:
    assert [export.seconds_to(15.0, now) for now in (0.0, 14.0, 15.0, 16.0, 119.0)] == [15.0, 1.0, 0.0, 59.0, 16.0]
    assert export.PERIOD_SECONDS % export.SAMPLE_SECONDS == 0


def test_the_steps_of_a_drain_in_production_are_these() -> None:
    steps = timetable.steps(containers.DRAIN_ACCEPT_SECONDS, containers.DRAIN_FINISH_SECONDS)
    assert [(step.after, step.signal, step.idle_seconds) for step in steps] == [
        (30.0, signal.SIGHUP, 1800),
        (35.0, signal.SIGHUP, 600),
        (40.0, signal.SIGHUP, 180),
        (45.0, signal.SIGHUP, 60),
        (50.0, signal.SIGHUP, 20),
        (55.0, signal.SIGHUP, 5),
        (60, signal.SIGINT, None),
        (110, signal.SIGQUIT, None),
        (112, signal.SIGKILL, None),
    ]


def test_a_drain_ends_before_fargate_kills_it() -> None:
    most = containers.DRAIN_ACCEPT_SECONDS + containers.DRAIN_FINISH_SECONDS + containers.DRAIN_SPARE_SECONDS
    assert most == containers.STOP_TIMEOUT == 120
    last = timetable.steps(containers.DRAIN_ACCEPT_SECONDS, containers.DRAIN_FINISH_SECONDS)[-1]
    assert last.after < containers.STOP_TIMEOUT


@pytest.mark.parametrize(("accept", "finish"), [(0, 5), (1, 1), (60, 50), (90, 0)])
def test_steps_come_in_order_and_the_doors_close_once(accept: float, finish: float) -> None:
    steps = timetable.steps(accept, finish)
    assert all(one.after <= other.after for one, other in pairwise(steps))
    assert [step.after for step in steps if step.signal == signal.SIGINT] == [accept]


def test_without_open_doors_nobody_is_let_go_first() -> None:
    assert [step.signal for step in timetable.steps(0, 5)] == [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL]


def test_an_idle_timeout_replaces_the_one_before_and_leaves_the_rest() -> None:
    once = timetable.with_idle_timeout("[databases]\na = host=b\n\n[pgbouncer]\nlisten_port = 6432\n", 60)
    assert once == "[databases]\na = host=b\n\n[pgbouncer]\nclient_idle_timeout = 60\nlisten_port = 6432\n"
    assert timetable.with_idle_timeout(once, 5) == once.replace("60", "5")


def test_the_image_needs_nothing_but_pythons_standard_library() -> None:
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] in {*sys.stdlib_module_names, "pgbouncer_task"}, path
