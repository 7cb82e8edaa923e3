"""Who spoke with whom in the VPC, kept in CloudWatch Logs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import flow_log_policies as policies
from infra import roles
from infra.containers import Account
from infra.options import child, options, tags

# Accepted and rejected: an attack that got through is in the accepted ones.
TRAFFIC = "ALL"
# The longest that AWS gathers a flow before it writes a record (60 or 600): a tenth of the records and of the price,
# and a record still says how much went where. Interfaces of Nitro hosts write every minute whatever is asked.
AGGREGATION_SECONDS = 600


@dataclass(frozen=True, slots=True)
class FlowLogsArgs:
    """What flow logs are made from; `days` is their retention."""

    stack: str
    vpc_id: pulumi.Input[str]
    account: pulumi.Output[Account]
    key_arn: pulumi.Input[str]
    days: int


class FlowLogs(pulumi.ComponentResource):
    """The VPC's flow logs, their log group, and the role that writes into it.

    CloudWatch Logs and not S3: an incident is looked into with Logs Insights, beside the databases' own logs, under the
    same key and with a retention of its own. For traffic of terabytes a day S3 would be a quarter of the price.
    """

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:FlowLogs", name, None, opts)
        labels = tags(args.stack)
        group = aws.cloudwatch.LogGroup(
            name,
            retention_in_days=args.days,
            kms_key_id=args.key_arn,
            tags=labels,
            opts=options("log_group", False, self),
        )
        trust = args.account.apply(policies.trust)
        role = roles.define(self, name, args.account, "Writes the VPC's flow logs", trust, labels)
        writes = aws.iam.RolePolicy(
            name,
            role=role.id,
            policy=pulumi.Output.all(group.arn, args.account).apply(lambda known: policies.delivery(*known)),
            opts=child(self),
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=args.vpc_id,
            traffic_type=TRAFFIC,
            max_aggregation_interval=AGGREGATION_SECONDS,
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags=labels,
            # Without its rights the role delivers nothing, and the flow log says so only afterwards.
            opts=pulumi.ResourceOptions.merge(child(self), pulumi.ResourceOptions(depends_on=[writes])),
        )
        self.log_group = group.name
        self.register_outputs({"logGroup": group.name})
