"""What a policy is, what it looks at, and what it finds. Pure: plain data in, findings out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["production", "development", "local"]
LEVELS: tuple[Level, ...] = ("production", "development", "local")

Severity = Literal["mandatory", "advisory", "unknown"]
"""`mandatory` ends a deployment, `advisory` is said, `unknown` could not be judged: a value is not known yet."""

Weight = Literal["mandatory", "advisory", "allowed"]
"""What a policy weighs at one level; `allowed` says that the level may do without it."""


class Unknown:
    """A value that the engine knows only after the update, such as the ARN of a key that is still to be made."""

    def __repr__(self) -> str:
        return "(known after the update)"


class Secret:
    """A value that the engine keeps as a secret. The value itself is dropped when a graph is read."""

    def __repr__(self) -> str:
        return "(secret)"


UNKNOWN, SECRET = Unknown(), Secret()


def at(value: Any, path: str, default: Any = None) -> Any:
    """The value at a path into mappings; UNKNOWN or SECRET where a part of the way is one."""
    for part in path.split("."):
        if isinstance(value, (Unknown, Secret)):
            return value
        if not isinstance(value, Mapping) or value.get(part) is None:
            return default
        value = value[part]
    return value


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as the program asks for it.

    `inputs` are plain values, or UNKNOWN or SECRET in place of one. `retain` is None where the asker was not told.
    `parent` is the parent's URN, or whatever else is the same for all children of one component. `ids` are the names by
    which others refer to it, as far as they are known: id, ARN, physical name.
    """

    type: str
    name: str
    inputs: Mapping[str, Any]
    protect: bool = False
    retain: bool | None = False
    parent: str = ""
    ids: frozenset[str] = frozenset()

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a path such as `networkConfiguration.assignPublicIp`; UNKNOWN where a part of it is."""
        return at(self.inputs, path, default)

    @property
    def short(self) -> str:
        """`rds.Instance platform-primary`."""
        parts = self.type.split(":")
        kind = f"{parts[1].split('/')[0]}.{parts[2]}" if len(parts) == 3 else self.type
        return f"{kind} {self.name}"


class Graph:
    """All resources of a stack, looked up by type."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources: tuple[Resource, ...] = tuple(resources)
        self._by_type: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            self._by_type[resource.type].append(resource)

    def of(self, *types: str) -> Iterator[Resource]:
        """The resources of these types, in the graph's order."""
        for kind in types:
            yield from self._by_type.get(kind, ())


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a resource; or, with `unknown`, something that cannot be judged before the update."""

    resource: Resource
    message: str
    unknown: bool = False


GraphCheck = Callable[[Graph], Iterable[Finding]]
ResourceCheck = Callable[[Resource], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Weights:
    """What a policy weighs at each level."""

    production: Weight = "mandatory"
    development: Weight = "mandatory"
    local: Weight = "mandatory"

    def at(self, level: Level) -> Weight:
        """The weight at this level."""
        weight: Weight = getattr(self, level)
        return weight


EVERYWHERE = Weights()
"""For what costs nothing and no stack has a reason to leave out."""

NOT_LOCAL = Weights(local="allowed")
"""For what the machine of a developer cannot do: the embedded PostgreSQL has no TLS."""

ADVISED_IN_DEVELOPMENT = Weights(development="advisory", local="allowed")
"""For what development may do without, and should know that it does."""

PRODUCTION = Weights(development="allowed", local="allowed")
"""For what costs money or stands in the way of making a stack anew each week (infra/profiles.py)."""

ADVICE = Weights(production="advisory", development="allowed", local="allowed")
"""For what production should have, and what nothing ends without."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule over a stack's resources.

    It judges each resource of `types` by itself with `each`, or the graph as a whole with `whole`: exactly one of the
    two. `controls` are the public controls that ask for the same; `reason` says why the estate does.
    """

    name: str
    reason: str
    mend: str
    controls: tuple[str, ...] = ()
    weights: Weights = EVERYWHERE
    types: tuple[str, ...] = ()
    each: ResourceCheck | None = None
    whole: GraphCheck | None = None

    def __post_init__(self) -> None:
        assert (self.each is None) != (self.whole is None), self.name
        assert (self.each is not None) == bool(self.types), self.name

    def check(self, graph: Graph) -> Iterator[Finding]:
        """What is wrong in this graph."""
        if self.whole is not None:
            yield from self.whole(graph)
        if self.each is not None:
            for resource in graph.of(*self.types):
                yield from self.each(resource)


@dataclass(frozen=True, slots=True)
class Violation:
    """A finding, weighed: the row that an operator reads. It holds no value of the resource that is a secret."""

    policy: str
    severity: Severity
    resource: str
    message: str
    mend: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.policy}: {self.resource}: {self.message}; {self.mend}"


@dataclass(slots=True)
class _Unjudged:
    """What one policy could not judge: counted, since a first preview knows few ARNs."""

    names: list[str] = field(default_factory=list)
    messages: dict[str, None] = field(default_factory=dict)


def run(graph: Graph, policies: Sequence[Policy], level: Level) -> list[Violation]:
    """The violations of a graph at a level, the gravest first, then in the order of the policies.

    What could not be judged is one row for each policy, however many resources it is about: it is neither right nor
    wrong, and is judged again in the update and in every later preview.
    """
    found: dict[Severity, list[Violation]] = {"mandatory": [], "advisory": [], "unknown": []}
    for policy in policies:
        weight = policy.weights.at(level)
        if weight == "allowed":
            continue
        later = _Unjudged()
        for finding in policy.check(graph):
            if finding.unknown:
                later.names.append(finding.resource.name)
                later.messages.setdefault(finding.message)
            else:
                found[weight].append(
                    Violation(policy.name, weight, finding.resource.short, finding.message, policy.mend)
                )
        if later.names:
            found["unknown"].append(_later(policy, later))
    return [row for severity in ("mandatory", "advisory", "unknown") for row in found[severity]]


def _later(policy: Policy, later: _Unjudged) -> Violation:
    names = list(dict.fromkeys(later.names))
    about = names[0] if len(names) == 1 else f"{len(names)} resources, {names[0]} among them"
    message = f"known after the update: {', '.join(later.messages)}"
    return Violation(policy.name, "unknown", about, message, "preview again after the update")
