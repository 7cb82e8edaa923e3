"""The task that dumps one database into the bucket: once a day, inside the VPC, straight from the primary.

Its role may add objects under its service's own prefixes. It reads nothing and deletes nothing, so that whoever takes
the task over has neither yesterday's rows nor the means to take yesterday's dump away.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import backup_policies, containers, firewall
from infra.config import Service
from infra.containers import Account, Container
from infra.credentials import Credentials
from infra.database import Database
from infra.dump_bucket import DumpBucket
from infra.keys import Keys
from infra.network import Network
from infra.options import child, tags
from infra.pgbouncer import POSTGRES_PORT
from infra.task import Known, TaskArgs, define

DUMP = "dump"  # the container's name, and its log streams' prefix
# A whole processor: pg_dump compresses, and the copy that is checked meanwhile is uncompressed again. Three parts of
# 128 MiB are in memory (one being filled, one on its way, one between), and the programs beside them: half of this.
# Nothing is written to disk.
CPU, MEMORY_MIB = 1024, 2048
ROLE = "role"  # the login role's place among the task's secrets


@dataclass(frozen=True, slots=True)
class DumpTaskArgs:
    """What a service's dump task is made from; the image is the schema runner's."""

    stack: str
    service: Service
    image: str
    tls_required: bool
    account: pulumi.Output[Account]
    network: Network
    keys: Keys
    database: Database
    credentials: Credentials
    bucket: DumpBucket


class DumpTask(pulumi.ComponentResource):
    """The task definition and what running it takes."""

    def __init__(self, name: str, args: DumpTaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:DumpTask", name, None, opts)
        self._args = args
        service = args.service.name
        labels = tags(args.stack, service)
        group = aws.ec2.SecurityGroup(
            f"{name}-task",
            description="Dump task: out to PostgreSQL and S3, in from nowhere",
            vpc_id=args.network.vpc_id,
            tags=labels,
            opts=child(self),
        )
        way = firewall.Way(f"{name}-database", "Dump task to PostgreSQL", POSTGRES_PORT)
        firewall.connect(self, way, group.id, args.database.security_group_id, labels)
        firewall.reach_aws(self, name, group.id, args.network, labels)
        task = define(
            self,
            name,
            TaskArgs(
                stack=args.stack,
                service=service,
                protected=args.service.protected,
                log_days=args.service.monitoring.log_days,
                account=args.account,
                keys=args.keys,
                image=args.image,
                cpu=CPU,
                memory_mib=MEMORY_MIB,
                secrets={ROLE: args.credentials.role_arns[login_role(service)]},
                facts={
                    "host": args.database.primary.address,
                    "bucket": args.bucket.bucket_name,
                    "key": args.bucket.key_arn,
                },
                describe=self._describe,
                rights=pulumi.Output.all(args.account, args.bucket.arn, args.bucket.key_arn).apply(
                    lambda known: backup_policies.put_dumps(known[0], service, known[1], known[2])
                ),
            ),
        )
        self.security_group_id = group.id
        self.definition_arn, self.role_arns = task.definition.arn, task.role_arns
        self.log_group_name = task.log_group.name
        self.register_outputs({"definition": self.definition_arn, "logGroup": self.log_group_name})

    def _describe(self, known: Known) -> Container:
        args = self._args
        return Container(
            name=DUMP,
            image=known.image,
            command=("python", "-m", "dump"),
            memory_mib=MEMORY_MIB,
            environment={
                **containers.schema_environment(
                    args.service.name, args.stack, known.facts["host"], POSTGRES_PORT, args.tls_required
                ),
                "DUMP_BUCKET": known.facts["bucket"],
                "DUMP_KEY": known.facts["key"],
            },
            secrets={"ROLE_SECRET": known.secrets[ROLE]},
            log_group=known.log_group,
            region=known.region,
        )


def login_role(service: str) -> str:
    """The role that a service's dumps log in as: it reads every row and changes nothing."""
    return f"{service}_backup"
