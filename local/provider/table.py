"""The row language: what a resource type is, told as data. Adding a resource type is adding a Row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# A template is a literal, a dict or list of templates, or one of the placeholders below. A placeholder
# without a value takes its key with it, and so does a dict or list in which nothing was left.
Template = Any
Shape = Callable[[Any], Any] | Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class In:
    """The value of an input; dots lead into it ("healthCheck.interval").

    A shape rewrites it: a template in which Item() is the value, or a function, whose None drops the key.
    A quiet input goes along in the request but its change alone makes no call (applyImmediately).
    """

    name: str
    shape: Shape = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A field of the thing at hand: an element of `each`, or of the input being shaped; '' is all of it."""

    name: str = ""
    shape: Shape = None
    otherwise: Any = None


@dataclass(frozen=True, slots=True)
class Out:
    """A recorded output or input: what the resource was called before this operation began."""

    name: str
    otherwise: Template = None
    shape: Shape = None


@dataclass(frozen=True, slots=True)
class Id:
    """The resource's id, or one part of it where the id is composed ("role:name")."""

    separator: str = ""
    part: int = 0
    splits: int = -1


@dataclass(frozen=True, slots=True)
class Added:
    """Elements of a list or map input that are new or different; `by` names the field that identifies one."""

    name: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Removed:
    """Elements of a list or map input that are gone; of a map the keys, with `by` the whole elements."""

    name: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """A dict that makes sense only complete: one part without a value and all of it is left out."""

    parts: Mapping[str, Template]


@dataclass(frozen=True, slots=True)
class When:
    """A template that makes sense only when this input is given."""

    name: str
    template: Template


