"""Rows of CloudWatch: alarms and dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.provider.compare import document, unordered
from local.provider.rows.shared import tag_list, tag_setters
from local.provider.table import Autoname, Call, Id, In, Item, Look, Out, Row, words

# CloudWatch has no call that changes an alarm: it is put again, all of it but the tags.
ACTIONS = {
    "ActionsEnabled": In("actionsEnabled"),
    "AlarmActions": In("alarmActions"),
    "OKActions": In("okActions"),
    "InsufficientDataActions": In("insufficientDataActions"),
    "AlarmDescription": In("alarmDescription"),
}
TAGS = tag_setters("tag_resource", "untag_resource", {"ResourceARN": Out("arn")})
TAGS_LOOK = Look("list_tags_for_resource", {"ResourceARN": Out("arn")}, "Tags", into="tags")
SEEN_ACTIONS = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "okActions": "OKActions",
    "insufficientDataActions": "InsufficientDataActions",
    "alarmDescription": "AlarmDescription",
}
SETS = dict.fromkeys(("alarmActions", "okActions", "insufficientDataActions"), unordered)


def dimension_list(dimensions: Mapping[str, str]) -> list[dict[str, str]] | None:
    """Dimensions as CloudWatch wants them."""
    return [{"Name": name, "Value": dimensions[name]} for name in sorted(dimensions)] or None


QUERY = {
    "Id": Item("id"),
    "Expression": Item("expression"),
    "Label": Item("label"),
    "Period": Item("period"),
    "ReturnData": Item("returnData"),
    "MetricStat": Item(
        "metric",
        {
            "Metric": {
                "Namespace": Item("namespace"),
                "MetricName": Item("metricName"),
                "Dimensions": Item("dimensions", dimension_list),
            },
            "Period": Item("period"),
            "Stat": Item("stat"),
            "Unit": Item("unit"),
        },
    ),
}
SEEN_QUERY = (
    "Metrics[].{id: Id, expression: Expression, label: Label, period: Period, returnData: ReturnData,"
    " metric: MetricStat && {namespace: MetricStat.Metric.Namespace, metricName: MetricStat.Metric.MetricName,"
    " dimensions: tag_map(MetricStat.Metric.Dimensions[].{Key: Name, Value: Value}), period: MetricStat.Period,"
    " stat: MetricStat.Stat, unit: MetricStat.Unit}}"
)


def queries(value: Any) -> Any:
    """Queries by their ids; one returns no data unless it says so, to the real provider."""
    if not isinstance(value, list):
        return value
    whole = [{**each, "returnData": bool(each.get("returnData"))} for each in value]
    return sorted(whole, key=lambda each: str(each["id"]))


METRIC_ALARM = Row(
    urn_type="aws:cloudwatch/metricAlarm:MetricAlarm",
    service="cloudwatch",
    create=(
        Call(
            "put_metric_alarm",
            ALARM := {
                "AlarmName": In("name"),
                "ComparisonOperator": In("comparisonOperator"),
                "EvaluationPeriods": In("evaluationPeriods"),
                "DatapointsToAlarm": In("datapointsToAlarm"),
                "Threshold": In("threshold"),
                "ThresholdMetricId": In("thresholdMetricId"),
                "TreatMissingData": In("treatMissingData"),
                "Namespace": In("namespace"),
                "MetricName": In("metricName"),
                "Statistic": In("statistic"),
                "ExtendedStatistic": In("extendedStatistic"),
                "Period": In("period"),
                "Unit": In("unit"),
                "Dimensions": In("dimensions", dimension_list),
                "Metrics": In("metricQueries", QUERY),
                **ACTIONS,
                "Tags": In("tags", tag_list, quiet=True),
            },
        ),
    ),
    id="inputs.name",
    setters=(Call("put_metric_alarm", ALARM, whole=True), *TAGS),
    read=(Look("describe_alarms", {"AlarmNames": [Id()], "AlarmTypes": ["MetricAlarm"]}, "MetricAlarms[0]"), TAGS_LOOK),
    delete=(Call("delete_alarms", {"AlarmNames": [Id()]}),),
    outputs={"arn": "AlarmArn", "tagsAll": "tag_map(tags)"},
    observed={
        "name": "AlarmName",
        "comparisonOperator": "ComparisonOperator",
        "evaluationPeriods": "EvaluationPeriods",
        "datapointsToAlarm": "DatapointsToAlarm",
        "threshold": "Threshold",
        "thresholdMetricId": "ThresholdMetricId",
        "treatMissingData": "TreatMissingData",
        "namespace": "Namespace",
        "metricName": "MetricName",
        "statistic": "Statistic",
        "extendedStatistic": "ExtendedStatistic",
        "period": "Period",
        "unit": "Unit",
        "dimensions": "tag_map(Dimensions[].{Key: Name, Value: Value})",
        "metricQueries": SEEN_QUERY,
        **SEEN_ACTIONS,
        "tags": "tag_map(tags)",
    },
    required=words("comparisonOperator evaluationPeriods"),
    force_new=words("name"),
    excludes={"metricQueries": words("metricName namespace period statistic extendedStatistic unit dimensions")},
    sticky=words("datapointsToAlarm"),
    defaults={"actionsEnabled": True, "treatMissingData": "missing"},
    canonical={**SETS, "metricQueries": queries},
    autoname=Autoname(),
)

COMPOSITE_ALARM = Row(
    urn_type="aws:cloudwatch/compositeAlarm:CompositeAlarm",
    service="cloudwatch",
    create=(
        Call(
            "put_composite_alarm",
            COMPOSITE := {
                "AlarmName": In("alarmName"),
                "AlarmRule": In("alarmRule"),
                **ACTIONS,
                "Tags": In("tags", tag_list, quiet=True),
            },
        ),
    ),
    id="inputs.alarmName",
    setters=(Call("put_composite_alarm", COMPOSITE, whole=True), *TAGS),
    read=(
        Look("describe_alarms", {"AlarmNames": [Id()], "AlarmTypes": ["CompositeAlarm"]}, "CompositeAlarms[0]"),
        TAGS_LOOK,
    ),
    delete=(Call("delete_alarms", {"AlarmNames": [Id()]}),),
    outputs={"arn": "AlarmArn", "tagsAll": "tag_map(tags)"},
    observed={"alarmName": "AlarmName", "alarmRule": "AlarmRule", **SEEN_ACTIONS, "tags": "tag_map(tags)"},
    required=words("alarmName alarmRule"),
    force_new=words("alarmName"),
    defaults={"actionsEnabled": True},
    canonical={**SETS, "alarmRule": lambda rule: " ".join(rule.split()) if isinstance(rule, str) else rule},
)

DASHBOARD = Row(
    urn_type="aws:cloudwatch/dashboard:Dashboard",
    service="cloudwatch",
    create=(Call("put_dashboard", {"DashboardName": In("dashboardName"), "DashboardBody": In("dashboardBody")}),),
    id="inputs.dashboardName",
    setters=(Call("put_dashboard", {"DashboardName": Id(), "DashboardBody": In("dashboardBody")}),),
    read=(Look("get_dashboard", {"DashboardName": Id()}, "@"),),
    delete=(Call("delete_dashboards", {"DashboardNames": [Id()]}),),
    outputs={"dashboardArn": "DashboardArn"},
    observed={"dashboardName": "DashboardName", "dashboardBody": "DashboardBody"},
    required=words("dashboardName dashboardBody"),
    force_new=words("dashboardName"),
    canonical={"dashboardBody": document},
)

ROWS = (METRIC_ALARM, COMPOSITE_ALARM, DASHBOARD)
