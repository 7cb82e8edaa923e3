"""What the bootstrap's things are called, and the facts that their documents are made from. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.names import BOUNDARY

ALIAS = "alias/postgres-estate-state"
REPOSITORIES = ("postgres-estate/pooler", "postgres-estate/schema")
ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
MANAGED_BY = "bootstrap/postgres-estate"
"""The tag ManagedBy of what the bootstrap made: what bears another value, or none, is somebody else's."""
STACKS_MANAGED_BY = "pulumi/postgres-estate"
"""The same tag on everything that the stacks make (infra/options.py): the deploy role may change what bears it."""
TAGS = {"ManagedBy": MANAGED_BY}

OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})", re.ASCII)
NAME = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)

UNKNOWN_KEY = "(the key that is made first)"
"""Stands for the key's id while there is no key: in a dry run in an empty account."""

HOUR = 3600


@dataclass(frozen=True, slots=True)
class Role:
    """A role that a workflow may take: its name, the GitHub environments whose jobs may, its longest session (seconds).

    An hour is more than a preview or a build takes. A verification may take one and has to end within its session, so
    it has two. A deployment gets four: it cannot renew its session on the way, Pulumi could not write its state
    without one, and the first one of prod waits for instances, then for
    their replicas, then for a schema step that may take an hour.
    """

    name: str
    environments: tuple[str, ...]
    seconds: int
    what: str


ROLES = (
    Role("estate-preview", ("preview", "drift"), HOUR, "Reads the estate and its state, for previews"),
    Role("estate-verify", ("drift",), 2 * HOUR, "Starts the schema task, to verify the databases"),
    Role("estate-deploy", ("dev", "prod"), 4 * HOUR, "Deploys the stacks"),
    Role("estate-images", ("images",), HOUR, "Pushes images into the estate's two repositories"),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the documents depend on: the account, where the state is, where stacks are, who may come from GitHub.

    `regions` are all in which a stack has something; `domains` those of the stacks' private zones. `subject` is the
    beginning of GitHub's `sub` claim, up to the environment. `key_id` is the state key's, once there is one.
    """

    account: str
    partition: str
    region: str
    regions: tuple[str, ...]
    domains: tuple[str, ...]
    repository: str
    subject: str
    key_id: str = UNKNOWN_KEY

    @property
    def bucket(self) -> str:
        """The state bucket: with account and region in its name nobody else has taken it, and it tells where it is."""
        return f"postgres-estate-state-{self.account}-{self.region}"

    @property
    def bucket_arn(self) -> str:
        """The state bucket's ARN."""
        return f"arn:{self.partition}:s3:::{self.bucket}"

    @property
    def key_arn(self) -> str:
        """The state key's ARN."""
        return f"arn:{self.partition}:kms:{self.region}:{self.account}:key/{self.key_id}"

    @property
    def provider_arn(self) -> str:
        """The OIDC provider's ARN."""
        return self.iam(f"oidc-provider/{ISSUER}")

    @property
    def boundary_arn(self) -> str:
        """The ARN of the permissions boundary that every role of a stack has."""
        return self.iam(f"policy/{BOUNDARY}")

    def iam(self, resource: str) -> str:
        """The ARN of something in this account's IAM."""
        return f"arn:{self.partition}:iam::{self.account}:{resource}"

    def regional(self, service: str, resource: str, region: str = "*") -> str:
        """The ARN of something of this account in one region, or in all."""
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"
