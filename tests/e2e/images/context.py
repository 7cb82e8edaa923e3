"""What `docker build .` would send: the files that .dockerignore leaves. Pure but for the walk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path


def rules(text: str) -> list[tuple[bool, re.Pattern[str]]]:
    """Whether each line takes back in, and what it matches; as Docker describes them: the last match counts."""
    found = []
    for line in text.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        found.append((pattern.startswith("!"), re.compile(_regex(pattern.removeprefix("!").strip("/")))))
    return found


def kept(path: str, known: Iterable[tuple[bool, re.Pattern[str]]]) -> bool:
    """Whether a file is sent: a rule for a folder counts for all that is in it."""
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    sent = True
    for back_in, pattern in known:
        if any(pattern.fullmatch(name) for name in above):
            sent = back_in
    return sent


def files(repository: Path, names: Iterable[str] | None = None) -> Iterator[str]:
    """The files of a checkout that are sent, of all that lie in the folders which the rules name."""
    known = rules((repository / ".dockerignore").read_text(encoding="utf-8"))
    for name in names if names is not None else _walk(repository, {"docker", "dump", "schema", "sql"}):
        if kept(name, known):
            yield name


def _walk(repository: Path, folders: set[str]) -> Iterator[str]:
    """Whatever lies on the top, and in these folders: the rest of a checkout is large, and a unit test holds it out."""
    for top in sorted(repository.iterdir()):
        inside = sorted(top.rglob("*")) if top.name in folders else [top]
        yield from (path.relative_to(repository).as_posix() for path in inside if path.is_file())


def _regex(pattern: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]*\])", pattern)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(meaning.get(part, part if part.startswith("[") else re.escape(part)) for part in parts)
