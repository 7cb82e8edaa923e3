"""The stack's outputs: what the operator's command needs to find everything, and no secret."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws

from infra import containers
from infra.cluster import Cluster
from infra.config import Service
from infra.credentials import Credentials
from infra.database import Database
from infra.network import Network
from infra.pgbouncer import PORT, POSTGRES_PORT
from infra.pooler import Pooler
from infra.schema_task import SchemaTask


def service_outputs(
    service: Service,
    network: Network,
    cluster: Cluster,
    credentials: Credentials,
    database: Database,
    pooler: Pooler,
    schema: SchemaTask,
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
        "secrets": {"master": credentials.master_arn, "roles": credentials.role_arns},
        "schema_step": {
            "cluster": cluster.arn,
            "task_definition": schema.definition_arn,
            "container": containers.SCHEMA,
            "subnets": network.private_subnet_ids,
            "security_groups": [schema.security_group_id],
            "log_group": schema.log_group_name,
            "stream_prefix": containers.SCHEMA,
        },
    }


def _server(instance: aws.rds.Instance) -> dict[str, Any]:
    return {"identifier": instance.identifier, "address": instance.address, "port": POSTGRES_PORT}
