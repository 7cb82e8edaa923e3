"""The KMS key of the state: for the bucket, and for the secrets in it."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from ops.bootstrap.differences import Context, Difference, document_change, found_or_none, tag_list, tag_map
from ops.bootstrap.documents import text
from ops.bootstrap.names import ALIAS, TAGS, Facts
from ops.bootstrap.state_documents import key_policy
from ops.console import NOTHING
from ops.errors import OperatorError

WHAT = "key"
DESCRIPTION = "Pulumi's state of postgres-estate: the bucket, and the secrets in it"
ROTATION_DAYS = 365  # KMS's own default; old material stays and decrypts what it encrypted


def find(context: Context) -> str | None:
    """The id of the state key, by its alias; else of one that an interrupted run made and did not name yet."""
    kms = context.clients.get("kms")
    answer = found_or_none(kms.describe_key, "NotFoundException", KeyId=ALIAS)
    if answer is not None:
        return str(answer["KeyMetadata"]["KeyId"])
    for page in kms.get_paginator("list_keys").paginate():
        for each in page["Keys"]:
            if _tags(kms, each["KeyId"]).items() >= TAGS.items() and _usable(kms, each["KeyId"]):
                return str(each["KeyId"])
    return None


def _usable(kms: Any, key_id: str) -> bool:
    return str(kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"]) in ("Enabled", "Disabled")


def _tags(kms: Any, key_id: str) -> dict[str, str]:
    try:
        return tag_map(kms.list_resource_tags(KeyId=key_id)["Tags"], "TagKey", "TagValue")
    except ClientError as error:  # another's key may forbid even that
        if error.response["Error"]["Code"] == "AccessDeniedException":
            return {}
        raise


def differences(context: Context) -> list[Difference]:
    """What the key lacks."""
    kms, facts = context.clients.get("kms"), context.facts
    key_id = find(context)
    if key_id is None:
        return [Difference(WHAT, ALIAS, "key", NOTHING, "made, rotated every year", lambda: _make(kms, facts))]
    rows: list[Difference] = []

    def row(part: str, found: str, wanted: str, mend: Any) -> None:
        rows.append(Difference(WHAT, ALIAS, part, found, wanted, mend))

    state = kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"]
    if state == "PendingDeletion":
        raise OperatorError(
            f"the key {key_id} ({ALIAS}) will be deleted, and the state with it: nothing could read it any more",
            f"cancel that first: aws kms cancel-key-deletion --region {facts.region} --key-id {key_id}",
        )
    if not context.owned(WHAT, ALIAS, _tags(kms, key_id)):
        row(
            "tags",
            "not ours",
            "ours",
            lambda: kms.tag_resource(KeyId=key_id, Tags=tag_list(TAGS, "TagKey", "TagValue")),
        )
    if state != "Enabled":
        row("state", state, "Enabled", lambda: kms.enable_key(KeyId=key_id))
        return rows  # the rest can only be read and set once it is enabled
    if found_or_none(kms.describe_key, "NotFoundException", KeyId=ALIAS) is None:
        row("alias", NOTHING, ALIAS, lambda: kms.create_alias(AliasName=ALIAS, TargetKeyId=key_id))
    if not kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"]:
        row(
            "rotation",
            "off",
            "every year",
            lambda: kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=ROTATION_DAYS),
        )
    wanted = key_policy(facts)
    change = document_change(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"], wanted)
    if change:
        row(
            "policy",
            *change,
            lambda: kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=text(wanted)),
        )
    return rows


def _make(kms: Any, facts: Facts) -> None:
    # Its alias is a difference of its own, found by the tags: a run that ends in between leaves no second key.
    kms.create_key(Description=DESCRIPTION, Policy=text(key_policy(facts)), Tags=tag_list(TAGS, "TagKey", "TagValue"))
