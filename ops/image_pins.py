"""Which image a stack deploys, by digest, written into its file. Pure but for `pin` at the end.

A tag can be moved to other bytes by whoever may push; a digest cannot. Only the text of the references is changed:
comments, order and layout of the file stay as somebody wrote them.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra import names
from ops.errors import BadInput, OperatorError
from ops.paths import REPOSITORY
from ops.stack_file import ESTATE_KEY, REGION_KEY, read_settings, stack_names

IMAGES = ("pooler", "schema")
"""The keys below `images` in a stack's configuration."""

# name@sha256:digest. A tag beside the digest would be a second answer to the same question, and ECS documents either.
_PINNED = re.compile(r"(?P<name>[^@]+)@sha256:[0-9a-f]{64}")
_TAGGED = re.compile(r"[^/]*:[^/]*")  # in the last part of a name; before it, a colon is a registry's port


@dataclass(frozen=True, slots=True)
class Pinned:
    """One stack's file before and after."""

    path: Path
    before: str
    after: str

    def diff(self) -> str:
        """What changes, as a unified diff without context; empty when nothing does."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), self.path.name, self.path.name, n=0, lineterm=""
        )
        return "\n".join(lines)


def problem(key: str, reference: str) -> str | None:
    """What is wrong with a reference, and what is allowed; None for a good one."""
    found = _PINNED.fullmatch(reference)
    where = f"--{key} {reference!r}"
    if found is None:
        return f"{where}: takes NAME@sha256:DIGEST with 64 digits 0-9a-f; the workflow `images` prints it"
    if not names.is_image(reference):
        return f"{where}: is no image reference; write lower-case letters, digits and ._/:@-"
    if _TAGGED.fullmatch(found["name"].rpartition("/")[2]):
        return f"{where}: has a tag beside the digest; leave the tag out, the digest says which image it is"
    return None


def edited(text: str, references: Mapping[str, str]) -> str:
    """The text of a stack's file with these references; ValueError where its shape leaves no place for them."""
    estate = _inside(_inside(yaml.compose(text, Loader=yaml.SafeLoader), "config"), ESTATE_KEY)
    for key, reference in references.items():
        images = _child(estate, "images")
        text = _without_images(text, estate, key, reference) if images is None else _with(text, images, key, reference)
        estate = _inside(_inside(yaml.compose(text, Loader=yaml.SafeLoader), "config"), ESTATE_KEY)
    return text


