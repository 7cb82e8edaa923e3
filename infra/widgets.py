"""What a CloudWatch dashboard is made of, as data. Pure.

Source: CloudWatch API Reference, "Dashboard body structure and syntax". A dashboard is 24 units wide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTH = 24
MOST_ALARMS = 100  # an alarm widget shows no more
RED, ORANGE, GREY = "#d62728", "#ff7f0e", "#7f7f7f"  # a page, a ticket, a limit that nothing watches


@dataclass(frozen=True, slots=True)
class Line:
    """A threshold, drawn across a graph."""

    label: str
    value: float
    colour: str = ORANGE


@dataclass(frozen=True, slots=True)
class Metric:
    """One curve: a metric, or with an expression what is computed from others that are not shown."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    label: str
    statistic: str = "Average"
    plus: tuple[str, ...] = ()
    """Further metrics of the same thing that are added to it."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Curves over time and the lines that they should not cross."""

    title: str
    metrics: Sequence[Metric]
    lines: Sequence[Line] = ()
    unit: str = ""
    stacked: bool = False
    most: float | None = None
    period: int = 60

    def widget(self, region: str) -> dict[str, Any]:
        """As CloudWatch takes it."""
        axis: dict[str, Any] = {"min": 0, "showUnits": False}
        if self.unit:
            axis["label"] = self.unit
        if self.most is not None:
            axis["max"] = self.most
        properties: dict[str, Any] = {
            "title": self.title,
            "region": region,
            "view": "timeSeries",
            "stacked": self.stacked,
            "period": self.period,
            "metrics": [row for number, metric in enumerate(self.metrics) for row in _rows(metric, number)],
            "yAxis": {"left": axis},
        }
        if self.lines:
            shown = [{"label": line.label, "value": line.value, "color": line.colour} for line in self.lines]
            properties["annotations"] = {"horizontal": shown}
        return {"type": "metric", "properties": properties}


def _rows(metric: Metric, number: int) -> list[list[Any]]:
    """A curve's rows; one that is added up has hidden parts and an expression."""
    where = [part for pair in metric.dimensions.items() for part in pair]
    shown: dict[str, Any] = {"label": metric.label, "stat": metric.statistic}
    if not metric.plus:
        return [[metric.namespace, metric.name, *where, shown]]
    names = [metric.name, *metric.plus]
    ids = [f"g{number}m{part}" for part in range(len(names))]
    parts = [
        [metric.namespace, name, *where, {"id": one, "stat": metric.statistic, "visible": False}]
        for name, one in zip(names, ids, strict=True)
    ]
    return [[{"expression": " + ".join(ids), "label": metric.label, "id": f"g{number}"}], *parts]


@dataclass(frozen=True, slots=True)
class Words:
    """Text in Markdown."""

    markdown: str

    def widget(self, region: str) -> dict[str, Any]:
        """As CloudWatch takes it; text has no region."""
        return {"type": "text", "properties": {"markdown": self.markdown, "background": "transparent"}}


@dataclass(frozen=True, slots=True)
class Alarms:
    """The state of alarms, those first that changed last; of many only the ones that went off."""

    title: str
    arns: Sequence[str]
    only_red: bool = False

    def widget(self, region: str) -> dict[str, Any]:
        """As CloudWatch takes it; alarms have their region in their ARN."""
        properties = {"title": self.title, "alarms": list(self.arns), "sortBy": "stateUpdatedTimestamp"}
        return {"type": "alarm", "properties": {**properties, **({"states": ["ALARM"]} if self.only_red else {})}}


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a log group, newest first."""

    title: str
    log_group: str
    query: str

    def widget(self, region: str) -> dict[str, Any]:
        """As CloudWatch takes it."""
        return {
            "type": "log",
            "properties": {
                "title": self.title,
                "region": region,
                "view": "table",
                "query": f"SOURCE '{self.log_group}' | {self.query}",
            },
        }


Widget = Graph | Words | Alarms | Lines


@dataclass(frozen=True, slots=True)
class Row:
    """Widgets side by side, sharing the width evenly unless told otherwise."""

    height: int
    widgets: Sequence[Widget]
    widths: Sequence[int] = field(default=())


def place(rows: Sequence[Row], region: str) -> dict[str, Any]:
    """The dashboard: rows from top to bottom, none overlapping."""
    placed: list[dict[str, Any]] = []
    y = 0
    for row in rows:
        widths = row.widths or [WIDTH // len(row.widgets)] * len(row.widgets)
        x = 0
        for widget, width in zip(row.widgets, widths, strict=True):
            placed.append({**widget.widget(region), "x": x, "y": y, "width": width, "height": row.height})
            x += width
        y += row.height
    return {"start": "-PT6H", "periodOverride": "inherit", "widgets": placed}
