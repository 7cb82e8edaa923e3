"""Policies over the RDS instances: what each must be set to. Pure tables."""

from __future__ import annotations

from policy.core import (
    ADVISED_IN_DEVELOPMENT,
    EVERYWHERE,
    NOT_LOCAL,
    PRODUCTION,
    Finding,
    Policy,
    Resource,
)
from policy.judge import (
    INSTANCE,
    LOAD_BALANCER,
    both,
    given,
    is_false,
    is_primary,
    is_true,
    only,
    setting,
)

CERTIFICATE_AUTHORITIES = frozenset({"rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"})
"""Those that RDS signs with today; rds-ca-2019 ended in August 2024. (RDS User Guide: Certificate authorities)"""

LOGS = frozenset({"postgresql", "upgrade"})
"""All the logs that RDS for PostgreSQL can send to CloudWatch, but those of IAM authentication."""

LEAST_BACKUP_DAYS = 7
"""What Security Hub asks for (RDS.11): a fault of Monday is found by the end of the week."""

FAMOUS_USERS = frozenset({"admin", "administrator", "master", "postgres", "rdsadmin", "root"})
"""Names that are tried first."""

NO_EXTENDED_SUPPORT = "open-source-rds-extended-support-disabled"


def _positive(value: object) -> bool:
    return isinstance(value, int) and value > 0


def _final_snapshot(instance: Resource) -> list[Finding]:
    found = list(
        setting("skipFinalSnapshot", is_false, "it would be deleted without a final snapshot", False)(instance)
    )
    if not found:
        found = list(
            given("finalSnapshotIdentifier", "its final snapshot has no name, and RDS refuses one without")(instance)
        )
    return [
        *found,
        *setting("deleteAutomatedBackups", is_false, "its automated backups would be deleted with it", True)(instance),
    ]


