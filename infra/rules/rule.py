"""A rule between values of a configuration, and how rules are judged. Pure.

A rule is judged when every value it needs is well-formed; its words may name those values in braces, dots
written as underscores and @ as at_. Names with @ are not keys but what follows from them, or from elsewhere:

| name | what it is |
|---|---|
| @stack, @region | the stack's name and its region (None when nobody said it) |
| @recovery | the recovery region, None without one |
| @connections | max_connections of a service's servers |
| @overrides | the service's well-formed parameters |
| @roles | its login roles |
| @memory | the memory sizes that Fargate offers with the pooler's CPU units, in words |
| @backup_window, @maintenance_window | a service's windows, for a rule about one of its jobs |
| @tasks, @databases | addresses that all services' tasks and servers may need at once |
| @fixed | addresses that endpoints and load balancers take of each private subnet |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from infra.config_shape import Problem, View, show
from infra.sources import Source


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold between some values, and what to say when it does not; the first need is the key at fault.

    `why` is for the reader of the reference: why a decision of the estate's own is not AWS's.
    """

    name: str
    needs: tuple[str, ...]
    holds: Callable[..., bool]
    allowed: str
    mend: str
    source: Source
    why: str = ""


def judge(rules: tuple[Rule, ...], view: View, at: str) -> Iterator[Problem]:
    """A problem for each rule that does not hold; rules whose values are not well-formed are left out."""
    for rule in rules:
        if any(name not in view for name in rule.needs):
            continue
        values = [view[name] for name in rule.needs]
        if rule.holds(*values):
            continue
        words = {
            name.replace("@", "at_").replace(".", "_"): value if isinstance(value, str) else show(value)
            for name, value in zip(rule.needs, values, strict=True)
        }
        fault = rule.needs[0]
        path = fault.removeprefix("@") if fault.startswith("@") else f"{at}.{fault}"
        yield Problem(path, values[0], rule.allowed.format(**words), rule.mend.format(**words))
