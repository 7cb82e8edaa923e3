# modules/database/rds-postgres/main.tf
resource "aws_db_parameter_group" "postgres" {
  name   = "${var.environment}-postgres-params"
  family = "postgres15"

  # Connection and Authentication
  parameter {
    name  = "max_connections"
    value = "500"
  }

  # Memory Configuration
  parameter {
    name  = "shared_buffers"
    value = "{DBInstanceClassMemory/4096}" # 25% of instance memory
  }

  parameter {
    name  = "effective_cache_size"
    value = "{DBInstanceClassMemory*3/4096}" # 75% of instance memory
  }

  parameter {
    name  = "maintenance_work_mem"
    value = "2097152" # 2GB in KB
  }

  parameter {
    name  = "work_mem"
    value = "16384" # 16MB in KB
  }

  # Write Ahead Log
  parameter {
    name  = "wal_buffers"
    value = "16384" # 16MB in 8KB blocks
  }

  parameter {
    name  = "checkpoint_timeout"
    value = "900" # 15 minutes
  }

  parameter {
    name  = "checkpoint_completion_target"
    value = "0.9"
  }

  # Query Planner
  parameter {
    name  = "random_page_cost"
    value = "1.1" # SSD optimized
  }

  parameter {
    name  = "effective_io_concurrency"
    value = "200" # For SSD
  }

  # Logging
  parameter {
    name  = "log_min_duration_statement"
    value = "1000" # Log queries > 1 second
  }

  parameter {
    name  = "log_connections"
    value = "1"
  }

  parameter {
    name  = "log_disconnections"
    value = "1"
  }

  parameter {
    name  = "log_lock_waits"
    value = "1"
  }

  # Auto Vacuum
  parameter {
    name  = "autovacuum_max_workers"
    value = "4"
  }

  parameter {
    name  = "autovacuum_naptime"
    value = "30" # 30 seconds
  }

  # Replication
  parameter {
    name  = "max_wal_senders"
    value = "10"
  }

  parameter {
    name  = "wal_keep_size"
    value = "1024" # 1GB in MB
  }

  tags = {
    Name        = "${var.environment}-postgres-params"
    Environment = var.environment
  }
}

resource "aws_db_instance" "postgres" {
  identifier     = "${var.environment}-postgres"
  engine         = "postgres"
  engine_version = "15.4"

  # Instance Configuration
  instance_class = var.instance_class # db.r6g.2xlarge for production

  # Storage Configuration
  allocated_storage     = 100  # Initial 100 GB
  max_allocated_storage = 1000 # Auto-scale to 1 TB
  storage_type          = "gp3"
  iops                  = 12000
  storage_throughput    = 500
  storage_encrypted     = true
  kms_key_id           = var.kms_key_id

  # Database Configuration
  db_name  = var.database_name
  username = var.master_username
  password = var.master_password # Use AWS Secrets Manager
  port     = 5432

  # Parameter and Option Groups
  parameter_group_name = aws_db_parameter_group.postgres.name

  # Network Configuration
  multi_az               = true
  db_subnet_group_name   = aws_db_subnet_group.postgres.name
  vpc_security_group_ids = [var.security_group_id]
  publicly_accessible    = false

  # Backup Configuration
  backup_retention_period   = 30
  backup_window            = "03:00-04:00"
  maintenance_window       = "sun:04:00-sun:05:00"
  copy_tags_to_snapshot    = true
  delete_automated_backups = false

  # Monitoring
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
  monitoring_interval            = 60
  monitoring_role_arn           = var.monitoring_role_arn
  performance_insights_enabled   = true
  performance_insights_retention_period = 7

  # High Availability
  auto_minor_version_upgrade = true
  deletion_protection       = var.environment == "production"
  skip_final_snapshot      = var.environment != "production"
  final_snapshot_identifier = var.environment == "production" ? "${var.environment}-final-snapshot-${formatdate("YYYY-MM-DD-hhmm", timestamp())}" : null

  tags = {
    Name        = "${var.environment}-postgres"
    Environment = var.environment
  }
}

# Read Replicas
resource "aws_db_instance" "postgres_replica" {
  count              = var.read_replica_count
  identifier         = "${var.environment}-postgres-replica-${count.index + 1}"
  replicate_source_db = aws_db_instance.postgres.identifier

  instance_class = var.replica_instance_class

  # Performance Insights
  performance_insights_enabled          = true
  performance_insights_retention_period = 7

  # Monitoring
  monitoring_interval = 60
  monitoring_role_arn = var.monitoring_role_arn

  # No backups for replicas
  backup_retention_period = 0

  auto_minor_version_upgrade = true

  tags = {
    Name        = "${var.environment}-postgres-replica-${count.index + 1}"
    Environment = var.environment
    Role        = "ReadReplica"
  }
}
