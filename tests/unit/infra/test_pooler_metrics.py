"""Each metric is read from a field that the exporter really prints."""

from __future__ import annotations

import json

import pytest
from pgbouncer_task import measure

from infra import pooler_metrics
from infra.pooler_metrics import METRICS, Kind
from tests.unit.infra.test_pooler_task import CONFIG, DATABASES, LISTS, POOLS, STATS

LINES = [
    json.loads(line)
    for line in measure.lines(
        [measure.sample(POOLS, DATABASES, LISTS, CONFIG)], STATS, {"stack": "prod", "service": "platform"}
    )
]


def of(kind: Kind) -> list[dict[str, object]]:
    return [line for line in LINES if line["pooler"] == kind]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.logical_name)
def test_every_line_of_its_kind_has_the_metrics_number_and_dimensions(metric: pooler_metrics.Metric) -> None:
    assert of(metric.kind)
    for line in of(metric.kind):
        assert isinstance(line[metric.field], int | float)
        for field in pooler_metrics.dimensions(metric.kind).values():
            assert isinstance(line[field.removeprefix("$.")], str)


def test_a_pattern_chooses_one_kind_of_line() -> None:
    assert pooler_metrics.pattern("task") == '{ $.pooler = "task" }'
    assert pooler_metrics.pattern("door") == '{ $.pooler = "door" }'
    assert {line["pooler"] for line in LINES} == {"task", "door"}


def test_the_names_are_those_that_alarms_ask_for() -> None:
    assert [(metric.name, metric.kind) for metric in METRICS] == [
        ("ClientsWaiting", "task"),
        ("MaxWaitSeconds", "task"),
        ("PoolUsedPercent", "task"),
        ("ClientConnections", "task"),
        ("ServerConnections", "task"),
        ("Heartbeat", "task"),
        ("ClientsWaiting", "door"),
        ("ServerConnections", "door"),
    ]
    assert pooler_metrics.NAMESPACE == "PostgresEstate"
    assert pooler_metrics.dimensions_of("prod", "platform") == {"Stack": "prod", "Service": "platform"}
    assert set(pooler_metrics.dimensions("door")) == {"Stack", "Service", "Door"}


def test_logical_names_are_told_apart() -> None:
    names = [metric.logical_name for metric in METRICS]
    assert names[0] == "clients-waiting" and names[-1] == "door-server-connections"
    assert len(set(names)) == len(names)


def test_cloudwatch_takes_three_dimensions_and_a_hundred_filters() -> None:
    assert all(len(pooler_metrics.dimensions(metric.kind)) <= 3 for metric in METRICS)
    assert len(METRICS) <= 100
