"""Rows of CloudWatch Logs: metric filters."""

from __future__ import annotations

from local.provider.table import Autoname, Call, Id, In, Look, Out, Row, words

METRIC_FILTER = Row(
    urn_type="aws:cloudwatch/logMetricFilter:LogMetricFilter",
    service="logs",
    create=(
        Call(
            "put_metric_filter",
            FILTER := {
                "filterName": In("name"),
                "logGroupName": In("logGroupName"),
                "filterPattern": In("pattern"),
                "metricTransformations": [
                    {
                        "metricName": In("metricTransformation.name"),
                        "metricNamespace": In("metricTransformation.namespace"),
                        "metricValue": In("metricTransformation.value"),
                        "defaultValue": In("metricTransformation.defaultValue", float),
                        "dimensions": In("metricTransformation.dimensions"),
                        "unit": In("metricTransformation.unit"),
                    }
                ],
            },
        ),
    ),
    id="inputs.name",
    setters=(Call("put_metric_filter", FILTER, whole=True),),
    read=(
        Look(
            "describe_metric_filters",
            {"logGroupName": Out("logGroupName"), "filterNamePrefix": Id()},
            "metricFilters[?filterName==$name] | [0]",
            where={"name": Id()},
        ),
    ),
    delete=(Call("delete_metric_filter", {"logGroupName": Out("logGroupName"), "filterName": Id()}),),
    observed={
        "name": "filterName",
        "logGroupName": "logGroupName",
        "pattern": "filterPattern",
        "metricTransformation": "metricTransformations[0].{name: metricName, namespace: metricNamespace,"
        " value: metricValue, defaultValue: defaultValue, dimensions: dimensions, unit: unit || 'None'}",
    },
    required=words("logGroupName metricTransformation pattern"),
    force_new=words("name logGroupName"),
    autoname=Autoname(longest=512),
)

ROWS = (METRIC_FILTER,)
