"""What runs in a pooler task beside PgBouncer: its supervisor and its exporter. Only Python's standard library."""
