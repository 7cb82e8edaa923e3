"""One database service from its passwords to its dashboard, from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra import jobs
from infra.alerts import Alerts
from infra.backups import Backups, BackupsArgs
from infra.cluster import Cluster
from infra.config import Estate, Service
from infra.credentials import Credentials, CredentialsArgs
from infra.database import Database, DatabaseArgs
from infra.dns import ServiceNames, ServiceNamesArgs, Zone
from infra.dump_bucket import DumpBucket
from infra.dump_task import DUMP, DumpTask, DumpTaskArgs
from infra.enhanced_monitoring import EnhancedMonitoring
from infra.keys import Keys
from infra.lookups import Lookups
from infra.monitoring import Monitoring, MonitoringArgs
from infra.network import Network
from infra.outputs import service_outputs
from infra.pooler import Pooler, PoolerArgs
from infra.recovery import Recovery
from infra.schedules import Scheduled, Schedules, SchedulesArgs, scheduled_jobs
from infra.schema_task import SchemaTask, SchemaTaskArgs
from infra.vault import Vault


@dataclass(frozen=True, slots=True)
class Shared:
    """What a stack has once, for all its services."""

    here: Lookups
    keys: Keys
    network: Network
    zone: Zone
    cluster: Cluster
    alerts: Alerts
    samples: EnhancedMonitoring
    vault: Vault | None
    recovery: Recovery | None
    dumps: DumpBucket | None


def deploy_service(estate: Estate, service: Service, shared: Shared) -> dict[str, Any]:
    """Declares all that one service consists of; returns its outputs."""
    stack, name, tls = estate.stack, service.name, estate.tls_required
    here, keys, network, cluster = shared.here, shared.keys, shared.network, shared.cluster
    credentials = Credentials(
        f"{name}-credentials",
        CredentialsArgs(stack, name, service.protected, service.login_roles, keys.secrets_arn),
    )
    database = Database(
        name,
        DatabaseArgs(
            stack, service, tls, network, keys, network.zones, shared.samples.role_arn, credentials.master_password
        ),
    )
    pooler = Pooler(
        f"{name}-pooler",
        PoolerArgs(
            stack, service, estate.images.pooler, tls, here.account, network, keys, cluster, database, credentials
        ),
    )
    schema = SchemaTask(
        f"{name}-schema",
        SchemaTaskArgs(
            stack, service, estate.images.schema, tls, here.account, network, keys, database, pooler, credentials
        ),
    )
    if service.backup.snapshots or (service.backup.copy_to_recovery and shared.recovery is not None):
        Backups(
            f"{name}-backups",
            BackupsArgs(
                stack, service, here.account, network, database, shared.vault, shared.recovery, shared.alerts.topic_arn
            ),
        )
    tasks = scheduled_jobs(
        service.jobs,
        task_definition_arn=schema.definition_arn,
        security_group_id=schema.security_group_id,
        role_arns=schema.role_arns,
        log_group_name=schema.log_group_name,
    )
    dump = None
    if service.backup.dump_at is not None and shared.dumps is not None:
        dump = DumpTask(
            f"{name}-dump",
            DumpTaskArgs(
                stack,
                service,
                estate.images.schema,
                tls,
                here.account,
                network,
                keys,
                database,
                credentials,
                shared.dumps,
            ),
        )
        tasks = (
            *tasks,
            Scheduled(
                DUMP,
                jobs.daily_at(service.backup.dump_at).cron,
                dump.definition_arn,
                DUMP,
                None,
                dump.security_group_id,
                dump.role_arns,
                dump.log_group_name,
            ),
        )
    schedules = Schedules(
        f"{name}-schedules",
        SchedulesArgs(
            stack=stack,
            service=name,
            account=here.account,
            cluster_arn=cluster.arn,
            subnet_ids=network.private_subnet_ids,
            topic_arn=shared.alerts.topic_arn,
            alerts_key_arn=keys.alerts_arn,
            tasks=tasks,
        ),
    )
    monitoring = Monitoring(
        f"{name}-monitoring",
        MonitoringArgs(
            stack=stack,
            service=service,
            region=here.region,
            topic_arn=shared.alerts.topic_arn,
            primary=database.primary.identifier,
            replicas=[replica.identifier for replica in database.replicas],
            primary_log_group=database.primary_log_group_name,
            replica_log_groups=database.replica_log_group_names,
            parameter_group=database.parameter_group.name,
            cluster_name=cluster.name,
            pooler_service=pooler.service_name,
            load_balancer_suffix=pooler.load_balancer_suffix,
            target_group_suffix=pooler.target_group_suffix,
            schedule_group=schedules.group_name,
        ),
    )
    names = ServiceNames(
        f"{name}-names",
        ServiceNamesArgs(
            stack=stack,
            service_name=name,
            zone=shared.zone,
            primary_address=database.primary.address,
            replica_addresses=database.replica_addresses,
            lag_alarm_names=monitoring.replica_lag_alarm_names,
            pooler_dns_name=pooler.address,
            pooler_zone_id=pooler.zone_id,
            lag_alarm_terms=monitoring.replica_lag_terms,
        ),
    )
    return service_outputs(service, network, cluster, credentials, database, pooler, schema, schedules, names, dump)
