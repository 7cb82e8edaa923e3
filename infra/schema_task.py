"""The task that gives one database its schema: run once after each deployment, inside the VPC."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import containers, firewall
from infra.config import Service
from infra.containers import Account, Container
from infra.credentials import Credentials
from infra.database import Database
from infra.keys import Keys
from infra.network import Network
from infra.options import child, tags
from infra.pgbouncer import PORT, POSTGRES_PORT
from infra.pooler import Pooler
from infra.task import Known, TaskArgs, define

# A migration waits for the database, so the smallest task that Fargate offers with a gigabyte will do.
CPU, MEMORY_MIB = 256, 1024
MASTER = ""  # the master's place among the task's secrets; no role has an empty name


@dataclass(frozen=True, slots=True)
class SchemaTaskArgs:
    """What a service's schema task is made from."""

    stack: str
    service: Service
    image: str
    tls_required: bool
    account: pulumi.Output[Account]
    network: Network
    keys: Keys
    database: Database
    pooler: Pooler
    credentials: Credentials


class SchemaTask(pulumi.ComponentResource):
    """The task definition and what running it takes."""

    def __init__(self, name: str, args: SchemaTaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:SchemaTask", name, None, opts)
        self._args = args
        labels = tags(args.stack, args.service.name)
        group = aws.ec2.SecurityGroup(
            f"{name}-task",
            description="Schema task: out to PostgreSQL, in from nowhere",
            vpc_id=args.network.vpc_id,
            tags=labels,
            opts=child(self),
        )
        way = firewall.Way(f"{name}-database", "Schema task to PostgreSQL", POSTGRES_PORT)
        firewall.connect(self, way, group.id, args.database.security_group_id, labels)
        # `dbctl check` asks through the pooler as applications do, from where they are.
        door = firewall.Way(f"{name}-pooler", "Smoke check to the pooler", PORT)
        firewall.connect(self, door, group.id, args.pooler.door_group_id, labels)
        firewall.reach_aws(self, name, group.id, args.network, labels)
        task = define(
            self,
            name,
            TaskArgs(
                stack=args.stack,
                service=args.service.name,
                protected=args.service.protected,
                log_days=args.service.monitoring.log_days,
                account=args.account,
                keys=args.keys,
                image=args.image,
                cpu=CPU,
                memory_mib=MEMORY_MIB,
                secrets={MASTER: args.credentials.master_arn, **args.credentials.role_arns},
                facts={"host": args.database.primary.address},
                describe=self._describe,
            ),
        )
        self.security_group_id = group.id
        self.definition_arn, self.role_arns = task.definition.arn, task.role_arns
        self.log_group_name = task.log_group.name
        self.register_outputs({"definition": self.definition_arn, "logGroup": self.log_group_name})

    def _describe(self, known: Known) -> Container:
        args = self._args
        return Container(
            name=containers.SCHEMA,
            image=known.image,
            command=("python", "-m", "schema", "apply"),
            memory_mib=MEMORY_MIB,
            environment=containers.schema_environment(
                args.service.name, args.stack, known.facts["host"], POSTGRES_PORT, args.tls_required
            ),
            secrets=containers.schema_secrets(
                known.secrets[MASTER], {name: arn for name, arn in known.secrets.items() if name != MASTER}
            ),
            log_group=known.log_group,
            region=known.region,
        )
