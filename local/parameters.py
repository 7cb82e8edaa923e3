"""From a parameter group to PostgreSQL's configuration: what is computed, forced and left out (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from local import formulas

# What RDS sets when a group says nothing (the groups default.postgres15 and later), as far as it matters here.
RDS_DEFAULTS: dict[str, str] = {
    "shared_buffers": "{DBInstanceClassMemory/32768}",
    "effective_cache_size": "{DBInstanceClassMemory/16384}",
    "maintenance_work_mem": "GREATEST({DBInstanceClassMemory*1024/63963136},65536)",
    "max_connections": "LEAST({DBInstanceClassMemory/9531392},5000)",
    "autovacuum_max_workers": "GREATEST({DBInstanceClassMemory/64371566592},3)",
    "idle_in_transaction_session_timeout": "86400000",
    "password_encryption": "scram-sha-256",
}

# Formulas of these speak of memory that is really taken, so they see this machine's share. A formula of
# anything else (max_connections) sees the class's own memory: a slot costs little, and a pool that fits the
# class in AWS must fit here too.
MEMORY_PARAMETERS = frozenset(
    {
        "autovacuum_work_mem",
        "effective_cache_size",
        "logical_decoding_work_mem",
        "maintenance_work_mem",
        "max_wal_size",
        "min_wal_size",
        "shared_buffers",
        "temp_buffers",
        "wal_buffers",
        "work_mem",
    }
)

# The local cloud's own; a group cannot set them here (most of them not in RDS either).
_OURS = "the local cloud sets it itself"
_NO_TLS = "the embedded PostgreSQL has no TLS"
_RDS_ONLY = "only RDS's own build of PostgreSQL knows it"
LEFT_OUT: dict[str, str] = {
    **dict.fromkeys(
        [
            "archive_command",
            "archive_library",
            "archive_mode",
            "cluster_name",
            "config_file",
            "data_directory",
            "hba_file",
            "ident_file",
            "listen_addresses",
            "log_destination",
            "log_directory",
            "log_file_mode",
            "log_filename",
            "log_rotation_age",
            "log_rotation_size",
            "log_truncate_on_rotation",
            "logging_collector",
            "port",
            "primary_conninfo",
            "primary_slot_name",
            "restore_command",
            "unix_socket_directories",
            "unix_socket_group",
            "unix_socket_permissions",
            "wal_level",
        ],
        _OURS,
    ),
    "huge_pages": "this machine has no huge pages set aside",
    "jit_provider": "the engine here has no other one",
}
LEFT_OUT_PREFIXES: dict[str, str] = {"rds.": _RDS_ONLY, "apg_": _RDS_ONLY, "ssl": _NO_TLS, "krb_": _NO_TLS}

# Values of these exist only in some builds (zstd, lz4): left out where the engine refuses them.
BUILD_DEPENDENT = frozenset({"default_toast_compression", "wal_compression", "recovery_init_sync_method"})

# A standby refuses to run with less than its primary has.
STANDBY_FLOORS = (
    "max_connections",
    "max_worker_processes",
    "max_wal_senders",
    "max_prepared_transactions",
    "max_locks_per_transaction",
)


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter of a group: its value and when RDS would apply it."""

    value: str
    at_once: bool = True


@dataclass(frozen=True, slots=True)
class Machine:
    """What formulas and checks need to know about an instance."""

    instance_class: str
    port: int
    storage_gib: int
    has_library: Callable[[str], bool]
    floors: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The settings that reach PostgreSQL, and those that do not with the reason."""

    settings: dict[str, str]
    left_out: dict[str, str]


def render(group: Mapping[str, str], machine: Machine) -> Rendered:
    """What a parameter group means for one instance on this machine."""
    settings: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for name, value in {**RDS_DEFAULTS, **group}.items():
        reason = reason_to_leave_out(name)
        if reason:
            left_out[name] = reason
        else:
            settings[name] = compute(name, value, machine)
    if group.get("rds.logical_replication") == "1":
        settings["wal_level"] = "logical"
    _filter_libraries(settings, left_out, machine.has_library)
    for name, floor in machine.floors.items():
        settings[name] = str(max(floor, int(settings.get(name, 0))))
    return Rendered(settings, left_out)


def compute(name: str, value: str, machine: Machine) -> str:
    """A value as PostgreSQL takes it: a formula becomes its number, anything else stays as given."""
    if not formulas.is_formula(value):
        return value
    names = formulas.variables(
        machine.instance_class, machine.port, machine.storage_gib, scaled=name in MEMORY_PARAMETERS
    )
    return str(formulas.evaluate(value, names))


def configuration(settings: Mapping[str, str]) -> str:
    """The text of a configuration file, sorted, so that equal settings are equal texts."""
    return "".join(f"{name} = {quote(settings[name])}\n" for name in sorted(settings))


def quote(value: str) -> str:
    """A value as a string of postgresql.conf, whose parser knows both '' and backslashes."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def reason_to_leave_out(name: str) -> str | None:
    """Why a parameter of a group does not reach PostgreSQL here; None when it does."""
    by_prefix = (reason for prefix, reason in LEFT_OUT_PREFIXES.items() if name.startswith(prefix))
    return LEFT_OUT.get(name) or next(by_prefix, None)


def _filter_libraries(settings: dict[str, str], left_out: dict[str, str], has_library: Callable[[str], bool]) -> None:
    wanted = [name.strip() for name in settings.pop("shared_preload_libraries", "").split(",") if name.strip()]
    present = [name for name in wanted if has_library(name)]
    missing = [name for name in wanted if name not in present]
    if present:
        settings["shared_preload_libraries"] = ",".join(present)
    if missing:
        left_out["shared_preload_libraries"] = f"not installed here: {', '.join(missing)}"


def defer(
    wanted: Mapping[str, str], live: Mapping[str, str], group: Mapping[str, Setting], dynamic: frozenset[str]
) -> tuple[dict[str, str], bool]:
    """The settings for a reload: dynamic ones that are to wait for a reboot stay as they are, and it says so."""
    waiting = {
        name
        for name, value in wanted.items()
        if value != live.get(name) and name in dynamic and name in group and not group[name].at_once
    }
    kept = {name: live[name] for name in waiting if name in live}
    chosen = {name: value for name, value in wanted.items() if name not in waiting}
    return {**chosen, **kept}, bool(waiting)
