"""What exists in AWS: the Pulumi program of the PostgreSQL estate."""
