"""Pulumi's own engine keeps a state in the bucket that the bootstrap made: versions locked, secrets by its key.

S3 and KMS are moto's server. It holds object locks, and knows no roles; it reads a bucket's policy without the
conditions, so that each deny would hold for everybody: the policy goes first. Copies it serves only where the source is
not percent-encoded, and into a locked bucket only with a checksum, which S3 asks of uploads alone ("required for Put
Object requests with Object Lock parameters"): both are put right on their way in. Uploads are left as they are, and so
show that the engine sends one. What each role may do is the unit tests'; which calls the engine makes is counted here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from ops.bootstrap.names import ALIAS
from ops.bootstrap.permissions import READ_STATE, WRITE_STATE
from ops.paths import REPOSITORY
from ops.toolchain import require_pulumi

REGION = "us-east-1"
BUCKET = f"postgres-estate-state-123456789012-{REGION}"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
STATE = ".pulumi/stacks/probe/dev.json"

# The operations of S3 and KMS by what a request looks like, and the IAM actions that each asks for.
ACTIONS = {
    "GetObject": {"s3:GetObject"},
    "HeadObject": {"s3:GetObject"},
    "ListObjectsV2": {"s3:ListBucket"},
    "PutObject": {"s3:PutObject"},
    "CopyObject": {"s3:GetObject", "s3:PutObject"},
    "DeleteObject": {"s3:DeleteObject"},
    "Encrypt": {"kms:Encrypt"},
    "Decrypt": {"kms:Decrypt"},
}


# An empty program, by the Automation API as dbctl runs it.
PROGRAM = """
import sys
import pulumi
from pulumi import automation as auto
name, folder, root = sys.argv[1:]
stack = auto.select_stack(
    stack_name="dev", project_name="probe", program=lambda: pulumi.export("told", 1),
    opts=auto.LocalWorkspaceOptions(work_dir=folder, pulumi_command=auto.PulumiCommand(root=root)),
)
getattr(stack, name)()
"""


@dataclass(frozen=True)
class Account:
    """An account after `dbctl bootstrap`, and a folder with a project in it."""

    endpoint: str
    folder: Path
    requests: list[str]

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        return make(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    @property
    def environment(self) -> dict[str, str]:
        """What leads the engine to this account, and to nothing of whoever runs the tests."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "PULUMI_"))}
        return {
            **kept,
            **KEYS,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # As the workflows say it; path style because moto's buckets are no hosts.
            "PULUMI_BACKEND_URL": f"s3://{BUCKET}?region={REGION}&use_path_style=true",
        }

    def pulumi(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(require_pulumi()), *words, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def names(self) -> list[str]:
        found = self.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return [each["Key"] for each in found]


def operation(environ: dict[str, Any]) -> str:
    """The name of a request's operation, as the SDK for Go sends it."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return str(target).rpartition(".")[2]
    inside = str(environ["PATH_INFO"]).strip("/").partition("/")[2]
    method, query = str(environ["REQUEST_METHOD"]), str(environ.get("QUERY_STRING", ""))
    if method == "PUT" and "HTTP_X_AMZ_COPY_SOURCE" in environ:
        return "CopyObject"
    if method == "GET" and not inside:
        return "ListObjectsV2" if "list-type=2" in query else f"GET {query}"
    return {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject"}.get(method, f"{method.title()}Object")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    requests: list[str] = []
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    wrapped = server._server.app  # type: ignore[union-attr]

    def counting(environ: dict[str, Any], start: Any) -> Any:
        if "aws-sdk-go" in environ.get("HTTP_USER_AGENT", ""):
            requests.append(operation(environ))
        if "HTTP_X_AMZ_COPY_SOURCE" in environ:
            environ["HTTP_X_AMZ_COPY_SOURCE"] = unquote(environ["HTTP_X_AMZ_COPY_SOURCE"])
            environ["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = "CRC32"
        return wrapped(environ, start)

    server._server.app = counting  # type: ignore[union-attr]
    host, port = server.get_host_and_port()
    folder = tmp_path_factory.mktemp("project")
    project = {"name": "probe", "runtime": "python"}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")
    made = Account(f"http://{host}:{port}", folder, requests)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "ops", "bootstrap", "--repository", "acme/estate", "--region", REGION, "--yes"],
        cwd=REPOSITORY,
        env={**kept, **KEYS, "AWS_ENDPOINT_URL": made.endpoint},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made.client("s3").delete_bucket_policy(Bucket=BUCKET)
    yield made
    server.stop()


def test_a_stack_lives_in_the_locked_bucket_from_its_first_day_to_its_last(account: Account) -> None:
    where = f"awskms://{ALIAS}?region={REGION}"
    account.pulumi("stack", "init", "dev", "--secrets-provider", where)
    config = yaml.safe_load((account.folder / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    assert config["secretsprovider"] == where
    account.pulumi("config", "set", "--secret", "password", "Planted1Secret", "--stack", "dev")
    state = account.folder / "checkpoint.json"
    account.pulumi("stack", "export", "--stack", "dev", "--file", str(state))
    # Written and written again: each leaves a version behind that is locked.
    for _ in range(2):
        account.pulumi("stack", "import", "--stack", "dev", "--file", str(state))
    assert [name for name in account.names() if "/locks/" in name] == []
    s3 = account.client("s3")
    found = s3.list_object_versions(Bucket=BUCKET, Prefix=STATE)["Versions"]
    versions = [each for each in found if each["Key"] == STATE]  # beside it are copies, which moto does not lock
    assert len(versions) >= 3
    for each in versions:
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.delete_object(Bucket=BUCKET, Key=STATE, VersionId=each["VersionId"])
    taken = s3.list_object_versions(Bucket=BUCKET, Prefix=".pulumi/locks/")
    assert taken["Versions"], "no lock was taken"
    assert taken["DeleteMarkers"], "no lock was given back"


def test_no_secret_is_in_clear_in_the_bucket_or_the_stacks_file(account: Account) -> None:
    s3 = account.client("s3")
    texts = [s3.get_object(Bucket=BUCKET, Key=name)["Body"].read() for name in account.names()]
    texts.append((account.folder / "Pulumi.dev.yaml").read_bytes())
    assert not [text for text in texts if b"Planted" in text]
    assert "Planted1Secret" in account.pulumi("config", "get", "password", "--stack", "dev").stdout


def test_the_engine_calls_nothing_that_the_state_rows_do_not_have(account: Account) -> None:
    made = set(account.requests)
    assert made <= ACTIONS.keys(), made - ACTIONS.keys()
    asked = {action for name in made for action in ACTIONS[name]}
    granted = READ_STATE.actions | WRITE_STATE.actions
    assert asked <= granted
    # What S3 asks of KMS for the bucket's encryption, and what ends an upload that failed.
    assert granted - asked == {"kms:GenerateDataKey", "s3:AbortMultipartUpload"}


def test_a_reader_of_the_state_writes_nothing(account: Account) -> None:
    account.requests.clear()
    account.pulumi("stack", "output", "--stack", "dev", "--json", "--show-secrets")
    asked = {action for name in account.requests for action in ACTIONS[name]}
    assert asked <= READ_STATE.actions


def test_a_preview_takes_no_lock_and_an_update_does(account: Account) -> None:
    """So a role that may only read the state can preview; the program is Python, run by the engine from here."""
    for name in ("preview", "up"):
        account.requests.clear()
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, name, str(account.folder), str(require_pulumi().parent.parent)],
            cwd=account.folder,
            env=account.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        asked = {action for each in account.requests for action in ACTIONS[each]}
        if name == "preview":
            assert asked == READ_STATE.actions
        else:
            assert {"s3:PutObject", "s3:DeleteObject"} <= asked


def test_the_last_day_leaves_versions_behind(account: Account) -> None:
    account.pulumi("stack", "rm", "dev", "--yes")
    assert not [name for name in account.names() if name == STATE]
    s3 = account.client("s3")
    versions = s3.list_object_versions(Bucket=BUCKET, Prefix=STATE)["Versions"]
    body = s3.get_object(Bucket=BUCKET, Key=STATE, VersionId=versions[0]["VersionId"])["Body"].read()
    assert re.search(r'"latest"|"deployment"|"checkpoint"', body.decode()), json.loads(body).keys()
