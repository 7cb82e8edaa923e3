"""Windows, retentions and copies of one service's backups. Pure."""

from __future__ import annotations

from infra import jobs, retention, sources, windows
from infra.rules.rule import Rule

# Glacier Flexible Retrieval bills an object for this long, however soon it goes.
GLACIER_DAYS = 90


def _dump_clear(at: str | None, window: str) -> bool:
    return at is None or not windows.within(at, window)


def _dump_clear_weekly(at: str | None, window: str) -> bool:
    return at is None or not windows.within_weekly(at, window)


def _cold_pays(cold: int, months: int, at: str | None) -> bool:
    return at is None or months * retention.MONTH_DAYS >= cold + GLACIER_DAYS


def _snapshots_have_room(window: str, maintenance: str, at: str | None, weekly: int, monthly: int) -> bool:
    if windows.overlap(window, maintenance) or not _dump_clear(at, window) or not _dump_clear_weekly(at, maintenance):
        return True  # another rule speaks
    return not (weekly or monthly) or retention.has_room(window, maintenance, at)


def _job_clear(at: str, every: str, backup: str, maintenance: str) -> bool:
    time = jobs.parse(every, at)
    return time is None or not time.begins_within(backup, maintenance)


RULES: tuple[Rule, ...] = (
    Rule(
        "windows apart",
        ("maintenance_window", "backup.window"),
        lambda weekly, daily: not windows.overlap(daily, weekly),
        "RDS refuses a maintenance window that meets the backup window {backup_window}",
        "move one of the two",
        sources.BACKUP_WINDOW,
    ),
    Rule(
        "room for snapshots",
        ("backup.window", "maintenance_window", "backup.dump_at", "backup.weekly_weeks", "backup.monthly_months"),
        _snapshots_have_room,
        "AWS Backup begins no snapshot in the windows of a database nor in the hour before, and two hours for each are"
        " not left of the day",
        "shorten the windows, or set weekly_weeks and monthly_months to 0",
        sources.BACKUP_PLANS,
    ),
    Rule(
        "a dump outside the backup window",
        ("backup.dump_at", "backup.window"),
        _dump_clear,
        "a dump would read the volume while RDS backs it up in {backup_window}",
        "move one of the two",
        sources.OURS,
        "both read the whole volume, and clients pay for it",
    ),
    Rule(
        "a dump outside the maintenance window",
        ("backup.dump_at", "maintenance_window"),
        _dump_clear_weekly,
        "a restart in the maintenance window {maintenance_window} would end a dump",
        "move one of the two",
        sources.OURS,
        "a dump is one transaction, and begins anew after a restart",
    ),
    Rule(
        "somebody to dump",
        ("backup.dump_at", "name", "@roles"),
        lambda at, name, roles: at is None or any(role.name == f"{name}_backup" for role in roles),
        "a dump logs in as {name}_backup, and service.toml has no such role",
        "add [[login_roles]] with this name, or set dump_at: null",
        sources.OURS,
        "the master user's password stays out of a task that runs every day",
    ),
    Rule(
        "Glacier for long enough",
        ("backup.dump_cold_after_days", "backup.dump_monthly_months", "backup.dump_at"),
        _cold_pays,
        f"Glacier bills {GLACIER_DAYS} days at least, and the dump is deleted before, after"
        " {backup_dump_monthly_months} months",
        "lower dump_cold_after_days, or raise dump_monthly_months",
        sources.LIFECYCLE,
    ),
    Rule(
        "something to test",
        ("backup.restore_test", "backup.weekly_weeks", "backup.monthly_months"),
        lambda test, weekly, monthly: not test or weekly > 0 or monthly > 0,
        "AWS Backup restores what is in its vault, and nothing is: weekly_weeks and monthly_months are 0",
        "set backup.weekly_weeks to 1 or more, or restore_test to false",
        sources.OURS,
        "a plan without anything to restore never tells that a restore failed",
    ),
    Rule(
        "something to lock",
        ("backup.vault_lock", "backup.weekly_weeks", "backup.monthly_months"),
        lambda lock, weekly, monthly: not lock or weekly > 0 or monthly > 0,
        "the vault would be locked empty: weekly_weeks and monthly_months are 0",
        "set backup.weekly_weeks to 1 or more, or vault_lock to false",
        sources.OURS,
        "a lock names the shortest and the longest retention it lets through, and here is none",
    ),
    Rule(
        "something to copy",
        ("backup.copy_to_recovery", "backup.retention_days", "@recovery"),
        lambda copy, days, recovery: not copy or recovery is None or days >= 1,
        "RDS replicates automated backups, and retention_days is 0",
        "set backup.retention_days to 1 or more, or copy_to_recovery to false",
        sources.REPLICATED_BACKUPS,
    ),
)

# Each job of service.toml is judged by itself.
JOB_RULES: tuple[Rule, ...] = (
    Rule(
        "jobs outside the windows",
        ("at", "every", "@backup_window", "@maintenance_window"),
        _job_clear,
        "the job begins in the backup window {at_backup_window} or the maintenance window {at_maintenance_window}",
        "move the job, or the window",
        sources.OURS,
        "a restart ends a job, and a backup makes it slow",
    ),
)
