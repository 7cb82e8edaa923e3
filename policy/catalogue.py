"""All policies, in the order in which they are reported."""

from __future__ import annotations

from collections.abc import Mapping

from policy import access, database, keeping, network, server, storage, tasks
from policy.core import Policy

GROUPS: tuple[tuple[str, tuple[Policy, ...]], ...] = (
    ("Databases", (*database.POLICIES, *server.POLICIES)),
    ("What is kept and encrypted", storage.POLICIES),
    ("The network", network.POLICIES),
    ("Tasks and the pooler", tasks.POLICIES),
    ("Who may do what", access.POLICIES),
    ("What stays, and who is told", keeping.POLICIES),
)
"""Headings of the reference page, each with its policies."""

POLICIES: tuple[Policy, ...] = tuple(policy for _, group in GROUPS for policy in group)

BY_NAME: Mapping[str, Policy] = {policy.name: policy for policy in POLICIES}
assert len(BY_NAME) == len(POLICIES), "two policies have one name"
