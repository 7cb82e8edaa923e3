"""The local cloud's Pulumi provider: the AWS resource types of this estate over boto3, as a table."""
