"""The whole deployment, from top to bottom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi

from infra.cluster import Cluster, ClusterArgs
from infra.config import ConfigErrors, Estate, Service, parse
from infra.credentials import Credentials, CredentialsArgs
from infra.database import Database, DatabaseArgs
from infra.keys import Keys, KeysArgs
from infra.lookups import look_up
from infra.network import Network, NetworkArgs
from infra.outputs import service_outputs
from infra.pooler import Pooler, PoolerArgs
from infra.schema_task import SchemaTask, SchemaTaskArgs

PROJECT = "postgres-estate"
SQL_ROOT = Path(__file__).resolve().parent.parent / "sql"


def deploy(estate: Estate) -> dict[str, Any]:
    """Declares everything the estate consists of; returns the stack's outputs, none of them secret."""
    stack, tls = estate.stack, estate.tls_required
    here = look_up(estate.network.availability_zones)
    network = Network("network", NetworkArgs(stack, estate.network.cidr, here.region, here.zones))
    keys = Keys("keys", KeysArgs(stack, estate.protected, estate.kept, here.account))
    cluster = Cluster("cluster", ClusterArgs(stack))

    def deploy_service(service: Service) -> dict[str, Any]:
        name = service.name
        credentials = Credentials(
            f"{name}-credentials",
            CredentialsArgs(stack, name, service.protected, service.login_roles, keys.secrets_arn),
        )
        database = Database(
            name,
            DatabaseArgs(stack, service, tls, network, keys, here.zones, credentials.master_password),
        )
        pooler = Pooler(
            f"{name}-pooler",
            PoolerArgs(
                stack,
                service,
                estate.images.pooler,
                tls,
                here.account,
                network,
                keys,
                cluster,
                database,
                credentials,
            ),
        )
        schema = SchemaTask(
            f"{name}-schema",
            SchemaTaskArgs(
                stack, service, estate.images.schema, tls, here.account, network, keys, database, credentials
            ),
        )
        return service_outputs(service, network, cluster, credentials, database, pooler, schema)

    return {
        "region": here.region,
        "services": {service.name: deploy_service(service) for service in estate.services},
    }


def main() -> None:
    """What `pulumi up` runs: reads the stack's configuration, deploys, exports."""
    raw = pulumi.Config(PROJECT).get_object("estate")
    try:
        estate = parse(raw, stack=pulumi.get_stack(), sql_root=SQL_ROOT)
    except ConfigErrors as errors:
        # One error with a line for each mistake, and no traceback: the mistakes are in the YAML.
        raise pulumi.RunError(f"the configuration has mistakes:\n{errors}") from None
    for key, value in deploy(estate).items():
        pulumi.export(key, value)
