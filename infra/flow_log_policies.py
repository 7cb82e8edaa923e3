"""IAM documents of the flow logs' role. Pure.

Source: Amazon VPC User Guide, "IAM role for publishing flow logs to CloudWatch Logs".
"""

from __future__ import annotations

from infra.containers import Account
from infra.policies import document


def trust(account: Account) -> str:
    """Lets the flow logs of this account and region, and no other's, assume the role."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account.id},
                "ArnLike": {
                    "aws:SourceArn": f"arn:{account.partition}:ec2:{account.region}:{account.id}:vpc-flow-log/*"
                },
            },
        }
    )


def delivery(log_group_arn: str, account: Account) -> str:
    """Writing into one log group. Creating groups is left out: ours exists, with its key and its retention."""
    return document(
        {
            "Sid": "Write",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": [log_group_arn, f"{log_group_arn}:*"],  # listing streams is of the group, writing of a stream
        },
        {
            "Sid": "FindGroup",
            "Effect": "Allow",
            "Action": "logs:DescribeLogGroups",
            # It lists, so that it is asked of all groups of the region at once.
            "Resource": f"arn:{account.partition}:logs:{account.region}:{account.id}:log-group:*",
        },
    )
