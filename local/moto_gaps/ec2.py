"""EC2's security group rules."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import security_groups as moto_security_groups

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
security_groups: Any = moto_security_groups


def restore_rule_descriptions(reality: Reality | None) -> None:
    """The description lies with what the rule points at; moto looks only at address ranges."""

    def description(self: Any) -> str | None:
        found: str | None = self.ip_range.get("Description") or self.source_group.get("Description")
        return found

    security_groups.SecurityGroupRule.description = property(description)
