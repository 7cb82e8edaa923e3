"""Where the example finds the pooler when no stack is named, and that nothing secret shows in what it keeps."""

from __future__ import annotations

import json

from examples.platform_app.accounts import Mail, Tokens
from examples.platform_app.endpoint import ROLES, from_environment
from examples.platform_app.stage import Person

SECRETS = {f"ROLE_SECRET_{role}": json.dumps({"username": role, "password": f"pw-{role}"}) for role in ROLES}


def test_the_environment_of_a_task_is_enough() -> None:
    where = from_environment({"PGHOST": "pooler", "PGDATABASE": "crm", **SECRETS})
    assert (where.host, where.port, where.database, where.read_only_database) == ("pooler", 6432, "crm", "crm_ro")
    assert where.sslmode == "require"
    assert where.passwords["platform_auth"] == "pw-platform_auth"


def test_nothing_secret_is_in_what_a_log_would_print() -> None:
    kept = [
        from_environment(SECRETS),
        Mail("ada@example.com", "s3cret"),
        Tokens("s3cret", "s3cret"),
        Person("Ada", "ada@example.com", "s3cret", Tokens("s3cret", "s3cret")),
    ]
    assert "pw-" not in repr(kept)
    assert "s3cret" not in repr(kept)
