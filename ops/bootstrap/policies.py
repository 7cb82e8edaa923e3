"""Managed policies of the bootstrap: made, given a new version, or taken away."""

from __future__ import annotations

from typing import Any

from infra.names import BOUNDARY
from ops.bootstrap.differences import Context, Difference, document_change, found_or_none, tag_list, tag_map
from ops.bootstrap.documents import Document, boundary, text
from ops.bootstrap.names import TAGS
from ops.console import NOTHING

WHAT = "policy"
MOST_VERSIONS = 5  # IAM keeps no more; the oldest goes for a new one


def boundary_differences(context: Context) -> list[Difference]:
    """What the permissions boundary of the stacks' roles lacks."""
    return of_policy(context, BOUNDARY, boundary(context.facts), "bounds every role that a stack makes")


def of_policy(context: Context, name: str, wanted: Document, what_for: str) -> list[Difference]:
    """How one managed policy differs from the document that it shall hold."""
    iam, arn = context.clients.get("iam"), context.facts.iam(f"policy/{name}")
    found = found_or_none(iam.get_policy, "NoSuchEntity", PolicyArn=arn)
    if found is None:
        return [
            Difference(
                WHAT,
                name,
                "policy",
                NOTHING,
                f"made: {what_for}",
                lambda: iam.create_policy(
                    PolicyName=name, PolicyDocument=text(wanted), Description=f"postgres-estate: {what_for}",
                    Tags=tag_list(TAGS),
                ),
            )
        ]  # fmt: skip
    rows = []
    if not context.owned(WHAT, name, tag_map(iam.list_policy_tags(PolicyArn=arn)["Tags"])):
        rows.append(
            Difference(
                WHAT, name, "tags", "not ours", "ours", lambda: iam.tag_policy(PolicyArn=arn, Tags=tag_list(TAGS))
            )
        )
    version = found["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    change = document_change(document, wanted)
    if change:
        rows.append(Difference(WHAT, name, "document", *change, lambda: _new_version(iam, arn, wanted)))
    return rows


def _new_version(iam: Any, arn: str, wanted: Document) -> None:
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    spare = sorted((each["CreateDate"], each["VersionId"]) for each in versions if not each["IsDefaultVersion"])
    if len(versions) >= MOST_VERSIONS:
        iam.delete_policy_version(PolicyArn=arn, VersionId=spare[0][1])
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=text(wanted), SetAsDefault=True)


def remove(iam: Any, arn: str) -> None:
    """Delete a policy that no role has any more, with its versions."""
    for each in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not each["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=each["VersionId"])
    iam.delete_policy(PolicyArn=arn)
