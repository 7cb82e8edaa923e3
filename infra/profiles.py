"""What a service gets without asking for it: one table, a column for each profile, a reason for each row. Pure.

A stack names its profile; a service's block names only what it wants otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Profile = Literal["development", "production"]
PROFILES: tuple[Profile, ...] = ("development", "production")


@dataclass(frozen=True, slots=True)
class Default:
    """One key's value in each profile."""

    development: object
    production: object
    why: str

    def of(self, profile: Profile) -> object:
        """The value in this profile."""
        return self.production if profile == "production" else self.development


DEFAULTS: Mapping[str, Default] = {
    "multi_az": Default(False, True, "a standby doubles the price of the instance; production survives a lost zone"),
    "protected": Default(False, True, "a database of production is not deleted by a command"),
    "apply_immediately": Default(True, False, "production changes in its maintenance window, unless somebody hurries"),
    "backup.retention_days": Default(7, 30, "days of point-in-time recovery; AWS charges for what exceeds the volume"),
    "backup.keep_after_destroy": Default(False, True, "what a development stack held can be made again"),
    "backup.weekly_weeks": Default(
        0, 4, "weekly snapshots for as many weeks; point-in-time recovery covers development"
    ),
    "backup.monthly_months": Default(0, 12, "monthly snapshots for a year"),
    "backup.vault_lock": Default(False, True, "without the lock whoever may delete snapshots may delete all of them"),
    "backup.copy_to_recovery": Default(False, True, "a region can be lost; only where the stack names a second one"),
    "backup.restore_test": Default(False, True, "a backup that was never restored is a hope"),
    "backup.dump_at": Default(
        None, "22:30", "a dump outlives the instance, the account's snapshots and the major version"
    ),
    "monitoring.interval_seconds": Default(
        0, 60, "the operating system's view of the server: memory by process, real load"
    ),
    "monitoring.log_days": Default(30, 90, "a quarter: long enough to look into an incident that is reported late"),
    "pooler.tasks": Default(1, 2, "one task is enough to develop; two survive a lost zone and a deployment"),
    "pooler.most_tasks": Default(
        1, 2, "autoscaling only where it is asked for: the ceiling of connections counts all that there may be"
    ),
}
