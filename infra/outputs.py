"""The stack's outputs: what the operator's command needs to find everything, and no secret."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from infra import containers
from infra.cluster import Cluster
from infra.config import Service
from infra.credentials import Credentials
from infra.database import Database
from infra.dns import ServiceNames
from infra.dump_task import DUMP, DumpTask
from infra.network import Network
from infra.pgbouncer import PORT, POSTGRES_PORT
from infra.pooler import Pooler
from infra.schedules import Schedules
from infra.schema_task import SchemaTask


def service_outputs(
    service: Service,
    network: Network,
    cluster: Cluster,
    credentials: Credentials,
    database: Database,
    pooler: Pooler,
    schema: SchemaTask,
    schedules: Schedules,
    names: ServiceNames,
    dump: DumpTask | None,
) -> dict[str, Any]:
    """One service's entry under `services`."""
    return {
        "database": service.name,
        "engine_version": service.engine_version,
        "parameter_group": database.parameter_group.name,
        "primary": _server(database.primary),
        "replicas": [_server(replica) for replica in database.replicas],
        "pooler": {
            "address": pooler.address,
            "port": PORT,
            "read_write": service.name,
            "read_only": f"{service.name}_ro",
            "cluster": cluster.arn,
            "service": pooler.service_name,
        },
        "direct_security_group": database.direct_group_id,
        "names": {"primary": names.primary, "readers": names.readers, "pooler": names.pooler},
        "schedules": {"group": schedules.group_name, "failed": schedules.queue_url},
        "secrets": {"master": credentials.master_arn, "roles": credentials.role_arns},
        "dump": dump
        and _task(cluster, network, dump.definition_arn, DUMP, dump.security_group_id, dump.log_group_name),
        "schema_step": _task(
            cluster,
            network,
            schema.definition_arn,
            containers.SCHEMA,
            schema.security_group_id,
            schema.log_group_name,
        ),
    }


def _task(
    cluster: Cluster,
    network: Network,
    definition_arn: pulumi.Output[str],
    container: str,
    security_group_id: pulumi.Output[str],
    log_group_name: pulumi.Output[str],
) -> dict[str, Any]:
    """What running a task by hand takes, and where its lines appear."""
    return {
        "cluster": cluster.arn,
        "task_definition": definition_arn,
        "container": container,
        "subnets": network.private_subnet_ids,
        "security_groups": [security_group_id],
        "log_group": log_group_name,
        "stream_prefix": container,
    }


def _server(instance: aws.rds.Instance) -> dict[str, Any]:
    return {"identifier": instance.identifier, "address": instance.address, "port": POSTGRES_PORT}
