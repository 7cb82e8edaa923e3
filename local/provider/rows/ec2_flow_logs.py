"""Row of EC2: flow logs of a VPC."""

from __future__ import annotations

from local.provider.rows.ec2_tags import TAGS, tagged
from local.provider.table import Call, Id, In, Look, Row, words

FLOW_LOG = Row(
    urn_type="aws:ec2/flowLog:FlowLog",
    service="ec2",
    create=(
        Call(
            "create_flow_logs",
            {
                "ResourceType": "VPC",
                "ResourceIds": [In("vpcId")],
                "TrafficType": In("trafficType"),
                "LogDestinationType": In("logDestinationType"),
                "LogDestination": In("logDestination"),
                "LogFormat": In("logFormat"),
                "DeliverLogsPermissionArn": In("iamRoleArn"),
                "MaxAggregationInterval": In("maxAggregationInterval"),
                "TagSpecifications": tagged("vpc-flow-log"),
            },
        ),
    ),
    id="response.FlowLogIds[0]",
    setters=TAGS,
    read=(
        Look("describe_flow_logs", {"FlowLogIds": [Id()]}, "FlowLogs[0]"),
        Look("get_caller_identity", {}, "Account", into="account", service="sts"),
    ),
    delete=(Call("delete_flow_logs", {"FlowLogIds": [Id()]}),),
    outputs={
        "arn": "glue(['arn:aws:ec2:', _region, ':', account, ':vpc-flow-log/', FlowLogId])",
        "tagsAll": "tag_map(Tags)",
    },
    observed={
        "vpcId": "ResourceId",
        "trafficType": "TrafficType",
        "logDestinationType": "LogDestinationType",
        "logDestination": "LogDestination",
        "logFormat": "LogFormat",
        "iamRoleArn": "DeliverLogsPermissionArn",
        "maxAggregationInterval": "MaxAggregationInterval",
        "tags": "tag_map(Tags)",
    },
    required=words("vpcId trafficType logDestination"),
    force_new=words("vpcId trafficType logDestinationType logDestination logFormat iamRoleArn maxAggregationInterval"),
    sticky=words("logFormat"),
    defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
)

ROWS = (FLOW_LOG,)
