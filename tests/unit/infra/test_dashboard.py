"""The dashboard: nothing overlaps, every line is an alarm's, every curve is a metric that exists; and its picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from drawing import dashboard as drawn
from drawing import dashboard_picture
from infra import alarms, dashboard, log_metrics
from infra.alarm_rules import DIMENSIONS, Facts
from infra.sizing import INSTANCE_CLASSES
from infra.widgets import GREY, MOST_ALARMS, ORANGE, RED
from tests.unit.infra.recorder import REPOSITORY
from tests.unit.infra.test_alarms import CLASSES, VOLUMES, facts

RED_AND_ORANGE = {RED: "page", ORANGE: "ticket"}


def names(row: Facts, **more: str) -> dashboard.Names:
    values = {name: f"the-{name}" for names in DIMENSIONS.values() for name in names if name != "DBInstanceIdentifier"}
    servers = {target: f"estate-{target}" for target, _ in alarms.targets("server", row)}
    arns = {item.key: f"arn:aws:cloudwatch:eu-west-1:1:alarm:{item.name}" for item in alarms.plan(row)}
    return dashboard.Names("eu-west-1", {**values, **servers, **more}, "arn:page", arns, "/aws/rds/postgresql")


def widgets(row: Facts, **more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(dashboard.body(row, names(row, **more)))["widgets"]
    return found


def graphs(row: Facts, **more: str) -> Iterator[dict[str, Any]]:
    yield from (each["properties"] for each in widgets(row, **more) if each["type"] == "metric")


def curves_of(row: Facts) -> set[str]:
    """The metrics in all graphs; an expression's row has none of its own."""
    return {str(part[1]) for graph in graphs(row) for part in graph["metrics"] if len(part) > 1}


