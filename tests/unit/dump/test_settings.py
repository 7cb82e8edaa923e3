"""The task's environment: complete or refused, and the password nowhere but where it must be."""

from __future__ import annotations

import json

import pytest

from dump import programs, settings
from dump.errors import Misconfigured

ENVIRONMENT = {
    "ESTATE_SERVICE": "platform",
    "ESTATE_STACK": "prod",
    "PGHOST": "primary.example",
    "PGPORT": "5432",
    "PGDATABASE": "platform",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/etc/bundle.pem",
    "DUMP_BUCKET": "dumps",
    "DUMP_KEY": "arn:aws:kms:eu-west-1:123456789012:key/1",
    "ROLE_SECRET": json.dumps({"username": "platform_backup", "password": "s3cret"}),
    "PATH": "/usr/bin",
}


def test_the_environment_of_the_task_definition_is_all_it_takes() -> None:
    found = settings.parse(ENVIRONMENT)
    assert (found.service, found.stack, found.bucket, found.user) == ("platform", "prod", "dumps", "platform_backup")
    assert found.libpq == {name: ENVIRONMENT[name] for name in ENVIRONMENT if name.startswith("PG")}


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(Misconfigured, match="gives no DUMP_BUCKET, ROLE_SECRET, PGHOST"):
        settings.parse({**ENVIRONMENT, "DUMP_BUCKET": "", "ROLE_SECRET": "", "PGHOST": ""})


@pytest.mark.parametrize("secret", ["s3cret", '["s3cret"]', '{"password": "s3cret"}', '"s3cret"'])
def test_a_secret_of_another_form_is_refused_without_being_told(secret: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        settings.parse({**ENVIRONMENT, "ROLE_SECRET": secret})
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_password_is_in_a_childs_environment_and_in_no_text() -> None:
    found = settings.parse(ENVIRONMENT)
    assert "s3cret" not in repr(found)
    assert "s3cret" not in str(programs.arguments("snapshot"))
    child = programs.environment(ENVIRONMENT, found.with_login())
    assert child["PGPASSWORD"] == "s3cret"
    assert "ROLE_SECRET" not in child
    assert set(child) == {
        "PATH",
        "PGAPPNAME",
        "PGDATABASE",
        "PGHOST",
        "PGPASSWORD",
        "PGPORT",
        "PGSSLMODE",
        "PGSSLROOTCERT",
        "PGUSER",
    }
