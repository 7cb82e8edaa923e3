"""The policy of each key: who manages it, and what may be done with it through which service. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from infra.containers import Account
from infra.policies import Statement, document

Purpose = Literal["storage", "secrets", "logs", "alerts", "dumps", "vault", "recovery"]


@dataclass(frozen=True, slots=True)
class Use:
    """How a key is used by the account's own roles: through these services only, and by a service on their behalf."""

    description: str
    via: tuple[str, ...]
    grants: tuple[str, ...] = ()  # those of `via` that keep a grant of their own: a volume stays open for years


USES: Mapping[Purpose, Use] = {
    "storage": Use("Volumes, snapshots and performance data of the databases", ("rds",), ("rds",)),
    "secrets": Use("Passwords of the databases' roles", ("secretsmanager",)),
    # CloudWatch Logs uses this one itself.
    "logs": Use("Logs of databases, tasks and network", ()),
    "alerts": Use("Alarms on their way: topic and dead letters", ("sns", "sqs")),
    # A multipart upload decrypts, too: S3 reads the parts' key again.
    "dumps": Use("Logical dumps of the databases", ("s3",)),
    # RDS's snapshots keep the key of their instance; the vault's own encrypts what AWS Backup keeps itself.
    "vault": Use("The vault of snapshots", ("backup",), ("backup",)),
    "recovery": Use("Copies of snapshots, backups and dumps in the second region", ("rds", "backup", "s3"),
                    ("rds", "backup")),
}  # fmt: skip

# What managing a key takes, without any use of it: who administers cannot decrypt with these.
_ADMINISTER = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
]
_USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
_PUBLISH = ["kms:Decrypt", "kms:GenerateDataKey*"]

# Services that publish to the topic with the key themselves. (Amazon SNS Developer Guide: Managing Amazon SNS
# encryption keys and costs)
_PUBLISHERS = ("backup", "cloudwatch")
# Those of which it is not certain, or certain that they do not, tell KMS the source account: what they encrypt for is
# told by SNS itself.
_BY_CONTEXT = ("events", "events.rds")


def key_policy(purpose: Purpose, account: Account, region: str, copied_to: str | None = None) -> str:
    """Who may do what with the key of one purpose in one region; `copied_to` is the region that backups go to.

    The account's root stands for its IAM: without it, a key whose only administrator leaves is lost.
    """
    root = {"AWS": f"arn:{account.partition}:iam::{account.id}:root"}
    statements: list[Statement] = [
        {
            "Sid": "Administer",
            "Effect": "Allow",
            "Principal": root,
            "Action": _ADMINISTER,
            "Resource": "*",  # in a key policy: this key
        }
    ]
    use = USES[purpose]
    # RDS of the second region reads what is copied with the first one's key.
    regions = [region, copied_to] if purpose == "storage" and copied_to else [region]
    if use.via:
        through = _through(account, regions, use.via)
        statements.append({"Sid": "UseThroughService", "Effect": "Allow", "Principal": root, "Action": _USE,
                           "Resource": "*", "Condition": through})  # fmt: skip
    if use.grants:
        # RDS keeps a database open with a grant of its own.
        own = {**_through(account, regions, use.grants), "Bool": {"kms:GrantIsForAWSResource": "true"}}
        statements.append({"Sid": "GrantToService", "Effect": "Allow", "Principal": root,
                           "Action": ["kms:CreateGrant"], "Resource": "*", "Condition": own})  # fmt: skip
    if purpose == "logs":
        statements.append(_by_logs(account, region))
    if purpose == "alerts":
        statements += _by_publishers(account, region)
    return document(*statements)


def _through(account: Account, regions: Sequence[str], services: Sequence[str]) -> dict[str, object]:
    via = [f"{service}.{region}.{account.dns_suffix}" for region in regions for service in services]
    return {"StringEquals": {"kms:CallerAccount": account.id, "kms:ViaService": via[0] if len(via) == 1 else via}}


def _by_logs(account: Account, region: str) -> Statement:
    prefix = f"arn:{account.partition}:logs:{region}:{account.id}:log-group:*"
    return {
        "Sid": "UseByLogs",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.{account.dns_suffix}"},
        "Action": _USE,
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": prefix}},
    }


def _by_publishers(account: Account, region: str) -> list[Statement]:
    """CloudWatch and AWS Backup, for this account; EventBridge and RDS for this account's topics and queues.

    EventBridge sends no aws:SourceAccount with its calls to KMS: a condition on it would drop every event in silence.
    What it does send is the topic or the queue that it encrypts for.
    """
    publishers: Statement = {
        "Sid": "UseByPublishers",
        "Effect": "Allow",
        "Principal": {"Service": [f"{name}.amazonaws.com" for name in _PUBLISHERS]},
        "Action": _PUBLISH,
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": account.id}},
    }
    by_eventbridge: list[Statement] = [
        {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": [f"{name}.amazonaws.com" for name in names]},
            "Action": _PUBLISH,
            "Resource": "*",
            "Condition": {
                "ArnLike": {
                    f"kms:EncryptionContext:aws:{key}": f"arn:{account.partition}:{service}:{region}:{account.id}:*"
                }
            },
        }
        for sid, names, key, service in (
            ("UseByEventsForTopics", _BY_CONTEXT, "sns:topicArn", "sns"),
            ("UseByEventBridgeForQueues", ("events",), "sqs:arn", "sqs"),
        )
    ]
    return [publishers, *by_eventbridge]
