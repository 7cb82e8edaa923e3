"""The cases of RDS."""

from __future__ import annotations

from tests.unit.provider.cases.kit import OTHER_TAGS, TAGS, Cases, Inputs
from tests.unit.provider.conftest import World


def instance(w: World) -> Inputs:
    return {
        "identifier": "estate-case-primary",
        "engine": "postgres",
        "engineVersion": "16",
        "instanceClass": "db.t4g.medium",
        "allocatedStorage": 100,
        "maxAllocatedStorage": 200,
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": w.key(0),
        "dbName": "platform",
        "username": "estate_admin",
        "password": "correct-horse",
        "port": 5432,
        "multiAz": False,
        "dbSubnetGroupName": w.subnet_group(),
        "vpcSecurityGroupIds": [w.group(0)],
        "publiclyAccessible": False,
        "parameterGroupName": w.parameter_group(),
        "backupRetentionPeriod": 7,
        "backupWindow": "03:00-04:00",
        "maintenanceWindow": "sun:04:00-sun:05:00",
        "copyTagsToSnapshot": True,
        "deleteAutomatedBackups": False,
        "autoMinorVersionUpgrade": True,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "performanceInsightsEnabled": True,
        "performanceInsightsRetentionPeriod": 7,
        "enabledCloudwatchLogsExports": ["postgresql"],
        "applyImmediately": True,
        "skipFinalSnapshot": True,
        "tags": TAGS,
    }


CASES: Cases = {
    "aws:rds/subnetGroup:SubnetGroup": lambda w: (
        {"subnetIds": [w.subnet(0), w.subnet(1)], "description": "databases", "tags": TAGS},
        {"subnetIds": [w.subnet(0), w.subnet(1), w.subnet(2)], "tags": OTHER_TAGS},
    ),
    "aws:rds/parameterGroup:ParameterGroup": lambda w: (
        {
            "family": "postgres16",
            "description": "platform",
            "parameters": [
                {"name": "work_mem", "value": "8192"},
                {"name": "max_connections", "value": "200", "applyMethod": "pending-reboot"},
            ],
            "tags": TAGS,
        },
        {"parameters": [{"name": "work_mem", "value": "4096"}], "tags": OTHER_TAGS},
    ),
    "aws:rds/instance:Instance": lambda w: (
        instance(w),
        {
            "instanceClass": "db.t4g.large",
            "backupRetentionPeriod": 14,
            "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
            "password": "wrong-donkey",
            "tags": OTHER_TAGS,
        },
    ),
}
