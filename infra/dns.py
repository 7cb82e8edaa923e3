"""Names that stay when what they lead to changes: a private zone, and a service's names in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import dns_records
from infra.options import child, tags


@dataclass(frozen=True, slots=True)
class ZoneArgs:
    """What the private zone is made from; `domain` is what all stacks' zones end in."""

    stack: str
    domain: str
    vpc_id: pulumi.Input[str]
    region: pulumi.Input[str]


class Zone(pulumi.ComponentResource):
    """The stack's private zone: its names resolve inside the VPC and nowhere else."""

    def __init__(self, name: str, args: ZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Zone", name, None, opts)
        self.name = dns_records.zone(args.stack, args.domain)
        self.region = args.region
        zone = aws.route53.Zone(
            name,
            name=self.name,  # a name for people and programs, so it is not a random one
            comment=f"Databases and poolers of {args.stack}",
            vpcs=[{"vpc_id": args.vpc_id, "vpc_region": args.region}],
            # Records that others put in must not be lost with it.
            force_destroy=False,
            tags=tags(args.stack),
            opts=child(self),
        )
        self.zone_id = zone.zone_id
        self.register_outputs({"zoneId": self.zone_id, "name": self.name})


@dataclass(frozen=True, slots=True)
class ServiceNamesArgs:
    """What a service's names lead to.

    `replica_addresses` and `lag_alarm_names` have the same keys, the replicas' identifiers. `lag_alarm_terms` is what
    the alarms say (threshold, periods) as any text: Route 53 copies it from the alarm and never looks again, so that
    a change of the alarm must be told to the health check.
    """

    stack: str
    service_name: str
    zone: Zone
    primary_address: pulumi.Input[str]
    replica_addresses: Mapping[str, pulumi.Input[str]]
    lag_alarm_names: Mapping[str, pulumi.Input[str]]
    pooler_dns_name: pulumi.Input[str]
    pooler_zone_id: pulumi.Input[str]
    lag_alarm_terms: str = ""


class ServiceNames(pulumi.ComponentResource):
    """`primary.<service>`, `readers.<service>` and `pooler.<service>` in the stack's zone.

    For clients that connect without PgBouncer, and for people. Who verifies the server must not use the first two with
    `sslmode=verify-full`: RDS's certificate names the instance's own endpoint, and a client compares that with the name
    it was given, not with what the name led to (RDS User Guide, "Using SSL/TLS to encrypt a connection to a DB instance
    or cluster"; PostgreSQL, "SSL Support", "Client Verification of Server Certificates"). With `verify-ca` the client
    knows that it speaks with a server of RDS in the region, not with which one; for `verify-full` there are the
    endpoints themselves in the stack's outputs, which PgBouncer uses too. `pooler` leads to the load balancer, behind
    which PgBouncer has a certificate of its own.

    Readers. Each replica has a weighted record with a health check that follows its ReplicaLag alarm: a check of an
    address could not reach into the VPC, one of an alarm can (Route 53 Developer Guide, "Configuring failover in a
    private hosted zone"). Route 53 answers with one of the healthy; with none healthy it takes all for healthy ("How
    Amazon Route 53 chooses records when health checking is configured"). So the name never goes dark, and then readers
    see old rows, instead of all reads falling on a primary that is likely the cause. A source without writes reports up
    to five minutes of lag that is not there (RDS User Guide, "Working with read replicas for RDS for PostgreSQL"): an
    alarm at 300 seconds or less would take idle replicas out. Replicas of one idle source lag together, and then
    all are answered with anyway. A client keeps the server that it was given: connections are spread, not queries.
    """

    def __init__(self, name: str, args: ServiceNamesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:ServiceNames", name, None, opts)
        if set(args.replica_addresses) != set(args.lag_alarm_names):
            raise ValueError(
                f"{name}: every replica needs its lag alarm: there are replicas {sorted(args.replica_addresses)} and"
                f" alarms of {sorted(args.lag_alarm_names)}"
            )
        self._name, self._args = name, args
        self._tags = tags(args.stack, args.service_name)
        self.primary = self._primary()
        self.readers = self._readers()
        self.pooler = self._pooler()
        self.register_outputs({"primary": self.primary, "readers": self.readers, "pooler": self.pooler})

    def _full(self, role: str) -> str:
        return dns_records.name(role, self._args.service_name, self._args.zone.name)

    def _primary(self) -> pulumi.Output[str]:
        return aws.route53.Record(
            f"{self._name}-primary",
            zone_id=self._args.zone.zone_id,
            name=self._full("primary"),
            type="CNAME",
            ttl=dns_records.TTL_SECONDS,
            records=[self._args.primary_address],
            opts=child(self),
        ).fqdn

    def _readers(self) -> pulumi.Output[str]:
        addresses = {**self._args.replica_addresses, dns_records.PRIMARY: self._args.primary_address}
        records = [
            aws.route53.Record(
                f"{self._name}-readers-{identifier}",
                zone_id=self._args.zone.zone_id,
                name=self._full("readers"),
                type="CNAME",
                ttl=dns_records.TTL_SECONDS,
                records=[addresses[identifier]],
                set_identifier=identifier,
                weighted_routing_policies=[{"weight": dns_records.WEIGHT}],
                health_check_id=self._health(identifier),
                opts=child(self),
            )
            for identifier in dns_records.readers(self._args.replica_addresses)
        ]
        return records[0].fqdn

    def _health(self, identifier: str) -> pulumi.Output[str] | None:
        """A check that follows the replica's alarm; the primary has none, for there is nobody to answer instead."""
        alarm = self._args.lag_alarm_names.get(identifier)
        if alarm is None:
            return None
        return aws.route53.HealthCheck(
            f"{self._name}-{identifier}",
            type="CLOUDWATCH_METRIC",
            cloudwatch_alarm_name=alarm,
            cloudwatch_alarm_region=self._args.zone.region,
            insufficient_data_health_status=dns_records.WITHOUT_DATA,
            triggers={"terms": self._args.lag_alarm_terms} if self._args.lag_alarm_terms else None,
            tags={**self._tags, "Name": identifier},  # the console's only name for a health check
            opts=child(self),
        ).id

    def _pooler(self) -> pulumi.Output[str]:
        return aws.route53.Record(
            f"{self._name}-pooler",
            zone_id=self._args.zone.zone_id,
            name=self._full("pooler"),
            type="A",
            aliases=[
                {
                    "name": self._args.pooler_dns_name,
                    "zone_id": self._args.pooler_zone_id,
                    # Which of its zones' addresses are healthy, the load balancer's own name knows; this is one record.
                    "evaluate_target_health": False,
                }
            ],
            opts=child(self),
        ).fqdn
