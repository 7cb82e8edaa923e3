"""Examples of rules about what a stack says as a whole."""

from __future__ import annotations

from tests.unit.infra.rules.example import AT, EXISTING, Example, another

EXAMPLES: tuple[Example, ...] = (
    Example(
        "profile",
        {"profile": "staging"},
        f"{AT}.profile = 'staging': takes development or production (what a service gets without asking "
        "for it); write one of these",
        {"profile": "production"},
    ),
    Example(
        "network.cidr",
        {"network/cidr": "10.0.0.0/15"},
        f"{AT}.network.cidr = '10.0.0.0/15': takes an IPv4 network from /16 to /28, host bits zero; write "
        "one such as 10.20.0.0/16",
        {"network/cidr": "10.0.0.0/16"},
    ),
    Example(
        "network.availability_zones",
        {"network/availability_zones": 1},
        f"{AT}.network.availability_zones = 1: takes a whole number from 2 to 3 (an RDS subnet group needs "
        "two; three survive the loss of one, and a fourth not every region has); give a number from 2 to "
        "3, without quotes",
        {"network/availability_zones": 3},
    ),
    Example(
        "network.nat",
        {"network/nat": "two"},
        f"{AT}.network.nat = 'two': takes none, single or per_zone (how tasks reach the internet, which "
        "none of ours needs); write one of these",
        {"network/nat": "per_zone"},
    ),
    Example(
        "network.flow_log_days",
        {"network/flow_log_days": 2},
        f"{AT}.network.flow_log_days = 2: takes one of 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, "
        "400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 (days that flow logs are kept; 0 keeps "
        "none); write one of these numbers, without quotes",
        {"network/flow_log_days": 3},
    ),
    Example(
        "network.domain",
        {"network/domain": "estate.intern-"},
        f"{AT}.network.domain = 'estate.intern-': takes a domain name of two labels or more in lower case; "
        "write one that nobody else answers for, such as estate.internal",
        {"network/domain": "estate.in-tern"},
    ),
    Example(
        "network.existing.vpc_id",
        {"network/existing/vpc_id": "vpc-0123456789abcdef"},
        f"{AT}.network.existing.vpc_id = 'vpc-0123456789abcdef': takes the id of a VPC; write one such as "
        "vpc-0123456789abcdef0",
        {"network/existing/vpc_id": "vpc-01234567"},
        beside={"network/existing": EXISTING},
    ),
    Example(
        "network.existing.private_subnet_ids",
        {"network/existing/private_subnet_ids": ["subnet-01234567", "subnet-01234567"]},
        f"{AT}.network.existing.private_subnet_ids = ['subnet-01234567', 'subnet-01234567']: takes a list "
        "of the ids of private subnets, for tasks and load balancers, each in another zone; write ids "
        "such as subnet-0123456789abcdef0, each once",
        {"network/existing/private_subnet_ids": ["subnet-01234567", "subnet-01234568"]},
        beside={"network/existing": EXISTING},
    ),
    Example(
        "network.existing.database_subnet_ids",
        {"network/existing/database_subnet_ids": ["subnet-01234567", "sg-01234567"]},
        f"{AT}.network.existing.database_subnet_ids = ['subnet-01234567', 'sg-01234567']: takes a list of "
        "the ids of database subnets, each in another zone; write ids such as subnet-0123456789abcdef0, "
        "each once",
        {"network/existing/database_subnet_ids": ["subnet-01234567", "subnet-01234568"]},
        beside={"network/existing": EXISTING},
    ),
    Example(
        "network.existing.endpoints_security_group_id",
        {"network/existing/endpoints_security_group_id": "subnet-01234567"},
        f"{AT}.network.existing.endpoints_security_group_id = 'subnet-01234567': takes the id of the "
        "security group before the VPC's interface endpoints; write one such as sg-0123456789abcdef0",
        {"network/existing/endpoints_security_group_id": "sg-01234567"},
        beside={"network/existing": EXISTING},
    ),
    Example(
        "images.pooler",
        {"images/pooler": "estate/pooler 1.25"},
        f"{AT}.images.pooler = 'estate/pooler 1.25': takes an image reference such as "
        "postgres-estate/pooler:1.26; a reference without a registry is looked for in this account's ECR",
        {"images/pooler": f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/estate/pooler:1.25@sha256:{'0' * 64}"},
    ),
    Example(
        "images.schema",
        {"images/schema": "Estate/schema:1"},
        f"{AT}.images.schema = 'Estate/schema:1': takes an image reference such as "
        "postgres-estate/pooler:1.26; a reference without a registry is looked for in this account's ECR",
        {"images/schema": "estate/schema:1"},
    ),
    Example(
        "alerts.emails",
        {"alerts/emails": ["on-call@example"]},
        f"{AT}.alerts.emails = ['on-call@example']: takes a list of e-mail addresses, each once; write "
        "addresses such as on-call@example.com; each is asked to confirm",
        {"alerts/emails": ["on-call@example.com", "o'neil+db@example.co.uk"]},
    ),
    Example(
        "recovery.region",
        {"recovery/region": "us-west"},
        f"{AT}.recovery.region = 'us-west': takes an AWS region's code; write one such as us-west-2",
        {"recovery/region": "us-west-2"},
    ),
    Example(
        "tls",
        {"tls": "preferred"},
        f"{AT}.tls = 'preferred': takes required or disabled (whether connections must be encrypted); "
        "write one of these",
        {"tls": "required"},
    ),
    Example(
        "services",
        {"services": []},
        f"{AT}.services = []: takes a list of at least one service; begin with `- name: platform`",
        {},
    ),
    Example(
        "a stack's name is part of identifiers",
        {"stack": "dev--eu"},
        "stack = 'dev--eu': RDS identifiers take lower-case letters, digits and single hyphens, and the "
        "stack's name is part of them; name the stack in that way, such as prod or dev-eu",
        {"stack": "dev-eu"},
    ),
    Example(
        "TLS but for local",
        {"tls": "disabled"},
        f"{AT}.tls = 'disabled': only the stack local may disable TLS: its embedded PostgreSQL has none, "
        "and this stack is staging; set tls: required, or remove the key",
        {"tls": "required"},
        stack="staging",
    ),
    Example(
        "prod has the profile production",
        {"profile": "development"},
        f"{AT}.profile = 'development': the stack prod starts from the profile production; set profile: "
        "production, and name in each service what it wants otherwise",
        {"profile": "production"},
        stack="prod",
        beside={"alerts/emails": ["on-call@example.com"]},
    ),
    Example(
        "prod tells somebody",
        {"alerts/emails": []},
        f"{AT}.alerts.emails = []: alarms of the stack prod must reach somebody; write at least one "
        "address, such as a pager's or a list's",
        {"alerts/emails": ["on-call@example.com"]},
        stack="prod",
        beside={"profile": "production"},
    ),
    Example(
        "the pooler's image within reach",
        {"images/pooler": "ghcr.io/estate/pooler:1.25"},
        f"{AT}.images.pooler = 'ghcr.io/estate/pooler:1.25': a task reaches no registry but ECR in the stack's own "
        "region; push it there, and write its name without a registry",
        {"images/pooler": "estate.io:1.25"},
    ),
    Example(
        "the schema's image within reach",
        {"images/schema": "123456789012.dkr.ecr.eu-west-2.amazonaws.com/estate/schema:1"},
        f"{AT}.images.schema = '123456789012.dkr.ecr.eu-west-2.amazonaws.com/estate/schema:1': a task reaches no "
        "registry but ECR in the stack's own region; push it there, and write its name without a registry",
        {"images/schema": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/estate/schema:1"},
    ),
    Example(
        "a private network",
        {"network/cidr": "11.0.0.0/16"},
        f"{AT}.network.cidr = '11.0.0.0/16': takes addresses out of 10.0.0.0/8, 172.16.0.0/12, "
        "192.168.0.0/16, 100.64.0.0/10; choose a network in one of them, such as 10.20.0.0/16",
        {"network/cidr": "100.64.0.0/16"},
    ),
    Example(
        "room for the address plan",
        {"network/cidr": "10.20.0.0/23"},
        f"{AT}.network.cidr = '10.20.0.0/23': 16 blocks are cut from it, so it is a /22 or wider; choose a "
        "wider one, or name the subnets of a VPC in network.existing",
        {"network/cidr": "10.20.0.0/22"},
    ),
    Example(
        "a private subnet in each zone",
        {
            "network/availability_zones": 3,
            "network/existing/database_subnet_ids": ["subnet-01234567", "subnet-01234568", "subnet-01234569"],
        },
        f"{AT}.network.existing.private_subnet_ids = ['subnet-0123456789abcdef0', "
        "'subnet-0123456789abcdef1']: availability_zones is 3, so there must be as many; give one subnet "
        "for each zone, or change availability_zones",
        {"network/availability_zones": 2},
        beside={"network/existing": EXISTING},
    ),
    Example(
        "a database subnet in each zone",
        {"network/existing/database_subnet_ids": ["subnet-01234567"]},
        f"{AT}.network.existing.database_subnet_ids = ['subnet-01234567']: availability_zones is 2, so "
        "there must be as many; give one subnet for each zone, or change availability_zones",
        {"network/existing/database_subnet_ids": ["subnet-01234567", "subnet-01234568"]},
        beside={"network/existing": EXISTING},
    ),
    Example(
        "databases in subnets of their own",
        {"network/existing/database_subnet_ids": ["subnet-01234567", "subnet-0123456789abcdef0"]},
        f"{AT}.network.existing.database_subnet_ids = ['subnet-01234567', 'subnet-0123456789abcdef0']: a "
        "subnet is among the private ones too, and tasks would stand beside databases; give the databases "
        "subnets of their own",
        {"network/existing/database_subnet_ids": ["subnet-01234567", "subnet-0123456789abcdef9"]},
        beside={"network/existing": EXISTING},
    ),
    Example(
        "no NAT into a VPC that exists",
        {"network/nat": "single"},
        f"{AT}.network.nat = 'single': the VPC exists, and its ways out are its owner's; set nat: none, or "
        "remove network.existing",
        {"network/nat": "none"},
        beside={"network/existing": EXISTING},
    ),
    Example(
        "a zone of nobody else's",
        {"network/domain": "rds.amazonaws.com"},
        f"{AT}.network.domain = 'rds.amazonaws.com': the VPC would ask the private zone for the names of "
        "AWS's own services and databases; write one that nobody else answers for, such as "
        "estate.internal",
        {"network/domain": "rds.myamazonaws.com"},
    ),
    Example(
        "another region to recover in",
        {"recovery/region": "eu-west-1"},
        f"{AT}.recovery.region = 'eu-west-1': it is the region of the stack itself, whose loss it is for; "
        "choose another region, such as us-west-2 for us-east-1",
        {"recovery/region": "eu-west-2"},
    ),
    Example(
        "a region in the same partition",
        {"recovery/region": "us-gov-west-1"},
        f"{AT}.recovery.region = 'us-gov-west-1': backups are not copied between partitions, and the stack "
        "is in eu-west-1; choose a region of the same partition",
        {"recovery/region": "us-west-1"},
    ),
    Example(
        "addresses for every task",
        {"services/1/pooler/most_tasks": 5},
        f"{AT}.network.cidr = '10.20.0.0/22': without one zone, private subnets lack addresses for 54 "
        "tasks of all services during a deployment; AWS keeps 5 of each subnet, endpoints and load "
        "balancers take 6; choose a wider network, or fewer tasks",
        {"services/1/pooler/most_tasks": 4},
        beside={
            "network/cidr": "10.20.0.0/22",
            "one/pooler": {"most_tasks": 20, "connections_per_task": 4},
            "services/1": another("ledger"),
        },
    ),
    Example(
        "addresses for every database",
        {"one/replicas/count": 7},
        f"{AT}.network.cidr = '10.20.0.0/22': without one zone, database subnets lack addresses for 60 "
        "servers, standbys and replacements; AWS keeps 5 of each subnet; choose a wider network, or fewer "
        "replicas",
        {"one/replicas/count": 6},
        beside={
            "network/cidr": "10.20.0.0/22",
            "services/1": another("ledger", replicas={"count": 15}),
            "services/2": another("orders", replicas={"count": 15}),
            "services/3": another("stock", replicas={"count": 15}),
        },
    ),
)
