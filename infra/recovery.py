"""The second region: what is left when the first one is lost.

Snapshots are copied into its vault by the plans' rules, automated backups are replicated by RDS, dumps by S3. All of it
is encrypted with the second region's key, since a key is of no use outside of its own region.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.config import Service
from infra.dump_bucket import Replica, make_bucket
from infra.vault import Kept, make_vault


@dataclass(frozen=True, slots=True)
class RecoveryArgs:
    """What is made in the second region, and for whom."""

    kept: Kept
    region: str
    key_arn: pulumi.Output[str]
    services: tuple[Service, ...]


class Recovery(pulumi.ComponentResource):
    """A vault and, when there are dumps, a bucket in the second region."""

    vault_arn: pulumi.Output[str]
    dumps: Replica | None

    def __init__(self, name: str, args: RecoveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Recovery", name, None, opts)
        self.region, self.key_arn = args.region, args.key_arn
        self.vault_arn = make_vault(self, f"{name}-vault", args.kept, args.key_arn, args.region).arn
        # The rules of all: a service that is dumped no more still has dumps, and they go when their time is over.
        dumped = args.services if any(service.backup.dump_at is not None for service in args.services) else ()
        self.dumps = None
        if dumped:
            made = make_bucket(self, f"{name}-dumps", args.kept, args.key_arn, dumped, args.region)
            self.dumps = Replica(args.region, args.key_arn, made)
        self.register_outputs({"vault": self.vault_arn, "dumps": self.dumps.made.bucket.arn if self.dumps else None})

    def replicate_backups(
        self,
        parent: pulumi.Resource,
        name: str,
        instance_arn: pulumi.Input[str],
        retention_days: int,
        replicas: Sequence[pulumi.Resource],
    ) -> None:
        """Has RDS replicate an instance's automated backups: point-in-time recovery in this region, as long back.

        Another retention is another replication, begun when the old one has ended; it follows the instance's own. It
        begins when the replicas are there: beginning keeps the source busy, and RDS makes no replica of a busy one.
        """
        aws.rds.InstanceAutomatedBackupsReplication(
            f"{name}-replicated",
            region=self.region,
            source_db_instance_arn=instance_arn,
            kms_key_id=self.key_arn,
            retention_period=retention_days,
            # RDS has one replication for a source: it refuses to start a second one beside it. And a delete names the
            # source alone: where it came last, it would stop the new one.
            opts=pulumi.ResourceOptions(parent=parent, depends_on=list(replicas), delete_before_replace=True),
        )
