"""Where a rule comes from: pages of AWS's, PostgreSQL's and PgBouncer's documentation, by title. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A page that anybody can read; `url` is empty for the estate's own decisions, which have an ADR or a reason."""

    title: str
    url: str = ""


def _rds(title: str, page: str, part: str = "") -> Source:
    anchor = f"#{part}" if part else ""
    url = f"https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/{page}.html{anchor}"
    return Source(f"Amazon RDS User Guide: {title}", url)


def _rds_api(operation: str) -> Source:
    return Source(
        f"Amazon RDS API Reference: {operation}",
        f"https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_{operation}.html",
    )


OURS = Source("the estate's own decision")

MODIFY_INSTANCE = _rds_api("ModifyDBInstance")
CREATE_INSTANCE = _rds_api("CreateDBInstance")
CREATE_SUBNET_GROUP = _rds_api("CreateDBSubnetGroup")
STORAGE = _rds("Amazon RDS DB instance storage", "CHAP_Storage")
GP3 = Source(
    "Amazon EBS User Guide: General Purpose SSD volumes",
    "https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html",
)
AUTOSCALING = _rds("Managing capacity automatically with Amazon RDS storage autoscaling", "USER_PIOPS.Autoscaling")
VERSIONS = Source(
    "Amazon RDS for PostgreSQL Release Notes: Release calendars",
    "https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html",
)
CLASSES = _rds("DB instance class types", "Concepts.DBInstanceClass.Types")
BACKUP_RETENTION = _rds("Backup retention period", "USER_WorkingWithAutomatedBackups.BackupRetention")
BACKUP_WINDOW = _rds(
    "Managing automated backups, Backup window",
    "USER_ManagingAutomatedBackups",
    "USER_WorkingWithAutomatedBackups.BackupWindow",
)
MAINTENANCE = _rds("Maintaining a DB instance", "USER_UpgradeDBInstance.Maintenance")
REPLICAS = _rds("Working with DB instance read replicas", "USER_ReadRepl")
REPLICATED_BACKUPS = _rds("Replicating automated backups to another AWS Region", "USER_ReplicateBackups")
MULTI_AZ = _rds("Multi-AZ DB instance deployments", "Concepts.MultiAZSingleStandby")
PARAMETERS = _rds(
    "Working with parameters on your RDS for PostgreSQL DB instance",
    "Appendix.PostgreSQL.CommonDBATasks.Parameters",
)
ENHANCED_MONITORING = _rds("Setting up and enabling Enhanced Monitoring", "USER_Monitoring.OS.Enabling")
INSIGHTS_RETENTION = _rds("Pricing and data retention for Database Insights", "USER_PerfInsights.Overview.cost")
DATABASE_INSIGHTS = Source(
    "Amazon CloudWatch User Guide: CloudWatch Database Insights",
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Database-Insights.html",
)
IAM_AUTHENTICATION = _rds("IAM database authentication for MariaDB, MySQL, and PostgreSQL", "UsingWithRDS.IAMDBAuth")
TLS = _rds("Using SSL with a PostgreSQL DB instance", "PostgreSQL.Concepts.General.SSL")
LIMITS = _rds("Quotas and constraints for Amazon RDS", "CHAP_Limits")
CONNECTIONS = Source(
    "PostgreSQL: Connections and Authentication, max_connections",
    "https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-MAX-CONNECTIONS",
)
MEMORY = Source(
    "PostgreSQL: Resource Consumption, Memory",
    "https://www.postgresql.org/docs/current/runtime-config-resource.html#RUNTIME-CONFIG-RESOURCE-MEMORY",
)
PARALLEL_WORKERS = Source(
    "PostgreSQL: Resource Consumption, Worker Processes",
    "https://www.postgresql.org/docs/current/runtime-config-resource.html#RUNTIME-CONFIG-RESOURCE-WORKER-PROCESSES",
)
WAL_SENDERS = Source(
    "PostgreSQL: Replication, Sending Servers",
    "https://www.postgresql.org/docs/current/runtime-config-replication.html#RUNTIME-CONFIG-REPLICATION-SENDER",
)
LOG_RETENTION = Source(
    "Amazon CloudWatch Logs API Reference: PutRetentionPolicy",
    "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html",
)
VPC_CIDR = Source(
    "Amazon VPC User Guide: VPC CIDR blocks", "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"
)
SUBNET_SIZING = Source(
    "Amazon VPC User Guide: Subnet CIDR blocks", "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"
)
RESOURCE_IDS = Source(
    "Amazon EC2 User Guide: Resource IDs", "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html"
)
PRIVATE_ZONE_OVERLAP = Source(
    "Amazon Route 53 Developer Guide: Considerations when working with a private hosted zone",
    "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html",
)
PRIVATE_ZONES = Source(
    "Amazon Route 53 Developer Guide: DNS domain name format",
    "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html",
)
REGIONS = Source(
    "AWS Account Management Reference Guide: Enable or disable AWS Regions in your account",
    "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html",
)
PARTITIONS = Source(
    "AWS Fault Isolation Boundaries: Partitions",
    "https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html",
)
SNS_EMAIL = Source(
    "Amazon SNS Developer Guide: Email notifications",
    "https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html",
)
FARGATE = Source(
    "Amazon ECS Developer Guide: Task definition parameters for Fargate",
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html",
)
IMAGES = Source(
    "Amazon ECS Developer Guide: Container image references",
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#container_definition_image",
)
SCALABLE_TARGET = Source(
    "Application Auto Scaling API Reference: RegisterScalableTarget",
    "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html",
)
BACKUP_PLANS = Source(
    "AWS Backup Developer Guide: Backup plan options and configuration",
    "https://docs.aws.amazon.com/aws-backup/latest/devguide/plan-options-and-configuration.html",
)
VAULT_LOCK = Source(
    "AWS Backup Developer Guide: AWS Backup Vault Lock",
    "https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html",
)
RESTORE_TESTING = Source(
    "AWS Backup Developer Guide: Restore testing",
    "https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html",
)
LIFECYCLE = Source(
    "Amazon S3 User Guide: Transitioning objects using Amazon S3 Lifecycle",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html",
)
SCHEDULES = Source(
    "Amazon EventBridge Scheduler User Guide: Schedule types",
    "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html",
)
POSTGRESQL_NAMES = Source(
    "PostgreSQL: Lexical Structure, Identifiers and Key Words",
    "https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS",
)
HOT_STANDBY = Source(
    "PostgreSQL: Hot Standby, Administrator's Overview",
    "https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-ADMIN",
)