POLICIES: tuple[Policy, ...] = (
    Policy(
        "database-encrypted",
        "whoever gets hold of a volume or a snapshot must not be able to read it; with our own key its use is ours to"
        " allow, to log and to end",
        "set storage_encrypted and kms_key_id: an instance is encrypted when it is made, never later",
        ("CKV_AWS_16", "RDS.3", "rds-storage-encrypted"),
        types=(INSTANCE,),
        each=both(
            setting("storageEncrypted", is_true, "its volume is not encrypted", False),
            # A replica in its source's region takes the source's key.
            only(is_primary, given("kmsKeyId", "it is encrypted with the key that AWS keeps, not with the estate's")),
        ),
    ),
    Policy(
        "database-private",
        "a database with a public address is found within minutes",
        "set publicly_accessible: False, and reach it through the pooler",
        ("CKV_AWS_17", "RDS.2", "rds-instance-public-access-check"),
        types=(INSTANCE,),
        each=setting("publiclyAccessible", is_false, "it has a public address", False),
    ),
    Policy(
        "multi-az",
        "without a standby a lost zone means a restore, and what was written since the last WAL segment is lost",
        "set multi_az: true",
        ("CKV_AWS_157", "RDS.5", "rds-multi-az-support"),
        PRODUCTION,
        (INSTANCE,),
        only(is_primary, setting("multiAz", is_true, "it has no standby in another zone", False)),
    ),
    Policy(
        "backups-on",
        "a mistake in SQL reaches standby and replicas within a second; only the past helps",
        "set backup.retention_days to 1 or more",
        ("CKV_AWS_133", "db-instance-backup-enabled"),
        EVERYWHERE,
        (INSTANCE,),
        only(is_primary, setting("backupRetentionPeriod", _positive, "it has no automated backups", 0)),
    ),
    Policy(
        "backups-for-a-week",
        "a fault that is found a week later must still be undone",
        f"set backup.retention_days to {LEAST_BACKUP_DAYS} or more",
        ("RDS.11", "db-instance-backup-enabled"),
        ADVISED_IN_DEVELOPMENT,
        (INSTANCE,),
        only(
            lambda instance: is_primary(instance) and instance.get("backupRetentionPeriod", 0) != 0,
            setting(
                "backupRetentionPeriod",
                lambda days: days >= LEAST_BACKUP_DAYS,
                f"point-in-time recovery reaches back {{value}} days, {LEAST_BACKUP_DAYS} are asked for",
            ),
        ),
    ),
    Policy(
        "deletion-protected",
        "one command must not delete a database, nor the door before it",
        "set protected: true",
        ("CKV_AWS_293", "CKV_AWS_150", "RDS.8", "ELB.6", "rds-instance-deletion-protection-enabled"),
        PRODUCTION,
        (INSTANCE, LOAD_BALANCER),
        both(
            only(
                lambda resource: resource.type == INSTANCE and is_primary(resource),
                setting("deletionProtection", is_true, "one call of the API deletes it", False),
            ),
            only(
                lambda resource: resource.type == LOAD_BALANCER,
                setting("enableDeletionProtection", is_true, "one call of the API deletes it", False),
            ),
        ),
    ),
    Policy(
        "final-snapshot",
        "a database that is deleted on purpose may still be missed",
        "set backup.keep_after_destroy: true",
        ("CreateDBInstance",),
        PRODUCTION,
        (INSTANCE,),
        only(is_primary, _final_snapshot),
    ),
    Policy(
        "minor-upgrades",
        "minor versions close holes; RDS installs them in the maintenance window",
        "set auto_minor_version_upgrade: True",
        ("CKV_AWS_226", "RDS.13", "rds-automatic-minor-version-upgrade-enabled"),
        types=(INSTANCE,),
        each=setting("autoMinorVersionUpgrade", is_true, "it keeps the minor version it was made with", True),
    ),
    Policy(
        "no-paid-support",
        "RDS bills each vCPU hour of a major version past its end; an upgrade in time costs nothing",
        f"set engine_lifecycle_support: {NO_EXTENDED_SUPPORT}",
        ("extended-support",),
        types=(INSTANCE,),
        each=only(
            is_primary,
            setting(
                "engineLifecycleSupport",
                lambda value: value == NO_EXTENDED_SUPPORT,
                "it would slide into paid Extended Support when its major version ends",
                "open-source-rds-extended-support",
            ),
        ),
    ),
    Policy(
        "logs-exported",
        "the log on the instance is gone after days, and with the instance",
        f"export {' and '.join(sorted(LOGS))} to CloudWatch",
        ("CKV_AWS_129", "RDS.9", "RDS.36", "rds-logging-enabled"),
        types=(INSTANCE,),
        each=setting(
            "enabledCloudwatchLogsExports",
            lambda value: set(value) >= LOGS,
            f"it exports {{value}}, not {sorted(LOGS)}",
            [],
        ),
    ),
    Policy(
        "insights",
        "which statement the load comes from is answered by Performance Insights, or by nobody",
        "switch Performance Insights on",
        ("CKV_AWS_353",),
        types=(INSTANCE,),
        each=setting("performanceInsightsEnabled", is_true, "Performance Insights is off", False),
    ),
    Policy(
        "insights-encrypted",
        "Performance Insights keeps the text of statements, which may hold data",
        "set performance_insights_kms_key_id",
        ("CKV_AWS_354",),
        types=(INSTANCE,),
        each=only(
            lambda instance: instance.get("performanceInsightsEnabled") is not False,
            given("performanceInsightsKmsKeyId", "Performance Insights uses the key that AWS keeps, not the estate's"),
        ),
    ),
    Policy(
        "enhanced-monitoring",
        "memory by process and real load are in no other metric",
        "set monitoring.interval_seconds to 60 or less",
        ("CKV_AWS_118", "RDS.6", "rds-enhanced-monitoring-enabled"),
        PRODUCTION,
        (INSTANCE,),
        both(
            setting("monitoringInterval", _positive, "Enhanced Monitoring is off", 0),
            only(
                lambda instance: instance.get("monitoringInterval", 0) != 0,
                given("monitoringRoleArn", "Enhanced Monitoring has no role to send its metrics with"),
            ),
        ),
    ),
    Policy(
        "certificate-authority",
        "clients verify the server's certificate; an authority past its end takes them all down on one day",
        f"choose one of {', '.join(sorted(CERTIFICATE_AUTHORITIES))}",
        ("CKV_AWS_211", "certificate-authority"),
        types=(INSTANCE,),
        each=setting(
            "caCertIdentifier",
            lambda value: value in CERTIFICATE_AUTHORITIES,
            "its certificate is signed by {value}",
            "whatever RDS chooses",
        ),
    ),
    Policy(
        "iam-authentication",
        "a person logs in with a token that ends in a quarter of an hour, not with a password in a file",
        "set iam_authentication: true",
        ("CKV_AWS_161", "RDS.10", "rds-instance-iam-authentication-enabled"),
        NOT_LOCAL,
        (INSTANCE,),
        setting("iamDatabaseAuthenticationEnabled", is_true, "IAM authentication is off", False),
    ),
    Policy(
        "admin-name",
        "a name that everybody tries first is half of what an attacker needs",
        "choose another master user name; it can be chosen only once",
        ("RDS.25", "rds-instance-default-admin-check"),
        types=(INSTANCE,),
        each=only(
            is_primary,
            setting(
                "username", lambda name: str(name).lower() not in FAMOUS_USERS, "its master user is {value}", "postgres"
            ),
        ),
    ),
    Policy(
        "changes-in-the-window",
        "a change of an instance may restart it; production restarts in its maintenance window",
        "leave apply_immediately false but for the deployment that needs it",
        ("ModifyDBInstance",),
        PRODUCTION,
        (INSTANCE,),
        setting("applyImmediately", is_false, "a change restarts it at once, outside its window", False),
    ),
    Policy(
        "snapshots-tagged",
        "a snapshot without tags belongs to nobody, and stays for ever",
        "set copy_tags_to_snapshot: True",
        ("CKV2_AWS_60", "RDS.17", "rds-instance-copy-tags-to-snapshots-enabled"),
        types=(INSTANCE,),
        each=setting("copyTagsToSnapshot", is_true, "its snapshots do not carry its tags", False),
    ),
)
