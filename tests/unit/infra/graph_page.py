"""A recorded graph as text that a person can read, and that a review shows the changes of.

`python -m tests.unit.infra.graph_page` writes it for every stack into graphs/.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.unit.infra.recorder import PLANTED, REPOSITORY, Recording, Registered, configuration, record_stack

FOLDER = Path(__file__).parent / "graphs"
STACKS = ("dev", "prod", "local")
# The same on every resource of a service; the tests of tags speak of them.
LEFT_OUT = ("tags", "__defaults")
HEAD = """# What the stack {stack} asks AWS for: every resource in order of type and name, its parent in brackets, the
# options that are not Pulumi's defaults, and its inputs without tags. Names that AWS would make up are the recorder's.
# Written by `python -m tests.unit.infra.graph_page`; a test holds it. {count} resources.
"""


class _Dumper(yaml.SafeDumper):
    """YAML with texts of several lines written as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def page(stack: str, recording: Recording) -> str:
    """The whole graph of one stack."""
    items = sorted(recording.resources, key=lambda item: (item.type, item.name))
    blocks = [HEAD.format(stack=stack, count=len(items))]
    blocks += ["\n".join(_lines(item)) + "\n" for item in items]
    return "\n".join(blocks)


def _lines(item: Registered) -> Iterator[str]:
    parent = item.request.parent.split("::")[-1]
    yield f"{item.type} {item.name} [{parent}]"
    found = dict(_options(item))
    if found:
        yield f"  options: {yaml.dump(found, Dumper=_Dumper, default_flow_style=True, width=10_000).strip()}"
    inputs = {key: _readable(value) for key, value in item.inputs.items() if key not in LEFT_OUT}
    if inputs:
        text = yaml.dump(inputs, Dumper=_Dumper, width=118, allow_unicode=True)
        yield from (f"  {line}".rstrip() for line in text.splitlines())


def _options(item: Registered) -> Iterator[tuple[str, Any]]:
    request = item.request
    if request.protect:
        yield "protect", True
    if request.retainOnDelete:
        yield "retainOnDelete", True
    if request.deleteBeforeReplace:
        yield "deleteBeforeReplace", True
    if request.ignoreChanges:
        yield "ignoreChanges", list(request.ignoreChanges)
    if request.replaceOnChanges:
        yield "replaceOnChanges", list(request.replaceOnChanges)
    times = request.customTimeouts
    if times.create or times.update or times.delete:
        yield "timeouts", f"{times.create} {times.update} {times.delete}"


def _readable(value: Any) -> Any:
    """JSON in a text as what it says; a secret as a word."""
    if isinstance(value, str):
        if PLANTED in value:
            return "(secret)"
        if value[:1] in "{[" and value[-1:] in "}]":
            try:
                return {"(JSON)": _readable(json.loads(value))}
            except ValueError:
                return value
        return value
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, list) else value


def recorded(stack: str) -> Recording:
    """One stack's own file with the services' own folders."""
    return record_stack(configuration(stack), stack, REPOSITORY / "sql")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for stack in STACKS:
        (FOLDER / f"{stack}.txt").write_text(page(stack, recorded(stack)), encoding="utf-8")


if __name__ == "__main__":
    main()
