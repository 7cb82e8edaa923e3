"""IAM, vault, bucket and event documents of backups as JSON, each allowing what one part needs and no more. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from infra.containers import Account
from infra.policies import Statement, document
from infra.retention import PREFIXES, prefix

Limits = Callable[[Account], str]

# What AWS keeps up to date itself when AWS Backup learns something new.
BACKUP_POLICY = "service-role/AWSBackupServiceRolePolicyForBackup"
RESTORE_POLICY = "service-role/AWSBackupServiceRolePolicyForRestores"
# How restore tests name what they make ("Restore testing inferred metadata").
RESTORED = "awsbackup-restore-test-*"
# Below this S3 answers no client: 1.2 is from 2008, and what came before it is broken.
LEAST_TLS = "1.2"
# Jobs in these states did not do what they were asked for.
FAILED = ("ABORTED", "EXPIRED", "FAILED", "PARTIAL")


def managed(account: Account, name: str) -> str:
    """The ARN of one of AWS's own policies."""
    return f"arn:{account.partition}:iam::aws:policy/{name}"


def trust(service: str) -> str:
    """Lets one of AWS's services assume a role.

    Without a condition on the source account: AWS Backup and S3 do not document that they send it, and nobody outside
    of this account can hand them one of its roles (iam:PassRole does not cross accounts).
    """
    return document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def vault_access() -> str:
    """Nobody deletes a recovery point or shortens its life.

    Expiry by the plan's rules is AWS Backup's own and passes through no call that this policy sees. Whoever deploys
    may take the policy away, since a stack must be possible to destroy; that is one deliberate step more, and the
    vault's lock is another. Vault policies know no wildcard in actions ("Vault access policies"), and AWS Config's rule
    backup-recovery-point-manual-deletion-disabled wants everybody and everything named like this.
    """
    return document(
        {
            "Sid": "KeepRecoveryPoints",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"],
            "Resource": "*",
        }
    )


def snapshots_only(account: Account) -> str:
    """What the backup role may not do although AWS's policy for it lets it: it would for continuous backups take over
    the instance's own retention and window, which are this program's to say."""
    return document(
        {
            "Sid": "LeaveInstancesAlone",
            "Effect": "Deny",
            "Action": ["rds:DeleteDBInstanceAutomatedBackup", "rds:ModifyDBCluster", "rds:ModifyDBInstance"],
            "Resource": f"arn:{account.partition}:rds:*:{account.id}:*",
        }
    )


def deletes_only_its_own(account: Account) -> str:
    """What the restore role may not do although AWS's policy for it lets it: delete a database that no test made."""
    return document(
        {
            "Sid": "DeleteOnlyWhatTestsMade",
            "Effect": "Deny",
            "Action": ["rds:DeleteDBCluster", "rds:DeleteDBInstance"],
            "NotResource": f"arn:{account.partition}:rds:*:{account.id}:db:{RESTORED}",
        }
    )


def bucket(arn: str, key_arn: str) -> str:
    """What nobody may do with a bucket of dumps, whatever else they may.

    A request without encryption headers gets the bucket's default, which is the same key, and the parts of an upload
    never have any: so only headers that say something else are refused, which takes the condition `Null` (a comparison
    with `Not` in its name holds for a header that is not there, with IfExists as well: "IAM JSON policy elements:
    Condition operators"). No object is locked: rows of erased users must
    be able to leave before a lock would end, and a lock in compliance mode could not be taken back. A version can be
    deleted by the lifecycle alone, until somebody takes this policy away first.
    """
    everything = [arn, f"{arn}/*"]

    def deny(sid: str, actions: Sequence[str], resources: Sequence[str], **condition: object) -> Statement:
        row: dict[str, object] = {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": list(actions),
            "Resource": list(resources),
        }
        return {**row, "Condition": condition} if condition else row

    def only(sid: str, header: str, value: str) -> Statement:
        there = {"Null": {header: "false"}, "StringNotEquals": {header: value}}
        return deny(sid, ["s3:PutObject"], everything[1:], **there)

    header = "s3:x-amz-server-side-encryption"
    return document(
        deny("OnlyTls", ["s3:*"], everything, Bool={"aws:SecureTransport": "false"}),
        deny("OnlyNewTls", ["s3:*"], everything, NumericLessThan={"s3:TlsVersion": LEAST_TLS}),
        only("OnlyKms", header, "aws:kms"),
        only("OnlyThisKey", f"{header}-aws-kms-key-id", key_arn),
        deny("KeepVersions", ["s3:DeleteObjectVersion"], everything[1:]),
    )


def put_dumps(account: Account, service: str, bucket_arn: str, key_arn: str) -> str:
    """What a dump task may do: add objects of its own service. It reads nothing and deletes nothing.

    The key's Decrypt goes with every multipart upload ("Uploading and copying objects using multipart upload"); with a
    bucket key the encryption context is the bucket, so that nothing else is decrypted by it.
    """
    return document(
        {
            "Sid": "AddDumps",
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:PutObject"],
            "Resource": [f"{bucket_arn}/{prefix(kind, service)}*" for kind in PREFIXES],
        },
        {
            "Sid": "EncryptDumps",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": key_arn,
            "Condition": {
                "StringEquals": {
                    "kms:EncryptionContext:aws:s3:arn": bucket_arn,
                    "kms:ViaService": f"s3.{account.region}.{account.dns_suffix}",
                }
            },
        },
    )


def replicate(account: Account, source: Sequence[str], target: Sequence[str], region: str) -> str:
    """What S3 needs to carry dumps into another region ("Replicating encrypted objects").

    Source and target are a bucket's ARN and its key's; the target is in `region`.
    """
    (source_arn, source_key), (target_arn, target_key) = source, target

    def through(where: str, arn: str) -> Statement:
        via = f"s3.{where}.{account.dns_suffix}"
        return {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": arn, "kms:ViaService": via}}

    return document(
        {
            "Sid": "ReadBucket",
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source_arn,
        },
        {
            "Sid": "ReadVersions",
            "Effect": "Allow",
            "Action": ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"],
            "Resource": f"{source_arn}/*",
        },
        {
            "Sid": "WriteReplicas",
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateTags"],
            "Resource": f"{target_arn}/*",
        },
        {
            "Sid": "DecryptSource",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": source_key,
            "Condition": through(account.region, source_arn),
        },
        {
            "Sid": "EncryptReplicas",
            "Effect": "Allow",
            "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": target_key,
            "Condition": through(region, target_arn),
        },
    )


def failed_jobs(vault_arn: str) -> str:
    """EventBridge's pattern for backup and copy jobs of one vault that failed.

    Vault notifications would say it too, yet only together with every job that went well.
    """
    return json.dumps(
        {
            "source": ["aws.backup"],
            "detail-type": ["Backup Job State Change", "Copy Job State Change"],
            "detail": {
                "state": list(FAILED),
                "$or": [{"backupVaultArn": [vault_arn]}, {"sourceBackupVaultArn": [vault_arn]}],
            },
        },
        sort_keys=True,
    )


def failed_restores(plan_arn: str) -> str:
    """EventBridge's pattern for restore tests of one plan that failed; a restore job says `status`, not `state`."""
    return json.dumps(
        {
            "source": ["aws.backup"],
            "detail-type": ["Restore Job State Change"],
            "detail": {"restoreTestingPlanArn": [plan_arn], "status": list(FAILED)},
        },
        sort_keys=True,
    )
