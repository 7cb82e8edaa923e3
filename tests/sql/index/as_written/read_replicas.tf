# Terraform configuration for read replicas
resource "aws_db_instance" "postgres_read_replica" {
  count = 3

  identifier          = "${var.environment}-postgres-replica-${count.index + 1}"
  replicate_source_db = aws_db_instance.postgres.identifier

  # Use smaller instance class for read replicas
  instance_class = "db.r6g.xlarge"

  # Enable Performance Insights
  performance_insights_enabled          = true
  performance_insights_retention_period = 7

  # Enhanced Monitoring
  monitoring_interval = 60
  monitoring_role_arn = var.monitoring_role_arn

  # Auto minor version upgrade
  auto_minor_version_upgrade = true

  # Place in different AZs for HA
  availability_zone = element(var.availability_zones, count.index)

  tags = {
    Name        = "${var.environment}-postgres-replica-${count.index + 1}"
    Environment = var.environment
    Role        = "ReadReplica"
    AZ          = element(var.availability_zones, count.index)
  }
}

# Application-side read replica routing
output "read_replica_endpoints" {
  value = aws_db_instance.postgres_read_replica[*].endpoint
}
