"""RDS instances as PostgreSQL servers: created, adopted, changed, rebooted, promoted, deleted."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from moto.rds.models import rds_backends

from local import engines, formulas, parameters, roles
from local.parameters import Machine, Setting
from local.processes import wait_for, write_json
from local.reconciler.context import Context, Row, backends
from local.server import FLUSH, KIND, Server, ServerError

# A standby of this machine streams within a second; one that does not belongs to another history.
_STREAM_SECONDS = 10.0
# From here on a client is told that the instance failed (it is still tried again, in case the cause goes away).
_FAILURES_TOLD = 3
_LONGEST_PAUSE = 30.0
# initdb takes a processor for half a second; more at once than this would only wait for each other.
_WORKERS = 8


@dataclass(slots=True)
class State:
    """What is known about one instance's server."""

    server: Server | None = None
    process: subprocess.Popen[bytes] | None = None
    flush: subprocess.Popen[bytes] | None = None
    group: str = ""
    instance_class: str = ""
    live: dict[str, str] = field(default_factory=dict)
    dynamic: frozenset[str] = frozenset()
    password: str | None = None
    reboots: int = 0
    seen: object = None
    failures: int = 0
    not_before: float = 0.0
    detail: str = ""


class Instances:
    """All RDS instances of the cloud."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._states: dict[str, State] = {}
        self._busy: dict[str, Future[None]] = {}
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="rds")

    def tick(self) -> None:
        """Give each instance that is not being worked on to a worker."""
        for backend in backends(rds_backends):
            for instance in list(backend.databases.values()):
                key = instance.dbi_resource_id
                state = self._states.setdefault(key, State())
                running = self._busy.get(key)
                if (running is None or running.done()) and time.monotonic() >= state.not_before:
                    if self._settled(instance, state):
                        continue
                    self._busy[key] = self._pool.submit(self._converge, backend, instance, state)

    def rows(self) -> list[Row]:
        """One row for each instance."""
        rows = []
        for backend in backends(rds_backends):
            for instance in list(backend.databases.values()):
                state = self._states.get(instance.dbi_resource_id, State())
                pid = state.process.pid if state.process is not None else None
                detail = state.detail or (
                    f"{'replica' if instance.is_replica else 'primary'}, PostgreSQL {instance.engine_version}, "
                    f"{instance.parameter_apply_status}"
                )
                address = instance.local_address or ""
                rows.append(
                    Row(
                        "rds",
                        instance.db_instance_identifier,
                        address,
                        instance.port,
                        pid,
                        instance.status,
                        detail,
                    )
                )
        return rows

    def close(self, *, discard: bool) -> None:
        """Stop every server; the data stays."""
        for future in list(self._busy.values()):
            future.exception()
        list(self._pool.map(lambda state: self._stop(state, discard=discard), list(self._states.values())))
        self._pool.shutdown()

    # -- one instance ------------------------------------------------------------------------------------------

    def _settled(self, instance: Any, state: State) -> bool:
        if state.flush is not None and state.server is not None and state.flush.poll() is not None:
            self._context.registry.forget(FLUSH, state.server.name)
            state.flush = None
        alive = state.process is not None and state.process.poll() is None
        return alive and instance.status == "available" and state.seen == self._wanted(instance)

    def _wanted(self, instance: Any) -> object:
        """All that decides what the server must be; equal means that there is nothing to do."""
        source = self._source(instance)
        return (
            instance.db_parameter_group_name,
            tuple(sorted(self._group(instance).items(), key=lambda item: item[0])),
            instance.db_instance_class,
            instance.port,
            instance.reboots_asked,
            instance.promotion_asked,
            instance.is_replica,
            _password(instance),
            (source.local_address, source.port) if source is not None else None,
        )

    def _converge(self, backend: Any, instance: Any, state: State) -> None:
        try:
            self._step(backend, instance, state)
            state.failures, state.not_before = 0, 0.0
        except Exception as error:
            state.failures += 1
            state.not_before = time.monotonic() + min(2.0 ** (state.failures - 1), _LONGEST_PAUSE)
            state.detail = str(error)
            if instance.status == "creating" and state.failures >= _FAILURES_TOLD:
                instance.status = "failed"
            self._context.say(f"rds {instance.db_instance_identifier}: {type(error).__name__}: {error}")

    def _step(self, backend: Any, instance: Any, state: State) -> None:
        wanted = self._wanted(instance)
        if instance.status == "deleting":
            self._delete(backend, instance, state)
        elif instance.status == "stopped":
            self._stop(state)
        elif state.process is None:
            if not self._create(instance, state):
                return
            state.seen, state.detail = wanted, ""
            instance.status = "available"
        else:
            if state.process.poll() is not None:
                self._context.say(f"rds {instance.db_instance_identifier}: ended by itself, starting it again")
                assert state.server is not None
                state.process = state.server.start(self._context.registry)
            self._change(instance, state)
            state.seen, state.detail = wanted, ""
            if instance.status in ("modifying", "rebooting", "failed"):
                instance.status = "available"

    def _create(self, instance: Any, state: State) -> bool:
        """Start the server, from its data when there is any. False: its source is not there yet."""
        identifier = instance.db_instance_identifier
        source = self._source_server(instance)
        if instance.is_replica and source is None:
            return False
        server = self._server(instance)
        if server.data.exists() and not server.exists:
            raise ServerError(
                f"{server.data} holds no PostgreSQL {server.engine.major} data. Remove the folder to begin anew, "
                f"or choose the major version that it was made with."
            )
        adopted = server.exists
        if instance.is_replica:
            assert source is not None
            adopted = adopted and server.is_standby and server.system_identifier() == source.system_identifier()
            if not adopted:
                server.copy_from(source, self._replication_password(source.folder))
        elif not adopted:
            server.initialise()
        state.server = server
        self._boot(instance, state)
        if not adopted:
            state.flush = server.flush(self._context.registry)
        if instance.is_replica and not wait_for(server.streams, _STREAM_SECONDS, 0.05):
            if not adopted:
                raise ServerError(f"{identifier} does not receive the WAL of {source and source.name}.")
            self._stop(state)
            shutil.rmtree(server.data)  # it left its primary's history: the next step copies anew
            raise ServerError(f"{identifier} could not follow {source and source.name}; copying it again.")
        if not instance.is_replica:
            if server.is_standby:
                server.promote()
            self._own(instance, state)
        self._context.say(f"rds {identifier}: {'adopted' if adopted else 'created'} at {server.address}")
        return True

    def _change(self, instance: Any, state: State) -> None:
        """Make a running server what is wanted now."""
        server = state.server
        assert server is not None and state.process is not None
        if instance.promotion_asked:
            server.promote()
            instance.become_primary()
            self._own(instance, state)
        moved = instance.port != server.port or instance.db_instance_class != state.instance_class
        if moved or instance.reboots_asked != state.reboots:
            server.stop(state.process)
            self._boot(instance, state)
        elif instance.db_parameter_group_name != state.group:
            instance.parameter_apply_status = "pending-reboot"
        else:
            self._reload(instance, state)
        if not instance.is_replica and _password(instance) != state.password:
            state.password = _password(instance)
            roles.set_password(server.superuser_conninfo, instance.master_username, state.password or "")

    def _boot(self, instance: Any, state: State) -> None:
        """Start with everything that is configured now."""
        assert state.server is not None
        server = state.server = replace(state.server, port=instance.port)
        reboots, group = instance.reboots_asked, instance.db_parameter_group_name
        settings = self._settings(instance, server)
        server.configure(settings)
        state.process = server.start(self._context.registry)
        state.live, state.reboots, state.group = settings, reboots, group
        state.instance_class = instance.db_instance_class
        state.dynamic = server.dynamic_parameters()
        instance.local_address = server.address
        instance.parameter_apply_status = "in-sync"

    def _reload(self, instance: Any, state: State) -> None:
        server = state.server
        assert server is not None and state.process is not None
        wanted = self._settings(instance, server)
        settings, waiting = parameters.defer(wanted, state.live, self._group(instance), state.dynamic)
        if server.configure(settings):
            server.reload(state.process)
            state.live = settings
        pending = waiting or bool(server.pending_restart())
        instance.parameter_apply_status = "pending-reboot" if pending else "in-sync"

    def _own(self, instance: Any, state: State) -> None:
        """Roles, passwords and the database of a primary."""
        server = state.server
        assert server is not None
        state.password = _password(instance)
        replication = self._replication_password(server.folder)
        roles.ensure_roles(server.superuser_conninfo, instance.master_username, state.password or "", replication)
        if instance.db_name:
            roles.ensure_database(server.superuser_conninfo, instance.db_name, instance.master_username)

    def _stop(self, state: State, *, discard: bool = False) -> None:
        if state.flush is not None and state.server is not None:
            if discard:
                state.flush.kill()
            state.flush.wait()
            self._context.registry.forget(FLUSH, state.server.name)
            state.flush = None
        if state.process is not None and state.server is not None:
            state.server.stop(state.process, discard=discard)
            self._context.registry.forget(KIND, state.server.name)
            state.process = None

    def _delete(self, backend: Any, instance: Any, state: State) -> None:
        self._stop(state, discard=instance.final_snapshot is None)
        identifier = instance.db_instance_identifier
        folder = self._context.paths.instance(identifier)
        if instance.final_snapshot and folder.exists():
            shutil.move(folder, self._context.paths.snapshots / instance.final_snapshot)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(self._sockets(identifier), ignore_errors=True)
        self._context.addresses.release("rds", identifier)
        backend.finish_delete_db_instance(identifier)
        self._states.pop(instance.dbi_resource_id, None)
        self._context.say(f"rds {identifier}: deleted")

    # -- what an instance is made of -----------------------------------------------------------------------------

    def _server(self, instance: Any) -> Server:
        context, identifier = self._context, instance.db_instance_identifier
        engine = engines.get(str(instance.engine_version).split(".")[0])
        return Server(
            name=identifier,
            engine=engine.reachable(context.paths.real / "engines"),
            folder=context.paths.instance(identifier),
            sockets=self._sockets(identifier),
            log=context.paths.logs / f"{identifier}.log",
            address=context.addresses.get("rds", identifier),
            port=instance.port,
            clients=context.addresses.cidr,
        )

    def _sockets(self, identifier: str) -> Path:
        # The last byte of the address: an identifier may be longer than a socket's path.
        address = self._context.addresses.get("rds", identifier)
        return self._context.paths.sockets / address.rpartition(".")[2]

    def _settings(self, instance: Any, server: Server) -> dict[str, str]:
        floors = server.standby_floors() if instance.is_replica else {}
        machine = Machine(
            instance.db_instance_class,
            instance.port,
            instance.allocated_storage,
            server.engine.has_library,
            floors,
        )
        group = {name: setting.value for name, setting in self._group(instance).items()}
        rendered = parameters.render(group, machine)
        settings, refused = engines.without_unsupported(server.engine, rendered.settings)
        memory = formulas.class_memory(instance.db_instance_class)
        write_json(
            server.folder / "parameters.json",
            {
                "class_memory_bytes": memory,
                "left_out": {**rendered.left_out, **refused},
                "settings": settings,
            },
        )
        source = self._source_server(instance)
        return {**settings, **(server.follow_settings(source) if source is not None else {})}

    def _group(self, instance: Any) -> dict[str, Setting]:
        (group,) = instance.db_parameter_groups()
        return {
            name: Setting(str(row["ParameterValue"]), row.get("ApplyMethod") != "pending-reboot")
            for name, row in list(group.parameters.items())
            if row.get("ParameterValue") is not None
        }

    def _source(self, instance: Any) -> Any:
        if not instance.is_replica:
            return None
        name = str(instance.source_db_instance_identifier).split(":")[-1]
        for backend in backends(rds_backends):
            if name in backend.databases:
                return backend.databases[name]
        return None

    def _source_server(self, instance: Any) -> Server | None:
        """The running server that an instance follows."""
        source = self._source(instance)
        state = self._states.get(source.dbi_resource_id) if source is not None else None
        if source is None or state is None or source.status in ("creating", "deleting", "failed"):
            return None
        return state.server if state.process is not None else None

    def _replication_password(self, folder: Path) -> str:
        """Made once for each primary; its replicas keep it in their pass files."""
        file = folder / "replication.secret"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(24))
        return file.read_text()


def _password(instance: Any) -> str | None:
    """The master password: given, or in the managed secret."""
    managed = getattr(instance, "master_user_secret", None)
    if managed is not None:
        secret = managed.secret
        version = secret.versions[secret.default_version_id]
        return str(json.loads(version["secret_string"])["password"])
    password = getattr(instance, "_master_user_password", None)
    return str(password) if password is not None else None
