"""Who may do what: the permission table, and what each role has of it. Pure.

For a new resource type, a row in permissions_network.py, permissions_data.py or permissions_tasks.py; a test names the
type without one, the action that is missing, and the row that nothing needs any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ops.bootstrap.permission_rows import Row, row
from ops.bootstrap.permissions_data import DATA
from ops.bootstrap.permissions_network import NETWORK
from ops.bootstrap.permissions_tasks import TASKS_AND_EVENTS
from ops.bootstrap.scopes import (
    BUCKETS_READ,
    IMAGES,
    LOGS,
    OURS,
    PASS,
    PASS_SCHEMA,
    READ,
    REGISTRY,
    SCHEMA_LOGS,
    SCHEMA_TASKS,
    SECRETS,
    STATE_KEY,
    STATE_LIST,
    STATE_OBJECTS,
    TASKS,
    Scope,
)

RESOURCES: tuple[Row, ...] = (*NETWORK, *DATA, *TASKS_AND_EVENTS)
"""One row for each resource type that a configuration of the estate can lead to."""

# What the program looks up while it runs, whatever it declares (infra/lookups.py), and the provider at its start.
LOOKUPS = row(
    "lookups",
    ec2={READ: "DescribeAccountAttributes DescribeAvailabilityZones DescribeRegions"},
    secretsmanager={READ: "GetRandomPassword"},
    sts={READ: "GetCallerIdentity"},
)

# Pulumi's state in S3 (pulumi: pkg/backend/diy) and its awskms secrets provider (gocloud.dev: secrets/awskms). Encrypt
# is called when a stack gets its data key, Decrypt at each start; GenerateDataKey is S3's, for what is written. A
# preview takes no lock and writes nothing.
READ_STATE = row("state, read", s3={STATE_LIST: "ListBucket", STATE_OBJECTS: "GetObject"}, kms={STATE_KEY: "Decrypt"})
WRITE_STATE = row(
    "state, written",
    s3={STATE_OBJECTS: "AbortMultipartUpload DeleteObject PutObject"},
    kms={STATE_KEY: "Encrypt GenerateDataKey"},
)

# ops/: the schema step, the renewal of poolers, `dbctl check`, and whether an image that a configuration pins is there.
COMMANDS = row(
    "dbctl deploy and check",
    cloudwatch={READ: "DescribeAlarms"},
    ecr={READ: "DescribeImages"},
    ecs={
        READ: "DescribeServices ListTaskDefinitions",
        SCHEMA_TASKS: "RunTask",
        TASKS: "DescribeTasks StopTask",
        OURS: "UpdateService",
    },
    elasticloadbalancing={READ: "DescribeTargetHealth"},
    iam={PASS: "PassRole"},
    logs={LOGS: "GetLogEvents"},
    rds={READ: "DescribeDBInstances"},
)
VERIFY = row(
    "dbctl schema verify",
    ecs={SCHEMA_TASKS: "RunTask", TASKS: "DescribeTasks StopTask"},
    iam={PASS_SCHEMA: "PassRole"},
    logs={SCHEMA_LOGS: "GetLogEvents"},
    sts={READ: "GetCallerIdentity"},
)
PUSH = row(
    "images, built and scanned",
    ecr={
        REGISTRY: "GetAuthorizationToken",
        IMAGES: "BatchCheckLayerAvailability BatchGetImage CompleteLayerUpload DescribeImageScanFindings"
        " DescribeImages GetDownloadUrlForLayer InitiateLayerUpload ListImageReferrers ListImages PutImage"
        " UploadLayerPart",
    },
)

READERS = (READ, BUCKETS_READ, SECRETS)
"""The scopes in which nothing is changed: a preview with --refresh takes them, and no others."""

Grants = Mapping[Scope, frozenset[str]]


def union(rows: Sequence[Row], only: Sequence[Scope] | None = None) -> Grants:
    """The rows together: scope -> actions; of the scopes in `only`, or of all."""
    grants: dict[Scope, set[str]] = {}
    for each in rows:
        for scope, actions in each.grants.items():
            if only is None or scope in only:
                grants.setdefault(scope, set()).update(actions)
    return {scope: frozenset(actions) for scope, actions in grants.items()}


def grants_of(role: str, resources: Sequence[Row] = RESOURCES) -> Grants:
    """What a role of the bootstrap may do."""
    rows: Mapping[str, Grants] = {
        "estate-preview": union([*resources, LOOKUPS, READ_STATE], (*READERS, STATE_LIST, STATE_OBJECTS, STATE_KEY)),
        "estate-verify": union([VERIFY, READ_STATE]),
        "estate-deploy": union([*resources, LOOKUPS, READ_STATE, WRITE_STATE, COMMANDS]),
        "estate-images": union([PUSH]),
    }
    return rows[role]
