"""Each policy broken in the recorded graph of prod, where the program itself leaves no such choice.

A row says what is done to which resource, and exactly what is found then.
"""

from __future__ import annotations

from typing import Any

from tests.unit.policy.breaking import (
    Breaker,
    breaker,
    container,
    gone,
    ini,
    open_rule,
    options,
    parameter,
    put,
    rule,
    says,
    sets,
    short,
    variable,
)
from tests.unit.policy.graphs import changed

KEPT_BY_AWS = "it is encrypted with the key that AWS keeps, not with the estate's"
ARN = "arn:aws:iam::123456789012"
PRIMARY, REPLICA, POOLER = "platform-primary", "platform-replica-1", "platform-pooler"
DELETED = "a change of the program may delete or replace it"
OUTLIVED = "destroying the stack deletes it, and with it what the backups are for"
ANYBODY = "statement More allows it to everybody, in every account"

DATABASE = (
    sets("database-encrypted", "Instance", PRIMARY, "storageEncrypted", False, "its volume is not encrypted"),
    sets("database-encrypted", "Instance", REPLICA, "storageEncrypted", None, "its volume is not encrypted"),
    breaker(
        "database-encrypted",
        "no key",
        lambda graph: changed(graph, "Instance", PRIMARY, lambda inputs: put(inputs, "kmsKeyId", None)),
        (short("Instance", PRIMARY), KEPT_BY_AWS),
    ),
    sets("database-private", "Instance", REPLICA, "publiclyAccessible", True, "it has a public address"),
    sets("multi-az", "Instance", PRIMARY, "multiAz", False, "it has no standby in another zone"),
    sets("backups-on", "Instance", PRIMARY, "backupRetentionPeriod", 0, "it has no automated backups"),
    sets("backups-for-a-week", "Instance", PRIMARY, "backupRetentionPeriod", 6,
         "point-in-time recovery reaches back 6 days, 7 are asked for"),
    sets("deletion-protected", "Instance", PRIMARY, "deletionProtection", False, "one call of the API deletes it"),
    sets("deletion-protected", "LoadBalancer", POOLER, "enableDeletionProtection", None,
         "one call of the API deletes it"),
    sets("final-snapshot", "Instance", PRIMARY, "skipFinalSnapshot", True,
         "it would be deleted without a final snapshot"),
    sets("final-snapshot", "Instance", PRIMARY, "finalSnapshotIdentifier", None,
         "its final snapshot has no name, and RDS refuses one without"),
    sets("final-snapshot", "Instance", PRIMARY, "deleteAutomatedBackups", None,
         "its automated backups would be deleted with it"),
    sets("minor-upgrades", "Instance", REPLICA, "autoMinorVersionUpgrade", False,
         "it keeps the minor version it was made with"),
    sets("no-paid-support", "Instance", PRIMARY, "engineLifecycleSupport", None,
         "it would slide into paid Extended Support when its major version ends"),
    sets("logs-exported", "Instance", REPLICA, "enabledCloudwatchLogsExports", ["upgrade"],
         "it exports ['upgrade'], not ['postgresql', 'upgrade']"),
    parameter("statements-logged", "log_min_duration_statement", "-1",
              "log_min_duration_statement is off: no slow statement is ever logged"),
    parameter("statements-logged", "log_connections", "0",
              "log_connections is off: nobody can say who was connected"),
    breaker("insights", "off",
             lambda graph: changed(graph, "Instance", PRIMARY,
                                   lambda inputs: put(inputs, "performanceInsightsEnabled", False)),
             (short("Instance", PRIMARY), "Performance Insights is off")),
    sets("insights-encrypted", "Instance", PRIMARY, "performanceInsightsKmsKeyId", None,
         "Performance Insights uses the key that AWS keeps, not the estate's"),
    sets("enhanced-monitoring", "Instance", REPLICA, "monitoringInterval", 0, "Enhanced Monitoring is off"),
    sets("enhanced-monitoring", "Instance", REPLICA, "monitoringRoleArn", None,
         "Enhanced Monitoring has no role to send its metrics with"),
    sets("certificate-authority", "Instance", REPLICA, "caCertIdentifier", "rds-ca-2019",
         "its certificate is signed by rds-ca-2019"),
    sets("iam-authentication", "Instance", PRIMARY, "iamDatabaseAuthenticationEnabled", False,
         "IAM authentication is off"),
    sets("admin-name", "Instance", PRIMARY, "username", "postgres", "its master user is postgres"),
    sets("changes-in-the-window", "Instance", REPLICA, "applyImmediately", True,
         "a change restarts it at once, outside its window"),
    sets("snapshots-tagged", "Instance", PRIMARY, "copyTagsToSnapshot", False, "its snapshots do not carry its tags"),
    parameter("tls-forced", "rds.force_ssl", "0",
              "its parameter rds.force_ssl is 0: it takes connections without TLS"),
    parameter("tls-forced", "rds.force_ssl", None,
              "its parameter rds.force_ssl is not set: it takes connections without TLS"),
    parameter("passwords-scram", "password_encryption", "md5",
              "its parameter password_encryption is md5, not scram-sha-256"),
)  # fmt: skip

