"""Examples of rules about the pooler, and a service's folder."""

from __future__ import annotations

from tests.unit.infra.rules.example import ONE, PRODUCTION, TOML, Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "services[].pooler.tasks",
        {"one/pooler/tasks": 0},
        f"{ONE}.pooler.tasks = 0: takes a whole number from 1 to 20 (PgBouncer tasks, spread over the "
        "zones); give a number from 1 to 20, without quotes",
        {"one/pooler/tasks": 1},
    ),
    Example(
        "services[].pooler.most_tasks",
        {"one/pooler/most_tasks": 21},
        f"{ONE}.pooler.most_tasks = 21: takes a whole number from 1 to 20 (tasks when there is a rush; no "
        "fewer than tasks); give a number from 1 to 20, without quotes",
        {"one/pooler/most_tasks": 20},
        beside={"one/pooler/connections_per_task": 4},
    ),
    Example(
        "services[].pooler.connections_per_task",
        {"one/pooler/connections_per_task": 1},
        f"{ONE}.pooler.connections_per_task = 1: takes a whole number from 2 to 1000 (server connections "
        "of one task to one server; two doors share them); give a number from 2 to 1000, without quotes",
        {"one/pooler/connections_per_task": 2},
    ),
    Example(
        "services[].pooler.max_client_connections",
        {"one/pooler/max_client_connections": 65336},
        f"{ONE}.pooler.max_client_connections = 65336: takes a whole number from 10 to 65335 (clients of "
        "one task; each costs a file descriptor, of which Fargate grants 65535); give a number from 10 to "
        "65335, without quotes",
        {"one/pooler/max_client_connections": 65327},
    ),
    Example(
        "services[].pooler.cpu",
        {"one/pooler/cpu": 300},
        f"{ONE}.pooler.cpu = 300: takes one of 256, 512, 1024, 2048, 4096, 8192, 16384 (Fargate's CPU "
        "units); write one of these numbers, without quotes",
        {"one/pooler/cpu": 256},
    ),
    Example(
        "services[].pooler.memory_mib",
        {"one/pooler/memory_mib": 511},
        f"{ONE}.pooler.memory_mib = 511: takes a whole number from 512 to 122880 (MiB; which sizes there "
        "are depends on cpu); give a number from 512 to 122880, without quotes",
        {"one/pooler/memory_mib": 512},
    ),
    Example(
        "services[].pooler.version",
        {"one/pooler/version": "1.17"},
        f"{ONE}.pooler.version = '1.17': takes 1.18, 1.19, 1.20, 1.21, 1.22, 1.23, 1.24, 1.25 or 1.26 "
        "(PgBouncer's release in the image, whose settings pgbouncer.py knows); write one in quotes",
        {"one/pooler/version": "1.18"},
    ),
    Example(
        "the ceiling of connections",
        {"one/pooler/connections_per_task": 86},
        f"{ONE}.pooler.connections_per_task = 86: 2 sets of tasks during a deployment x most_tasks 1 x 86 "
        "exceed 90 % of max_connections 200 less 10 reserved; lower most_tasks or connections_per_task, "
        "or choose a larger instance_class",
        {"one/pooler/connections_per_task": 85},
    ),
    Example(
        "most tasks are no fewer",
        {"one/pooler": {"tasks": 2, "most_tasks": 1}},
        f"{ONE}.pooler.most_tasks = 1: there are 2 tasks when nothing happens; raise most_tasks, or lower tasks",
        {"one/pooler": {"tasks": 2, "most_tasks": 2}},
    ),
    Example(
        "Fargate's memory sizes",
        {"one/pooler/memory_mib": 1536},
        f"{ONE}.pooler.memory_mib = 1536: Fargate does not offer this much memory with 256 CPU units; 256 "
        "CPU units take 512, 1024 or 2048 MiB",
        {"one/pooler/memory_mib": 2048},
    ),
    Example(
        "Fargate's memory sizes",
        {"one/pooler": {"cpu": 8192, "memory_mib": 17408}},
        f"{ONE}.pooler.memory_mib = 17408: Fargate does not offer this much memory with 8192 CPU units; "
        "8192 CPU units take 16384 to 61440 MiB in steps of 4096",
        {"one/pooler": {"cpu": 8192, "memory_mib": 20480}},
    ),
    Example(
        "descriptors for every client",
        {"one/pooler/max_client_connections": 65328},
        f"{ONE}.pooler.max_client_connections = 65328: clients, servers and 200 others need more than the "
        "65535 descriptors that Fargate grants; lower max_client_connections, and raise tasks",
        {"one/pooler/max_client_connections": 65327},
    ),
    Example(
        "prod survives a zone",
        {"one/multi_az": False},
        f"{ONE}.multi_az = False: a database of the stack prod must survive the loss of a zone; set multi_az: true",
        {"one/multi_az": True},
        stack="prod",
        beside=PRODUCTION,
    ),
    Example(
        "prod has no credits to run out of",
        {"one/instance_class": "db.t4g.2xlarge"},
        f"{ONE}.instance_class = 'db.t4g.2xlarge': a burstable class of the stack prod slows down, or "
        "costs more, when its credits are used up; choose a class such as db.r6g.large",
        {"one/instance_class": "db.m6g.2xlarge"},
        stack="prod",
        beside=PRODUCTION,
    ),
    Example(
        "prod has two poolers",
        {"one/pooler/tasks": 1},
        f"{ONE}.pooler.tasks = 1: one task cannot be replaced, nor its zone be lost, without its clients; "
        "set pooler.tasks to 2 or more",
        {"one/pooler/tasks": 2},
        stack="prod",
        beside=PRODUCTION,
    ),
    Example(
        "prod is watched",
        {"one/monitoring/interval_seconds": 0},
        f"{ONE}.monitoring.interval_seconds = 0: without Enhanced Monitoring nobody sees the operating "
        "system of a server of the stack prod; set monitoring.interval_seconds to 60 or less",
        {"one/monitoring/interval_seconds": 60},
        stack="prod",
        beside=PRODUCTION,
    ),
    Example(
        "service.toml: service.description",
        {'toml/description = "A service for tests"': 'description = ""'},
        f"{TOML}:service.description = '': takes a sentence; say what the service is for",
        {'toml/description = "A service for tests"': 'description = "x"'},
    ),
    Example(
        "service.toml: login_roles[].name",
        {'toml/name = "platform_app"': 'name = "rds_app"'},
        f"{TOML}:login_roles[0].name = 'rds_app': takes a PostgreSQL role name in lower case, not "
        "estate_admin, none, public, pooler_stats, pg_... or rds...; write a name such as platform_app",
        {'toml/name = "platform_app"': 'name = "platform_rds"'},
    ),
    Example(
        "service.toml: login_roles[].purpose",
        {'toml/purpose = "serves requests"': "purpose = 1"},
        f"{TOML}:login_roles[0].purpose = 1: takes a sentence; say who logs in with it",
        {'toml/purpose = "serves requests"': 'purpose = "1"'},
    ),
    Example(
        "service.toml: login_roles[].pooled",
        {"toml/pooled = true": 'pooled = "yes"'},
        f"{TOML}:login_roles[0].pooled = 'yes': takes true or false (whether it is reachable through "
        "PgBouncer); write true or false, without quotes",
        {"toml/pooled = true": 'pooled = true\nmember_of = ["platform_owner"]'},
    ),
    Example(
        "service.toml: login_roles[].member_of",
        {"toml/pooled = true": 'pooled = true\nmember_of = ["Owner"]'},
        f"{TOML}:login_roles[0].member_of = ['Owner']: takes a list of role names; write a list such as "
        "['platform_owner']",
        {"toml/pooled = true": 'pooled = true\nmember_of = ["owner"]'},
    ),
    Example(
        "service.toml: login_roles[].settings",
        {"toml/pooled = true": 'pooled = true\nsettings = { Work_mem = "1MB" }'},
        f"{TOML}:login_roles[0].settings = {{'Work_mem': '1MB'}}: takes a table of setting names to "
        f"values; write {{ statement_timeout = '15s' }}",
        {"toml/pooled = true": 'pooled = true\nsettings = { work_mem = "1MB" }'},
    ),
    Example(
        "service.toml: jobs.<name>.every",
        {'toml/every = "day"': 'every = "year"'},
        f"{TOML}:jobs.partitions.every = 'year': takes hour, day, week or month (how often the job runs); "
        "write one of these",
        {'toml/every = "day"': 'every = "day"'},
    ),
    Example(
        "service.toml: jobs.<name>.at",
        {'toml/at = "01:10"': "at = 110"},
        f"{TOML}:jobs.partitions.at = 110: takes a time in UTC, whose form depends on `every`; write it in "
        "quotes, such as '01:10'",
        {'toml/at = "01:10"': 'at = "01:11"'},
    ),
)
