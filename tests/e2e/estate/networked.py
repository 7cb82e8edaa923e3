"""A small program with the estate's network and one service's names, under the real engine against the fake AWS."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pulumi
from pulumi import automation

from infra.config import Network as Settings
from infra.dns import ServiceNames, ServiceNamesArgs, Zone, ZoneArgs
from infra.lookups import look_up
from infra.network import Network, NetworkArgs

with warnings.catch_warnings():
    # The generated SDK announces its own deprecations while it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pulumi_aws import cloudwatch, kms, lb

REGION = "us-east-1"
CIDR = "10.20.0.0/16"
ZONE = "test.estate.internal"
SETTINGS = Settings(CIDR, 2, "none", 0, "estate.internal", None)


class Program:
    """A network with a load balancer in it and the names of one service, whose settings the tests change."""

    def __init__(self) -> None:
        self.network = SETTINGS
        self.replicas: tuple[str, ...] = ()
        self.lag_seconds = 600

    def __call__(self) -> None:
        here = look_up(self.network.availability_zones)
        key = kms.Key("logs")
        network = Network("network", NetworkArgs("test", self.network, here.account, here.zones, key.arn, False))
        zone = Zone("zone", ZoneArgs("test", self.network.domain, network.vpc_id, here.region))
        balancer = lb.LoadBalancer(
            "pooler", load_balancer_type="network", internal=True, subnets=network.private_subnet_ids
        )
        names = ServiceNames(
            "platform-names",
            ServiceNamesArgs(
                "test",
                "platform",
                zone,
                "primary.rds.example.com",
                {replica: f"{replica}.rds.example.com" for replica in self.replicas},
                {replica: self._alarm(replica).name for replica in self.replicas},
                balancer.dns_name,
                balancer.zone_id,
                str(self.lag_seconds),
            ),
        )
        pulumi.export("names", [names.primary, names.readers, names.pooler])
        pulumi.export("zones", list(network.zones))
        pulumi.export("privateSubnetIds", network.private_subnet_ids)
        pulumi.export("databaseSubnetIds", network.database_subnet_ids)
        pulumi.export("prefixList", network.s3_prefix_list_id)

    def _alarm(self, replica: str) -> cloudwatch.MetricAlarm:
        return cloudwatch.MetricAlarm(
            replica,
            namespace="AWS/RDS",
            metric_name="ReplicaLag",
            dimensions={"DBInstanceIdentifier": replica},
            statistic="Average",
            period=60,
            evaluation_periods=5,
            threshold=self.lag_seconds,
            comparison_operator="GreaterThanThreshold",
        )


Clients = Callable[[str], Any]


def changes(result: automation.UpResult | automation.RefreshResult | automation.DestroyResult) -> dict[str, int]:
    """What an operation did, by kind; what stayed as it was is left out."""
    return {kind: count for kind, count in (result.summary.resource_changes or {}).items() if kind != "same"}


def settled(stack: automation.Stack) -> bool:
    """Whether neither AWS nor the program has anything to say after an update."""
    return set(stack.preview().change_summary) == {"same"} and changes(stack.refresh()) == {}
