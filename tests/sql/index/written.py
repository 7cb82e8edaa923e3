"""The parts of a design that speak of infrastructure, read as they are written: every setting, number and command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Setting:
    """An assignment of a Terraform file: the addresses of its blocks, its name and value, and the remark beside it."""

    blocks: tuple[str, ...]
    name: str
    value: str
    remark: str


class Unread(ValueError):
    """A line that is none of what such a file has."""


def terraform(path: Path) -> Iterator[Setting]:
    """Every assignment; a string without its quotes, anything else as it stands.

    A `parameter { name = …, value = … }` is one assignment, as is an `output`; the keys of `tags` have their map before
    them.
    """
    blocks: list[str] = []
    parameter = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text == "}":
            blocks.pop()
        elif found := re.fullmatch(r"([^{}]*\S)\s*\{", text):
            blocks.append(found[1].replace('"', "").removesuffix(" ="))
        elif found := re.fullmatch(r"(\w+)\s*= (.*?)(?:\s+# (.*))?", text):
            name, value, remark = found[1], re.sub(r'^"([^"]*)"$', r"\1", found[2]), found[3] or ""
            if blocks[-1] == "parameter" and name == "name":
                parameter = value
                continue
            if blocks[-1] == "parameter":
                name = parameter
            elif blocks[-1] == "tags":
                name = f"tags.{name}"
            elif blocks[-1].startswith("output "):
                name = blocks[-1]
            yield Setting(tuple(blocks), name, value, remark)
        else:
            raise Unread(f"{path.name}: {line}")


def ini(path: Path) -> Iterator[tuple[str, str]]:
    """Every line that sets something."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not re.match(r"[;\[]", line):
            name, _, value = line.partition(" = ")
            yield name, value


def script(path: Path) -> Iterator[str]:
    """Every assignment and command of a shell script, each on one line, without comments and what only prints.

    A pipeline and a loop's head are the commands in them; an assignment is without its quotes.
    """
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        words = re.sub(r"\s+", " ", line).strip()
        if re.match(r"(#|echo |(done|fi|if|then)\b|$)", words):
            continue
        if found := re.fullmatch(r'([A-Z0-9_]+)="?(.*?)"?', words):
            yield f"{found[1]}={found[2]}"
        elif re.match(r"[a-z]\w*=\$\(", words, re.IGNORECASE):
            continue  # within the loop, out of the line that it reads
        else:
            yield from (part for part in words.split(" | ") if not part.startswith("while "))


def yaml(path: Path) -> Iterator[str]:
    """Every line that says something, as `key: value`; of a list's element its first word."""
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if text.startswith("- "):
            yield text[2:].split(" ", maxsplit=1)[0]
        elif text and not text.endswith(":"):
            yield text


def metrics(path: Path) -> Iterator[str]:
    """Every metric of a Markdown list; one that says two things, as two."""
    for line in path.read_text(encoding="utf-8").splitlines():
        found = re.fullmatch(r"- \*\*(.+)\*\*: (.+)", line)
        if found is None:
            raise Unread(f"{path.name}: {line}")
        yield from (f"{found[1]}: {part}" for part in found[2].split(", "))


def figures(text: str) -> list[str]:
    """The numbers and instance classes in a text, thousands without their comma: `2 AM`, `10,000`, `db.r6g.2xlarge`."""
    found = re.findall(r"db\.\w+\.\w+|(?<![\w$-])\d[\d,]*(?:\.\d+)?", text)
    return [each if each.startswith("db.") else f"{float(each.replace(',', '')):g}" for each in found]
