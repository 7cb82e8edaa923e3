"""The shape of a service's folder: what `sql/<service>/service.toml` says of roles and jobs. Pure."""

from __future__ import annotations

from infra import names, sources
from infra.config_shape import Field, Spec, flag, one_of, text
from infra.jobs import EVERY

# sql/<service>/service.toml
FOLDER: Spec = {
    "service": {"description": text("takes a sentence", bool, "say what the service is for")},
    "login_roles": Field(
        "takes at least one [[login_roles]] table",
        lambda value: isinstance(value, list) and len(value) > 0,
        "add [[login_roles]] with name and purpose",
    ),
    "jobs": Field(
        "takes a [jobs.<name>] table for each file of jobs/",
        lambda value: isinstance(value, dict),
        "write [jobs.partitions] with every and at",
        {},
    ),
}

# The schema runner gives member_of and settings their effect, and judges them further.
LOGIN_ROLE: Spec = {
    "name": text(
        f"takes a PostgreSQL role name in lower case, not {', '.join((names.MASTER_USER, *names.NO_ROLES))}, pg_... or"
        " rds...",
        names.is_login_role,
        "write a name such as platform_app",
        source=sources.POSTGRESQL_NAMES,
    ),
    "purpose": text("takes a sentence", bool, "say who logs in with it"),
    "pooled": flag("whether it is reachable through PgBouncer", False),
    "member_of": Field(
        "takes a list of role names",
        lambda value: isinstance(value, list) and all(map(names.is_role_name, value)),
        "write a list such as ['platform_owner']",
        [],
    ),
    "settings": Field(
        "takes a table of setting names to values",
        names.is_settings,
        "write { statement_timeout = '15s' }",
        {},
    ),
}

# [jobs.<name>] in the same file
JOB: Spec = {
    "every": one_of(EVERY, "how often the job runs", source=sources.SCHEDULES),
    "at": text("takes a time in UTC, whose form depends on `every`", bool, "write it in quotes, such as '01:10'",
               source=sources.SCHEDULES),
}  # fmt: skip
