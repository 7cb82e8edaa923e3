"""The provider's own configuration: region and default tags; the rest belongs to real AWS. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.provider.checks import Failure, near
from local.provider.table import words
from local.provider.values import is_unknown

DEFAULT_REGION = "us-east-1"  # what the estate's stacks name; used only by a program that names none

KNOWN = words("region defaultTags version pluginDownloadURL")

# Who may speak to AWS, and how: the local cloud has one account, checks no credentials and has one endpoint.
WITHOUT_EFFECT = words(
    "accessKey secretKey token profile sharedConfigFiles sharedCredentialsFiles allowedAccountIds"
    " forbiddenAccountIds assumeRoles assumeRoleWithWebIdentity endpoints maxRetries retryMode"
    " skipCredentialsValidation skipMetadataApiCheck skipRegionValidation skipRequestingAccountId"
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What one provider of a program asks for."""

    region: str = DEFAULT_REGION
    default_tags: Mapping[str, str] = field(default_factory=dict)


def failures(given: Mapping[str, Any]) -> list[Failure]:
    """Settings that would be ignored although they change what is deployed."""
    known = KNOWN | WITHOUT_EFFECT
    return [
        Failure(name, f"the local cloud's provider has no setting {name!r}{near(name, known)}")
        for name in sorted(set(given) - known)
    ]


def parse(given: Mapping[str, Any]) -> Settings:
    """The settings; composed ones arrive as JSON texts."""
    region = given.get("region")
    tags = given.get("defaultTags")
    if isinstance(tags, str) and not is_unknown(tags):
        tags = json.loads(tags)
    return Settings(
        region=region if isinstance(region, str) and region and not is_unknown(region) else DEFAULT_REGION,
        default_tags=tags.get("tags", {}) if isinstance(tags, Mapping) else {},
    )
