"""The documents of the state bucket, its key and the image repositories. Pure."""

from __future__ import annotations

from typing import Any

from infra.names import ROLE_PATH
from ops.bootstrap.documents import Document, document
from ops.bootstrap.names import ROLES, Facts

RETENTION_DAYS = 30
"""Days that a version of the state cannot be deleted. A lost or overwritten state is noticed at the next deployment or
by the nightly drift check; a month leaves room for holidays and for a mistake that was copied forward."""

KEPT_DAYS = 90
"""Days that an overwritten or deleted version stays. Longer than its retention, or the rule would try in vain."""

CANDIDATE_DAYS = 14
"""Days that an image tagged `candidate-...` stays: a pull request that is not merged by then is built again."""


def _principals(facts: Facts) -> list[str]:
    return [facts.iam(f"role/{role.name}") for role in ROLES]


def bucket_policy(facts: Facts) -> Document:
    """TLS only, the state's own key only, and for the workflows' roles nothing but reading and writing objects.

    A deny holds whatever a role's own policies say, and those of an administrator who errs.
    """
    everything = [facts.bucket_arn, f"{facts.bucket_arn}/*"]
    header, key = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"

    def deny(sid: str, resource: Any, condition: dict[str, Any], **actions: Any) -> dict[str, Any]:
        return {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": "*",
            **(actions or {"Action": "s3:*"}),
            "Resource": resource,
            "Condition": condition,
        }

    return document(
        [
            deny("OnlyTls", everything, {"Bool": {"aws:SecureTransport": "false"}}),
            deny("OnlyTls12", everything, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
            # Without such a header the bucket's own setting holds, which is the key; with one it must be the same.
            deny(
                "OnlyKms",
                everything[1],
                {"Null": {header: "false"}, "StringNotEquals": {header: "aws:kms"}},
                Action="s3:PutObject",
            ),
            deny(
                "OnlyItsKey",
                everything[1],
                {"Null": {key: "false"}, "StringNotEquals": {key: facts.key_arn}},
                Action="s3:PutObject",
            ),
            deny(
                "RolesUseObjectsOnly",
                everything,
                {"ArnEquals": {"aws:PrincipalArn": _principals(facts)}},
                NotAction=[
                    "s3:AbortMultipartUpload",
                    "s3:DeleteObject",
                    "s3:GetObject",
                    "s3:ListBucket",
                    "s3:PutObject",
                ],
            ),
            deny("NotForTheStacksRoles", everything, {"ArnLike": {"aws:PrincipalArn": facts.iam(f"role{ROLE_PATH}*")}}),
        ]
    )


def key_policy(facts: Facts) -> Document:
    """The account administers the key and says in IAM who uses it; the workflows' roles use it and nothing else.

    The account's root stands for its IAM: without it, a key whose only administrator leaves is lost, and with the key
    the state.
    """
    return document(
        [
            {
                "Sid": "Account",
                "Effect": "Allow",
                "Principal": {"AWS": facts.iam("root")},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "RolesUseItOnly",
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "NotAction": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
                "Resource": "*",
                "Condition": {"ArnEquals": {"aws:PrincipalArn": _principals(facts)}},
            },
            {
                "Sid": "NotForTheStacksRoles",
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "NotAction": ["kms:DescribeKey"],
                "Resource": "*",
                "Condition": {"ArnLike": {"aws:PrincipalArn": facts.iam(f"role{ROLE_PATH}*")}},
            },
        ]
    )


def bucket_lifecycle() -> list[dict[str, Any]]:
    """What becomes of old versions. Lock files leave a version and a delete marker at each run: they go, too."""
    return [
        {
            "ID": "old-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": KEPT_DAYS},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }
    ]


def image_lifecycle() -> Document:
    """What expires by itself: candidates only.

    ECR does not know which digest a task definition names. A rule that counts would end the image of a service that
    was long not deployed, one for untagged images the signatures, which carry no tag. A commit's image is kept.
    """
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": "Builds of pull requests that nobody deploys",
                "selection": {
                    "tagStatus": "tagged",
                    "tagPatternList": ["candidate-*"],
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": CANDIDATE_DAYS,
                },
                "action": {"type": "expire"},
            }
        ]
    }
