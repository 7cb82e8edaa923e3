"""One customer-managed key for each purpose, so that reading a log never needs the right to read a database."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policies
from infra.containers import Account
from infra.options import child, options, tags

# The longest that KMS keeps a key after its deletion: within it, everything the key encrypted can be had back.
DELETION_WINDOW_DAYS = 30


@dataclass(frozen=True, slots=True)
class KeysArgs:
    """What the keys are made from."""

    stack: str
    protected: bool
    kept: bool
    account: pulumi.Output[Account]


class Keys(pulumi.ComponentResource):
    """The estate's keys, by the ARN of each purpose."""

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Keys", name, None, opts)
        self._name, self._args = name, args
        self.storage_arn = self._key("storage", "Volumes, snapshots and performance data of the databases")
        self.secrets_arn = self._key("secrets", "Passwords of the databases' roles")
        self.logs_arn = self._key("logs", "Logs of databases and tasks")
        self.register_outputs({"storage": self.storage_arn, "secrets": self.secrets_arn, "logs": self.logs_arn})

    def _key(self, purpose: policies.Purpose, description: str) -> pulumi.Output[str]:
        args = self._args
        key = aws.kms.Key(
            f"{self._name}-{purpose}",
            description=description,
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=args.account.apply(lambda account: policies.key_policy(purpose, account)),
            tags=tags(args.stack),
            opts=options("storage_key" if purpose == "storage" else "key", args.protected, self, kept=args.kept),
        )
        # An alias is a name for people, so it is not a random one.
        aws.kms.Alias(
            f"{self._name}-{purpose}",
            name=f"alias/estate-{args.stack}-{purpose}",
            target_key_id=key.key_id,
            opts=child(self),
        )
        return key.arn
