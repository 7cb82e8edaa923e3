"""Examples of rules about a service's windows, backups and jobs."""

from __future__ import annotations

from tests.unit.infra.rules.example import ONE, PRODUCTION, TOML, Example

EXAMPLES: tuple[Example, ...] = (
    Example(
        "services[].backup.retention_days",
        {"one/backup/retention_days": 36},
        f"{ONE}.backup.retention_days = 36: takes a whole number from 0 to 35 (days that RDS keeps "
        "point-in-time recovery); give a number from 0 to 35, without quotes",
        {"one/backup/retention_days": 35},
    ),
    Example(
        "services[].backup.window",
        {"one/backup/window": "03:00-03:29"},
        f"{ONE}.backup.window = '03:00-03:29': takes HH:MM-HH:MM in UTC, 30 minutes or more; write a "
        "window such as 03:00-04:00",
        {"one/backup/window": "03:00-03:30"},
    ),
    Example(
        "services[].backup.keep_after_destroy",
        {"one/backup/keep_after_destroy": "always"},
        f"{ONE}.backup.keep_after_destroy = 'always': takes true or false (whether final snapshot, backups "
        "and their key outlive the instance); write true or false, without quotes",
        {"one/backup/keep_after_destroy": True},
    ),
    Example(
        "services[].backup.final_snapshot_generation",
        {"one/backup/final_snapshot_generation": 0},
        f"{ONE}.backup.final_snapshot_generation = 0: takes a whole number from 1 to 999 (part of the "
        "final snapshot's name); raise it after a destroy: the name is taken then",
        {"one/backup/final_snapshot_generation": 999},
    ),
    Example(
        "services[].backup.weekly_weeks",
        {"one/backup/weekly_weeks": 521},
        f"{ONE}.backup.weekly_weeks = 521: takes a whole number from 0 to 520 (weeks that weekly snapshots "
        "are kept, ten years at most; 0 takes none); give a number from 0 to 520, without quotes",
        {"one/backup/weekly_weeks": 520},
    ),
    Example(
        "services[].backup.monthly_months",
        {"one/backup/monthly_months": 121},
        f"{ONE}.backup.monthly_months = 121: takes a whole number from 0 to 120 (months that monthly "
        "snapshots are kept, ten years at most; 0 takes none); give a number from 0 to 120, without "
        "quotes",
        {"one/backup/monthly_months": 120},
    ),
    Example(
        "services[].backup.vault_lock",
        {"one/backup/vault_lock": "governance"},
        f"{ONE}.backup.vault_lock = 'governance': takes true or false (whether the vault refuses to delete "
        "a snapshot before its time); write true or false, without quotes",
        {"one/backup/vault_lock": False},
    ),
    Example(
        "services[].backup.copy_to_recovery",
        {"one/backup/copy_to_recovery": "eu-west-2"},
        f"{ONE}.backup.copy_to_recovery = 'eu-west-2': takes true or false (whether backups are copied to "
        "the recovery region, if there is one); write true or false, without quotes",
        {"one/backup/copy_to_recovery": True},
    ),
    Example(
        "services[].backup.restore_test",
        {"one/backup/restore_test": "weekly"},
        f"{ONE}.backup.restore_test = 'weekly': takes true or false (whether AWS Backup restores a "
        "snapshot every week); write true or false, without quotes",
        {"one/backup/restore_test": False},
    ),
    Example(
        "services[].backup.dump_at",
        {"one/backup/dump_at": "24:00"},
        f"{ONE}.backup.dump_at = '24:00': takes HH:MM in UTC, or null; write a time such as 22:30",
        {"one/backup/dump_at": "23:59"},
    ),
    Example(
        "services[].backup.dump_daily_days",
        {"one/backup/dump_daily_days": 0},
        f"{ONE}.backup.dump_daily_days = 0: takes a whole number from 1 to 3650 (days that daily dumps are "
        "kept, ten years at most); give a number from 1 to 3650, without quotes",
        {"one/backup/dump_daily_days": 1},
    ),
    Example(
        "services[].backup.dump_monthly_months",
        {"one/backup/dump_monthly_months": 121},
        f"{ONE}.backup.dump_monthly_months = 121: takes a whole number from 1 to 120 (months that the "
        "first dump of a month is kept, ten years at most); give a number from 1 to 120, without quotes",
        {"one/backup/dump_monthly_months": 120},
    ),
    Example(
        "services[].backup.dump_cold_after_days",
        {"one/backup/dump_cold_after_days": 3651},
        f"{ONE}.backup.dump_cold_after_days = 3651: takes a whole number from 1 to 3650 (days after which "
        "a monthly dump moves to Glacier); give a number from 1 to 3650, without quotes",
        {"one/backup/dump_cold_after_days": 3650},
    ),
    Example(
        "services[].maintenance_window",
        {"one/maintenance_window": "sun:04:00-mon:04:01"},
        f"{ONE}.maintenance_window = 'sun:04:00-mon:04:01': takes ddd:HH:MM-ddd:HH:MM in UTC, from 30 "
        "minutes to a day; write a window such as sun:04:00-sun:05:00",
        {"one/maintenance_window": "sun:04:00-mon:03:00"},
        beside={'toml/every = "day"\nat = "01:10"': 'every = "hour"\nat = ":10"'},
    ),
    Example(
        "windows apart",
        {"one/maintenance_window": "sun:03:59-sun:04:59"},
        f"{ONE}.maintenance_window = 'sun:03:59-sun:04:59': RDS refuses a maintenance window that meets "
        "the backup window 03:00-04:00; move one of the two",
        {"one/maintenance_window": "sun:04:00-sun:05:00"},
    ),
    Example(
        "room for snapshots",
        {"one/backup": {"window": "05:00-22:30", "weekly_weeks": 1}},
        f"{ONE}.backup.window = '05:00-22:30': AWS Backup begins no snapshot in the windows of a database "
        "nor in the hour before, and two hours for each are not left of the day; shorten the windows, or "
        "set weekly_weeks and monthly_months to 0",
        {"one/backup": {"window": "05:00-22:15", "weekly_weeks": 1}},
        beside={"one/maintenance_window": "sun:03:15-sun:04:30"},
    ),
    Example(
        "a dump outside the backup window",
        {"one/backup/dump_at": "03:59"},
        f"{ONE}.backup.dump_at = '03:59': a dump would read the volume while RDS backs it up in "
        "03:00-04:00; move one of the two",
        {"one/backup/dump_at": "02:59"},
    ),
    Example(
        "a dump outside the maintenance window",
        {"one/backup/dump_at": "04:00"},
        f"{ONE}.backup.dump_at = '04:00': a restart in the maintenance window sun:04:00-sun:05:00 would "
        "end a dump; move one of the two",
        {"one/backup/dump_at": "05:00"},
    ),
    Example(
        "somebody to dump",
        {'toml/name = "platform_backup"': 'name = "platform_dump"'},
        f"{ONE}.backup.dump_at = '22:30': a dump logs in as platform_backup, and service.toml has no such "
        "role; add [[login_roles]] with this name, or set dump_at: null",
        {'toml/purpose = "logical dumps"': 'purpose = "dumps"'},
        beside={"one/backup/dump_at": "22:30"},
    ),
    Example(
        "Glacier for long enough",
        {"one/backup": {"dump_at": "22:30", "dump_cold_after_days": 283}},
        f"{ONE}.backup.dump_cold_after_days = 283: Glacier bills 90 days at least, and the dump is deleted "
        "before, after 12 months; lower dump_cold_after_days, or raise dump_monthly_months",
        {"one/backup": {"dump_at": "22:30", "dump_cold_after_days": 282}},
    ),
    Example(
        "something to test",
        {"one/backup": {"restore_test": True}},
        f"{ONE}.backup.restore_test = True: AWS Backup restores what is in its vault, and nothing is: "
        "weekly_weeks and monthly_months are 0; set backup.weekly_weeks to 1 or more, or restore_test to "
        "false",
        {"one/backup": {"restore_test": True, "weekly_weeks": 1}},
    ),
    Example(
        "something to lock",
        {"one/backup": {"vault_lock": True}},
        f"{ONE}.backup.vault_lock = True: the vault would be locked empty: weekly_weeks and monthly_months "
        "are 0; set backup.weekly_weeks to 1 or more, or vault_lock to false",
        {"one/backup": {"vault_lock": True, "monthly_months": 1}},
    ),
    Example(
        "something to copy",
        {"one/backup": {"copy_to_recovery": True, "retention_days": 0}},
        f"{ONE}.backup.copy_to_recovery = True: RDS replicates automated backups, and retention_days is 0; "
        "set backup.retention_days to 1 or more, or copy_to_recovery to false",
        {"one/backup": {"copy_to_recovery": True, "retention_days": 1}},
        beside={"recovery/region": "eu-central-1"},
    ),
    Example(
        "jobs outside the windows",
        {'toml/at = "01:10"': 'at = "03:59"'},
        f"{TOML}:jobs.partitions.at = '03:59': the job begins in the backup window 03:00-04:00 or the "
        "maintenance window sun:04:00-sun:05:00; move the job, or the window",
        {'toml/at = "01:10"': 'at = "05:00"'},
    ),
    Example(
        "prod keeps its backups",
        {"one/backup/keep_after_destroy": False},
        f"{ONE}.backup.keep_after_destroy = False: the backups of a database of the stack prod must "
        "outlive it; set backup.keep_after_destroy: true",
        {"one/backup/keep_after_destroy": True},
        stack="prod",
        beside=PRODUCTION,
    ),
    Example(
        "prod can be recovered",
        {"one/backup/retention_days": 0},
        f"{ONE}.backup.retention_days = 0: a database of the stack prod must have point-in-time recovery; "
        "set backup.retention_days to 1 or more",
        {"one/backup/retention_days": 1},
        stack="prod",
        beside=PRODUCTION,
    ),
)
