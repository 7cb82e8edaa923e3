"""Every rule, in the order in which they are explained."""

from __future__ import annotations

from schema.lint import (
    rules_column,
    rules_constraint,
    rules_file,
    rules_index,
    rules_lock,
    rules_loss,
    rules_name,
    rules_partition,
    rules_security,
)
from schema.lint.rule import Rule

RULES: tuple[Rule, ...] = (
    *rules_index.RULES,
    *rules_constraint.RULES,
    *rules_column.RULES,
    *rules_partition.RULES,
    *rules_lock.RULES,
    *rules_loss.RULES,
    *rules_name.RULES,
    *rules_security.RULES,
    *rules_file.RULES,
)
BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES}
