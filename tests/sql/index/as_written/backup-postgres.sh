#!/bin/bash
# backup-postgres.sh

set -e

# Configuration
BACKUP_DIR="/var/backups/postgres"
RETENTION_DAYS=30
DB_HOST="postgres-primary.abc123.us-east-1.rds.amazonaws.com"
DB_PORT="5432"
DB_NAME="production"
DB_USER="backup_user"
S3_BUCKET="s3://prod-db-backups"
TIMESTAMP=$(date +%Y%m%d_%H%M%S)

# Create backup directory
mkdir -p ${BACKUP_DIR}

# Dump database
echo "Starting backup at $(date)"
pg_dump -h ${DB_HOST} -p ${DB_PORT} -U ${DB_USER} -d ${DB_NAME} \
    -F custom -b -v -f ${BACKUP_DIR}/backup_${TIMESTAMP}.dump

# Compress backup
echo "Compressing backup..."
pigz -9 ${BACKUP_DIR}/backup_${TIMESTAMP}.dump

# Upload to S3
echo "Uploading to S3..."
aws s3 cp ${BACKUP_DIR}/backup_${TIMESTAMP}.dump.gz \
    ${S3_BUCKET}/daily/backup_${TIMESTAMP}.dump.gz \
    --storage-class STANDARD_IA

# Remove local backup
rm ${BACKUP_DIR}/backup_${TIMESTAMP}.dump.gz

# Clean up old backups
echo "Cleaning up old backups..."
find ${BACKUP_DIR} -name "*.dump.gz" -mtime +${RETENTION_DAYS} -delete

# Clean up old S3 backups
aws s3 ls ${S3_BUCKET}/daily/ | while read -r line; do
    createDate=$(echo $line | awk {'print $1" "$2'})
    createDate=$(date -d "$createDate" +%s)
    olderThan=$(date -d "-${RETENTION_DAYS} days" +%s)
    if [[ $createDate -lt $olderThan ]]; then
        fileName=$(echo $line | awk {'print $4'})
        if [[ $fileName != "" ]]; then
            aws s3 rm ${S3_BUCKET}/daily/$fileName
        fi
    fi
done

echo "Backup completed at $(date)"
