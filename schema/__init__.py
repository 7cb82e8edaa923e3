"""Give one service's database its roles and its schema: `python -m schema apply|status`."""
