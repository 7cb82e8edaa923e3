"""One PostgreSQL service on RDS: a primary, its replicas, their parameters and logs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import firewall, parameters
from infra.config import Service
from infra.keys import Keys
from infra.names import MASTER_USER
from infra.network import Network
from infra.options import child, options, tags
from infra.pgbouncer import POSTGRES_PORT

CA = "rds-ca-rsa2048-g1"  # RDS's default since 2024, named so that a change is ours; the images hold the bundle
# Paid Extended Support must be chosen, not fallen into at the end of a major's life.
SUPPORT = "open-source-rds-extended-support-disabled"
LOGS = ("postgresql", "upgrade")


@dataclass(frozen=True, slots=True)
class DatabaseArgs:
    """What a service's servers are made from."""

    stack: str
    service: Service
    tls_required: bool
    network: Network
    keys: Keys
    zones: tuple[pulumi.Output[str], ...]
    monitoring_role_arn: pulumi.Output[str]
    master_password: pulumi.Output[str]


class Database(pulumi.ComponentResource):
    """The primary and the replicas of one service."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Database", name, None, opts)
        self._name, self._args = name, args
        self._tags = tags(args.stack, args.service.name)
        self.identifier = f"estate-{args.stack}-{args.service.name}"
        group = aws.ec2.SecurityGroup(
            f"{name}-database",
            description=f"PostgreSQL of {args.service.name}: in from pooler, tasks and direct clients, out to nowhere",
            vpc_id=args.network.vpc_id,
            tags=self._tags,
            opts=child(self),
        )
        self.security_group_id = group.id
        # Reports, support, an operator's host: whatever carries this group may ask the servers past the pooler.
        direct = aws.ec2.SecurityGroup(
            f"{name}-direct",
            description=f"Clients that ask {args.service.name} past its pooler: out to PostgreSQL, in from nowhere",
            vpc_id=args.network.vpc_id,
            tags=self._tags,
            opts=child(self),
        )
        self.direct_group_id = direct.id
        way = firewall.Way(f"{name}-direct-database", "Direct clients to PostgreSQL", POSTGRES_PORT)
        firewall.connect(self, way, direct.id, group.id, self._tags)
        self._subnet_group = aws.rds.SubnetGroup(
            f"{name}-subnets",
            description=f"Database subnets for {args.service.name}",
            subnet_ids=args.network.database_subnet_ids,
            tags=self._tags,
            opts=child(self),
        )
        self.subnet_group_name = self._subnet_group.name
        self._log_group_names: dict[str, pulumi.Output[str]] = {}
        self.parameter_group = self._parameters()
        self.primary = self._primary()
        self.replicas = [self._replica(number) for number in range(1, args.service.replicas.count + 1)]
        self.primary_log_group_name, *self.replica_log_group_names = self._log_group_names.values()
        # By number, as the configuration counts them.
        self.replica_addresses = {
            f"replica-{number}": replica.address for number, replica in enumerate(self.replicas, start=1)
        }
        self.register_outputs({"primary": self.primary.arn, "replicas": [item.arn for item in self.replicas]})

    def _parameters(self) -> aws.rds.ParameterGroup:
        """The parameter group. Autonamed: a new major's group is made before the old one goes."""
        service = self._args.service
        overrides = dict(service.parameters)
        facts = parameters.server(
            service.instance_class,
            service.replicas.instance_class,
            service.replicas.count,
            self._args.tls_required,
            overrides,
        )
        return aws.rds.ParameterGroup(
            f"{self._name}-parameters",
            family=f"postgres{service.engine_version}",
            description=f"Parameters of {service.name}",
            parameters=[
                {"name": item.name, "value": item.value, "apply_method": item.apply_method}
                for item in parameters.render(facts, overrides)
            ],
            tags=self._tags,
            opts=child(self),
        )

    def _log_groups(self, logical: str, identifier: str) -> list[aws.cloudwatch.LogGroup]:
        """RDS's log groups, made first: RDS would make them itself, unencrypted and kept for ever."""
        groups = [
            aws.cloudwatch.LogGroup(
                f"{logical}-{log}-log",
                name=f"/aws/rds/instance/{identifier}/{log}",
                retention_in_days=self._args.service.monitoring.log_days,
                kms_key_id=self._args.keys.logs_arn,
                tags=self._tags,
                opts=options("log_group", self._args.service.protected, self),
            )
            for log in LOGS
        ]
        self._log_group_names[logical] = groups[LOGS.index("postgresql")].name
        return groups

    def _primary(self) -> aws.rds.Instance:
        args, service, watched = self._args, self._args.service, self._args.service.monitoring
        kept, generation = service.backup.keep_after_destroy, service.backup.final_snapshot_generation
        return aws.rds.Instance(
            f"{self._name}-primary",
            identifier=self.identifier,
            engine="postgres",
            engine_version=service.engine_version,  # the major only: RDS's minor upgrades then are no difference
            auto_minor_version_upgrade=True,
            engine_lifecycle_support=SUPPORT,
            instance_class=service.instance_class.name,
            multi_az=service.multi_az,
            # With a standby RDS places both; without, the replicas keep clear of this zone.
            availability_zone=None if service.multi_az else args.zones[0],
            allocated_storage=service.storage.allocated_gib,
            max_allocated_storage=service.storage.max_allocated_gib,
            storage_type=service.storage.type,
            iops=service.storage.provisioned_iops,
            storage_throughput=service.storage.provisioned_mibps,
            storage_encrypted=True,
            kms_key_id=args.keys.storage_arn,
            db_name=service.name,
            username=MASTER_USER,
            password=args.master_password,
            port=POSTGRES_PORT,
            parameter_group_name=self.parameter_group.name,
            db_subnet_group_name=self._subnet_group.name,
            vpc_security_group_ids=[self.security_group_id],
            publicly_accessible=False,
            ca_cert_identifier=CA,
            iam_database_authentication_enabled=service.iam_authentication,
            backup_retention_period=service.backup.retention_days,
            backup_window=service.backup.window,
            maintenance_window=service.maintenance_window,
            copy_tags_to_snapshot=True,
            deletion_protection=service.protected,
            # By default RDS deletes its backups together with the instance. What is kept is not decided by `protected`,
            # which goes first when a database is to be destroyed.
            delete_automated_backups=not kept,
            skip_final_snapshot=not kept,
            # Stable, or every preview would differ; the generation lets a second destroy find a free name.
            final_snapshot_identifier=f"{self.identifier}-final-{generation}" if kept else None,
            apply_immediately=service.apply_immediately,
            enabled_cloudwatch_logs_exports=list(LOGS),
            monitoring_interval=watched.interval_seconds,
            monitoring_role_arn=args.monitoring_role_arn if watched.interval_seconds else None,
            performance_insights_enabled=True,
            # This key can never be changed later, so it is ours from the first day.
            performance_insights_kms_key_id=args.keys.storage_arn,
            performance_insights_retention_period=watched.insights_days,
            database_insights_mode=watched.insights,
            tags=tags(args.stack, service.name, Name=self.identifier, Role="primary"),
            opts=options(
                "primary",
                service.protected,
                self,
                pulumi.ResourceOptions(depends_on=self._log_groups(f"{self._name}-primary", self.identifier)),
            ),
        )

    def _replica(self, number: int) -> aws.rds.Instance:
        """Replica `number`, from 1. User, password, database and engine are the source's."""
        args, service, watched = self._args, self._args.service, self._args.service.monitoring
        logical, identifier = f"{self._name}-replica-{number}", f"{self.identifier}-replica-{number}"
        return aws.rds.Instance(
            logical,
            identifier=identifier,
            # In the source's region with a subnet group of its own, RDS wants the ARN, not the identifier.
            replicate_source_db=self.primary.arn,
            instance_class=service.replicas.instance_class.name,
            multi_az=False,
            availability_zone=self._zone_of(number),
            # At its creation RDS takes the source's size; later a replica's volume grows by its own change.
            allocated_storage=service.storage.allocated_gib,
            storage_type=service.storage.type,
            iops=service.storage.provisioned_iops,
            storage_throughput=service.storage.provisioned_mibps,
            max_allocated_storage=service.storage.max_allocated_gib,
            storage_encrypted=True,  # with the source's key, which RDS takes by itself
            auto_minor_version_upgrade=True,
            # The source's group: hot standby demands settings no lower than the primary's.
            parameter_group_name=self.parameter_group.name,
            db_subnet_group_name=self._subnet_group.name,
            vpc_security_group_ids=[self.security_group_id],
            publicly_accessible=False,
            ca_cert_identifier=CA,
            iam_database_authentication_enabled=service.iam_authentication,
            backup_retention_period=0,  # the source is backed up
            maintenance_window=service.maintenance_window,
            copy_tags_to_snapshot=True,
            deletion_protection=False,
            skip_final_snapshot=True,  # RDS refuses a final snapshot of a replica
            apply_immediately=service.apply_immediately,
            enabled_cloudwatch_logs_exports=list(LOGS),
            monitoring_interval=watched.interval_seconds,
            monitoring_role_arn=args.monitoring_role_arn if watched.interval_seconds else None,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.keys.storage_arn,
            performance_insights_retention_period=watched.insights_days,
            database_insights_mode=watched.insights,
            tags=tags(args.stack, service.name, Name=identifier, Role="replica"),
            opts=options(
                "replica",
                service.protected,
                self,
                pulumi.ResourceOptions(depends_on=self._log_groups(logical, identifier)),
            ),
        )

    def _zone_of(self, number: int) -> pulumi.Output[str]:
        """Replicas over the zones in turn; clear of a primary that stands alone in the first."""
        first, *others = self._args.zones
        free = [*others, first] if self._args.service.multi_az else others
        return free[(number - 1) % len(free)]
