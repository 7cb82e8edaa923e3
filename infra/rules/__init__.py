"""Every rule between values of a configuration, in tables by subject. Pure."""

from __future__ import annotations

from infra.rules import backup, estate, pooler, production, server, storage
from infra.rules.rule import Rule, judge

__all__ = ["CAPACITY_RULES", "ESTATE_RULES", "JOB_RULES", "SERVICE_RULES", "Rule", "judge"]

SERVICE_RULES: tuple[Rule, ...] = (
    *storage.RULES,
    *server.RULES,
    *backup.RULES,
    *pooler.RULES,
    *production.RULES,
)
JOB_RULES: tuple[Rule, ...] = backup.JOB_RULES
ESTATE_RULES: tuple[Rule, ...] = estate.RULES
CAPACITY_RULES: tuple[Rule, ...] = estate.CAPACITY_RULES