STORAGE = (
    sets("key-rotation", "Key", "keys-dumps", "enableKeyRotation", False, "it is never rotated"),
    sets("key-deletion-window", "Key", "keys-dumps", "deletionWindowInDays", 7,
         "it is gone 7 days after its deletion, 30 are offered"),
    sets("logs-encrypted", "LogGroup", "platform-pooler-log", "kmsKeyId", None, KEPT_BY_AWS),
    sets("logs-end", "LogGroup", "platform-pooler-log", "retentionInDays", None, "it is kept for ever"),
    sets("logs-for-a-quarter", "LogGroup", "platform-pooler-log", "retentionInDays", 60,
         "it is kept 60 days, 90 are asked for"),
    sets("messages-encrypted", "Topic", "alerts", "kmsMasterKeyId", None,
         "it is not encrypted with a key of the estate's"),
    sets("messages-encrypted", "Queue", "platform-schedules-failed", "kmsMasterKeyId", None,
         "it is not encrypted with a key of the estate's"),
    sets("secrets-encrypted", "Secret", "platform-credentials-master", "kmsKeyId", None, KEPT_BY_AWS),
    sets("secrets-recoverable", "Secret", "platform-credentials-master", "recoveryWindowInDays", 0,
         "it is gone 0 days after its deletion, 7 are asked for"),
    sets("backups-encrypted", "Vault", "vault", "kmsKeyArn", None, KEPT_BY_AWS),
    sets("backups-encrypted", "InstanceAutomatedBackupsReplication", "platform-backups-replicated", "kmsKeyId", None,
         "backups arrive encrypted with a key that is not the estate's"),
    gone("bucket-encrypted", "BucketServerSideEncryptionConfiguration", "dumps",
         (short("Bucket", "dumps"), "its default encryption uses no key of the estate's")),
    breaker("bucket-encrypted", "S3's own key",
             lambda graph: changed(graph, "BucketServerSideEncryptionConfiguration", "dumps", lambda inputs: put(
                 inputs, "rules.0.applyServerSideEncryptionByDefault", {"sseAlgorithm": "AES256"})),
             (short("Bucket", "dumps"), "its default encryption uses no key of the estate's")),
    *(breaker("bucket-private", block,
               lambda graph, block=block: changed(  # type: ignore[misc]
                   graph, "BucketPublicAccessBlock", "dumps", lambda inputs: put(inputs, block, False)),
               (short("Bucket", "dumps"), f"{block} is not set"))
      for block in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")),
    breaker("bucket-without-acls", "the writer owns",
             lambda graph: changed(graph, "BucketOwnershipControls", "dumps", lambda inputs: put(
                 inputs, "rule.objectOwnership", "ObjectWriter")),
             (short("Bucket", "dumps"), "access control lists still count in it")),
    breaker("bucket-versioned", "suspended",
             lambda graph: changed(graph, "BucketVersioning", "recovery-dumps", lambda inputs: put(
                 inputs, "versioningConfiguration.status", "Suspended")),
             (short("Bucket", "recovery-dumps"), "what is overwritten or deleted in it is gone")),
    *(breaker("bucket-lifecycle", f"no {end}",
               lambda graph, end=end: changed(  # type: ignore[misc]
                   graph, "BucketLifecycleConfiguration", "dumps", lambda inputs: put(inputs, f"rules.1.{end}", None)),
               (short("Bucket", "dumps"), "some of what is put in it is never deleted"))
      for end in ("expiration", "noncurrentVersionExpiration", "abortIncompleteMultipartUpload")),
    gone("bucket-tls", "BucketPolicy", "dumps", (short("Bucket", "dumps"), "it can be read without TLS")),
    breaker("bucket-tls", "another condition",
             lambda graph: changed(graph, "BucketPolicy", "dumps", lambda inputs: put(
                 inputs, "policy", inputs["policy"].replace("aws:SecureTransport", "aws:MultiFactorAuthPresent"))),
             (short("Bucket", "dumps"), "it can be read without TLS")),
)  # fmt: skip

PAST = "a range of addresses reaches a database past its pooler"
NETWORK = (
    open_rule("SecurityGroupIngressRule", "platform-pooler-clients-in", "0.0.0.0/0"),
    open_rule("SecurityGroupIngressRule", "network-endpoints-in", "198.51.0.0/16"),
    open_rule("SecurityGroupEgressRule", "platform-schema-database-out", "0.0.0.0/0"),
    sets("no-open-ranges", "SecurityGroup", "platform-database", "ingress", [{"cidrBlocks": ["8.8.0.0/16"]}],
         "ingress: it is open to 8.8.0.0/16"),
    rule("network-chain", "a range to the database", PAST, referencedSecurityGroupId=None, cidrIpv4="10.20.0.0/16"),
    rule("network-chain", "from the load balancer",
         "a group that takes a range of addresses reaches a database past its pooler",
         referencedSecurityGroupId="platform-pooler-clients-id"),
    rule("network-chain", "all ports", "it opens more of a database than its port", fromPort=0, toPort=65535),
    rule("network-chain", "another port", "it opens more of a database than its port", fromPort=22, toPort=22),
    rule("network-chain", "past the load balancer", "the pooler's tasks are reached past their load balancer",
         "platform-pooler-tasks-in", referencedSecurityGroupId="platform-direct-id"),
    sets("default-group-closed", "DefaultSecurityGroup", "network-default", "ingress", [{"self": True}],
         "it has a rule of ingress: whatever is made without a group of its own gets it"),
    sets("default-group-closed", "Instance", REPLICA, "vpcSecurityGroupIds", ["network-default-id"],
         "it stands in the VPC's default security group"),
    sets("default-group-closed", "Instance", REPLICA, "vpcSecurityGroupIds", [],
         "it has no security group of its own"),
    sets("subnets-private", "Subnet", "network-private-1", "mapPublicIpOnLaunch", True,
         "what is made in it gets a public address"),
    sets("tasks-private", "Service", POOLER, "networkConfiguration.assignPublicIp", True,
         "its tasks have public addresses"),
    sets("tasks-private", "Schedule", "platform-schedules-dump",
         "target.ecsParameters.networkConfiguration.assignPublicIp", True, "its tasks have public addresses"),
    sets("pooler-internal", "LoadBalancer", POOLER, "internal", False, "it answers the internet"),
    gone("flow-logs", "FlowLog", "network-flow-logs",
         (short("Vpc", "network-vpc"), "what is refused in it is not written down")),
)  # fmt: skip


def _fields(row: dict[str, Any], **fields: Any) -> None:
    row.update(fields)


TASKS = (
    container("tls-verified", POOLER, ini("client_tls_sslmode = require", "client_tls_sslmode = prefer"), "clients",
              "the pooler takes clients without TLS: client_tls_sslmode"),
    container("tls-verified", POOLER, ini("server_tls_sslmode = verify-full", "server_tls_sslmode = require"),
              "servers", "the pooler does not verify the database's certificate: server_tls_sslmode"),
    container("tls-verified", POOLER, ini("client_tls_protocols = secure", "client_tls_protocols = tlsv1.1,tlsv1.2"),
              "old clients", "the pooler takes TLS before 1.2: client_tls_protocols"),
    container("tls-verified", POOLER, ini("auth_type = scram-sha-256", "auth_type = md5"), "md5",
              "the pooler's clients do not log in with SCRAM: auth_type"),
    container("tls-verified", "platform-schema", variable("PGSSLMODE", "require"), "the schema task",
              "container schema does not verify the database's certificate: PGSSLMODE is not verify-full"),
    breaker(
        "pooler-ceiling", "three sets of tasks",
        lambda graph: changed(graph, "Service", POOLER, lambda inputs: put(inputs, "deploymentMaximumPercent", 300)),
        *((short("TaskDefinition", POOLER),
           f"12 tasks x 55 connections to estate-prod-platform{server} are 660; 90 % of max_connections 500 less 10"
           " reserved are 440") for server in ("", "-replica-1", "-replica-2", "-replica-3"))),
    breaker(
        "pooler-ceiling", "autoscaling's ceiling",
        lambda graph: changed(graph, "Target", POOLER, lambda inputs: put(inputs, "maxCapacity", 5)),
        *((short("TaskDefinition", POOLER),
           f"10 tasks x 55 connections to estate-prod-platform{server} are 550; 90 % of max_connections 500 less 10"
           " reserved are 440") for server in ("", "-replica-1", "-replica-2", "-replica-3"))),
    container("pooler-ceiling", POOLER, ini("pool_size=42 max_db_connections=42", "pool_size=43 max_db_connections=43"),
              "one connection more to a replica",
              *(f"8 tasks x 56 connections to estate-prod-platform-replica-{number} are 448; 90 % of max_connections"
                " 500 less 10 reserved are 440" for number in (1, 2, 3))),
    sets("pooler-survives-a-zone", "Service", POOLER, "desiredCount", 1, "it runs 1 task, 2 are asked for"),
    sets("pooler-survives-a-zone", "Service", POOLER, "networkConfiguration.subnets", ["network-private-1-id"],
         "all of its tasks stand in one zone"),
    sets("deployments-rolled-back", "Service", POOLER, "deploymentCircuitBreaker", None,
         "an image that does not start is tried for ever"),
    sets("deployments-rolled-back", "Service", POOLER, "deploymentMinimumHealthyPercent", 50,
         "a deployment stops old tasks before new ones serve"),
    sets("no-shell-into-tasks", "Service", POOLER, "enableExecuteCommand", True,
         "whoever may call ECS gets a shell in its tasks"),
    container("tasks-unprivileged", POOLER, lambda row: _fields(row, privileged=True), "privileged",
              "container pooler is privileged"),
    container("tasks-unprivileged", POOLER,
              lambda row: _fields(row, linuxParameters={"capabilities": {"add": ["SYS_PTRACE"]}}), "capabilities",
              "container pooler has more capabilities than it was given: SYS_PTRACE"),
    sets("tasks-unprivileged", "TaskDefinition", POOLER, "pidMode", "host",
         "it shares the host's namespace: pidMode"),
    sets("tasks-unprivileged", "TaskDefinition", POOLER, "networkMode", "host", "its network mode is host"),
    container("tasks-read-only", "platform-dump", lambda row: _fields(row, readonlyRootFilesystem=False), "writes",
              "container dump may write into its own image"),
    container("tasks-logged", "platform-dump", lambda row: _fields(row, logConfiguration=None), "silent",
              "container dump writes no log"),
    container("images-by-digest", "platform-dump", lambda row: _fields(row, image="registry.example/schema:1"),
              "a tag", "container dump runs a tag, schema:1, and a tag can be moved"),
    sets("container-insights", "Cluster", "cluster-tasks", "settings",
         [{"name": "containerInsights", "value": "disabled"}],
         "Container Insights is off: nobody sees what a task uses"),
)  # fmt: skip

EVERYBODY = {"AWS": "*"}
ACCESS = (
    breaker("documents-readable", "not JSON",
             lambda graph: changed(graph, "RolePolicy", "platform-pooler-execution",
                                   lambda inputs: put(inputs, "policy", "{'Statement': []}")),
             (short("RolePolicy", "platform-pooler-execution"), "policy: it is not a policy document in JSON")),
    says("no-wildcard-principals", "Key", "keys-storage", "policy", ANYBODY,
         Principal=EVERYBODY, Action="kms:Decrypt", Resource="*"),
    says("no-wildcard-principals", "Role", "platform-schema-execution", "assumeRolePolicy", ANYBODY,
         Principal="*", Action="sts:AssumeRole"),
    says("no-wildcard-principals", "BucketPolicy", "dumps", "policy", ANYBODY,
         Principal="*", Action="s3:GetObject", Resource="*"),
    says("no-wildcard-principals", "TopicPolicy", "alerts", "policy", ANYBODY,
         NotPrincipal={"AWS": f"{ARN}:root"}, Action="sns:Publish", Resource="*"),
    says("no-wildcard-principals", "Key", "keys-logs", "policy", ANYBODY, Principal="*", Action="kms:Decrypt",
         Resource="*", Condition={"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}}),
    says("no-wildcard-principals", "Key", "keys-logs", "policy", ANYBODY, Principal="*", Action="kms:Decrypt",
         Resource="*", Condition={"StringLike": {"aws:PrincipalAccount": "*"}}),
    says("no-wildcard-actions", "RolePolicy", "platform-schema-execution", "policy",
         "statement More allows secretsmanager:*", Action=["secretsmanager:*"], Resource=f"{ARN}:x"),
    says("no-wildcard-actions", "RolePolicy", "platform-schema-execution", "policy",
         "statement More allows NotAction", NotAction=["iam:*"], Resource=f"{ARN}:x"),
    says("no-wildcard-actions", "Key", "keys-dumps", "policy", "statement More allows *",
         Principal={"AWS": f"{ARN}:root"}, Action="*", Resource="*"),
    says("resources-named", "RolePolicy", "platform-schema-execution", "policy",
         "statement More allows rds:DeleteDBInstance on every resource", Action="rds:DeleteDBInstance", Resource="*"),
    says("resources-named", "RolePolicy", "platform-schema-execution", "policy",
         "statement More allows s3:GetObject on every resource",
         Action=["s3:GetObject", "ecr:GetAuthorizationToken"], NotResource="arn:aws:s3:::one"),
    sets("no-broad-managed-policies", "RolePolicyAttachment", "platform-backups-restore", "policyArn",
         "arn:aws:iam::aws:policy/AdministratorAccess", "AdministratorAccess grants whole services"),
    sets("no-broad-managed-policies", "RolePolicyAttachment", "platform-backups-restore", "policyArn",
         "arn:aws:iam::aws:policy/AmazonS3FullAccess", "AmazonS3FullAccess grants whole services"),
    sets("roles-bounded", "Role", "platform-schema-execution", "permissionsBoundary", None,
         "it has no permissions boundary"),
    says("endpoints-restricted", "VpcEndpoint", "network-s3", "policy",
         "statement More lets every identity reach every account through it",
         Principal="*", Action="s3:GetObject", Resource="*"),
    sets("endpoints-restricted", "VpcEndpoint", "network-s3", "policy", None,
         "it has no policy, and AWS's own lets every identity reach every account through it"),
    sets("no-secret-in-clear", "Instance", PRIMARY, "password", "Visible-1", "password stands in the state in clear"),
    sets("no-secret-in-clear", "SecretVersion", "platform-credentials-master", "secretString", "Visible-1",
         "secretString stands in the state in clear"),
    sets("no-secret-in-clear", "Queue", "platform-schedules-failed", "tags.Note", "postgres://app:hunter2@db/x",
         "tags.Note holds what looks like an address with a password"),
    sets("no-secret-in-clear", "Queue", "platform-schedules-failed", "tags.Note", "AKIAIOSFODNN7EXAMPLE",
         "tags.Note holds what looks like an access key of AWS"),
    container("no-secret-in-clear", "platform-schema", variable("MASTER_PASSWORD", "hunter2"), "a password",
              "MASTER_PASSWORD of container schema is a plain value, not a secret"),
)  # fmt: skip


def _for_a_week(inputs: dict[str, Any]) -> None:
    for row in inputs["rules"]:
        row["lifecycle"]["deleteAfter"] = 7


KEEPING = (
    options("protected", "Instance", PRIMARY, DELETED, protect=False),
    options("protected", "Key", "keys-logs", DELETED, protect=False),
    options("protected", "Secret", "platform-credentials-master", DELETED, protect=False),
    options("protected", "Vpc", "network-vpc", DELETED, protect=False),
    options("backups-outlive-the-stack", "Bucket", "dumps", OUTLIVED, retain=False),
    options("backups-outlive-the-stack", "Vault", "vault", OUTLIVED, retain=False),
    *(options("backups-outlive-the-stack", "Key", f"keys-{purpose}", OUTLIVED, retain=False)
      for purpose in ("storage", "dumps", "vault", "recovery")),
    gone("snapshots-kept", "Selection", "platform-backups",
         (short("Instance", PRIMARY), "AWS Backup takes no snapshots of it")),
    breaker("snapshots-kept", "a week", lambda graph: changed(graph, "Plan", "platform-backups", _for_a_week),
             (short("Instance", PRIMARY), "no plan keeps its snapshots for 28 days")),
    gone("vault-locked", "VaultLockConfiguration", "vault",
         (short("Vault", "vault"), "its snapshots can be deleted at any time")),
    gone("backups-elsewhere", "InstanceAutomatedBackupsReplication", "platform-backups-replicated",
         (short("Instance", PRIMARY), "its backups are in one region only")),
    sets("alarms-heard", "MetricAlarm", "platform-monitoring-primary-iops", "alarmActions", None,
         "nobody is told when it goes off"),
    sets("alarms-heard", "MetricAlarm", "platform-monitoring-primary-iops", "actionsEnabled", False,
         "its actions are switched off"),
    breaker(
        "alarms-heard", "a part that the whole forgot",
        lambda graph: changed(graph, "CompositeAlarm", "platform-monitoring-page", lambda inputs: put(
            inputs, "alarmRule", inputs["alarmRule"].replace('ALARM("estate-prod-platform-crashes") OR ', ""))),
        (short("MetricAlarm", "platform-monitoring-crashes"), "nobody is told when it goes off")),
    gone("somebody-listens", "TopicSubscription", "alerts-on-call-at-example-com",
         (short("Topic", "alerts"), "nobody has subscribed to it")),
    sets("tagged", "Bucket", "dumps", "tags", {"Stack": "prod"}, "it lacks the tag ManagedBy"),
    sets("tagged", "Secret", "platform-credentials-master", "tags", None, "it lacks the tags ManagedBy, Stack"),
)  # fmt: skip

BREAKERS: tuple[Breaker, ...] = (*DATABASE, *STORAGE, *NETWORK, *TASKS, *ACCESS, *KEEPING)
