"""The cases of logs, alarms and those who are told."""

from __future__ import annotations

import json

from tests.unit.provider.cases.kit import OTHER_TAGS, TAGS, Cases


def topic_policy(topic: str, publisher: str) -> str:
    statement = {"Sid": "Publish", "Effect": "Allow", "Principal": {"Service": publisher}, "Action": "sns:Publish"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": topic}]})


CASES: Cases = {
    "aws:cloudwatch/logGroup:LogGroup": lambda w: (
        {"retentionInDays": 30, "tags": TAGS},
        {"retentionInDays": 0, "tags": OTHER_TAGS},
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": lambda w: (
        {
            "logGroupName": w.log_group().rpartition(":")[2],
            "pattern": '"]:ERROR:  "',
            "metricTransformation": {
                "name": "test-platform-Errors",
                "namespace": "PostgresEstate",
                "value": "1",
                "defaultValue": "0",
                "unit": "Count",
            },
        },
        {"pattern": '"]:ERROR:  " -"[admin]"'},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": lambda w: (
        {
            "name": "estate-case-iops",
            "alarmDescription": "TICKET: busy",
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": 2400,
            "evaluationPeriods": 3,
            "datapointsToAlarm": 3,
            "treatMissingData": "notBreaching",
            "metricQueries": [
                {"id": "total", "expression": "m0 + m1", "label": "IOPS", "returnData": True},
                *(
                    {
                        "id": f"m{number}",
                        "returnData": False,
                        "metric": {
                            "namespace": "AWS/RDS",
                            "metricName": name,
                            "stat": "Average",
                            "period": 300,
                            "dimensions": {"DBInstanceIdentifier": "estate-case"},
                        },
                    }
                    for number, name in enumerate(("ReadIOPS", "WriteIOPS"))
                ),
            ],
            "alarmActions": [w.topic()],
            "tags": TAGS,
        },
        {"threshold": 4800.5, "alarmActions": [], "tags": OTHER_TAGS},
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": lambda w: (
        {
            "alarmName": "estate-case-page",
            "alarmDescription": "PAGE: down",
            "alarmRule": f'ALARM("{w.metric_alarm(0)}") OR ALARM("{w.metric_alarm(1)}")',
            "alarmActions": [w.topic()],
            "okActions": [w.topic()],
            "tags": TAGS,
        },
        {"alarmRule": f'ALARM("{w.metric_alarm(1)}")', "okActions": [], "tags": OTHER_TAGS},
    ),
    "aws:cloudwatch/dashboard:Dashboard": lambda w: (
        {"dashboardName": "estate-case", "dashboardBody": json.dumps({"widgets": []})},
        {"dashboardBody": json.dumps({"start": "-PT3H", "widgets": []})},
    ),
    "aws:sns/topic:Topic": lambda w: (
        {"displayName": "PostgreSQL estate", "kmsMasterKeyId": w.key(0), "tags": TAGS},
        {"displayName": "the estate", "kmsMasterKeyId": w.key(1), "tags": OTHER_TAGS},
    ),
    "aws:sns/topicPolicy:TopicPolicy": lambda w: (
        {"arn": w.topic(), "policy": topic_policy(w.topic(), "cloudwatch.amazonaws.com")},
        {"policy": topic_policy(w.topic(), "events.rds.amazonaws.com")},
    ),
    "aws:sns/topicSubscription:TopicSubscription": lambda w: (
        {"topic": w.topic(), "protocol": "email", "endpoint": "on-call@example.com"},
        {},
    ),
    "aws:rds/eventSubscription:EventSubscription": lambda w: (
        {
            "snsTopic": w.topic(),
            "sourceType": "db-instance",
            "sourceIds": ["estate-case", "estate-case-replica-1"],
            "eventCategories": ["failover", "low storage"],
            "tags": TAGS,
        },
        {
            "sourceIds": ["estate-case", "estate-case-replica-2"],
            "eventCategories": ["failover", "failure"],
            "enabled": False,
            "tags": OTHER_TAGS,
        },
    ),
}
