"""A small program under the real engine, the local provider and a fake AWS of its own."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer
from pulumi import automation

from local import moto_gaps
from local.provider.server import serve
from ops import toolchain

REGION = "us-east-1"


@contextmanager
def fake_aws() -> Iterator[str]:
    """The address of a fake AWS in this process."""
    moto_gaps.apply(None)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def client(endpoint: str, service: str, region: str = REGION) -> Any:
    """A client of the fake AWS."""
    make: Any = boto3.client
    return make(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@contextmanager
def stack_of(program: Callable[[], None], endpoint: str, folder: Path) -> Iterator[automation.Stack]:
    """The program's stack, with a state in the folder."""
    server, port = serve(endpoint)
    home, backend, work = folder / "home", folder / "state", folder / "work"
    for made in (home, backend, work):
        made.mkdir()
    stack = automation.create_or_select_stack(
        "test",
        project_name="small-program",
        program=program,
        opts=automation.LocalWorkspaceOptions(
            work_dir=str(work),
            pulumi_command=automation.PulumiCommand(root=str(toolchain.require_pulumi().parent.parent)),
            pulumi_home=str(home),
            env_vars={
                "PULUMI_DEBUG_PROVIDERS": f"aws:{port}",
                "PULUMI_BACKEND_URL": f"file://{backend}",
                "PULUMI_CONFIG_PASSPHRASE": "local",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            },
        ),
    )
    stack.set_config("aws:region", automation.ConfigValue(REGION))
    try:
        yield stack
    finally:
        server.stop(grace=None).wait()
        close_loops()


def changes(result: automation.UpResult | automation.RefreshResult | automation.DestroyResult) -> dict[str, int]:
    """What an operation did, by kind; what stayed as it was is left out."""
    return {kind: count for kind, count in (result.summary.resource_changes or {}).items() if kind != "same"}


def close_loops() -> None:
    """Closes what the Automation API leaves open when the engine ends a program: its event loop, and the sockets of it.

    Found later, by chance, it would be some other test's mistake.
    """
    for thing in gc.get_objects():
        if isinstance(thing, asyncio.BaseEventLoop) and not thing.is_running() and not thing.is_closed():
            thing.close()
