"""Runs the program against mocks and keeps each whole RegisterResourceRequest: options included.

The mocks echo inputs and make up what AWS would name. They prove what the program asks for; they cannot prove that
AWS accepts it, nor what a second run does: that is for the engine's tests.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from google.protobuf import json_format
from pulumi.runtime import mocks as pulumi_mocks

from infra.config import parse
from infra.program import deploy

# Generated modules warn of their own deprecated types while they are imported, used or not.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    for _module in (
        "appautoscaling",
        "backup",
        "cloudwatch",
        "ec2",
        "ecs",
        "iam",
        "kms",
        "lb",
        "rds",
        "route53",
        "s3",
        "scheduler",
        "secretsmanager",
        "sns",
        "sqs",
        "vpc",
    ):
        # The SDK imports a module when an attribute is first asked for, not before.
        assert getattr(importlib.import_module(f"pulumi_aws.{_module}"), "outputs", True)

REPOSITORY = Path(__file__).resolve().parents[3]
ACCOUNT, REGION = "123456789012", "eu-west-1"
PLANTED = "PlantedPassword0000"  # what every recorded password begins with
SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
ZONES = ["eu-west-1c", "eu-west-1a", "eu-west-1b"]  # AWS promises no order


class EchoMocks(pulumi.runtime.Mocks):
    """Answers every registration with its inputs and made-up outputs."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.invokes: list[tuple[str, dict[str, Any]]] = []
        self.drawn = 0

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        arn = f"arn:aws:{args.typ.split(':')[1].split('/')[0]}:{REGION}:{ACCOUNT}:{args.name}"
        state = {"name": f"{args.name}-1a2b3c4", "arn": arn, **args.inputs}
        if args.typ == "aws:rds/instance:Instance":
            state["address"] = f"{args.inputs['identifier']}.example.{REGION}.rds.amazonaws.com"
        if args.typ == "aws:sqs/queue:Queue":
            state["url"] = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{args.name}"
        if args.typ == "aws:s3/bucket:Bucket":
            state["bucket"] = state["name"]
        if args.typ == "aws:kms/key:Key":
            state["keyId"] = f"{args.name}-key"
        if args.typ in ("aws:lb/loadBalancer:LoadBalancer", "aws:lb/targetGroup:TargetGroup"):
            state["arnSuffix"] = f"net/{args.name}/50dc6c495c0c9188"
        if args.typ == "aws:lb/loadBalancer:LoadBalancer":
            state["dnsName"] = f"{args.name}.elb.{REGION}.amazonaws.com"
            state["zoneId"] = "Z32O12XQLNTSW2"
        if args.typ == "aws:route53/zone:Zone":
            state["zoneId"] = f"{args.name}-id"
        if args.typ == "aws:route53/record:Record":
            state["fqdn"] = args.inputs["name"]
        if args.typ == "aws:ec2/vpcEndpoint:VpcEndpoint":
            state["prefixListId"] = "pl-6da54004"
        return f"{args.name}-id", state

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        with self.lock:
            self.invokes.append((args.token, dict(args.args)))
            self.drawn += 1
            drawn = self.drawn
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT, "id": ACCOUNT},
            "aws:index/getRegion:getRegion": {"region": REGION, "id": REGION},
            "aws:index/getPartition:getPartition": {"partition": "aws", "dnsSuffix": "amazonaws.com"},
            "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": ZONES},
            "aws:secretsmanager/getRandomPassword:getRandomPassword": {"randomPassword": f"{PLANTED}{drawn}"},
        }
        return answers[args.token], []


