"""One customer-managed key for each purpose, so that reading a log never needs the right to read a database."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import key_policies
from infra.containers import Account
from infra.key_policies import Purpose
from infra.options import child, options, tags

# The longest that KMS keeps a key after its deletion: within it, everything the key encrypted can be had back.
DELETION_WINDOW_DAYS = 30
# KMS's default, named: the old material stays and decrypts what it encrypted, so a rotation costs nothing.
ROTATION_DAYS = 365
# What encrypts a copy that outlives the stack.
BACKUP_KEYS: frozenset[Purpose] = frozenset({"storage", "dumps", "vault", "recovery"})


@dataclass(frozen=True, slots=True)
class KeysArgs:
    """What the keys are made from."""

    stack: str
    protected: bool
    kept: bool
    account: pulumi.Output[Account]
    recovery_region: str | None
    dumped: bool
    """Whether any database is dumped, so that a bucket needs a key."""
    snapshots: bool
    """Whether AWS Backup keeps any snapshots, so that a vault needs one."""


class Keys(pulumi.ComponentResource):
    """The estate's keys, by the ARN of each purpose."""

    dumps_arn: pulumi.Output[str] | None
    vault_arn: pulumi.Output[str] | None
    recovery_arn: pulumi.Output[str] | None

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Keys", name, None, opts)
        self._name, self._args = name, args
        self.storage_arn = self._key("storage")
        self.secrets_arn = self._key("secrets")
        self.logs_arn = self._key("logs")
        self.alerts_arn = self._key("alerts")
        # A key costs something each month: these are made for what there is.
        self.dumps_arn = self._key("dumps") if args.dumped else None
        self.vault_arn = self._key("vault") if args.snapshots else None
        self.recovery_arn = self._key("recovery", args.recovery_region) if args.recovery_region else None
        self.register_outputs(
            {
                "storage": self.storage_arn,
                "secrets": self.secrets_arn,
                "logs": self.logs_arn,
                "alerts": self.alerts_arn,
                "dumps": self.dumps_arn,
                "vault": self.vault_arn,
                "recovery": self.recovery_arn,
            }
        )

    def _key(self, purpose: Purpose, region: str | None = None) -> pulumi.Output[str]:
        """The key of a purpose, in the stack's region or in another one."""
        args = self._args
        backup = purpose in BACKUP_KEYS
        key = aws.kms.Key(
            f"{self._name}-{purpose}",
            region=region,
            description=key_policies.USES[purpose].description,
            enable_key_rotation=True,
            rotation_period_in_days=ROTATION_DAYS,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=args.account.apply(
                lambda account: key_policies.key_policy(
                    purpose, account, region or account.region, args.recovery_region
                )
            ),
            tags=tags(args.stack),
            opts=options("backup_key" if backup else "key", args.protected, self, kept=args.kept),
        )
        # An alias is a name for people, so it is not a random one.
        aws.kms.Alias(
            f"{self._name}-{purpose}",
            region=region,
            name=f"alias/estate-{args.stack}-{purpose}",
            target_key_id=key.key_id,
            opts=child(self),
        )
        return key.arn