@pytest.mark.parametrize("replicas", [0, 1, 3, 15])
def test_nothing_overlaps_and_nothing_leaves_the_page(replicas: int) -> None:
    placed = widgets(facts(INSTANCE_CLASSES["db.t4g.large"], replicas=replicas), ScheduleGroup="jobs")
    for each in placed:
        assert each["x"] + each["width"] <= 24
    for one, other in combinations(placed, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        above = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or above, (one["properties"], other["properties"])


@pytest.mark.parametrize("instance", CLASSES, ids=lambda row: row.name)
@pytest.mark.parametrize("volume", VOLUMES, ids=lambda row: str(row[0]))
def test_every_line_is_the_threshold_of_an_alarm_of_its_colour(
    instance: Any, volume: tuple[int, bool, int, int]
) -> None:
    row = facts(instance, volume=volume, replicas=2)
    thresholds = {(item.threshold, item.severity) for item in alarms.plan(row)}
    lines = [line for graph in graphs(row) for line in graph.get("annotations", {}).get("horizontal", [])]
    assert lines
    for line in lines:
        if line["color"] != GREY:
            assert (line["value"], RED_AND_ORANGE[line["color"]]) in thresholds, line


def test_every_alarm_is_shown_and_every_page_has_its_line() -> None:
    row = facts(INSTANCE_CLASSES["db.t4g.large"], replicas=15)
    planned = alarms.plan(row)
    boxes = [each["properties"] for each in widgets(row) if each["type"] == "alarm"]
    shown = [arn for box in boxes for arn in box["alarms"]]
    assert sorted(shown) == sorted(["arn:page", *names(row).alarm_arns.values()])
    assert all(len(box["alarms"]) <= MOST_ALARMS for box in boxes)
    labels = " ".join(
        f"{line['label']} {line['value']:g}"
        for graph in graphs(row)
        for line in graph.get("annotations", {}).get("horizontal", [])
        if line["color"] == RED
    )
    # Crashes and silence are events: there is no line to cross.
    for item in alarms.pages(planned):
        if item.row.name not in {"silent", "crashes"}:
            assert f"{item.threshold:g}" in labels, item.key


def test_every_metric_that_an_alarm_watches_has_a_curve() -> None:
    row = facts(INSTANCE_CLASSES["db.t4g.large"], replicas=1)
    curves = curves_of(row)
    watched = {
        alarms.metric_name(item.row.scope, metric, row) for item in alarms.plan(row) for metric in item.row.metrics
    }
    # Told by their alarm alone: nobody reads a curve of them to find out what is wrong.
    assert watched - curves == {"SwapUsage", "DiskQueueDepth", "Heartbeat", "CPUSurplusCreditsCharged"}


def test_every_counter_of_the_log_has_a_curve() -> None:
    row = facts()
    curves = curves_of(row)
    assert {f"test-platform-{name}" for name in log_metrics.names()} <= curves


def test_the_order_is_that_of_the_questions() -> None:
    titles = [each["properties"].get("title", "") for each in widgets(facts(replicas=1), ScheduleGroup="jobs")]
    asked = [
        "Pages",
        "Is it up: pooler tasks",
        "Longest wait for a connection",
        "CPU",
        "Connections to the servers",
        "Free storage",
        "Latency",
        "Replication lag",
        "Slow statements and errors",
        "Jobs and dumps on schedule",
    ]
    assert [title for title in titles if title in asked] == asked


def test_without_replicas_and_schedules_their_graphs_are_not_there() -> None:
    titles = {each["properties"].get("title") for each in widgets(facts(replicas=0))}
    assert {"Replication lag", "Jobs and dumps on schedule"} & titles == set()


def test_the_connections_are_drawn_against_their_most() -> None:
    row = facts(INSTANCE_CLASSES["db.r6g.2xlarge"])
    [graph] = [each for each in graphs(row) if each["title"] == "Connections to the servers"]
    assert {line["label"]: line["value"] for line in graph["annotations"]["horizontal"]} == {
        "connections >": 160,
        "connections-full >=": 190,
        "max_connections": 200,
    }


def test_a_curve_that_adds_up_hides_its_parts() -> None:
    [graph] = [each for each in graphs(facts(replicas=1)) if each["title"].startswith("IOPS")]
    assert [part[-1].get("visible", True) for part in graph["metrics"]] == [True, False, False, True, False, False]
    assert graph["metrics"][0][0] == {"expression": "g0m0 + g0m1", "label": "primary", "id": "g0"}
    ids = [part[-1]["id"] for part in graph["metrics"]]
    assert len(set(ids)) == len(ids)


def test_the_same_service_gives_the_same_text() -> None:
    row = facts(replicas=3)
    assert dashboard.body(row, names(row)) == dashboard.body(row, names(row))


@pytest.mark.parametrize("name", sorted(drawn.services()))
def test_the_picture_in_the_documents_is_that_of_the_dashboard(name: str) -> None:
    service = drawn.services()[name]
    picture = (REPOSITORY / "docs" / f"{name}_dashboard.svg").read_text(encoding="utf-8")
    assert picture == drawn.picture(service), f"draw it again: python -m drawing.dashboard {name}"
    placed = json.loads(drawn.body(service))["widgets"]
    assert picture.count("<g transform=") == len(placed)
    for each in placed:
        assert (
            not each["properties"].get("title") or f">{each['properties']['title']}<".replace("&", "&amp;") in picture
        )
    lines = [line for each in placed for line in each["properties"].get("annotations", {}).get("horizontal", [])]
    assert picture.count("stroke-dasharray") == len(lines)
    assert len(picture) < 20_000, "small enough to be read as text"


def test_a_threshold_is_told_as_people_say_it() -> None:
    assert dashboard_picture.number(12 * 2**30, "bytes") == "12 GiB"
    assert dashboard_picture.number(250 * 2**20, "bytes/s") == "250 MiB/s"
    assert dashboard_picture.number(0.02, "s") == "20 ms"
    assert dashboard_picture.number(500_000_000, "") == "500 million"
    assert dashboard_picture.number(80, "%") == "80 %"
