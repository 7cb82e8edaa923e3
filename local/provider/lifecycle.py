"""Create, read, update and delete of any row: the calls in their order, and what is known afterwards."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from local.provider import compare, paths, render
from local.provider.aws import FIRST_PAUSE, Api, AwsError
from local.provider.render import Scope
from local.provider.table import Added, Call, Look, Poll, Removed, Row, placeholders, triggers, used
from local.provider.values import UNKNOWN, Properties, is_unknown


@dataclass(frozen=True, slots=True)
class Created:
    """A resource that exists; with a `failure` its inputs are only those that took effect."""

    id: str
    inputs: Properties
    state: Properties
    failure: str = ""


def create(row: Row, api: Api, inputs: Properties) -> Created:
    """Makes the resource, then applies what its create call could not say."""
    call = next(call for call in row.create if render.applies(call, inputs))
    # Some calls name the region that they are made in.
    scope = Scope(inputs=inputs, state={**inputs, "_region": api.region})
    response = api.call(row.service, call.operation, render.request(call, scope))
    made = str(paths.find(row.id, {"response": response, "inputs": inputs}))
    # A default is what AWS does by itself, so that only what differs from it needs telling.
    given = (name for name, value in inputs.items() if row.defaults.get(name) != value)
    changed = frozenset(given) - used(call)
    waiting = [setter for setter in row.setters if _needed(setter, changed, inputs)]
    state = inputs
    try:
        for last in row.finish:
            _set(row, api, last, replace(scope, id=made), changed)
        if waiting:
            _wait(row.ready, row, api, replace(scope, id=made))
            state = _state(row, api, made, inputs)
        while waiting:
            _set(row, api, waiting[0], replace(scope, id=made, state=state), changed)
            waiting.pop(0)
        _wait(row.ready, row, api, replace(scope, id=made))
        return Created(made, inputs, _state(row, api, made, inputs))
    except AwsError as error:
        undone: frozenset[str] = frozenset().union(*(triggers(setter) for setter in waiting)) & changed
        applied = {name: value for name, value in inputs.items() if name not in undone}
        return Created(made, applied, {**state, **applied}, str(error))


def read(
    row: Row, api: Api, made: str, inputs: Properties, state: Properties
) -> tuple[str, Properties, Properties] | None:
    """Id, inputs and state as AWS sees them now; None when the resource is gone."""
    document = _document(row, api, Scope(id=made, state=state))
    if document is None:
        return None
    true_id = paths.find(row.read_id, document) if row.read_id else None
    now = observed_inputs(row, inputs, document)
    # What the row cannot observe keeps its recorded value: passwords, client-side settings.
    kept = {name: value for name, value in state.items() if name in inputs and name in now}
    return true_id or made, now, _outputs(row, {**kept, **now}, document)


def update(row: Row, api: Api, made: str, old: Properties, new: Properties, state: Properties) -> Properties:
    """Applies what changed and returns the new state."""
    changed = compare.changes(row, old, new)
    scope = Scope(id=made, inputs=new, old=old, state=state)
    for setter in row.setters:
        if _needed(setter, changed, new):
            _set(row, api, setter, scope, changed)
    after = {**state, **new}
    _wait(row.ready, row, api, replace(scope, state=after))
    document = _document(row, api, replace(scope, state=after))
    if document is None:
        raise AwsError(f"{api.subject} is gone: refresh the stack to notice, then update again", "NotFound")
    return _outputs(row, new, document)


def delete(row: Row, api: Api, made: str, inputs: Properties, state: Properties) -> None:
    """Takes the resource away and waits until it is gone; one already gone is fine."""
    if row.kept_when and state.get(row.kept_when) is True:
        return
    scope = Scope(id=made, old=inputs, state=state)
    _empty(row, api, scope)
    try:
        for call in row.delete:
            if render.applies(call, state):
                for request in render.requests(call, scope):
                    _tolerant(row, api, call, request)
    except AwsError:
        # Services have many words for "already gone", and "not found" may mean a part: only reading knows.
        if _document(row, api, scope) is not None:
            raise
    _wait(row.gone, row, api, scope)


def _empty(row: Row, api: Api, scope: Scope) -> None:
    """Takes away what is inside, if the program said that it may."""
    if row.inside is None or scope.state.get(row.inside.when) is not True:
        return
    look, call = row.inside.look, row.inside.call
    while found := _look(row, api, look, scope):
        for start in range(0, len(found), call.size):
            batch = found[start : start + call.size]
            _tolerant(row, api, call, render.request(call, replace(scope, item=batch)))


def planned(row: Row, inputs: Properties) -> Properties:
    """The state of a creation that is only previewed: what AWS will decide is unknown."""
    decided = (set(row.outputs) | row.sticky) - set(inputs)
    return {**inputs, **dict.fromkeys(decided, UNKNOWN), **_known_tags(row, inputs)}


def planned_update(row: Row, old: Properties, new: Properties, state: Properties) -> Properties:
    """The state of a previewed update: outputs that the change cannot move keep their values."""
    changed = compare.changes(row, old, new)
    moved = {output for name in changed for output in row.moves.get(name, ())}
    kept = {name: value for name, value in state.items() if name not in old or name in new}
    return {**kept, **new, **dict.fromkeys(moved, UNKNOWN), **_known_tags(row, new)}


def observed_inputs(row: Row, inputs: Properties, document: Mapping[str, Any]) -> Properties:
    """The inputs with drift in them: where AWS says something else, what AWS says."""
    importing = not inputs
    result = dict(inputs)
    for name, path in row.observed.items():
        value = paths.find(path, document)
        if name in inputs:
            if not compare.seen(row, name, inputs[name], value):
                result[name] = value
        elif importing or name not in row.sticky:
            result[name] = value
    return {name: value for name, value in result.items() if name in inputs or compare.plain(value) is not None}


def _outputs(row: Row, inputs: Properties, document: Mapping[str, Any]) -> Properties:
    found = {name: paths.find(path, document) for name, path in (*row.observed.items(), *row.outputs.items())}
    return {name: value for name, value in {**found, **inputs}.items() if value is not None}


def _known_tags(row: Row, inputs: Properties) -> Properties:
    if "tagsAll" not in row.outputs:
        return {}
    tags = inputs.get("tags", {})
    return {"tagsAll": UNKNOWN if is_unknown(tags) else tags}


def _state(row: Row, api: Api, made: str, inputs: Properties) -> Properties:
    document = _document(row, api, Scope(id=made, inputs=inputs, state=inputs))
    if document is None:
        raise AwsError(f"{api.subject} was created as {made} and cannot be found", "NotFound")
    return _outputs(row, inputs, document)


def _document(row: Row, api: Api, scope: Scope) -> dict[str, Any] | None:
    main, *beside = row.read
    found = _look(row, api, main, scope)
    if not found:
        return None
    document = dict(found) if isinstance(found, Mapping) else {"value": found}
    document["_region"] = api.region
    document["_id"] = scope.id
    for look in beside:
        # Later looks may need what the first one found (the ARN under which tags are listed).
        state = {**_outputs(row, {}, document), **scope.state}
        document[look.into] = _look(row, api, look, replace(scope, state=state))
    return document


def _look(row: Row, api: Api, look: Look, scope: Scope) -> Any:
    request = render.render(dict(look.request), scope)
    try:
        response = api.look(look.service or row.service, look.operation, {} if request is render.MISSING else request)
    except AwsError as error:
        if error.absent or error.code in look.absent:
            return None
        raise
    return paths.find(look.path, response, {name: render.render(part, scope) for name, part in look.where.items()})


def _needed(setter: Call, changed: frozenset[str], inputs: Mapping[str, Any]) -> bool:
    concerned = triggers(setter) & changed
    if not concerned or not render.applies(setter, inputs):
        return False
    tells_differences = any(isinstance(p, Added | Removed) for p in placeholders(setter.request))
    has_value = any(inputs.get(name) is not None for name in concerned)
    return bool(setter.each or setter.removed or tells_differences or has_value)


def _set(row: Row, api: Api, setter: Call, scope: Scope, changed: frozenset[str]) -> None:
    beside: frozenset[str] = frozenset().union(*(group for group in setter.together if group & changed))
    only = None if setter.whole else changed | beside
    for request in render.requests(setter, replace(scope, only=only)):
        _tolerant(row, api, setter, request)


def _tolerant(row: Row, api: Api, call: Call, request: Mapping[str, Any]) -> None:
    try:
        api.call(row.service, call.operation, request)
    except AwsError as error:
        if error.code not in call.tolerate:
            raise


def _wait(poll: Poll | None, row: Row, api: Api, scope: Scope) -> None:
    if poll is None or (poll.only_if and not scope.state.get(poll.only_if)):
        return
    deadline = time.monotonic() + poll.seconds
    pause = FIRST_PAUSE
    while (status := _look(row, api, poll.look, scope)) not in poll.done:
        what = f"{row.service}.{poll.look.operation}"
        if status in poll.failed:
            raise api.error(what, f"it went to {status!r}, expected {_wanted(poll)}", "WaiterError")
        if time.monotonic() > deadline:
            told = f"after {poll.seconds:.0f} s it is still {status!r}, expected {_wanted(poll)}"
            raise api.error(what, told, "WaiterError")
        pause = api.sleep(pause)


def _wanted(poll: Poll) -> str:
    return " or ".join(repr(status) if status else "gone" for status in poll.done)
