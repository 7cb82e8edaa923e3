"""A Dockerfile as stages of steps, with variables put in. Pure.

Only what this project's files use; anything else is an error, so that nothing is passed over without a word.
"""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What BuildKit takes as a build argument whether or not a file declares it, and keeps out of the image.
PREDEFINED = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")


class NotUnderstood(Exception):
    """An instruction, or a part of one, that is not carried out here."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of a stage, as it stands in the file."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One FROM and what follows it."""

    name: str
    base: str
    steps: tuple[Step, ...]


@dataclass(slots=True)
class Image:
    """What an image says of how it is run."""

    env: dict[str, str] = field(default_factory=lambda: {"PATH": DEFAULT_PATH})
    user: str = "0:0"
    workdir: str = "/"
    command: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    stop_signal: str = "SIGTERM"
    labels: dict[str, str] = field(default_factory=dict)
    exposed: list[str] = field(default_factory=list)


def parse(text: str, given: Mapping[str, str]) -> tuple[list[Stage], dict[str, str]]:
    """The stages, and the arguments that stand before the first of them; what is given wins over a default."""
    outside: dict[str, str] = {}
    stages: list[tuple[str, str, list[Step]]] = []
    for row in DockerfileParser(fileobj=io.BytesIO(text.encode())).structure:
        name, value = row["instruction"].upper(), row["value"]
        if name == "COMMENT":
            continue
        if name == "FROM":
            words = expand(value, outside).split()
            if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
                raise NotUnderstood(f"FROM {value}")
            stages.append((words[2] if len(words) == 3 else str(len(stages)), words[0], []))
        elif stages:
            stages[-1][2].append(Step(name, value))
        elif name == "ARG":
            key, equals, default = _one_pair(value, outside)
            if equals or key in given:
                outside[key] = given.get(key, default)
        else:
            raise NotUnderstood(f"{name} before FROM")
    return [Stage(name, base, tuple(steps)) for name, base, steps in stages], outside


def declared(
    value: str, known: Mapping[str, str], outside: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """What an ARG in a stage makes known: what is given, else its default, else what stands before the first FROM."""
    key, equals, default = _one_pair(value, known)
    if key in given:
        return {key: given[key]}
    if equals:
        return {key: default}
    return {key: outside[key]} if key in outside else {}


def apply(image: Image, step: Step, known: Mapping[str, str]) -> bool:
    """Carries out what only changes how the image is run; False when the step does something to its files."""
    values = {**known, **image.env}
    match step.name:
        case "ENV":
            image.env |= pairs(step.value, values)
        case "LABEL":
            image.labels |= pairs(step.value, values)
        case "USER":
            image.user = expand(step.value, values)
        case "EXPOSE":
            image.exposed += expand(step.value, values).split()
        case "STOPSIGNAL":
            image.stop_signal = expand(step.value, values)
        case "CMD":
            image.command = _exec_form(step)
        case "ENTRYPOINT":
            image.entrypoint = _exec_form(step)
        case "HEALTHCHECK":
            _, found, command = step.value.partition("CMD")
            if found:
                image.health = _exec_form(Step("HEALTHCHECK CMD", command.strip()))
            elif step.value.strip() == "NONE":
                image.health = []
            else:
                raise NotUnderstood(f"HEALTHCHECK {step.value}")
        case _:
            return False
    return True


def expand(text: str, known: Mapping[str, str]) -> str:
    """$NAME and ${NAME} by their values, a name without one by nothing, as Docker does."""

    def value(match: re.Match[str]) -> str:
        if match["odd"] is not None:
            raise NotUnderstood(match[0])
        return known.get(match["plain"] or match["braced"], "")

    pattern = r"\$(?:(?P<plain>[A-Za-z_][A-Za-z0-9_]*)|\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<odd>\{[^}]*\}))"
    return re.sub(pattern, value, text)


def pairs(text: str, known: Mapping[str, str]) -> dict[str, str]:
    """The key=value words of ENV or LABEL."""
    found = {}
    for word in shlex.split(text):
        key, equals, value = word.partition("=")
        if not equals:
            raise NotUnderstood(f"{text!r} without =")
        found[key] = expand(value, known)
    return found


def flags(text: str, allowed: frozenset[str]) -> tuple[dict[str, str], list[str]]:
    """The --key=value words at the beginning, and the words after them."""
    words, found = shlex.split(text), {}
    while words and words[0].startswith("--"):
        key, _, value = words.pop(0).removeprefix("--").partition("=")
        if key not in allowed:
            raise NotUnderstood(f"--{key}")
        found[key] = value
    return found, words


def shell_command(step: Step) -> str:
    """A RUN's command, which the shell reads by itself."""
    if step.value.lstrip().startswith(("[", "--", "<<")) or "<<" in step.value:
        raise NotUnderstood(f"RUN {step.value[:40]}")
    return step.value


def read(path: Path, given: Mapping[str, str]) -> tuple[list[Stage], dict[str, str]]:
    """A file's stages; an argument that the file does not have is an error, as it would be overlooked."""
    text = path.read_text(encoding="utf-8")
    unknown = [name for name in given if not re.search(rf"(?m)^ARG {name}\b", text) and name not in PREDEFINED]
    if unknown:
        raise NotUnderstood(f"{path} has no ARG {', '.join(unknown)}")
    return parse(text, given)


def _one_pair(value: str, known: Mapping[str, str]) -> tuple[str, str, str]:
    words = shlex.split(value)
    if len(words) != 1:
        raise NotUnderstood(f"ARG {value}")
    key, equals, default = words[0].partition("=")
    return key, equals, expand(default, known)


def _exec_form(step: Step) -> list[str]:
    try:
        words = json.loads(step.value)
    except ValueError:
        words = None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise NotUnderstood(f"{step.name} {step.value}: write it as a list, a shell would not pass signals on")
    return words
