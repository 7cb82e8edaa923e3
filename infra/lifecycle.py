"""What may happen to a resource once it exists: one table with a reason for each row. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "vpc",
    "subnet",
    "primary",
    "replica",
    "backup_key",
    "key",
    "secret",
    "secret_version",
    "log_group",
    "pooler_service",
    "scaled_pooler_service",
    "vault",
    "dump_bucket",
    "kept_setting",
]
When = Literal["never", "if_protected", "if_kept", "always"]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the provider waits before it gives up."""

    create: str
    update: str
    delete: str


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """One kind of resource: what protects it, which inputs are not compared, what stays after a destroy."""

    why: str
    protect: When = "never"
    ignore_changes: tuple[str, ...] = ()
    retain_on_delete: When = "never"
    timeouts: Timeouts | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A row of the table, decided for one stack."""

    protect: bool
    ignore_changes: tuple[str, ...]
    retain_on_delete: bool
    timeouts: Timeouts | None


TABLE: Mapping[Kind, Lifecycle] = {
    "vpc": Lifecycle(
        "RDS moves no database to another VPC: a change of the address range would take everything with it",
        protect="if_protected",
    ),
    "subnet": Lifecycle(
        "all that stands in it would have to be replaced with it: its zone is chosen once",
        ignore_changes=("availabilityZone",),
    ),
    "primary": Lifecycle(
        "holds the data. Its zone is chosen once: the list of zones changes, and another zone would be another one."
        " Growth by storage autoscaling needs no row: with max_allocated_storage the provider leaves allocated_storage"
        " alone. Changing storage or class of a large instance takes more than an hour",
        protect="if_protected",
        ignore_changes=("availabilityZone",),
        timeouts=Timeouts("90m", "180m", "90m"),
    ),
    "replica": Lifecycle(
        "holds nothing that the primary lacks, so removing one is an ordinary change and not protected. Restoring a"
        " large source takes hours",
        ignore_changes=("availabilityZone",),
        timeouts=Timeouts("180m", "180m", "90m"),
    ),
    "backup_key": Lifecycle(
        "snapshots, automated backups and dumps outlive the stack and cannot be read without it",
        protect="if_protected",
        retain_on_delete="if_kept",
    ),
    "key": Lifecycle(
        "what it encrypts goes with the stack, and KMS keeps it 30 days; yet by accident nobody should",
        protect="if_protected",
    ),
    "secret": Lifecycle(
        "without it nobody can log in; Secrets Manager keeps a deleted one for its recovery window",
        protect="if_protected",
    ),
    "secret_version": Lifecycle(
        "the password is drawn once: each run draws another, and only the first may count. Rotation writes versions"
        " of its own",
        ignore_changes=("secretString",),
    ),
    "log_group": Lifecycle(
        "goes with what wrote it: a log group of RDS has a fixed name, and one that stayed would stop the same"
        " instance from being made again",
    ),
    "pooler_service": Lifecycle(
        "a deployment waits until old tasks have drained (two minutes) and new ones are healthy; a broken image is"
        " rolled back well before this",
        timeouts=Timeouts("20m", "30m", "20m"),
    ),
    "scaled_pooler_service": Lifecycle(
        "as above; how many tasks there are is decided by autoscaling, once it was made",
        ignore_changes=("desiredCount",),
        timeouts=Timeouts("20m", "30m", "20m"),
    ),
    "vault": Lifecycle(
        "AWS refuses to delete a vault with recovery points in it, and those are what outlives a database",
        protect="if_protected",
        retain_on_delete="if_kept",
    ),
    "kept_setting": Lifecycle(
        "policy, encryption and lifecycle rules of a vault or bucket: what is kept would otherwise be open, and"
        " kept for ever",
        retain_on_delete="if_kept",
    ),
    "dump_bucket": Lifecycle(
        "holds the only copies that another server, account or major version can read",
        protect="if_protected",
        retain_on_delete="if_kept",
    ),
}


def decide(kind: Kind, protected: bool, kept: bool = False) -> Decided:
    """The row of this kind, for a database that is protected or not, and whose backups are kept after it or not."""
    row = TABLE[kind]

    def holds(when: When) -> bool:
        return when == "always" or (when == "if_protected" and protected) or (when == "if_kept" and kept)

    return Decided(holds(row.protect), row.ignore_changes, holds(row.retain_on_delete), row.timeouts)
