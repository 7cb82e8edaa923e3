"""The public controls that ask for the same as a policy, and where each is described. Pure.

Three catalogues: Checkov's policies for Terraform (CKV...), Security Hub's controls (RDS.3), and the managed rules of
AWS Config (rds-storage-encrypted). What none of them asks for has a page of documentation, or is the estate's own
decision.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from infra.sources import OURS, Source

CHECKOV = "https://www.checkov.io/5.Policy%20Index/terraform.html"
HUB = "https://docs.aws.amazon.com/securityhub/latest/userguide"
CONFIG = "https://docs.aws.amazon.com/config/latest/developerguide"
RDS = "https://docs.aws.amazon.com/AmazonRDS/latest"
ECS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide"
BACKUP = "https://docs.aws.amazon.com/aws-backup/latest/devguide"

PAGES: Mapping[str, Source] = {
    "certificate-authority": Source(
        "RDS User Guide: certificate authorities", f"{RDS}/UserGuide/UsingWithRDS.SSL.html"
    ),
    "circuit-breaker": Source("ECS Developer Guide: circuit breaker", f"{ECS}/deployment-circuit-breaker.html"),
    "CreateDBInstance": Source("RDS API: CreateDBInstance", f"{RDS}/APIReference/API_CreateDBInstance.html"),
    "DeleteSecret": Source(
        "Secrets Manager API: DeleteSecret",
        "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html",
    ),
    "ecs-exec": Source("ECS Developer Guide: ECS Exec", f"{ECS}/ecs-exec.html"),
    "endpoint-policies": Source(
        "AWS PrivateLink Guide: endpoint policies",
        "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    ),
    "extended-support": Source("RDS User Guide: Extended Support", f"{RDS}/UserGuide/extended-support.html"),
    "fargate-maintenance": Source("ECS Developer Guide: task retirement", f"{ECS}/task-maintenance.html"),
    "image-digests": Source(
        "ECR User Guide: images by digest",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
    ),
    "internal-load-balancer": Source(
        "Elastic Load Balancing: scheme",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html",
    ),
    "ModifyDBInstance": Source("RDS API: ModifyDBInstance", f"{RDS}/APIReference/API_ModifyDBInstance.html"),
    "network-chain": OURS,
    "password-encryption": Source(
        "PostgreSQL: password authentication", "https://www.postgresql.org/docs/current/auth-password.html"
    ),
    "permissions-boundaries": Source(
        "IAM User Guide: permissions boundaries",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
    ),
    "pgbouncer-tls": Source("PgBouncer: TLS settings", "https://www.pgbouncer.org/config.html#tls-settings"),
    "policy-grammar": Source(
        "IAM User Guide: grammar of policies",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html",
    ),
    "pooler-ceiling": OURS,
    "pulumi-protect": Source("Pulumi: protect", "https://www.pulumi.com/docs/iac/concepts/options/protect/"),
    "pulumi-retain": Source(
        "Pulumi: retainOnDelete", "https://www.pulumi.com/docs/iac/concepts/options/retainondelete/"
    ),
    "replicated-backups": Source(
        "RDS User Guide: automated backups in another Region", f"{RDS}/UserGuide/USER_ReplicateBackups.html"
    ),
    "sns-subscription": Source(
        "SNS Developer Guide: subscriptions",
        "https://docs.aws.amazon.com/sns/latest/dg/sns-create-subscribe-endpoint-to-topic.html",
    ),
    "vault-lock": Source("AWS Backup Developer Guide: Vault Lock", f"{BACKUP}/vault-lock.html"),
}
"""What is in none of the three catalogues."""


def source(control: str) -> Source:
    """Where a control is described; ValueError for a name that belongs to no catalogue."""
    if control in PAGES:
        return PAGES[control]
    if re.fullmatch(r"CKV2?_AWS_\d+", control):
        return Source(control, CHECKOV)
    if found := re.fullmatch(r"([A-Za-z0-9]+)\.(\d+)", control):
        service = found[1].lower()
        return Source(control, f"{HUB}/{service}-controls.html#{service}-{found[2]}")
    if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", control):
        return Source(control, f"{CONFIG}/{control}.html")
    raise ValueError(f"{control!r} is in no catalogue of controls")
