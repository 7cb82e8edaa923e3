"""Markdown pages as their readers take them: links, anchors, words in code, and blocks with what is said of them.

A shell block has a comment on the line before its fence, which no reader sees:

    <!-- run -->                            run in a clone that is set up, without a cloud
    <!-- run: needs=up exit=3 -->           run with the local cloud up; another exit code than 0
    <!-- not run: needs an AWS account -->  not run, with the reason
    <!-- prints -->                         before a block of text: what the block before it printed

This reads what the project's own pages are written in, which is less than Markdown is. Pure, but for `pages`.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
SHELL = "sh"
OTHER_SHELLS = ("bash", "shell", "console", "zsh", "shell-session")
NEEDS = ("setup", "up")
"""What a block that is run may need of its clone, each more than the one before."""

_FENCE = re.compile(r"^( *)(```+|~~~+) *([\w+-]*)[^\n]*$")
_COMMENT = re.compile(r"^ *<!--(.*?)-->\s*$")
_RUN = re.compile(r"^run(?::(?P<words>( +[a-z]+=[a-z0-9]+)+))?$")
_NOT_RUN = re.compile(r"^not run: +(?P<reason>\S.{4,})$")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
_IMAGE_TAG = re.compile(r"<(?:img|source|a)\b[^>]*?\b(?:src|srcset|href)=\"([^\"]+)\"")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its page, the line of its fence (1 is the first), its language, its text and its mark."""

    page: str
    line: int
    language: str
    text: str
    mark: str

    @property
    def place(self) -> str:
        """Where it is, for messages and for the names of tests."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, slots=True)
class Run:
    """A block that is run: the state of the clone that it needs, and the exit code it ends with."""

    needs: str = "setup"
    code: int = 0


@dataclass(frozen=True, slots=True)
class NotRun:
    """A block that is not run, and why."""

    reason: str


class BadMark(ValueError):
    """A mark that is missing or says nothing that is known."""


@cache
def files() -> frozenset[str]:
    """Every file that git knows or would know, as a path from the repository's root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True)
    names = listed.stdout.decode().split("\0")
    return frozenset(name for name in names if name and (REPOSITORY / name).is_file())


@cache
def folders() -> frozenset[str]:
    """Every folder that holds one of the files."""
    return frozenset(str(parent) for name in files() for parent in Path(name).parents if str(parent) != ".")


def pages() -> list[str]:
    """Every Markdown page of the repository."""
    return sorted(name for name in files() if name.endswith(".md"))


@cache
def read(page: str) -> str:
    """A page's text."""
    return (REPOSITORY / page).read_text(encoding="utf-8")


def blocks(page: str, text: str) -> list[Block]:
    """The fenced blocks of a page in their order."""
    found: list[Block] = []
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        opened = _FENCE.match(lines[number])
        if not opened:
            number += 1
            continue
        indent, fence, language = len(opened[1]), opened[2], opened[3]
        end = next((i for i in range(number + 1, len(lines)) if lines[i].strip() == fence), len(lines))
        content = "\n".join(line[indent:] if not line[:indent].strip() else line for line in lines[number + 1 : end])
        comment = _COMMENT.match(lines[number - 1]) if number else None
        found.append(Block(page, number + 1, language, content, comment[1].strip() if comment else ""))
        number = end + 1
    return found


def prose(text: str) -> str:
    """The text without its fenced blocks and comments; lines keep their numbers."""
    lines = text.split("\n")
    kept: list[str] = []
    fence = ""
    for line in lines:
        opened = _FENCE.match(line)
        if fence:
            kept.append("")
            fence = "" if line.strip() == fence else fence
        elif opened:
            kept.append("")
            fence = opened[2]
        else:
            kept.append("" if _COMMENT.match(line) else line)
    return "\n".join(kept)


