"""Examples of rules about a service's server, replicas, parameters and monitoring."""

from __future__ import annotations

from tests.unit.infra.rules.example import ONE, Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "services[].name",
        {"one/name": "Platform"},
        f"{ONE}.name = 'Platform': takes 2 to 16 lower-case letters and digits that PostgreSQL and the "
        "estate do not use themselves; write a name such as platform",
        {"one/name": "platform2"},
    ),
    Example(
        "services[].engine_version",
        {"one/engine_version": "17.4"},
        f"{ONE}.engine_version = '17.4': takes 15, 16, 17 or 18 (PostgreSQL's major only: RDS chooses the "
        "minor); write one of these, in quotes",
        {"one/engine_version": "18"},
    ),
    Example(
        "services[].instance_class",
        {"one/instance_class": "db.r6g.3xlarge"},
        f"{ONE}.instance_class = 'db.r6g.3xlarge': takes an RDS instance class that infra/sizing.py knows, "
        "from db.t4g.micro to db.r7g.16xlarge; did you mean db.r6g.xlarge?",
        {"one/instance_class": "db.r6g.4xlarge"},
    ),
    Example(
        "services[].multi_az",
        {"one/multi_az": "yes"},
        f"{ONE}.multi_az = 'yes': takes true or false (a standby in another zone); write true or false, without quotes",
        {"one/multi_az": True},
    ),
    Example(
        "services[].iam_authentication",
        {"one/iam_authentication": 1},
        f"{ONE}.iam_authentication = 1: takes true or false (whether roles may log in with a token of "
        "IAM's instead of a password); write true or false, without quotes",
        {"one/iam_authentication": False},
    ),
    Example(
        "services[].apply_immediately",
        {"one/apply_immediately": "now"},
        f"{ONE}.apply_immediately = 'now': takes true or false (whether a change of an instance is made at once, and "
        "with it what waits for the maintenance window); write true or false, without quotes",
        {"one/apply_immediately": True},
    ),
    Example(
        "services[].replicas.count",
        {"one/replicas/count": 16},
        f"{ONE}.replicas.count = 16: takes a whole number from 0 to 15 (RDS replicates one source 15 "
        "times); give a number from 0 to 15, without quotes",
        {"one/replicas/count": 15},
    ),
    Example(
        "services[].replicas.instance_class",
        {"one/replicas": {"count": 1, "instance_class": "db.r6g.2xlrage"}},
        f"{ONE}.replicas.instance_class = 'db.r6g.2xlrage': takes an RDS instance class that "
        "infra/sizing.py knows, from db.t4g.micro to db.r7g.16xlarge, or null; did you mean "
        "db.r6g.2xlarge?",
        {"one/replicas": {"count": 1, "instance_class": "db.r6g.2xlarge"}},
    ),
    Example(
        "services[].protected",
        {"one/protected": "no"},
        f"{ONE}.protected = 'no': takes true or false (whether deleting is refused); write true or false, "
        "without quotes",
        {"one/protected": True},
    ),
    Example(
        "services[].parameters",
        {"one/parameters": ["jit"]},
        f"{ONE}.parameters = ['jit']: takes a mapping of parameter names to strings; write name: 'value'",
        {"one/parameters": {"jit": "0"}},
    ),
    Example(
        "services[].monitoring.interval_seconds",
        {"one/monitoring/interval_seconds": 20},
        f"{ONE}.monitoring.interval_seconds = 20: takes one of 0, 1, 5, 10, 15, 30, 60 (seconds between "
        "two samples of Enhanced Monitoring; 0 switches it off); write one of these numbers, without "
        "quotes",
        {"one/monitoring/interval_seconds": 30},
    ),
    Example(
        "services[].monitoring.insights",
        {"one/monitoring/insights": "basic"},
        f"{ONE}.monitoring.insights = 'basic': takes standard or advanced (the mode of CloudWatch Database "
        "Insights); write one of these",
        {"one/monitoring/insights": "standard"},
    ),
    Example(
        "services[].monitoring.insights_days",
        {"one/monitoring/insights_days": 30},
        f"{ONE}.monitoring.insights_days = 30: takes one of 7, 31, 62, 93, 124, 155, 186, 217, 248, 279, "
        "310, 341, 372, 403, 434, 465, 496, 527, 558, 589, 620, 651, 682, 713, 731 (days that statements "
        "and waits are kept; 7 are free); write one of these numbers, without quotes",
        {"one/monitoring/insights_days": 31},
    ),
    Example(
        "services[].monitoring.log_days",
        {"one/monitoring/log_days": 100},
        f"{ONE}.monitoring.log_days = 100: takes one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, "
        "400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 (days that logs of servers and tasks are "
        "kept); write one of these numbers, without quotes",
        {"one/monitoring/log_days": 120},
    ),
    Example(
        "a database's name is no key word",
        {"one/name": "user"},
        f"{ONE}.name = 'user': the service's name is its database's, and PostgreSQL reserves this word; "
        "choose another name, such as users",
        {"one/name": "users"},
    ),
    Example(
        "identifier of 63 characters",
        {"one/name": "platforms"},
        f"{ONE}.name = 'platforms': the identifier "
        "estate-development-of-a-long-name-in-europe-platforms-replica-15 has more than 63 characters; "
        "shorten the service's name or the stack's",
        {"one/name": "platform"},
        stack="development-of-a-long-name-in-europe",
    ),
    Example(
        "replicas need backups",
        {"one/backup/retention_days": 0},
        f"{ONE}.replicas.count = 1: RDS replicates only a source with backups, and backup.retention_days "
        "is 0; set backup.retention_days to 1 or more, or count to 0",
        {"one/backup/retention_days": 1},
        beside={"one/replicas/count": 1},
    ),
    Example(
        "a class for no replica",
        {"one/replicas": {"count": 0, "instance_class": "db.r6g.xlarge"}},
        f"{ONE}.replicas.instance_class = 'db.r6g.xlarge': count is 0, so no replica would have it; set "
        "replicas.count to 1 or more, or remove instance_class",
        {"one/replicas": {"count": 1, "instance_class": "db.r6g.xlarge"}},
    ),
    Example(
        "connections fit the memory",
        {"one/parameters/max_connections": "415"},
        f"{ONE}.parameters.max_connections = '415': more than RDS's own default for db.t4g.medium, which "
        "is what its memory is meant for; lower it, or choose a larger instance_class",
        {"one/parameters/max_connections": "414"},
        beside={"one/instance_class": "db.t4g.medium"},
    ),
    Example(
        "a replica holds the primary's connections",
        {"one/replicas": {"count": 1, "instance_class": "db.t4g.micro"}},
        f"{ONE}.replicas.instance_class = 'db.t4g.micro': a replica allows as many connections as its "
        "primary, 200, and its memory is meant for fewer; choose a larger class, or lower "
        "parameters.max_connections",
        {"one/replicas": {"count": 1, "instance_class": "db.t4g.small"}},
    ),
    Example(
        "work_mem fits the memory",
        {"one/parameters/work_mem": "167773"},
        f"{ONE}.parameters.work_mem = '167773': work_mem x max_connections 200 exceeds half the memory of "
        "the smallest server: one sort in each connection would end in the kernel's out-of-memory killer; "
        "lower it; a role that needs more sets it for itself (ALTER ROLE ... SET work_mem)",
        {"one/parameters/work_mem": "167772"},
    ),
    Example(
        "maintenance_work_mem fits the memory",
        {"one/parameters/maintenance_work_mem": "314573"},
        f"{ONE}.parameters.maintenance_work_mem = '314573': maintenance_work_mem x (autovacuum_max_workers "
        "+ 1) exceeds what shared_buffers and half the page cache leave; lower it, or "
        "autovacuum_max_workers",
        {"one/parameters/maintenance_work_mem": "314572"},
        beside={"one/instance_class": "db.t4g.medium"},
    ),
    Example(
        "WAL senders for every replica",
        {"one/parameters/max_wal_senders": "5"},
        f"{ONE}.parameters.max_wal_senders = '5': max_wal_senders must serve 4 replicas and 2 base "
        "backups; raise it, or remove it",
        {"one/parameters/max_wal_senders": "6"},
        beside={"one/replicas/count": 4},
    ),
    Example(
        "parallel workers exist",
        {"one/parameters/max_parallel_workers_per_gather": "9"},
        f"{ONE}.parameters.max_parallel_workers_per_gather = '9': parallel workers are taken from the "
        "max_worker_processes, of which there are 8; lower it, or raise max_worker_processes",
        {"one/parameters/max_parallel_workers_per_gather": "8"},
        beside={"one/parameters/max_worker_processes": "8"},
    ),
    Example(
        "slots leave room on the volume",
        {"one/parameters/max_slot_wal_keep_size": "204801"},
        f"{ONE}.parameters.max_slot_wal_keep_size = '204801': a lost slot may fill more than half of the "
        "400 GiB volume; lower it, or raise storage.allocated_gib",
        {"one/parameters/max_slot_wal_keep_size": "204800"},
    ),
    Example(
        "advanced insights keep fifteen months",
        {"one/monitoring": {"insights": "advanced", "insights_days": 434}},
        f"{ONE}.monitoring.insights_days = 434: the advanced mode of Database Insights keeps 465 days or "
        "more; set insights_days to 465, or insights to standard",
        {"one/monitoring": {"insights": "advanced", "insights_days": 465}},
    ),
)