Changes = Added | Removed


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS operation, named as boto3 names it, with the template of its request.

    As a setter it is made when an input that it uses has changed, and then carries the changed inputs only,
    unless `whole`. With `each` it is made once for every `size` elements. Inputs in one group of `together`
    are sent as soon as one of them changed, because AWS wants them side by side.
    """

    operation: str
    request: Mapping[str, Template]
    each: Changes | None = None
    size: int = 1
    whole: bool = False
    together: tuple[frozenset[str], ...] = ()
    given: str = ""
    unless: str = ""
    removed: str = ""
    only_if: Mapping[str, Any] = field(default_factory=dict)
    not_if: Mapping[str, Any] = field(default_factory=dict)
    tolerate: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Look:
    """A read-only call and the JMESPath to what it is made for; `into` names its place beside the main one.

    `$name` in the path stands for the value of that template in `where`; `absent` are error codes that, beside
    the usual ones, say that nothing is there.
    """

    operation: str
    request: Mapping[str, Template]
    path: str
    into: str = ""
    service: str = ""
    where: Mapping[str, Template] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Inside:
    """What lies in a container that AWS deletes only empty; it goes first when the input `when` is true.

    `call` is made with up to `call.size` of the elements that `look` finds, as Item(), until nothing is found.
    """

    when: str
    look: Look
    call: Call


@dataclass(frozen=True, slots=True)
class Poll:
    """What to wait for: until the value that `look` finds is `done`; None stands for gone."""

    look: Look
    done: tuple[str | None, ...]
    failed: tuple[str, ...] = ()
    only_if: str = ""
    # The local cloud makes a database in seconds; ten minutes bound a base backup of a big one.
    seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Autoname:
    """The input that is filled in when the program names nothing: logical name, "-" and 7 hex digits."""

    input: str = "name"
    longest: int = 255
    lower: bool = False
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One resource type: its calls, its force-new inputs, its computed outputs."""

    urn_type: str
    """The type as the engine writes it: aws:module/file:Name."""
    service: str
    create: tuple[Call, ...]
    """Alternatives: the first whose condition holds is made."""
    id: str
    """JMESPath over {response, inputs}; the response is the create call's."""
    read: tuple[Look, ...]
    """The first finds the object (nothing = gone); the others put what they find beside it."""
    delete: tuple[Call, ...]
    finish: tuple[Call, ...] = ()
    """Calls after every creation, whatever the inputs are."""
    inside: Inside | None = None
    """What must go before it can be deleted."""
    setters: tuple[Call, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Computed output -> JMESPath over what was read."""
    observed: Mapping[str, str] = field(default_factory=dict)
    """Input -> JMESPath over what was read: how drift is seen, and what an import finds."""
    required: frozenset[str] = frozenset()
    force_new: frozenset[str] = frozenset()
    force_new_value: frozenset[str] = frozenset()
    """Inputs that make a new resource when given another value; taking them away is a change in place."""
    excludes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Input -> inputs that cannot be given beside it."""
    exclusive: bool = False
    """AWS allows one of it at a time, so that a replacement must delete first."""
    sticky: frozenset[str] = frozenset()
    """Inputs for which AWS finds a value when none is given: leaving one out later changes nothing."""
    client_side: frozenset[str] = frozenset()
    """Inputs that tell the provider how to behave and make no call of their own."""
    secret: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    canonical: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    """How to compare values of an input that mean the same in different writings (JSON, sets)."""
    seen_as: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict)
    """Whether what AWS reports is what was given, where it reports it in other words (id and ARN)."""
    moves: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Input -> outputs that an in-place change of it may change."""
    autoname: Autoname | None = None
    ready: Poll | None = None
    gone: Poll | None = None
    kept_when: str = ""
    """The input that, when true, makes deletion forget the resource instead."""
    read_id: str = ""
    """JMESPath to the id in what was read, where an import may be asked for by another name."""
    regional: bool = True

    @property
    def inputs(self) -> dict[str, Any]:
        """Every input that this row understands -> the fields understood inside of it, None for any."""
        known: dict[str, Any] = {}
        for call in (*self.create, *self.setters):
            for placeholder in placeholders(call.request):
                if isinstance(placeholder, In | Added | Removed):
                    shape = placeholder.shape if isinstance(placeholder, In) else None
                    _learn(known, placeholder.name, nested(shape))
            if call.each is not None:
                _learn(known, call.each.name, nested(call.request))
            for name in (call.given, call.unless, call.removed, *call.only_if, *call.not_if):
                known.setdefault(name, None)
        known.pop("", None)
        for name in self.client_side | set(self.defaults):
            known.setdefault(name, None)
        if self.inside is not None:
            known.setdefault(self.inside.when, None)
        if self.regional:
            known.setdefault("region", None)
        return known

    def replaces(self, name: str, new: Mapping[str, Any]) -> bool:
        """Whether a change of this input makes a new resource; a region cannot be moved out of."""
        return (
            name in self.force_new
            or (name in self.force_new_value and new.get(name) is not None)
            or (name == "region" and self.regional)
        )


def words(text: str) -> frozenset[str]:
    """Names in one string, so that a row stays readable."""
    return frozenset(text.split())


def placeholders(template: Template) -> Iterator[Template]:
    """Every placeholder of a template, outermost first; what is inside a shape is not visited."""
    if isinstance(template, Whole):
        yield from placeholders(template.parts)
    elif isinstance(template, When):
        yield In(template.name)
        yield from placeholders(template.template)
    elif isinstance(template, Mapping):
        for part in template.values():
            yield from placeholders(part)
    elif isinstance(template, list | tuple):
        for part in template:
            yield from placeholders(part)
    elif isinstance(template, In | Item | Out | Id | Added | Removed):
        yield template


def nested(shape: Shape) -> dict[str, Any] | None:
    """The fields that a shape reads, as a tree; None when it takes whatever it is given."""
    if not isinstance(shape, Mapping):
        return None
    fields: dict[str, Any] = {}
    for placeholder in placeholders(shape):
        if isinstance(placeholder, Item):
            inner = nested(placeholder.shape)
            if placeholder.name:
                _learn(fields, placeholder.name, inner)
            else:
                for name, deeper in (inner or {}).items():
                    _learn(fields, name, deeper)
    return fields or None


def triggers(call: Call) -> frozenset[str]:
    """The inputs whose change makes this setter run."""
    if call.each is not None:
        return frozenset({call.each.name})
    if call.removed:
        return frozenset({call.removed})
    found = (p for p in placeholders(call.request) if isinstance(p, In | Added | Removed))
    loud = (root(p.name) for p in found if not (isinstance(p, In) and p.quiet))
    return frozenset(loud) | set(call.only_if) | set(call.not_if)


def used(call: Call) -> frozenset[str]:
    """The inputs that a create call takes care of, so that no setter need repeat them."""
    return frozenset(root(p.name) for p in placeholders(call.request) if isinstance(p, In))


def root(name: str) -> str:
    """The input that a dotted name leads into."""
    return name.partition(".")[0]


def _learn(tree: dict[str, Any], name: str, fields: dict[str, Any] | None) -> None:
    """Adds what is understood of an input; whoever takes all of it (None) has the last word."""
    head, _, rest = name.partition(".")
    if rest:
        fields, inner = {}, fields
        _learn(fields, rest, inner)
    if head not in tree:
        tree[head] = fields
    elif fields is None:
        tree[head] = None
    elif tree[head] is not None:
        for key, deeper in fields.items():
            _learn(tree[head], key, deeper)
