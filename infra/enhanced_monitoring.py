"""The role with which RDS writes Enhanced Monitoring's samples: one for all servers of a stack."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policies, roles
from infra.containers import Account
from infra.options import child, tags

# AWS's own policy for this role: it names the log group RDSOSMetrics, which AWS could rename.
MANAGED_POLICY = "service-role/AmazonRDSEnhancedMonitoringRole"


@dataclass(frozen=True, slots=True)
class EnhancedMonitoringArgs:
    """What the role is made from."""

    stack: str
    account: pulumi.Output[Account]


class EnhancedMonitoring(pulumi.ComponentResource):
    """The role, by its ARN. RDS writes into the log group RDSOSMetrics, which an account has once for all instances
    and which RDS makes itself: whoever owns the account decides how long it is kept."""

    def __init__(self, name: str, args: EnhancedMonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:EnhancedMonitoring", name, None, opts)
        role = roles.define(
            self,
            name,
            args.account,
            f"RDS writes samples of the servers of {args.stack}",
            args.account.apply(lambda account: policies.trust_monitoring(account, args.stack)),
            tags(args.stack),
        )
        attached = aws.iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=args.account.apply(lambda account: f"arn:{account.partition}:iam::aws:policy/{MANAGED_POLICY}"),
            opts=child(self),
        )
        # Known only when the role may do its work: RDS tries it while an instance is made.
        self.role_arn = pulumi.Output.all(role.arn, attached.id).apply(lambda known: str(known[0]))
        self.register_outputs({"roleArn": self.role_arn})