def plan(texts: Mapping[str, str], references: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The new text of each stack's file, and everything that is wrong with any of them or with a reference."""
    problems = [said for key, reference in references.items() if (said := problem(key, reference)) is not None]
    after: dict[str, str] = {}
    if not references:
        problems.append("nothing to pin: give --pooler, --schema or both, each as NAME@sha256:DIGEST")
    for stack, text in texts.items():
        config = yaml.safe_load(text)["config"]
        region = config.get(REGION_KEY)
        problems += [
            f"--{key} {reference!r}: stack {stack} cannot reach it, its tasks reach ECR in {region} and nothing else;"
            " copy the image there"
            for key, reference in references.items()
            if problem(key, reference) is None and not names.is_within_reach(reference, region)
        ]
        if problems:
            continue
        try:
            after[stack] = edited(text, references)
        except (ValueError, yaml.YAMLError) as error:
            problems.append(f"Pulumi.{stack}.yaml: {' '.join(str(error).split())}")
            continue
        if _estate(after[stack]) != _expected(_estate(text), references):
            problems.append(
                f"Pulumi.{stack}.yaml: its images are written in a way that cannot be edited safely (an anchor?);"
                " write them as `images:` with `pooler:` and `schema:` below"
            )
    return after, problems


def pin(stacks: Sequence[str], references: Mapping[str, str | None], repository: Path = REPOSITORY) -> list[Pinned]:
    """Writes the references into the files of all stacks, or into none; returns what became of each.

    Every file is read and checked before the first is written; one that cannot be written takes the others back.
    """
    wanted = {key: reference for key, reference in references.items() if reference is not None}
    problems: list[str] = []
    texts: dict[str, str] = {}
    for stack in dict.fromkeys(stacks):
        try:
            read_settings(stack, repository)
        except BadInput as bad:
            problems += bad.lines
            continue
        # As bytes say it: a line's end is part of the layout.
        texts[stack] = (repository / f"Pulumi.{stack}.yaml").read_bytes().decode("utf-8")
    if not stacks:
        problems.append(
            f"no stack is named: give -s STACK, once for each; the stacks are {', '.join(stack_names(repository))}"
        )
    after, more = plan(texts, wanted)
    if problems + more:
        raise BadInput(*dict.fromkeys(problems + more))
    found = [Pinned(repository / f"Pulumi.{stack}.yaml", texts[stack], after[stack]) for stack in texts]
    _write([one for one in found if one.after != one.before])
    return found


def _write(files: Sequence[Pinned]) -> None:
    done: list[Pinned] = []
    with contextlib.ExitStack() as stack:
        try:
            new = [(stack.enter_context(_beside(one.path, one.after)), one) for one in files]
            for name, one in new:
                os.replace(name, one.path)  # noqa: PTH105 (a name, as mkstemp gives)
                done.append(one)
        except OSError as error:
            for one in done:
                one.path.write_bytes(one.before.encode())
            raise OperatorError(f"nothing is pinned: {error.filename2 or error.filename}: {error.strerror}") from error


@contextlib.contextmanager
def _beside(path: Path, text: str) -> Iterator[str]:
    """A file in the same folder with the same mode, removed unless it took the other's place."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
        os.chmod(name, path.stat().st_mode & 0o777)  # noqa: PTH101 (a name, as mkstemp gives)
        yield name
    finally:
        Path(name).unlink(missing_ok=True)


def _estate(text: str) -> Any:
    return yaml.safe_load(text)["config"][ESTATE_KEY]


def _expected(estate: Mapping[str, Any], references: Mapping[str, str]) -> dict[str, Any]:
    return {**estate, "images": {**(estate.get("images") or {}), **references}}


def _child(mapping: yaml.MappingNode, key: str) -> yaml.Node | None:
    return next((value for name, value in mapping.value if name.value == key), None)


def _inside(node: yaml.Node | None, key: str) -> yaml.MappingNode:
    found = _child(node, key) if isinstance(node, yaml.MappingNode) else None
    if not isinstance(found, yaml.MappingNode):
        raise ValueError(f"there is no mapping `{key}:` in it")
    return found


def _with(text: str, images: yaml.Node, key: str, reference: str) -> str:
    """One reference where there are images already."""
    if not isinstance(images, yaml.MappingNode):
        raise ValueError("`images:` is no mapping; write `pooler:` and `schema:` below it, or take it out")
    old = _child(images, key)
    if isinstance(old, yaml.ScalarNode) and (old.style in ("|", ">") or not old.value):
        raise ValueError(
            f"`images.{key}:` is empty or of several lines; write an image reference behind it, or take it out"
        )
    if isinstance(old, yaml.ScalarNode):
        quote = old.style if old.style in ("'", '"') else ""
        return f"{text[: old.start_mark.index]}{quote}{reference}{quote}{text[old.end_mark.index :]}"
    if old is not None:
        raise ValueError(f"`images.{key}:` is no text; write an image reference")
    if images.flow_style:
        end = images.value[-1][1].end_mark.index if images.value else images.start_mark.index + 1
        return f"{text[:end]}{', ' if images.value else ''}{key}: {reference}{text[end:]}"
    last = images.value[-1][1].end_mark.index
    column = images.value[0][0].start_mark.column
    return _line_after(text, last, f"{' ' * column}{key}: {reference}")


def _without_images(text: str, estate: yaml.MappingNode, key: str, reference: str) -> str:
    """The first reference: `images:` comes before `services:`, above what is said about that."""
    if estate.flow_style:
        raise ValueError(f"`{ESTATE_KEY}:` is written in braces; write its keys in lines of their own")
    after = next((name for name, _ in estate.value if name.value == "services"), None)
    if after is None:
        raise ValueError("there is no `services:` in it")
    margin = " " * after.start_mark.column
    place = text.rfind("\n", 0, after.start_mark.index) + 1
    while (above := text.rfind("\n", 0, place - 1) + 1) < place and text[above:place].lstrip().startswith("#"):
        place = above
    end = _line_end(text)
    return f"{text[:place]}{margin}images:{end}{margin}  {key}: {reference}{end}{text[place:]}"


def _line_after(text: str, index: int, line: str) -> str:
    place = text.find("\n", index)
    if place < 0:
        return f"{text}{_line_end(text)}{line}"
    return f"{text[: place + 1]}{line}{_line_end(text)}{text[place + 1 :]}"


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
