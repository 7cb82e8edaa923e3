"""The VPC endpoints: what the estate's tasks call, and what may be reached through each. Pure.

Not in the table, because no task calls them: KMS (Secrets Manager and S3 decrypt and encrypt on their side), STS (a
task has its role's credentials from ECS, and signs a database token by itself), CloudWatch's metrics (they are made
from log lines), ECS and RDS.
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.containers import Account
from infra.policies import document

# Service -> what calls it. Each costs an address and an hourly fee in every zone, so one more needs a caller.
INTERFACES: Mapping[str, str] = {
    "ecr.api": "Fargate asks for the token and the layers' addresses of a task's image",
    "ecr.dkr": "Fargate reads the image's manifest",
    "logs": "the log driver writes what a container says",
    "secretsmanager": "Fargate reads the secrets of a task definition before the container starts",
}

# S3 needs no interface: a gateway endpoint is free, and leads to the same buckets.
GATEWAY = "s3"


def service(name: str, account: Account) -> str:
    """The endpoint service's full name, such as com.amazonaws.eu-west-1.s3."""
    return f"com.amazonaws.{account.region}.{name}"


def interface_policy(account: Account) -> str:
    """This account's identities, to this account's resources: credentials brought in from elsewhere open nothing.

    Without it, whoever can run code in a task could send data through the endpoint into an account of their own. It
    holds for everything in the VPC, as the endpoints' names do: an application that has to reach another account's
    resources wants a VPC of its own, or this policy changed.
    """
    return document(_own(account, "*"))


def s3_policy(account: Account) -> str:
    """This account's buckets, and reading the bucket that holds the layers of ECR's images.

    That bucket is AWS's, and is read with an address that ECR signs, not with the task's credentials: a policy that
    forgets it (awsdocs/amazon-ecr-user-guide issue 8), or asks there who the caller is (awsdocs/amazon-vpc-user-guide
    issue 94), stops every task with CannotPullContainerError. Its name is given in the Amazon ECR User Guide, "Amazon
    ECR interface VPC endpoints (AWS PrivateLink)", under the minimum permissions for S3.
    """
    layers: Mapping[str, object] = {
        "Sid": "ImageLayers",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:{account.partition}:s3:::prod-{account.region}-starport-layer-bucket/*",
    }
    return document(_own(account, "s3:*"), layers)


def _own(account: Account, action: str) -> Mapping[str, object]:
    return {
        "Sid": "OwnIdentitiesToOwnResources",
        "Effect": "Allow",
        "Principal": "*",  # narrowed by the condition: an endpoint's policy cannot name an account's every role
        "Action": action,
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": account.id, "aws:ResourceAccount": account.id}},
    }
