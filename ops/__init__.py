"""The operator's command, `dbctl`: deploy, preview with its risks, connect, inspect.

`ops` is the only room that may use `infra`, `schema` and `local` together.
"""
