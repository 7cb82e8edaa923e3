"""The schema image does what its task definitions ask: migrations, the check after them, a dump into S3."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import boto3
import psycopg
import pytest
from moto.server import ThreadedMotoServer

from local import moto_gaps
from ops.paths import SQL_ROOT
from schema import folder
from tests.e2e.images import container, definitions
from tests.e2e.images.bare_root import Built
from tests.e2e.images.conftest import MASTER, POSTGRES, SERVICE, Server

BUCKET = "image-dumps"
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def s3() -> Iterator[tuple[str, Any]]:
    """A fake S3 for the container, and a client of it."""
    moto_gaps.apply(None)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    make: Any = boto3.client
    client = make(
        "s3", region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id="x", aws_secret_access_key="x"
    )
    client.create_bucket(Bucket=BUCKET)
    yield endpoint, client
    server.stop()


def done(built: Built, server: Server, name: str, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A task of production's, with the address and the secrets that this server has."""
    definition = definitions.containers(SERVICE)[name]
    values = definitions.environment(definition) | {"PGHOST": server.address}
    for variable in definitions.secret_names(definition):
        if variable == "MASTER_SECRET":
            values[variable] = definitions.login(MASTER, server.master_password)
        else:
            values[variable] = definitions.login(variable.removeprefix("ROLE_SECRET").strip("_") or f"{SERVICE}_backup")
    return container.run(built, values | more, *(command or definition["command"]))


@pytest.fixture(scope="module")
def applied(images: dict[str, Built], server: Server) -> subprocess.CompletedProcess[str]:
    return done(images["schema"], server, "schema")


def test_the_command_of_the_task_definition_applies_every_migration_over_tls(
    applied: subprocess.CompletedProcess[str], server: Server
) -> None:
    assert applied.returncode == 0, applied.stdout + applied.stderr
    migrations = folder.load(SQL_ROOT / SERVICE).migrations
    with psycopg.connect(server.superuser.replace("dbname=postgres", f"dbname={SERVICE}")) as connection:
        row = connection.execute("SELECT count(*), max(version), bool_and(success) FROM public._sqlx_migrations")
        assert row.fetchone() == (len(migrations), migrations[-1].version, True)


def test_what_was_applied_is_found_as_it_was_left(
    applied: subprocess.CompletedProcess[str], images: dict[str, Built], server: Server
) -> None:
    assert applied.returncode == 0, applied.stderr
    verified = done(images["schema"], server, "schema", "python", "-m", "schema", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_server_whose_authority_is_not_in_the_bundle_is_refused(images: dict[str, Built], server: Server) -> None:
    stranger = done(
        images["schema"], server, "schema", "python", "-m", "schema", "status", "--connect-wait", "1",
        PGSSLROOTCERT="/etc/ssl/certs/ca-certificates.crt",
    )  # fmt: skip
    assert stranger.returncode == 1
    assert "certificate verify failed" in stranger.stderr


def test_the_dump_lands_in_the_bucket_and_is_described_beside_it(
    applied: subprocess.CompletedProcess[str], images: dict[str, Built], server: Server, s3: tuple[str, Any]
) -> None:
    assert applied.returncode == 0, applied.stderr
    endpoint, client = s3
    made = done(
        images["schema"], server, "dump",
        AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_REGION="us-east-1",
        DUMP_BUCKET=BUCKET, DUMP_KEY=KEY,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    assert f"pg_dump {POSTGRES} to daily/{SERVICE}/" in made.stdout
    keys = [row["Key"] for row in client.list_objects_v2(Bucket=BUCKET, Prefix="daily/")["Contents"]]
    dump, manifest = sorted(keys)
    assert manifest == f"{dump}.json"
    told = json.loads(client.get_object(Bucket=BUCKET, Key=manifest)["Body"].read())
    body = client.get_object(Bucket=BUCKET, Key=dump)["Body"].read()
    assert body.startswith(b"PGDMP")
    assert (told["bytes"], told["service"], told["tables"] > 0) == (len(body), SERVICE, True)


def test_a_failure_is_the_exit_code_of_the_task_and_tells_no_secret(images: dict[str, Built], server: Server) -> None:
    refused = done(
        images["schema"], server, "schema", "python", "-m", "schema", "status",
        MASTER_SECRET=definitions.login(MASTER, "a wrong password"),
    )  # fmt: skip
    assert refused.returncode == 1
    assert "a wrong password" not in refused.stdout + refused.stderr
    assert "password authentication failed" in refused.stderr
