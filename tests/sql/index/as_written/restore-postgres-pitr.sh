#!/bin/bash
# restore-postgres-pitr.sh

set -e

# Configuration
RESTORE_TIME="2024-01-15 14:30:00 UTC"
DB_INSTANCE_ID="production-postgres"
SNAPSHOT_ID="automated-snapshot-2024-01-15"
RESTORED_INSTANCE_ID="production-postgres-restored-$(date +%Y%m%d%H%M%S)"

# Restore to point in time
aws rds restore-db-instance-to-point-in-time \
    --source-db-instance-identifier ${DB_INSTANCE_ID} \
    --target-db-instance-identifier ${RESTORED_INSTANCE_ID} \
    --restore-time "${RESTORE_TIME}" \
    --db-instance-class db.r6g.2xlarge \
    --multi-az \
    --vpc-security-group-ids sg-0123456789abcdef \
    --db-subnet-group-name production-db-subnet-group

echo "Restore initiated. Instance ID: ${RESTORED_INSTANCE_ID}"
echo "Monitor progress with: aws rds describe-db-instances --db-instance-identifier ${RESTORED_INSTANCE_ID}"
