"""How strict the policies are with a stack. Pure."""

from __future__ import annotations

from policy.core import Level

LOCAL_STACK = "local"
PRODUCTION_STACK = "prod"


def level_of(stack: str, profile: str | None) -> Level:
    """The level of a stack with this profile: `production`, `development` or `local`.

    The stack `prod` is production whatever its profile says, and so is a stack whose profile is unknown (None):
    whoever cannot say what a stack is gets the strict answer.
    """
    if stack == LOCAL_STACK:
        return "local"
    if stack == PRODUCTION_STACK or profile != "development":
        return "production"
    return "development"
