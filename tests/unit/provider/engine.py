"""What the Pulumi engine says to a provider, in Python: a client for the servicer under test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from local.provider.values import from_struct, to_struct

REGION = "us-east-1"
Properties = dict[str, Any]


class Refused(Exception):
    """The provider's Check refused the inputs."""


@dataclass
class Resource:
    """A resource as the engine's state remembers it."""

    token: str
    name: str
    id: str
    inputs: Properties
    state: Properties


@dataclass
class Difference:
    """The answer of Diff, unpacked."""

    changed: set[str]
    replaces: set[str]
    detailed: dict[str, str]
    delete_first: bool


@dataclass
class HalfMade(Exception):
    """A creation that failed after the resource existed."""

    message: str
    id: str
    inputs: Properties
    state: Properties = field(default_factory=dict)


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:test::postgres-estate::estate:Parent${token}::{name}"


class Engine:
    """One provider connection, as the engine opens it."""

    def __init__(self, port: int, region: str = REGION, default_tags: dict[str, str] | None = None) -> None:
        # The engine dials once for each provider; Python's channels would share one connection.
        own = [("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=own)
        self.stub: Any = provider_pb2_grpc.ResourceProviderStub(self.channel)
        self.stub.Handshake(pb.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
        settings = {"region": region, "defaultTags": json.dumps({"tags": default_tags or {}})}
        self.stub.Configure(pb.ConfigureRequest(args=to_struct(settings), acceptSecrets=True))

    def close(self) -> None:
        self.channel.close()

    def failures(self, token: str, inputs: Properties, name: str = "thing") -> list[tuple[str, str]]:
        answer = self.stub.Check(pb.CheckRequest(urn=urn(token, name), news=to_struct(inputs)))
        return [(failure.property, failure.reason) for failure in answer.failures]

    def check(
        self, token: str, name: str, inputs: Properties, olds: Properties | None = None, seed: bytes = b"seed"
    ) -> Properties:
        request = pb.CheckRequest(
            urn=urn(token, name), news=to_struct(inputs), olds=to_struct(olds or {}), randomSeed=seed
        )
        answer = self.stub.Check(request)
        if answer.failures:
            raise Refused("; ".join(failure.reason for failure in answer.failures))
        return from_struct(answer.inputs)

    def create(self, token: str, name: str, inputs: Properties) -> Resource:
        checked = self.check(token, name, inputs)
        with half_made():
            answer = self.stub.Create(pb.CreateRequest(urn=urn(token, name), properties=to_struct(checked)))
        return Resource(token, name, answer.id, checked, from_struct(answer.properties))

    def preview(self, token: str, name: str, inputs: Properties) -> Properties:
        checked = self.check(token, name, inputs)
        request = pb.CreateRequest(urn=urn(token, name), properties=to_struct(checked), preview=True)
        return from_struct(self.stub.Create(request).properties)

    def diff(self, thing: Resource, inputs: Properties) -> Difference:
        news = self.check(thing.token, thing.name, inputs, thing.inputs)
        answer = self.stub.Diff(
            pb.DiffRequest(
                id=thing.id,
                urn=urn(thing.token, thing.name),
                olds=to_struct(thing.state),
                old_inputs=to_struct(thing.inputs),
                news=to_struct(news),
            )
        )
        assert (answer.changes == pb.DiffResponse.DIFF_SOME) == bool(answer.diffs)
        detailed = {path: pb.PropertyDiff.Kind.Name(each.kind) for path, each in answer.detailedDiff.items()}
        return Difference(set(answer.diffs), set(answer.replaces), detailed, answer.deleteBeforeReplace)

    def update(self, thing: Resource, inputs: Properties, preview: bool = False) -> Properties:
        news = self.check(thing.token, thing.name, inputs, thing.inputs)
        answer = self.stub.Update(
            pb.UpdateRequest(
                id=thing.id,
                urn=urn(thing.token, thing.name),
                olds=to_struct(thing.state),
                old_inputs=to_struct(thing.inputs),
                news=to_struct(news),
                preview=preview,
            )
        )
        state = from_struct(answer.properties)
        if not preview:
            thing.inputs, thing.state = news, state
        return state

    def read(self, thing: Resource) -> bool:
        """Refreshes; False when the resource is gone."""
        answer = self.stub.Read(
            pb.ReadRequest(
                id=thing.id,
                urn=urn(thing.token, thing.name),
                inputs=to_struct(thing.inputs),
                properties=to_struct(thing.state),
            )
        )
        if answer.id:
            thing.id, thing.inputs, thing.state = (
                answer.id,
                from_struct(answer.inputs),
                from_struct(answer.properties),
            )
        return bool(answer.id)

    def adopt(self, token: str, name: str, known_as: str) -> Resource:
        """Imports what already exists."""
        thing = Resource(token, name, known_as, {}, {})
        assert self.read(thing), f"{token} {known_as} was not found"
        return thing

    def delete(self, thing: Resource) -> None:
        request = pb.DeleteRequest(
            id=thing.id,
            urn=urn(thing.token, thing.name),
            properties=to_struct(thing.state),
            old_inputs=to_struct(thing.inputs),
        )
        assert self.stub.Delete(request) == empty_pb2.Empty()

    def invoke(self, token: str, arguments: Properties | None = None) -> Properties:
        answer = self.stub.Invoke(pb.InvokeRequest(tok=token, args=to_struct(arguments or {})))
        return from_struct(getattr(answer, "return"))


@contextmanager
def half_made() -> Iterator[None]:
    """Turns the detail of a failed creation into an exception that tests can look at."""
    try:
        yield
    except grpc.RpcError as error:
        call: Any = error
        for key, value in call.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                detail = pb.ErrorResourceInitFailed()
                assert status_pb2.Status.FromString(value).details[0].Unpack(detail)
                raise HalfMade(
                    call.details(), detail.id, from_struct(detail.inputs), from_struct(detail.properties)
                ) from None
        raise
