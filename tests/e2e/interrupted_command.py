"""`dbctl deploy` and `dbctl psql` as they are, over a stack so small that a test can wait in the middle of it.

Run as a program, since an interruption is about processes: `python -m tests.e2e.interrupted_command deploy FOLDER`, or
`psql HOST PORT DATABASE USER`, with the password in PASSWORD.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from ops import cli, deployment
from ops import psql as psql_door
from tests.e2e.small_program import fake_aws, stack_of

SLOW, AFTER = "made-while-interrupted", "comes-after-it"


def _deploy(folder: Path) -> None:
    """The update of two resources: AWS answers for the first when a file `answer` is there, and the second waits."""
    from moto.logs.models import LogsBackend
    from pulumi import ResourceOptions
    from pulumi_aws import cloudwatch

    make = LogsBackend.create_log_group

    def slowly(backend: Any, log_group_name: str, *rest: Any, **options: Any) -> Any:
        (folder / "asked").touch()
        while not (folder / "answer").exists():
            time.sleep(0.02)
        return make(backend, log_group_name, *rest, **options)

    def program() -> None:
        first = cloudwatch.LogGroup(SLOW, name=SLOW)
        cloudwatch.LogGroup(AFTER, name=AFTER, opts=ResourceOptions(depends_on=[first]))

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # the fake AWS tells each request
    with (
        patch.object(LogsBackend, "create_log_group", slowly),
        fake_aws() as endpoint,
        stack_of(program, endpoint, folder) as stack,
    ):

        def update(*_: Any, **__: Any) -> Any:
            stack.up(on_event=lambda event: None, on_output=lambda line: print(line, flush=True))
            raise AssertionError("an update that was interrupted was taken for one that was done")

        with patch.object(deployment, "deploy", update):
            _dbctl("deploy", "-s", "dev", "--yes")


def _psql(host: str, port: str, database: str, user: str) -> None:
    """psql, at the end of all that leads to it."""
    secret = json.dumps({"username": user, "password": os.environ.pop("PASSWORD")})
    account = SimpleNamespace(
        client=lambda _: SimpleNamespace(get_secret_value=lambda SecretId: {"SecretString": secret})  # noqa: N803
    )

    @contextmanager
    def services(*_: str) -> Iterator[Any]:
        yield (
            SimpleNamespace(account=account, estate=SimpleNamespace(tls_required=False, services=())),
            {"platform": None},
        )

    where = psql_door.Door(host, int(port), database, "secret")
    with patch.object(psql_door, "door", lambda *_, **__: where), patch.object(cli, "services_of", services):
        _dbctl("psql", "-s", "dev", "platform", "--", "-X")


def _dbctl(*arguments: str) -> None:
    sys.argv = ["dbctl", *arguments]
    cli.main()


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    _deploy(Path(rest[0])) if what == "deploy" else _psql(*rest)
