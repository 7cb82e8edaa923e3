"""The image repositories: tags that cannot move, scanned, encrypted."""

from __future__ import annotations

from typing import Any

from ops.bootstrap.differences import Context, Difference, Foreign, document_change, found_or_none, tag_list, tag_map
from ops.bootstrap.documents import text
from ops.bootstrap.names import REPOSITORIES, TAGS
from ops.bootstrap.state_documents import image_lifecycle
from ops.console import NOTHING

WHAT = "image repository"
TAGS_STAY = "IMMUTABLE_WITH_EXCLUSION"
# Signatures are tagged by the digest that they sign, and a second signature is added under the same tag.
MOVABLE = [{"filterType": "WILDCARD", "filter": "sha256-*"}]
# With ECR's own key: it must not depend on the state's, nor end with it. It cannot be changed later.
ENCRYPTION = {"encryptionType": "KMS"}


def differences(context: Context) -> list[Difference]:
    """What the repositories lack."""
    rows: list[Difference] = []
    foreign: list[str] = []
    for name in REPOSITORIES:
        try:
            rows += _of(context, name)
        except Foreign as other:
            foreign += other.lines
    if foreign:
        raise Foreign(*foreign)
    return rows


def _of(context: Context, name: str) -> list[Difference]:
    ecr = context.clients.get("ecr")
    answer = found_or_none(ecr.describe_repositories, "RepositoryNotFoundException", repositoryNames=[name])
    if answer is None:
        return [
            Difference(WHAT, name, "repository", NOTHING, "made: immutable tags, scanned", lambda: _make(ecr, name))
        ]
    found = answer["repositories"][0]
    rows: list[Difference] = []

    def row(part: str, was: str, wanted: str, mend: Any) -> None:
        rows.append(Difference(WHAT, name, part, was, wanted, mend))

    arn = found["repositoryArn"]
    if not context.owned(WHAT, name, tag_map(ecr.list_tags_for_resource(resourceArn=arn)["tags"])):
        row("tags", "not ours", "ours", lambda: ecr.tag_resource(resourceArn=arn, tags=tag_list(TAGS)))
    if found["imageTagMutability"] != TAGS_STAY or found.get("imageTagMutabilityExclusionFilters", []) != MOVABLE:
        row(
            "tags of images",
            found["imageTagMutability"],
            f"{TAGS_STAY} (sha256-*)",
            lambda: ecr.put_image_tag_mutability(
                repositoryName=name, imageTagMutability=TAGS_STAY, imageTagMutabilityExclusionFilters=MOVABLE
            ),
        )
    if not found.get("imageScanningConfiguration", {}).get("scanOnPush"):
        row(
            "scan",
            "off",
            "on push",
            lambda: ecr.put_image_scanning_configuration(
                repositoryName=name, imageScanningConfiguration={"scanOnPush": True}
            ),
        )
    answer = found_or_none(ecr.get_lifecycle_policy, "LifecyclePolicyNotFoundException", repositoryName=name)
    wanted = image_lifecycle()
    if document_change(answer["lifecyclePolicyText"] if answer else None, wanted):
        row(
            "lifecycle",
            "another" if answer else NOTHING,
            "candidates end, nothing else does",
            lambda: ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text(wanted)),
        )
    return rows


def _make(ecr: Any, name: str) -> None:
    ecr.create_repository(
        repositoryName=name,
        tags=tag_list(TAGS),
        imageTagMutability=TAGS_STAY,
        imageTagMutabilityExclusionFilters=MOVABLE,
        imageScanningConfiguration={"scanOnPush": True},
        encryptionConfiguration=ENCRYPTION,
    )
