"""The local cloud's process: fake AWS, provider and reconciler, from start to orderly end."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from local import engines, formulas, leftovers, paths
from local.addresses import Addresses
from local.processes import Registry, identify, write_json

if TYPE_CHECKING:
    from local.moto_gaps import Reality
    from local.reconciler.loop import Loop

# In flight calls of the provider get this long when the cloud stops.
_GRACE_SECONDS = 1.0

MODES = ("real", "control-plane")


class AlreadyServed(Exception):
    """Another process serves this folder."""


def serve(root: Path, mode: str) -> None:
    """Be the local cloud until SIGTERM or SIGINT."""
    if mode not in MODES:
        raise ValueError(f"mode is {mode!r}; expected one of {', '.join(MODES)}")
    ending = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: ending.set())
    place = paths.prepare(root)
    lock = (place.real / "serve.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyServed(f"{place.root} is served by another process already") from None
    _settle_environment()
    leftovers.end_all(place)
    stop = _open(place, mode)
    try:
        ending.wait()
    finally:
        place.state.unlink(missing_ok=True)
        stop()
        place.status.unlink(missing_ok=True)
        say("stopped")


def say(text: str) -> None:
    """A line of the cloud's own log."""
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    sys.stderr.write(f"{stamp} {text}\n")
    sys.stderr.flush()


def _open(place: paths.Paths, mode: str) -> Callable[[], None]:
    """Start everything, say so in cloud.json; returns what stops it."""
    # Imported here: moto and boto3 take a second, which nobody who only asks for the state should wait for.
    from local import aws, moto_gaps
    from local.provider import server as provider

    addresses = Addresses(place.root, place.real / "addresses.json")
    for passing in ("task", "elb"):
        addresses.release_all(passing)
    moto_gaps.apply(_reality(addresses) if mode == "real" else None)
    aws.warm_up()
    aws_server, endpoint = aws.serve()
    provider_server, provider_port = provider.serve(endpoint)
    loop = _reconciler(place, addresses, endpoint) if mode == "real" else None
    boot_id = secrets.token_hex(6)
    for earlier in place.pulumi.iterdir():  # states of control planes that are no more
        if earlier.name != "home":
            shutil.rmtree(earlier, ignore_errors=True)
    (place.pulumi / boot_id).mkdir()
    me = identify(os.getpid())
    assert me is not None
    write_json(
        place.state,
        {
            "aws_endpoint": endpoint,
            "boot_id": boot_id,
            "mode": mode,
            "pid": me.pid,
            "provider_port": provider_port,
            "started": me.started,
        },
    )
    say(f"ready: {mode}, AWS at {endpoint}, provider at port {provider_port}, addresses {addresses.cidr}")

    def stop() -> None:
        provider_server.stop(_GRACE_SECONDS)
        if loop is not None:
            loop.stop(discard=place.discard.exists())
        aws_server.shutdown()

    return stop


def _reality(addresses: Addresses) -> Reality:
    from local.moto_gaps import Reality

    return Reality(
        address=addresses.get,
        engine_version=lambda major: engines.get(major).version,
        check_class=formulas.class_memory,
        refusal=engines.refusal,
        static_parameters=engines.static_parameters,
    )


def _reconciler(place: paths.Paths, addresses: Addresses, endpoint: str) -> Loop:
    from local.reconciler.context import Context
    from local.reconciler.loop import Loop

    with ThreadPoolExecutor() as pool:  # copies for the servers' account, before the first instance asks
        list(pool.map(lambda engine: engine.reachable(place.real / "engines"), engines.installed().values()))
    loop = Loop(Context(place, addresses, Registry(place.processes), endpoint, say))
    loop.start()
    return loop


def _settle_environment() -> None:
    """The caller's own AWS settings and credentials have no business here."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 (nothing checks it)
        AWS_DEFAULT_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        # Children are other programs, started by exec: gRPC need not prepare each fork, nor say so in the log.
        GRPC_ENABLE_FORK_SUPPORT="0",
    )
