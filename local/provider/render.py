"""Templates to requests: pure, no AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from local.provider.table import (
    Added,
    Call,
    Changes,
    Id,
    In,
    Item,
    Out,
    Removed,
    Shape,
    Template,
    When,
    Whole,
    root,
)


class _Missing:
    """Stands for a placeholder without a value; None cannot, since it may be one."""


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that a template may refer to."""

    id: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    old: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    only: frozenset[str] | None = None
    """When set: the inputs that a request may carry; the others have not changed."""
    item: Any = MISSING


def request(call: Call, scope: Scope) -> dict[str, Any]:
    """The request of a call in this scope."""
    rendered = render(dict(call.request), scope)
    return rendered if isinstance(rendered, dict) else {}


def requests(call: Call, scope: Scope) -> list[dict[str, Any]]:
    """The requests of a call: one, or with `each` one for every `size` elements."""
    if call.each is None:
        return [request(call, scope)]
    elements = changed(call.each, scope)
    if call.size == 1:
        return [request(call, replace(scope, item=element)) for element in elements]
    batches = [elements[start : start + call.size] for start in range(0, len(elements), call.size)]
    return [request(call, replace(scope, item=batch)) for batch in batches]


def applies(call: Call, inputs: Mapping[str, Any]) -> bool:
    """Whether the call's conditions hold for these inputs."""
    return (
        (not call.given or inputs.get(call.given) is not None)
        and (not call.unless or inputs.get(call.unless) is None)
        and (not call.removed or inputs.get(call.removed) is None)
        and all(inputs.get(name) == value for name, value in call.only_if.items())
        and all(inputs.get(name) != value for name, value in call.not_if.items())
    )


def render(template: Template, scope: Scope) -> Any:
    """A template's value, or MISSING."""
    match template:
        case In(name, shape, quiet):
            left_out = scope.only is not None and not quiet and root(name) not in scope.only
            return MISSING if left_out else _shaped(_dotted(scope.inputs, name), shape, scope)
        case Item(name, shape, otherwise):
            value = _field(scope.item, name)
            return _shaped(otherwise if value is None else value, shape, scope)
        case Out(name, otherwise, shape):
            value = scope.state.get(name)
            if value is None:
                return MISSING if otherwise is None else render(otherwise, scope)
            return _shaped(value, shape, scope)
        case Id(separator, part, splits):
            return scope.id.split(separator, splits)[part] if separator else scope.id
        case When(name, inner):
            return MISSING if _dotted(scope.inputs, name) is None else render(inner, scope)
        case Added() | Removed():
            # When a resource is made, what the first call took care of has no old value to differ from.
            if scope.only is not None and root(template.name) not in scope.only:
                return MISSING
            return changed(template, scope) or MISSING
        case Whole(parts):
            whole = {key: render(part, scope) for key, part in parts.items()}
            return MISSING if any(value is MISSING for value in whole.values()) else whole
        case Mapping():
            return _kept({key: render(part, scope) for key, part in template.items()}, template)
        case list():
            return [value for part in template if (value := render(part, scope)) is not MISSING] or (
                MISSING if template else []
            )
        case _:
            return template


def _kept(values: dict[str, Any], template: Mapping[str, Any]) -> Any:
    kept = {key: value for key, value in values.items() if value is not MISSING}
    return kept if kept or not template else MISSING


def _dotted(inputs: Mapping[str, Any], name: str) -> Any:
    value: Any = inputs
    for step in name.split("."):
        value = _field(value, step)
    return value


def _field(item: Any, name: str) -> Any:
    if not name:
        return None if item is MISSING else item
    return item.get(name) if isinstance(item, Mapping) else None


def _shaped(value: Any, shape: Shape, scope: Scope) -> Any:
    if value is None:
        return MISSING
    if shape is None:
        return value
    if callable(shape):
        return MISSING if (shaped := shape(value)) is None else shaped
    if isinstance(value, list):
        return [render(shape, replace(scope, item=element)) for element in value]
    return render(shape, replace(scope, item=value))


def changed(changes: Changes, scope: Scope) -> list[Any]:
    """The elements that were added to, or removed from, a list or map input."""
    old, new = scope.old.get(changes.name), scope.inputs.get(changes.name)
    if isinstance(old, Mapping) or isinstance(new, Mapping):
        return _map_changes(changes, old or {}, new or {})
    return _list_changes(changes, old or [], new or [])


def _map_changes(changes: Changes, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Any]:
    if isinstance(changes, Removed):
        return sorted(set(old) - set(new))
    return [{"key": key, "value": new[key]} for key in sorted(new) if old.get(key) != new[key]]


def _list_changes(changes: Changes, old: list[Any], new: list[Any]) -> list[Any]:
    if isinstance(changes, Added):
        return [element for element in new if element not in old]
    if not changes.by:
        return [element for element in old if element not in new]
    kept = {_field(element, changes.by) for element in new}
    return [element for element in old if _field(element, changes.by) not in kept]