@contextmanager
def loop_of_thread() -> Iterator[None]:
    """A loop for the mocks on this worker thread; the one they would make themselves is never closed."""
    if threading.current_thread() is threading.main_thread():
        yield
        return
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class RecordingMonitor(pulumi_mocks.MockMonitor):
    """Keeps what the program sends, before the mocks see it."""

    def __init__(self, mocks: EchoMocks) -> None:
        super().__init__(mocks)
        self.requests: list[Any] = []
        self.outputs: list[Any] = []
        self.lock = threading.Lock()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        with self.lock:
            self.requests.append(request)
        with loop_of_thread():
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        with loop_of_thread():
            return super().Invoke(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        with self.lock:
            self.outputs.append(request)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def plain(value: Any) -> Any:
    """A decoded value without secret wrappers, whole floats as integers."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return plain(value["value"])
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def clear_strings(value: Any) -> Iterator[str]:
    """Every string that is not inside a secret wrapper, keys included."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return
        for key, item in value.items():
            yield key
            yield from clear_strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from clear_strings(item)
    elif isinstance(value, str):
        yield value


@dataclass
class Registered:
    """One registration: its inputs, raw and plain, and the whole request for its options."""

    type: str
    name: str
    raw: dict[str, Any]
    request: Any

    @property
    def inputs(self) -> dict[str, Any]:
        decoded: dict[str, Any] = plain(self.raw)
        return decoded

    @property
    def dependencies(self) -> set[str]:
        """Type and name of everything it waits for."""
        return {short(urn) for urn in self.request.dependencies}


def short(urn: str) -> str:
    """A URN's own type and name."""
    _, _, kinds, name = urn.split("::")
    return f"{kinds.split('$')[-1]} {name}"


@dataclass
class Recording:
    """All that one run of the program sent."""

    resources: list[Registered] = field(default_factory=list)
    component_outputs: list[dict[str, Any]] = field(default_factory=list)
    invokes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    stack_outputs: dict[str, Any] = field(default_factory=dict)
    raw_stack_outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, Registered]:
        """The registrations of one type, by name."""
        return {item.name: item for item in self.resources if item.type == kind}

    def one(self, kind: str, name: str) -> Registered:
        return self.of(kind)[name]

    def names(self) -> set[tuple[str, str]]:
        return {(item.type, item.name) for item in self.resources}


def record(program: Callable[[], Any], stack: str = "test", config: dict[str, str] | None = None) -> Recording:
    """Runs a program in a context and an event loop of its own."""
    mocks = EchoMocks()
    monitor = RecordingMonitor(mocks)

    def run() -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            pulumi.runtime.set_all_config(config or {}, [])
            pulumi.runtime.configure(
                pulumi.runtime.Settings(
                    project="postgres-estate",
                    stack=stack,
                    monitor=monitor,
                    engine=pulumi_mocks.MockEngine(None),
                    parallel=8,
                    dry_run=False,
                    organization="organization",
                )
            )
            loop.run_until_complete(pulumi.runtime.run_in_stack(program))
        finally:
            # What a failed program left running must not land in the next one's recording.
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.run_until_complete(loop.shutdown_default_executor())
            asyncio.set_event_loop(None)
            loop.close()

    contextvars.copy_context().run(run)
    recording = Recording(invokes=mocks.invokes)
    for request in monitor.requests:
        if request.type != "pulumi:pulumi:Stack":
            raw = json_format.MessageToDict(request.object)
            recording.resources.append(Registered(request.type, request.name, raw, request))
    for request in monitor.outputs:
        raw = json_format.MessageToDict(request.outputs)
        if "pulumi:pulumi:Stack::" in request.urn:
            recording.stack_outputs, recording.raw_stack_outputs = plain(raw), raw
        else:
            recording.component_outputs.append(raw)
    return recording


def configuration(stack: str) -> Any:
    """What a stack's file says."""
    content = yaml.safe_load((REPOSITORY / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    return content["config"]["postgres-estate:estate"]


def record_stack(raw: Any, stack: str, sql_root: Path) -> Recording:
    """Runs the deployment of one configuration."""

    def program() -> None:
        for key, value in deploy(parse(raw, stack=stack, sql_root=sql_root)).items():
            pulumi.export(key, value)

    return record(program, stack)
