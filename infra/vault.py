"""The AWS Backup vault that snapshots are kept in, and what nobody may do to it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import backup_policies, retention
from infra.config import Service
from infra.options import child, options, tags


@dataclass(frozen=True, slots=True)
class Kept:
    """What holds for every vault of the estate: protected or not, kept after a destroy or not, locked or not."""

    stack: str
    protected: bool
    kept: bool
    lock: tuple[int, int] | None  # least and most days of a recovery point's life; None without a lock


def kept(stack: str, services: tuple[Service, ...]) -> Kept:
    """What the services of an estate ask of its vaults; one that wants a lock locks it for all, since they share it."""
    backups = [service.backup for service in services]
    return Kept(
        stack,
        protected=any(service.protected for service in services),
        kept=any(backup.keep_after_destroy for backup in backups),
        lock=retention.lock_days(backups) if any(backup.vault_lock for backup in backups) else None,
    )


@dataclass(frozen=True, slots=True)
class VaultArgs:
    """What the vault is made from."""

    kept: Kept
    key_arn: pulumi.Output[str]
    topic_arn: pulumi.Output[str]


class Vault(pulumi.ComponentResource):
    """The vault of the stack's own region; jobs of it that fail are told to the topic."""

    arn: pulumi.Output[str]
    vault_name: pulumi.Output[str]

    def __init__(self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Vault", name, None, opts)
        vault = make_vault(self, name, args.kept, args.key_arn)
        self.arn, self.vault_name = vault.arn, vault.name
        # The copies into another region are jobs of this one.
        tell(self, f"{name}-failed-jobs", args.kept.stack, self.arn.apply(backup_policies.failed_jobs), args.topic_arn)
        self.register_outputs({"arn": self.arn})


def make_vault(
    parent: pulumi.Resource, name: str, kept: Kept, key_arn: pulumi.Input[str], region: str | None = None
) -> aws.backup.Vault:
    """A vault with its access policy and its lock.

    The lock is in governance mode: who has the right to may take it away, which is what `changeable_for_days` would
    end for ever after so many days ("AWS Backup Vault Lock"). A vault can be deleted only empty; where nothing is
    protected or kept, its recovery points go with it.
    """
    vault = aws.backup.Vault(
        name,
        region=region,
        kms_key_arn=key_arn,
        force_destroy=not (kept.protected or kept.kept),
        tags=tags(kept.stack),
        opts=options("vault", kept.protected, parent, kept=kept.kept),
    )
    aws.backup.VaultPolicy(
        name,
        region=region,
        backup_vault_name=vault.name,
        policy=backup_policies.vault_access(),
        opts=options("kept_setting", kept.protected, parent, kept=kept.kept),
    )
    if kept.lock is not None:
        least, most = kept.lock
        aws.backup.VaultLockConfiguration(
            name,
            region=region,
            backup_vault_name=vault.name,
            min_retention_days=least,
            max_retention_days=most,
            # Another retention is another lock. Made first, it would be the one that deleting the old one takes away.
            # Not kept as the vault is: what is kept cannot be taken off by the configuration that asked for it.
            opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
        )
    return vault


def tell(
    parent: pulumi.Resource, name: str, stack: str, pattern: pulumi.Input[str], topic_arn: pulumi.Input[str]
) -> None:
    """Sends events of this pattern to the topic, as they are: their words are AWS Backup's own."""
    rule = aws.cloudwatch.EventRule(
        name,
        description="AWS Backup did not do what it was asked for",
        event_pattern=pattern,
        tags=tags(stack),
        opts=child(parent),
    )
    aws.cloudwatch.EventTarget(name, rule=rule.name, arn=topic_arn, opts=child(parent))
