"""The table: every resource type that the local cloud knows, by its token."""

from __future__ import annotations

from local.provider.rows import ec2, ec2_security, ecs, elb, iam, kms, logs, rds, secretsmanager
from local.provider.table import Row

ROWS: dict[str, Row] = {
    row.urn_type: row
    for module in (ec2, ec2_security, kms, secretsmanager, rds, iam, logs, ecs, elb)
    for row in module.ROWS
}
