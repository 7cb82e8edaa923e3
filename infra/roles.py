"""The one way in which a role is made: under the estate's path, within the account's boundary.

Whoever may deploy makes roles, and whoever makes roles could make himself an administrator. So the account's bootstrap
lets the deploying role make them only under this path, and only with this boundary, which holds what any role of the
estate may ever do (ops/bootstrap, docs/bootstrap.md).
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from infra.containers import Account
from infra.names import BOUNDARY, ROLE_PATH
from infra.options import child


def define(
    parent: pulumi.Resource,
    name: str,
    account: pulumi.Output[Account],
    description: str,
    trust: pulumi.Input[str],
    labels: dict[str, pulumi.Input[str]],
) -> aws.iam.Role:
    """Makes a role; `trust` is the document that says who assumes it."""
    return aws.iam.Role(
        name,
        path=ROLE_PATH,
        permissions_boundary=account.apply(lambda known: f"arn:{known.partition}:iam::{known.id}:policy/{BOUNDARY}"),
        description=description,
        assume_role_policy=trust,
        tags=labels,
        opts=child(parent),
    )
