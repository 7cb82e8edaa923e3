"""Rows of KMS."""

from __future__ import annotations

from local.provider.compare import document, reference
from local.provider.rows.shared import tag_setters
from local.provider.table import Autoname, Call, Id, In, Item, Look, Out, Row, words

KEY = Row(
    urn_type="aws:kms/key:Key",
    service="kms",
    create=(
        Call(
            "create_key",
            {
                "Description": In("description"),
                "KeyUsage": In("keyUsage"),
                "KeySpec": In("customerMasterKeySpec"),
                "MultiRegion": In("multiRegion"),
                "Policy": In("policy"),
                "BypassPolicyLockoutSafetyCheck": In("bypassPolicyLockoutSafetyCheck", quiet=True),
                "Tags": In("tags", lambda tags: [{"TagKey": k, "TagValue": tags[k]} for k in sorted(tags)] or None),
            },
        ),
    ),
    id="response.KeyMetadata.KeyId",
    setters=(
        Call("update_key_description", {"KeyId": Id(), "Description": In("description")}),
        Call(
            "put_key_policy",
            {
                "KeyId": Id(),
                "PolicyName": "default",
                "Policy": In("policy"),
                "BypassPolicyLockoutSafetyCheck": In("bypassPolicyLockoutSafetyCheck", quiet=True),
            },
        ),
        # A disabled key refuses to have its rotation changed, so that it is enabled first and disabled last.
        Call("enable_key", {"KeyId": Id()}, only_if={"isEnabled": True}),
        Call(
            "enable_key_rotation",
            {"KeyId": Id(), "RotationPeriodInDays": In("rotationPeriodInDays")},
            only_if={"enableKeyRotation": True},
            whole=True,
        ),
        Call("disable_key_rotation", {"KeyId": Id()}, only_if={"enableKeyRotation": False}),
        Call("disable_key", {"KeyId": Id()}, only_if={"isEnabled": False}),
        *tag_setters(
            "tag_resource",
            "untag_resource",
            {"KeyId": Id()},
            pair={"TagKey": Item("key"), "TagValue": Item("value")},
        ),
    ),
    read=(
        # A key that is scheduled for deletion answers, but nothing can be done with it any more.
        Look("describe_key", {"KeyId": Id()}, "KeyMetadata.KeyState!='PendingDeletion' && KeyMetadata"),
        Look("get_key_policy", {"KeyId": Id(), "PolicyName": "default"}, "Policy", into="policy"),
        Look("get_key_rotation_status", {"KeyId": Id()}, "@", into="rotation"),
        Look("list_resource_tags", {"KeyId": Id()}, "Tags", into="tags"),
    ),
    delete=(
        Call(
            "schedule_key_deletion",
            {"KeyId": Id(), "PendingWindowInDays": Out("deletionWindowInDays")},
        ),
    ),
    outputs={"arn": "Arn", "keyId": "KeyId", "tagsAll": "tag_map(tags)"},
    observed={
        "description": "Description",
        "keyUsage": "KeyUsage",
        "customerMasterKeySpec": "KeySpec",
        "multiRegion": "MultiRegion",
        "isEnabled": "Enabled",
        "policy": "policy",
        "enableKeyRotation": "rotation.KeyRotationEnabled",
        "rotationPeriodInDays": "rotation.RotationPeriodInDays",
        "tags": "tag_map(tags)",
    },
    force_new=words("keyUsage customerMasterKeySpec multiRegion"),
    sticky=words("description policy multiRegion rotationPeriodInDays"),
    client_side=words("deletionWindowInDays"),
    defaults={
        "keyUsage": "ENCRYPT_DECRYPT",
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "bypassPolicyLockoutSafetyCheck": False,
    },
    canonical={"policy": document},
)

ALIAS = Row(
    urn_type="aws:kms/alias:Alias",
    service="kms",
    create=(Call("create_alias", {"AliasName": In("name"), "TargetKeyId": In("targetKeyId")}),),
    id="inputs.name",
    setters=(Call("update_alias", {"AliasName": Id(), "TargetKeyId": In("targetKeyId")}),),
    read=(
        Look("list_aliases", {}, "Aliases[?AliasName==$name] | [0]", where={"name": Id()}),
        Look("describe_key", {"KeyId": Id()}, "KeyMetadata.Arn", into="target_arn"),
    ),
    delete=(Call("delete_alias", {"AliasName": Id()}),),
    outputs={"arn": "AliasArn", "targetKeyArn": "target_arn"},
    observed={"name": "AliasName", "targetKeyId": "TargetKeyId"},
    required=words("targetKeyId"),
    force_new=words("name"),
    seen_as={"targetKeyId": reference},
    moves={"targetKeyId": words("targetKeyArn")},
    autoname=Autoname(longest=256, prefix="alias/"),
)

ROWS = (KEY, ALIAS)
