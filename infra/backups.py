"""One database's snapshots by AWS Backup: the plan, its copies in the second region, and the proof that they restore.

Point-in-time recovery is RDS's own (infra/database.py). AWS Backup could have it too, and would then take the
instance's retention and window into its hands ("Continuous backups and point-in-time recovery"): no rule here says
`enable_continuous_backup`, and the role is denied it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import backup_policies, retention, roles
from infra.config import Service
from infra.containers import Account
from infra.database import Database
from infra.network import Network
from infra.options import child, tags
from infra.recovery import Recovery
from infra.retention import SnapshotRule
from infra.vault import Vault, tell

# Restored databases serve nobody: the smallest class that the services run on. Their storage is what it was.
TEST_CLASS = "db.t4g.medium"
# AWS Backup begins a test within so long; it is in nobody's way, and half a day would reach into working hours.
TEST_START_HOURS = 4
# A restored database stays an hour for whoever wants to look into it, then AWS Backup deletes it.
TEST_STAYS_HOURS = 1
UTC = "Etc/UTC"
# Names of restore tests take no hyphens, as all others do; so Pulumi's own names would be refused.
_NO_WORD = re.compile(r"\W", re.ASCII)
_LONGEST_TEST_NAME = 50


@dataclass(frozen=True, slots=True)
class BackupsArgs:
    """What a service's backups are made from."""

    stack: str
    service: Service
    account: pulumi.Output[Account]
    network: Network
    database: Database
    vault: Vault | None  # there is one as soon as any service has snapshots
    recovery: Recovery | None
    topic_arn: pulumi.Output[str]


class Backups(pulumi.ComponentResource):
    """The backup plan of one database and its restore test."""

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Backups", name, None, opts)
        self._name, self._args = name, args
        self._tags = tags(args.stack, args.service.name)
        backup = args.service.backup
        self.plan_id = self.test_plan_arn = None
        if args.vault is not None and backup.snapshots:
            self.plan_id = self._plan(args.vault)
            if backup.restore_test:
                self.test_plan_arn = self._restore_test(args.vault)
        if args.recovery is not None and backup.copy_to_recovery and backup.retention_days:
            database = args.database
            args.recovery.replicate_backups(self, name, database.primary.arn, backup.retention_days, database.replicas)
        self.register_outputs({"plan": self.plan_id, "restoreTest": self.test_plan_arn})

    def _plan(self, vault: Vault) -> pulumi.Output[str]:
        args = self._args
        rules = retention.snapshot_rules(args.service.backup, args.service.maintenance_window)
        plan = aws.backup.Plan(
            self._name,
            rules=[self._rule(rule, vault) for rule in rules],
            tags=self._tags,
            opts=child(self),
        )
        role_arn, ready = self._role("backup", backup_policies.BACKUP_POLICY, backup_policies.snapshots_only)
        aws.backup.Selection(
            self._name,
            plan_id=plan.id,
            iam_role_arn=role_arn,
            # By its ARN: a tag would let whoever may tag an instance take it out of its backups.
            resources=[args.database.primary.arn],
            opts=pulumi.ResourceOptions(parent=self, depends_on=ready),
        )
        return plan.id

    def _rule(self, rule: SnapshotRule, vault: Vault) -> aws.backup.PlanRuleArgs:
        args = self._args
        # No cold storage: RDS has none in AWS Backup ("Feature availability by resource"). A copy without a lifecycle
        # of its own would be kept for ever (terraform-provider-aws #37862).
        days = rule.delete_after_days
        copies = None
        if args.recovery is not None and args.service.backup.copy_to_recovery:
            copies = [
                aws.backup.PlanRuleCopyActionArgs(
                    destination_vault_arn=args.recovery.vault_arn,
                    lifecycle=aws.backup.PlanRuleCopyActionLifecycleArgs(delete_after=days),
                )
            ]
        return aws.backup.PlanRuleArgs(
            rule_name=rule.name,
            target_vault_name=vault.vault_name,
            schedule=rule.cron,
            schedule_expression_timezone=UTC,
            start_window=retention.START_MINUTES,
            completion_window=retention.COMPLETION_MINUTES,
            lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=days),
            recovery_point_tags=self._tags,
            copy_actions=copies,
        )

    def _restore_test(self, vault: Vault) -> pulumi.Output[str]:
        args, backup = self._args, self._args.service.backup
        name = test_name(args.stack, args.service.name)
        plan = aws.backup.RestoreTestingPlan(
            self._name,
            name=name,
            schedule_expression=retention.restore_test_cron(backup, args.service.maintenance_window),
            schedule_expression_timezone=UTC,
            start_window_hours=TEST_START_HOURS,
            recovery_point_selection=aws.backup.RestoreTestingPlanRecoveryPointSelectionArgs(
                algorithm="LATEST_WITHIN_WINDOW",
                include_vaults=[vault.arn],
                recovery_point_types=["SNAPSHOT"],
                selection_window_days=retention.restore_test_window_days(backup),
            ),
            tags=self._tags,
            opts=child(self),
        )
        nobody = aws.ec2.SecurityGroup(
            f"{self._name}-restored",
            description="Databases restored for a test: in from nowhere, out to nowhere",
            vpc_id=args.network.vpc_id,
            tags=self._tags,
            opts=child(self),
        )
        role_arn, ready = self._role("restore", backup_policies.RESTORE_POLICY, backup_policies.deletes_only_its_own)
        aws.backup.RestoreTestingSelection(
            self._name,
            name=name,
            restore_testing_plan_name=plan.name,
            protected_resource_type="RDS",
            protected_resource_arns=[args.database.primary.arn],
            iam_role_arn=role_arn,
            # Without them AWS Backup takes the default VPC, and where there is none every test fails. Single zone, not
            # public and deletable is what it takes by itself ("Restore testing inferred metadata").
            restore_metadata_overrides={
                "dbInstanceClass": TEST_CLASS,
                "dbSubnetGroupName": args.database.subnet_group_name,
                "vpcSecurityGroupIds": nobody.id.apply(lambda group: json.dumps([group])),  # lists as JSON text
            },
            validation_window_hours=TEST_STAYS_HOURS,
            opts=pulumi.ResourceOptions(parent=self, depends_on=ready),
        )
        tell(
            self,
            f"{self._name}-failed-restores",
            args.stack,
            plan.arn.apply(backup_policies.failed_restores),
            args.topic_arn,
        )
        return plan.arn

    def _role(
        self, suffix: str, policy: str, limits: backup_policies.Limits
    ) -> tuple[pulumi.Output[str], list[pulumi.Resource]]:
        """A role of AWS Backup with AWS's policy for it, limited; and what must be there before it is used."""
        role = roles.define(
            self,
            f"{self._name}-{suffix}",
            self._args.account,
            f"AWS Backup: {suffix} of {self._args.service.name}",
            backup_policies.trust("backup.amazonaws.com"),
            self._tags,
        )
        attached = aws.iam.RolePolicyAttachment(
            f"{self._name}-{suffix}",
            role=role.name,
            policy_arn=self._args.account.apply(lambda account: backup_policies.managed(account, policy)),
            opts=child(self),
        )
        limited = aws.iam.RolePolicy(
            f"{self._name}-{suffix}-limits",
            role=role.name,
            policy=self._args.account.apply(limits),
            opts=child(self),
        )
        return role.arn, [attached, limited]


def test_name(stack: str, service: str) -> str:
    """The name of a service's restore test: letters, digits and underscores, 50 at most."""
    return _NO_WORD.sub("_", f"estate_{service}_{stack}")[:_LONGEST_TEST_NAME]
