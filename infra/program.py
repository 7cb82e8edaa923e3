"""The whole deployment, from top to bottom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi

from infra import vault as vaults
from infra.alerts import Alerts, AlertsArgs
from infra.cluster import Cluster, ClusterArgs
from infra.config import ConfigErrors, Estate, parse
from infra.dns import Zone, ZoneArgs
from infra.dump_bucket import DumpBucket, DumpBucketArgs
from infra.enhanced_monitoring import EnhancedMonitoring, EnhancedMonitoringArgs
from infra.keys import Keys, KeysArgs
from infra.lookups import look_up
from infra.network import Network, NetworkArgs
from infra.recovery import Recovery, RecoveryArgs
from infra.service import Shared, deploy_service
from infra.vault import Vault, VaultArgs

PROJECT = "postgres-estate"
SQL_ROOT = Path(__file__).resolve().parent.parent / "sql"


def deploy(estate: Estate) -> dict[str, Any]:
    """Declares everything the estate consists of; returns the stack's outputs, none of them secret."""
    stack = estate.stack
    second = estate.recovery.region if estate.recovery else None
    here = look_up(estate.network.availability_zones)
    dumped = any(service.backup.dump_at is not None for service in estate.services)
    snapshots = any(service.backup.snapshots for service in estate.services)
    keys = Keys("keys", KeysArgs(stack, estate.protected, estate.kept, here.account, second, dumped, snapshots))
    network = Network(
        "network", NetworkArgs(stack, estate.network, here.account, here.zones, keys.logs_arn, estate.protected)
    )
    zone = Zone("zone", ZoneArgs(stack, estate.network.domain, network.vpc_id, here.region))
    cluster = Cluster("cluster", ClusterArgs(stack))
    alerts = Alerts("alerts", AlertsArgs(stack, here.account, estate.alerts.emails, keys.alerts_arn))
    samples = EnhancedMonitoring("monitoring", EnhancedMonitoringArgs(stack, here.account))
    kept = vaults.kept(stack, estate.services)
    recovery = None
    if estate.recovery is not None and keys.recovery_arn is not None:
        recovery = Recovery("recovery", RecoveryArgs(kept, estate.recovery.region, keys.recovery_arn, estate.services))
    vault = None
    if keys.vault_arn is not None:
        vault = Vault("vault", VaultArgs(kept, keys.vault_arn, alerts.topic_arn))
    dumps = None
    if keys.dumps_arn is not None:
        copies = recovery.dumps if recovery else None
        dumps = DumpBucket("dumps", DumpBucketArgs(kept, here.account, keys.dumps_arn, estate.services, copies))
    shared = Shared(here, keys, network, zone, cluster, alerts, samples, vault, recovery, dumps)
    return {
        "region": here.region,
        "alerts": alerts.topic_arn,
        "network": {
            "vpc": network.vpc_id,
            "private_subnets": network.private_subnet_ids,
            "endpoints_security_group": network.endpoint_group_id,
        },
        "services": {service.name: deploy_service(estate, service, shared) for service in estate.services},
    }


def main() -> None:
    """What `pulumi up` runs: reads the stack's configuration, deploys, exports."""
    raw = pulumi.Config(PROJECT).get_object("estate")
    try:
        region = pulumi.Config("aws").get("region")
        estate = parse(raw, stack=pulumi.get_stack(), sql_root=SQL_ROOT, region=region)
    except ConfigErrors as errors:
        # One error with a line for each mistake, and no traceback: the mistakes are in the YAML.
        raise pulumi.RunError(f"the configuration has mistakes:\n{errors}") from None
    for key, value in deploy(estate).items():
        pulumi.export(key, value)
