"""A bucket with the estate's own policy and key, and `python -m dump` with the server's own programs in PATH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from infra import backup_policies
from local import moto_gaps
from tests.sql.databases import Database, password_of

_REPOSITORY = Path(__file__).resolve().parents[3]
BUCKET = "dumps-of-tests"
KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
SECRETS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    moto_gaps.apply(None)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str) -> Iterator[Any]:
    """S3 with an empty, versioned bucket of dumps that has the estate's policy."""
    make: Any = boto3.client
    client = make(
        "s3",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    client.put_bucket_policy(Bucket=BUCKET, Policy=backup_policies.bucket(f"arn:aws:s3:::{BUCKET}", KEY))
    yield client
    client.delete_bucket_policy(Bucket=BUCKET)
    versions = client.list_object_versions(Bucket=BUCKET)
    for version in [*versions.get("Versions", []), *versions.get("DeleteMarkers", [])]:
        client.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
    client.delete_bucket(Bucket=BUCKET)


@dataclass(slots=True)
class Dumper:
    """`python -m dump` for one service and one database, as its task starts it."""

    database: Database
    service: str
    endpoint: str
    changes: dict[str, str | None] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        running = self.database.server.running
        role = f"{self.service}_backup"
        found: dict[str, str | None] = {
            "PATH": f"{running.engine.bin}{os.pathsep}{os.defpath}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "ESTATE_SERVICE": self.service,
            "ESTATE_STACK": "test",
            "PGHOST": running.host,
            "PGPORT": str(running.port),
            "PGDATABASE": self.database.name,
            "PGSSLMODE": "disable",
            "DUMP_BUCKET": BUCKET,
            "DUMP_KEY": KEY,
            "ROLE_SECRET": json.dumps({"username": role, "password": password_of(role)}),
            "AWS_ENDPOINT_URL": self.endpoint,
            **SECRETS,
            **self.changes,
        }
        return {name: value for name, value in found.items() if value is not None}

    def start(self) -> subprocess.Popen[str]:
        """The command beside the test, for what is done to it meanwhile."""
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "dump"],
            env=self.environment(),
            cwd=_REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "dump", *arguments],
            env=self.environment(),
            cwd=_REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )

    def good(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


def stored(s3: Any) -> list[str]:
    """The keys in the bucket, in order."""
    return sorted(row["Key"] for row in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []))


def unfinished(s3: Any) -> list[str]:
    """The keys of uploads that nobody completed or took back."""
    return [row["Key"] for row in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]
