"""Rows of Secrets Manager."""

from __future__ import annotations

from local.provider.compare import document, reference, unordered
from local.provider.rows.shared import tag_list, tag_setters
from local.provider.table import Autoname, Call, Id, In, Look, Out, Row, words

SECRET = Row(
    urn_type="aws:secretsmanager/secret:Secret",
    service="secretsmanager",
    create=(
        Call(
            "create_secret",
            {
                "Name": In("name"),
                "Description": In("description"),
                "KmsKeyId": In("kmsKeyId"),
                "Tags": In("tags", tag_list),
            },
        ),
    ),
    id="response.ARN",
    setters=(
        Call("update_secret", {"SecretId": Id(), "Description": In("description"), "KmsKeyId": In("kmsKeyId")}),
        Call("put_resource_policy", {"SecretId": Id(), "ResourcePolicy": In("policy")}),
        Call("delete_resource_policy", {"SecretId": Id()}, removed="policy"),
        *tag_setters("tag_resource", "untag_resource", {"SecretId": Id()}),
    ),
    read=(
        Look("describe_secret", {"SecretId": Id()}, "!DeletedDate && @"),
        Look("get_resource_policy", {"SecretId": Id()}, "ResourcePolicy", into="policy"),
    ),
    delete=(
        Call(
            "delete_secret",
            {
                "SecretId": Id(),
                # No window at all means at once; AWS takes only one of the two.
                "RecoveryWindowInDays": Out("recoveryWindowInDays", shape=lambda days: days or None),
                "ForceDeleteWithoutRecovery": Out("recoveryWindowInDays", shape=lambda days: not days or None),
            },
        ),
    ),
    outputs={"arn": "ARN", "tagsAll": "tag_map(Tags)"},
    observed={
        "name": "Name",
        "description": "Description",
        "kmsKeyId": "KmsKeyId",
        "policy": "policy",
        "tags": "tag_map(Tags)",
    },
    force_new=words("name"),
    sticky=words("policy"),
    client_side=words("recoveryWindowInDays"),
    defaults={"recoveryWindowInDays": 30},
    canonical={"policy": document},
    seen_as={"kmsKeyId": reference},
    autoname=Autoname(longest=512),
)

SECRET_VERSION = Row(
    urn_type="aws:secretsmanager/secretVersion:SecretVersion",
    service="secretsmanager",
    create=(
        Call(
            "put_secret_value",
            {
                "SecretId": In("secretId"),
                "SecretString": In("secretStringWo"),
                "VersionStages": In("versionStages"),
            },
            given="secretStringWo",
        ),
        Call(
            "put_secret_value",
            {
                "SecretId": In("secretId"),
                "SecretString": In("secretString"),
                "SecretBinary": In("secretBinary"),
                "VersionStages": In("versionStages"),
            },
        ),
    ),
    id="join('|', [response.ARN, response.VersionId])",
    read=(
        Look(
            "get_secret_value",
            {"SecretId": Id("|", 0), "VersionId": Id("|", 1)},
            "@",
            absent=words("InvalidRequestException"),  # the secret is scheduled for deletion
        ),
    ),
    delete=(),  # a version cannot be deleted: it goes with its secret
    outputs={
        "arn": "ARN",
        "secretArn": "ARN",
        "versionId": "VersionId",
        "versionStages": "VersionStages",
    },
    observed={"secretId": "ARN", "secretString": "SecretString"},
    required=words("secretId"),
    force_new=words("secretId secretString secretStringWo secretStringWoVersion secretBinary versionStages"),
    client_side=words("secretStringWoVersion"),
    sticky=words("secretString versionStages"),
    secret=words("secretString secretStringWo secretBinary"),
    excludes={"secretStringWo": words("secretString secretBinary"), "secretString": words("secretBinary")},
    canonical={"versionStages": unordered},
    seen_as={"secretId": lambda given, seen: str(seen).endswith((str(given), f":{given}"))},
)

ROWS = (SECRET, SECRET_VERSION)
