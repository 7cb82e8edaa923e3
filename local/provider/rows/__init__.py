"""The table: every resource type that the local cloud knows, by its token."""

from __future__ import annotations

from local.provider.rows import (
    appautoscaling,
    backup,
    cloudwatch,
    ec2,
    ec2_flow_logs,
    ec2_gateways,
    ec2_security,
    ecs,
    elb,
    events,
    iam,
    kms,
    log_filters,
    logs,
    rds,
    rds_events,
    rds_replication,
    route53,
    s3,
    scheduler,
    secretsmanager,
    sns,
    sqs,
)
from local.provider.table import Row

ROWS: dict[str, Row] = {
    row.urn_type: row
    for module in (
        ec2,
        ec2_security,
        kms,
        secretsmanager,
        rds,
        iam,
        logs,
        log_filters,
        cloudwatch,
        sns,
        rds_events,
        ecs,
        elb,
        events,
        scheduler,
        sqs,
        ec2_flow_logs,
        ec2_gateways,
        route53,
        backup,
        rds_replication,
        s3,
        appautoscaling,
    )
    for row in module.ROWS
}
