"""The gRPC provider that the Pulumi engine attaches to: the protocol's shell around the table."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from concurrent import futures
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc, status_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from local.provider import checks, compare, invokes, lifecycle, settings
from local.provider.aws import Api, AwsError, Clients, secret_texts
from local.provider.rows import ROWS
from local.provider.table import Row
from local.provider.values import Properties, from_struct, to_struct

VERSION = "7.51.1"  # the pulumi-aws whose types the table follows

# The engine works on as many resources at once as it has steps ready, and some of them wait for minutes.
THREADS = 64

# A stack's state in one message: the engine's own limit.
LONGEST_MESSAGE = 400 << 20

Request = TypeVar("Request")


@dataclass(frozen=True, slots=True)
class Urn:
    """The two parts of a URN that matter here."""

    type: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Urn:
        """From urn:pulumi:stack::project::parent$type::name."""
        _, _, types, name = text.split("::", 3)
        return cls(types.rpartition("$")[2], name)

    def __str__(self) -> str:
        return f"{self.type} {self.name!r}"


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Every AWS resource type in the table, against one endpoint.

    One process serves all provider instances of a program, and requests do not say which one they belong to;
    but each instance has a connection of its own, so the settings are kept by connection.
    """

    def __init__(self, endpoint_url: str, rows: Mapping[str, Row] = ROWS) -> None:
        self._clients = Clients(endpoint_url)
        self._rows = rows
        self._settings: dict[str, settings.Settings] = {}
        self._latest = settings.Settings()
        self._cancelled = threading.Event()

    # What the engine asks of any plugin

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> pb.ProviderHandshakeResponse:
        """Agrees on the protocol: secrets are left to the engine."""
        return pb.ProviderHandshakeResponse(
            accept_secrets=False,
            accept_resources=False,
            accept_outputs=False,
            supports_autonaming_configuration=True,
        )

    def Attach(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """An engine with PULUMI_DEBUG_PROVIDERS says that it will use this process."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The version that this provider stands for."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> pb.GetSchemaResponse:
        """The types by name; the SDK brings their shapes."""
        types: dict[str, Any] = {token: {} for token in sorted(self._rows)}
        return pb.GetSchemaResponse(schema=json.dumps({"name": "aws", "version": VERSION, "resources": types}))

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Ends everything that waits now; what is asked later runs as usual."""
        self._cancelled, ended = threading.Event(), self._cancelled
        ended.set()
        return empty_pb2.Empty()

    # The provider's configuration

    def CheckConfig(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        """Refuses settings that would have no effect."""
        return pb.CheckResponse(inputs=request.news, failures=_failures(settings.failures(from_struct(request.news))))

    def DiffConfig(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        """A provider in another region is another provider: everything in it is replaced."""
        old, new = from_struct(request.olds), from_struct(request.news)
        changed = sorted(name for name in {*old, *new} if compare.plain(old.get(name)) != compare.plain(new.get(name)))
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=[name for name in changed if name == "region"],
        )

    def Configure(self, request: pb.ConfigureRequest, context: grpc.ServicerContext) -> pb.ConfigureResponse:
        """Takes region and default tags for this connection."""
        given = from_struct(request.args) or {
            name.rpartition(":")[2]: value for name, value in request.variables.items()
        }
        self._latest = self._settings[context.peer()] = settings.parse(given)
        return pb.ConfigureResponse(acceptSecrets=False, supportsPreview=True)

    # Resources

    def Check(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        """Names the unnamed, and refuses what the row does not know."""
        urn = Urn.parse(request.urn)
        row = self._rows.get(urn.type)
        if row is None:
            reason = (
                f"the local cloud does not know the resource type {urn.type}: add a Row for it to a module of"
                " local/provider/rows/ (its calls, its force-new inputs, its computed outputs)"
            )
            return pb.CheckResponse(inputs=request.news, failures=[pb.CheckFailure(reason=reason)])
        inputs, failures = checks.check(
            row,
            urn.name,
            from_struct(request.news),
            from_struct(request.olds),
            request.randomSeed,
            self._of(context).default_tags,
            _proposal(request),
        )
        return pb.CheckResponse(inputs=to_struct(inputs), failures=_failures(failures))

    def Diff(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        """What an update would change, and whether it takes a replacement."""
        urn = Urn.parse(request.urn)
        row = self._row(urn, context)
        old = from_struct(request.old_inputs) or from_struct(request.olds)
        new = from_struct(request.news)
        changed = sorted(compare.changes(row, old, new) - set(request.ignoreChanges))
        replaces = [name for name in changed if row.replaces(name, new)]
        detailed = {
            path: pb.PropertyDiff(kind=_kind(what, name in replaces), inputDiff=True)
            for name in changed
            for path, what in compare.paths(name, old.get(name), new.get(name))
        }
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=replaces,
            detailedDiff=detailed,
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replaces) and (row.exclusive or checks.keeps_name(row, urn.name, old, new)),
        )

    def Create(self, request: pb.CreateRequest, context: grpc.ServicerContext) -> pb.CreateResponse:
        """Makes the resource; one that was only half made keeps its id in the stack's state."""
        urn = Urn.parse(request.urn)
        row = self._row(urn, context)
        inputs = from_struct(request.properties)
        if request.preview:
            return pb.CreateResponse(properties=to_struct(lifecycle.planned(row, inputs)))
        try:
            made = lifecycle.create(row, self._api(urn, row, inputs, context), inputs)
        except AwsError as error:
            _abort(context, str(error))
        if made.failure:
            _abort_half_made(context, made)
        return pb.CreateResponse(id=made.id, properties=to_struct(made.state))

    def Read(self, request: pb.ReadRequest, context: grpc.ServicerContext) -> pb.ReadResponse:
        """The resource as AWS has it: for refresh, import and get; an empty id says that it is gone."""
        urn = Urn.parse(request.urn)
        row = self._row(urn, context)
        inputs, state = from_struct(request.inputs), from_struct(request.properties)
        try:
            found = lifecycle.read(row, self._api(urn, row, {**state, **inputs}, context), request.id, inputs, state)
        except AwsError as error:
            _abort(context, str(error))
        if found is None:
            return pb.ReadResponse()
        true_id, inputs, state = found
        return pb.ReadResponse(id=true_id, inputs=to_struct(inputs), properties=to_struct(state))

    def Update(self, request: pb.UpdateRequest, context: grpc.ServicerContext) -> pb.UpdateResponse:
        """Changes the resource in place."""
        urn = Urn.parse(request.urn)
        row = self._row(urn, context)
        state, new = from_struct(request.olds), from_struct(request.news)
        old = from_struct(request.old_inputs) or state
        if request.preview:
            return pb.UpdateResponse(properties=to_struct(lifecycle.planned_update(row, old, new, state)))
        try:
            api = self._api(urn, row, {**state, **new}, context)
            after = lifecycle.update(row, api, request.id, old, new, state)
        except AwsError as error:
            _abort(context, str(error))
        return pb.UpdateResponse(properties=to_struct(after))

    def Delete(self, request: pb.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Takes the resource away; one that is already gone is fine."""
        urn = Urn.parse(request.urn)
        row = self._row(urn, context)
        state = from_struct(request.properties)
        inputs = from_struct(request.old_inputs) or state
        try:
            lifecycle.delete(row, self._api(urn, row, state, context), request.id, inputs, state)
        except AwsError as error:
            _abort(context, str(error))
        return empty_pb2.Empty()

    def Invoke(self, request: pb.InvokeRequest, context: grpc.ServicerContext) -> pb.InvokeResponse:
        """Answers a function of the provider."""
        given = from_struct(request.args)
        region = given.get("region") or self._of(context).region
        api = Api(self._clients, region, request.tok, cancelled=self._cancelled)
        try:
            answer = invokes.invoke(request.tok, api, given)
        except AwsError as error:
            _abort(context, str(error))
        return pb.InvokeResponse(**{"return": to_struct(answer)})

    def _of(self, context: grpc.ServicerContext) -> settings.Settings:
        return self._settings.get(context.peer(), self._latest)

    def _row(self, urn: Urn, context: grpc.ServicerContext) -> Row:
        row = self._rows.get(urn.type)
        if row is None:
            _abort(context, f"the local cloud does not know the resource type of {urn}")
        return row

    def _api(self, urn: Urn, row: Row, known: Properties, context: grpc.ServicerContext) -> Api:
        region = known.get("region") or self._of(context).region
        secrets = secret_texts(known.get(name) for name in row.secret)
        return Api(self._clients, region, str(urn), secrets, self._cancelled)


def serve(endpoint_url: str, port: int = 0) -> tuple[grpc.Server, int]:
    """Starts the provider on loopback; port 0 takes a free one. Returns the server and its port."""
    server = grpc.server(
        futures.ThreadPoolExecutor(THREADS, thread_name_prefix="provider"),
        options=[("grpc.max_receive_message_length", LONGEST_MESSAGE), ("grpc.max_send_message_length", -1)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsProvider(endpoint_url), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, bound


def _proposal(request: pb.CheckRequest) -> checks.Proposal | None:
    if not request.HasField("autonaming"):
        return None
    disabled = request.autonaming.mode == pb.CheckRequest.AutonamingOptions.DISABLE
    return checks.Proposal(request.autonaming.proposed_name, disabled)


def _failures(found: list[checks.Failure]) -> list[pb.CheckFailure]:
    return [pb.CheckFailure(property=failure.input, reason=failure.reason) for failure in found]


def _kind(what: str, replaces: bool) -> pb.PropertyDiff.Kind.ValueType:
    kinds: dict[str, pb.PropertyDiff.Kind.ValueType] = dict(pb.PropertyDiff.Kind.items())
    return kinds[f"{what}_REPLACE" if replaces else what]


def _abort(context: grpc.ServicerContext, message: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort does not return")


def _abort_half_made(context: grpc.ServicerContext, made: lifecycle.Created) -> NoReturn:
    detail = pb.ErrorResourceInitFailed(
        id=made.id,
        properties=to_struct(made.state),
        reasons=[made.failure],
        inputs=to_struct(made.inputs),
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=made.failure)
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    _abort(context, made.failure)