def parse_mark(mark: str) -> Run | NotRun:
    """What a shell block's mark says. BadMark names what would be understood."""
    if found := _NOT_RUN.match(mark):
        return NotRun(found["reason"])
    if found := _RUN.match(mark):
        said = dict(word.split("=") for word in (found["words"] or "").split())
        needs, code = said.pop("needs", "setup"), said.pop("exit", "0")
        if not said and needs in NEEDS and code.isdigit():
            return Run(needs, int(code))
    raise BadMark(
        f"{mark!r} is no mark: expected `run`, `run: needs={'|'.join(NEEDS)} exit=CODE` (both may be left out)"
        " or `not run: REASON`, in a comment on the line before the fence"
    )


def matches(expected: str, printed: str) -> bool:
    """Whether the expected lines stand in what was printed, one after another.

    `…` in a line is anything within it, a line of `…` alone any number of lines. Blanks at the ends of lines and empty
    lines at the ends of the text do not count.
    """
    lines = [line.rstrip() for line in expected.strip("\n").split("\n")]
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line.strip() == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"\n"
        for line in lines
    )
    told = "".join(f"{line.rstrip()}\n" for line in printed.split("\n"))
    return re.search(f"^{pattern}", told, re.MULTILINE) is not None


def links(text: str) -> Iterator[tuple[int, str]]:
    """Each link's and picture's line and target."""
    # Code is no link. What is left keeps its length, so that lines can be counted.
    shown = _SPAN.sub(lambda found: re.sub(r"[^\n]", " ", found[0]) if "](" in found[2] else found[0], prose(text))
    for pattern in (_LINK, _IMAGE_TAG):
        for found in pattern.finditer(shown):
            yield shown.count("\n", 0, found.start()) + 1, found[1]


def spans(text: str) -> Iterator[tuple[int, str]]:
    """Each `word in code`, with its line; a line's end in it is a space."""
    shown = prose(text)
    for paragraph in re.finditer(r"(?:[^\n]+\n?)+", shown):
        for found in _SPAN.finditer(paragraph[0]):
            yield shown.count("\n", 0, paragraph.start() + found.start()) + 1, " ".join(found[2].split())


def anchors(text: str) -> frozenset[str]:
    """What `#…` may follow the page's name: GitHub's names of its headings, and those set by hand."""
    found: set[str] = set(re.findall(r"<a\s+(?:id|name)=\"([^\"]+)\"", text))
    for line in prose(text).split("\n"):
        if heading := _HEADING.match(line):
            name = slug(heading[2])
            number = 0
            while (unique := f"{name}-{number}" if number else name) in found:
                number += 1
            found.add(unique)
    return frozenset(found)


def slug(heading: str) -> str:
    """GitHub's anchor of a heading: lower case, words joined by hyphens, no punctuation."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    kept = re.sub(r"[^\w\- ]", "", words.lower())
    return kept.replace(" ", "-")


def commands(shell: str) -> Iterator[list[str]]:
    """The simple commands of a shell text, each as its words without redirections; those within $(…) too."""
    for inner in re.findall(r"\$\(([^()]*)\)", shell):
        yield from commands(inner)
    for statement in _statements(shell.replace("\\\n", " ")):
        words = shlex.split(re.sub(r"(?<=\s)\d?(?:>>?|<)(?:&\d|\s*[^\s'\"]+)", "", statement), comments=True)
        if words:
            yield words


def _statements(shell: str) -> Iterator[str]:
    """What stands between the operators and line ends that no quotation holds."""
    start, quote, at = 0, "", 0
    while at < len(shell):
        letter = shell[at]
        if letter == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "#" and (at == 0 or shell[at - 1].isspace()):
            at = shell.find("\n", at) if "\n" in shell[at:] else len(shell)
            continue
        elif letter in "\n;|" or (letter == "&" and shell[at - 1] != ">"):
            yield shell[start:at]
            start = at + 1
        at += 1
    yield shell[start:]


def without_settings(command: list[str]) -> list[str]:
    """A command without the NAME=value words before it."""
    first = next((index for index, word in enumerate(command) if not re.match(r"^[A-Za-z_]\w*=", word)), len(command))
    return command[first:]
