"""What may be called how: names, ids and addresses that a configuration gives. Pure."""

from __future__ import annotations

import ipaddress
import re

MASTER_USER = "estate_admin"

# Where every role of the estate is, and the policy that says what any of them may ever do; the account's bootstrap
# makes the policy and lets the deploying role make roles only so.
ROLE_PATH = "/estate/"
BOUNDARY = "estate-boundary"

# As texts, because editors judge by them too; without (?<...), which not all of them know.
# A service's name becomes a database, part of an RDS identifier and of a target group's name, which ends at 32
# characters and carries "-pooler-" and 7 random ones.
SERVICE = r"^[a-z][a-z0-9]{1,15}$"
# [repository-host/]name[:tag][@digest], as far as characters go.
IMAGE = r"^[a-z0-9][a-z0-9._/:@-]{1,254}$"
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = rf"^{_LABEL}(\.{_LABEL})+$"
EMAIL = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
REGION = r"^[a-z]{2,4}(-[a-z]+)?-[a-z]+-[1-9]$"
CIDR = r"^[0-9.]{7,15}/(1[6-9]|2[0-8])$"
_HEX = r"[0-9a-f]{8}([0-9a-f]{9})?"  # ids made before 2018 have eight digits
VPC_ID, SUBNET_ID, GROUP_ID = (rf"^{kind}-{_HEX}$" for kind in ("vpc", "subnet", "sg"))
_ROLE = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_SETTING = re.compile(r"[a-z][a-z0-9_.]{0,62}", re.ASCII)
MOST_DOMAIN = 200  # of Route 53's 255: the longest name before it is readers.<16 letters>.<stack>

# Names with a meaning to PostgreSQL, RDS or PgBouncer, and the logical names of the estate's own parts.
RESERVED_NAMES = frozenset(
    {
        "alerts",
        "cluster",
        "db",
        "dns",
        "dumps",
        "keys",
        "local",
        "monitoring",
        "network",
        "pgbouncer",
        "postgres",
        "rdsadmin",
        "recovery",
        "template0",
        "template1",
        "vault",
        "zone",
    }
)

# What the estate itself runs on a schedule: a job's name is its schedule's.
RESERVED_JOBS = frozenset({"dump", "overdue"})

# PostgreSQL's reserved key words, those that may name a function or a type included, as far as a service could be
# called so. A test holds them to the engine's own list.
KEY_WORDS = frozenset({
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary", "both",
    "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create", "cross",
    "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign",
    "freeze", "from", "full", "grant", "group", "having", "ilike", "in", "initially", "inner", "intersect", "into",
    "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime", "localtimestamp", "natural",
    "not", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "overlaps", "placing", "primary",
    "references", "returning", "right", "select", "similar", "some", "symmetric", "table", "tablesample", "then",
    "to", "trailing", "true", "union", "unique", "user", "using", "variadic", "verbose", "when", "where", "window",
    "with",
})  # fmt: skip
# CREATE ROLE refuses the first two, quoted or not; the third is PgBouncer's alone, and may see its statistics.
NO_ROLES = ("none", "public", "pooler_stats")

# RFC 1918, and the shared range of RFC 6598, which many use for what is large and need not be reached.
PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
_PRIVATE = tuple(map(ipaddress.IPv4Network, PRIVATE_RANGES))
WIDEST_VPC, NARROWEST_VPC = 16, 28
# 16 blocks are cut from a VPC of the estate's own: the narrowest still holds a /26 of tasks, endpoints and load
# balancers.
NARROWEST_PLAN = 22

# Names of AWS's services and of the instances themselves end so: a private zone of such a name would hide them.
TAKEN_DOMAINS = ("amazonaws.com", "amazonaws.com.cn", "api.aws", "on.aws")


def _matches(pattern: str, value: str) -> bool:
    """Whether a pattern fits the whole text: `$` alone would let a line break follow."""
    return re.fullmatch(pattern, value, re.ASCII) is not None


def is_service_name(value: str) -> bool:
    """Whether a service may be called so."""
    return _matches(SERVICE, value) and value not in RESERVED_NAMES


def is_network(value: str) -> bool:
    """Whether a VPC may have this range, with its host bits zero; `/` must be there, a lone address is none."""
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        return False
    return value == str(network) and WIDEST_VPC <= network.prefixlen <= NARROWEST_VPC


def is_private(value: str) -> bool:
    """Whether a well-formed range is nobody's on the internet."""
    return any(ipaddress.IPv4Network(value).subnet_of(private) for private in _PRIVATE)


def prefix_length(value: str) -> int:
    """How narrow a well-formed range is."""
    return ipaddress.IPv4Network(value).prefixlen


def is_role_name(value: object) -> bool:
    """Whether this may be a PostgreSQL role name of the estate."""
    return isinstance(value, str) and _ROLE.fullmatch(value) is not None


def is_job_name(value: object) -> bool:
    """Whether a job may be called so: its file, its row in the ledger and its schedule have this name."""
    return is_role_name(value) and value not in RESERVED_JOBS


def is_login_role(value: str) -> bool:
    """Whether a role of this name may log in: not the master, and none of PostgreSQL's, RDS's or the pooler's own."""
    return is_role_name(value) and value not in {MASTER_USER, *NO_ROLES} and not value.startswith(("pg_", "rds"))


def is_settings(value: object) -> bool:
    """Whether this is a table of setting names to values."""
    return isinstance(value, dict) and all(
        isinstance(key, str) and _SETTING.fullmatch(key) and isinstance(item, str | int | float | list)
        for key, item in value.items()
    )


def is_image(value: str) -> bool:
    """Whether this looks like a reference to a container image."""
    return _matches(IMAGE, value)


def is_within_reach(image: str, region: str | None) -> bool:
    """Whether a task can pull a well-formed image: from ECR in the stack's region, whose endpoints are all it reaches.

    A name without a registry is there; `containers.qualified` says which first part is one.
    """
    host, slash, _ = image.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        return True
    found = re.fullmatch(r"[0-9]{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.[a-z.]+", host, re.ASCII)
    return found is not None and region in (None, found[1])


def is_domain(value: str) -> bool:
    """Whether this is a domain name that a private zone may have a name in."""
    return _matches(DOMAIN, value) and len(value) <= MOST_DOMAIN


def is_email(value: object) -> bool:
    """Whether this looks like an e-mail address; whether it is one, its owner confirms."""
    return isinstance(value, str) and _matches(EMAIL, value) and len(value) <= 254


def is_region(value: str) -> bool:
    """Whether this has the form of an AWS region's code; whether there is one, AWS says."""
    return _matches(REGION, value)


def is_vpc_id(value: str) -> bool:
    """Whether this has the form of a VPC's id."""
    return _matches(VPC_ID, value)


def is_subnet_id(value: object) -> bool:
    """Whether this has the form of a subnet's id."""
    return isinstance(value, str) and _matches(SUBNET_ID, value)


def is_security_group_id(value: str) -> bool:
    """Whether this has the form of a security group's id."""
    return _matches(GROUP_ID, value)
