"""Each resource type with the inputs of an ordinary program, and a change that is made in place."""

from __future__ import annotations

from tests.unit.provider.cases import backup, databases, identity, monitoring, network, tasks
from tests.unit.provider.cases.kit import Cases

CASES: Cases = {
    **backup.CASES,
    **databases.CASES,
    **identity.CASES,
    **monitoring.CASES,
    **network.CASES,
    **tasks.CASES,
}
