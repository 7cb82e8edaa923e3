"""PgBouncer before one service: tasks on Fargate behind an internal network load balancer."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import containers, firewall, pgbouncer, pooler_metrics, sizing
from infra.cluster import Cluster
from infra.config import Service
from infra.containers import Account, Container
from infra.credentials import Credentials
from infra.database import Database
from infra.keys import Keys
from infra.network import Network
from infra.options import child, options, tags
from infra.pooler_scaling import scale
from infra.task import Known, Task, TaskArgs, define

# Between its health checks a load balancer may send new connections to a task for up to two minutes after it
# left; the task's own stop timeout is as long.
DRAIN_SECONDS = 120
# Longer than any application pool keeps an idle connection (half an hour is usual); the default of 350 s cuts
# connections of clients without keepalive.
IDLE_SECONDS = 3600
HEALTH_SECONDS = 10  # two misses: a dead task gets no clients after 20 s


@dataclass(frozen=True, slots=True)
class PoolerArgs:
    """What a service's pooler is made from."""

    stack: str
    service: Service
    image: str
    tls_required: bool
    account: pulumi.Output[Account]
    network: Network
    keys: Keys
    cluster: Cluster
    database: Database
    credentials: Credentials


class Pooler(pulumi.ComponentResource):
    """The door that applications use."""

    def __init__(self, name: str, args: PoolerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("postgres-estate:infra:Pooler", name, None, opts)
        self._name, self._args = name, args
        self._tags = tags(args.stack, args.service.name)
        self._door = self.door_group_id = self._group(
            "clients", "Clients of the VPC, to the load balancer of the pooler"
        )
        self._tasks = self._group("tasks", "PgBouncer: in from its load balancer, out to PostgreSQL")
        self._ways()
        balancer, listener, target = self._balancer()
        self.address, self.zone_id = balancer.dns_name, balancer.zone_id
        self.load_balancer_suffix, self.target_group_suffix = balancer.arn_suffix, target.arn_suffix
        task = self._task()
        self._metrics(task)
        service = self._service(task, target, listener)
        if self._scaled:
            scale(self, self._name, args.cluster.arn, service.name, args.stack, args.service, self._tags)
        self.service_name = service.name
        self.register_outputs({"address": self.address, "port": pgbouncer.PORT})

    def _group(self, suffix: str, description: str) -> pulumi.Output[str]:
        return aws.ec2.SecurityGroup(
            f"{self._name}-{suffix}",
            description=description,
            vpc_id=self._args.network.vpc_id,
            tags=self._tags,
            opts=child(self),
        ).id

    def _ways(self) -> None:
        """clients -> load balancer -> tasks -> database; and tasks -> AWS."""
        args, name = self._args, self._name
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-clients-in",
            security_group_id=self._door,
            cidr_ipv4=args.network.cidr,
            ip_protocol="tcp",
            from_port=pgbouncer.PORT,
            to_port=pgbouncer.PORT,
            description="Applications in the VPC",
            tags=self._tags,
            opts=child(self),
        )
        to_tasks = firewall.Way(f"{name}-tasks", "Load balancer to PgBouncer", pgbouncer.PORT)
        firewall.connect(self, to_tasks, self._door, self._tasks, self._tags)
        to_database = firewall.Way(f"{name}-database", "PgBouncer to PostgreSQL", pgbouncer.POSTGRES_PORT)
        firewall.connect(self, to_database, self._tasks, args.database.security_group_id, self._tags)
        firewall.reach_aws(self, name, self._tasks, args.network, self._tags)

    def _balancer(self) -> tuple[aws.lb.LoadBalancer, aws.lb.Listener, aws.lb.TargetGroup]:
        args, name = self._args, self._name
        balancer = aws.lb.LoadBalancer(
            name,
            load_balancer_type="network",
            internal=True,
            subnets=args.network.private_subnet_ids,
            security_groups=[self._door],
            # Off by default: a zone whose only task is gone would be a black hole for its clients.
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=args.service.protected,
            tags=self._tags,
            opts=child(self),
        )
        target = aws.lb.TargetGroup(
            name,
            port=pgbouncer.PORT,
            protocol="TCP",
            target_type="ip",
            vpc_id=args.network.vpc_id,
            deregistration_delay=DRAIN_SECONDS,
            # It proves the process, not the database: a failover must not take every pooler out at once.
            health_check={
                "protocol": "TCP",
                "port": str(pgbouncer.PORT),
                "interval": HEALTH_SECONDS,
                "healthy_threshold": 2,
                "unhealthy_threshold": 2,
            },
            tags=self._tags,
            opts=child(self),
        )
        listener = aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=pgbouncer.PORT,
            protocol="TCP",
            tcp_idle_timeout_seconds=IDLE_SECONDS,
            default_actions=[{"type": "forward", "target_group_arn": target.arn}],
            tags=self._tags,
            opts=child(self),
        )
        return balancer, listener, target

    @property
    def _scaled(self) -> bool:
        return self._args.service.pooler.most_tasks > self._args.service.pooler.tasks

    def _metrics(self, task: Task) -> None:
        """What the tasks print once a minute, as metrics: the container needs no right to call AWS."""
        for row in pooler_metrics.METRICS:
            aws.cloudwatch.LogMetricFilter(
                f"{self._name}-{row.logical_name}",
                log_group_name=task.log_group.name,
                pattern=pooler_metrics.pattern(row.kind),
                metric_transformation={
                    "namespace": pooler_metrics.NAMESPACE,
                    "name": row.name,
                    "value": row.value,
                    "unit": row.unit,
                    "dimensions": pooler_metrics.dimensions(row.kind),
                },
                opts=child(self),
            )

    def _task(self) -> Task:
        args, size = self._args, self._args.service.pooler
        database = args.database
        pooled = {role.name for role in args.service.login_roles if role.pooled}
        return define(
            self,
            self._name,
            TaskArgs(
                stack=args.stack,
                service=args.service.name,
                protected=args.service.protected,
                log_days=args.service.monitoring.log_days,
                account=args.account,
                keys=args.keys,
                image=args.image,
                cpu=size.cpu,
                memory_mib=size.memory_mib,
                secrets={name: arn for name, arn in args.credentials.role_arns.items() if name in pooled},
                facts={
                    "primary": database.primary.address,
                    "replicas": [replica.address for replica in database.replicas],
                },
                describe=self._describe,
            ),
        )

    def _describe(self, known: Known) -> Container:
        service, size = self._args.service, self._args.service.pooler
        servers = [
            pgbouncer.Server(host, pgbouncer.POSTGRES_PORT)
            for host in (known.facts["primary"], *known.facts["replicas"])
        ]
        ini = pgbouncer.ini(
            pgbouncer.doors(service.name, servers[0], tuple(servers[1:]), size.connections_per_task, size.version),
            service.name,
            size.version,
            self._args.tls_required,
            size.max_client_connections,
            size.connections_per_task,
        )
        return Container(
            name=containers.POOLER,
            image=known.image,
            command=("pooler-entrypoint",),
            memory_mib=size.memory_mib,
            environment=containers.pooler_environment(ini, self._args.stack, service.name),
            secrets=containers.pooler_secrets(known.secrets),
            log_group=known.log_group,
            region=known.region,
            port=pgbouncer.PORT,
            descriptors=containers.descriptors(size.max_client_connections, size.connections_per_task, len(servers)),
            health=containers.POOLER_HEALTH,
        )

    def _service(self, task: Task, target: aws.lb.TargetGroup, listener: aws.lb.Listener) -> aws.ecs.Service:
        args = self._args
        return aws.ecs.Service(
            self._name,
            cluster=args.cluster.arn,
            task_definition=task.definition.arn,
            desired_count=args.service.pooler.tasks,
            launch_type="FARGATE",
            # Old and new tasks side by side: the pooler's ceiling counts both.
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=100 * sizing.DEPLOYMENT_FACTOR,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            # By default ECS stops healthy tasks to spread them over the zones again: all clients of such a task would
            # reconnect, at a time that nobody chose. What a deployment starts is spread without it.
            availability_zone_rebalancing="DISABLED",
            network_configuration={
                "subnets": args.network.private_subnet_ids,
                "security_groups": [self._tasks],
                "assign_public_ip": False,
            },
            load_balancers=[
                {
                    "target_group_arn": target.arn,
                    "container_name": containers.POOLER,
                    "container_port": pgbouncer.PORT,
                }
            ],
            # A pooler that cannot start fails the deployment, instead of being found by its clients.
            wait_for_steady_state=True,
            propagate_tags="SERVICE",
            tags=self._tags,
            opts=options(
                "scaled_pooler_service" if self._scaled else "pooler_service",
                args.service.protected,
                self,
                # ECS refuses a target group without a listener, and a task without its rights cannot start.
                pulumi.ResourceOptions(depends_on=[listener, task.policy, *args.credentials.versions]),
            ),
        )
