"""Read SQL text as PostgreSQL's own lexer does, as far as finding statements needs it.

A file is sent statement by statement, so that an error can name its line. That needs to know where a statement ends:
a semicolon inside a string, a dollar-quoted body, a comment, parentheses or a `BEGIN ATOMIC … END` body ends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a token is; the splitter needs no finer difference."""

    SPACE = auto()
    COMMENT = auto()
    WORD = auto()
    NUMBER = auto()
    QUOTED_NAME = auto()
    STRING = auto()
    SYMBOL = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text, as a half-open range of characters."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement without the comments around it and without its semicolon."""

    text: str
    offset: int
    line: int
    words: tuple[str, ...]
    """Its bare words in capitals: no strings, no quoted names, no comments."""


class Unterminated(ValueError):
    """A quote or a comment is opened and never closed."""

    def __init__(self, what: str, offset: int) -> None:
        """Remember where it was opened: that is the line worth showing."""
        self.what = what
        self.offset = offset
        super().__init__(f"{what} is never closed")


# PostgreSQL takes every byte above 127 for a letter, so any character beyond ASCII is one.
_LETTER = r"[A-Za-z_\u0080-\U0010ffff]"
_LETTERS = r"[A-Za-z0-9_\u0080-\U0010ffff]*"
_LETTERS_OR_DOLLAR = r"[A-Za-z0-9_$\u0080-\U0010ffff]*"

# The first pattern that matches wins, so the order is part of the meaning: comments stand before symbols because `--`
# and `/*` start a comment even in the middle of an operator, and E'' stands before words.
_SIMPLE: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.SPACE, re.compile(r"[ \t\n\r\f\v]+")),
    (Kind.COMMENT, re.compile(r"--[^\n\r]*")),
    (Kind.WORD, re.compile(_LETTER + _LETTERS_OR_DOLLAR)),
    (Kind.NUMBER, re.compile(r"[0-9][0-9A-Za-z_.]*|\$[0-9]+")),
)
_QUOTED: tuple[tuple[Kind, str, re.Pattern[str], re.Pattern[str]], ...] = (
    (Kind.STRING, "a string", re.compile(r"'"), re.compile(r"(?:[^']|'')*'")),
    (Kind.QUOTED_NAME, "a quoted name", re.compile(r'"'), re.compile(r'(?:[^"]|"")*"')),
)
_ESCAPE_OPEN = re.compile(r"[eE]'")
_ESCAPE_REST = re.compile(r"(?:[^'\\]|\\.|'')*'", re.DOTALL)
# 'a' and 'b' on two lines are one literal, and behind E'a' the second part obeys backslashes too.
# The loops are atomic (`(?>`): a comment of many dashes could be cut in as many ways, and each would be tried.
_CONTINUATION = re.compile(r"(?>(?:[ \t\f\v]|--[^\n\r]*)*)[\n\r](?>(?:[ \t\f\v\n\r]|--[^\n\r]*[\n\r])*)'")
_DOLLAR_OPEN = re.compile(rf"\$(?:{_LETTER}{_LETTERS})?\$")
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def tokens(text: str) -> Iterator[Token]:
    """Cut a text into tokens; together they are the whole text, character for character."""
    at = 0
    while at < len(text):
        token = _token(text, at)
        yield token
        at = token.end


def _token(text: str, at: int) -> Token:
    if text.startswith("/*", at):
        return Token(Kind.COMMENT, at, _end_of_comment(text, at))
    if _ESCAPE_OPEN.match(text, at):
        return Token(Kind.STRING, at, _end_of_escape_string(text, at))
    for kind, pattern in _SIMPLE:
        if match := pattern.match(text, at):
            return Token(kind, at, match.end())
    for kind, what, opening, rest in _QUOTED:
        if match := opening.match(text, at):
            if not (closed := rest.match(text, match.end())):
                raise Unterminated(what, at)
            return Token(kind, at, closed.end())
    if match := _DOLLAR_OPEN.match(text, at):
        close = text.find(match.group(), match.end())
        if close < 0:
            raise Unterminated(f"the {match.group()} body", at)
        return Token(Kind.STRING, at, close + len(match.group()))
    return Token(Kind.SYMBOL, at, at + 1)


def _end_of_comment(text: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise Unterminated("a comment", start)


def _end_of_escape_string(text: str, start: int) -> int:
    at = start + 2
    while True:
        if not (closed := _ESCAPE_REST.match(text, at)):
            raise Unterminated("a string", start)
        if not (more := _CONTINUATION.match(text, closed.end())):
            return closed.end()
        at = more.end()


def line_of(text: str, offset: int) -> int:
    """Line number, from 1, of a position in the text."""
    return text.count("\n", 0, offset) + 1


def statements(text: str) -> tuple[Statement, ...]:
    """Split a text where its statements end."""
    found: list[Statement] = []
    current: list[Token] = []
    parentheses = 0
    block = 0  # inside the BEGIN ATOMIC … END body of a function, where CASE … END nests
    for token in tokens(text):
        if token.kind in (Kind.SPACE, Kind.COMMENT):
            continue
        piece = text[token.start : token.end]
        if piece == ";" and parentheses == 0 and block == 0:
            if current:
                found.append(_statement(text, current))
            current = []
            continue
        if token.kind is Kind.SYMBOL:
            parentheses = max(0, parentheses + (piece == "(") - (piece == ")"))
        elif token.kind is Kind.WORD:
            block = _block_depth(block, piece.upper(), _before(text, current[-1:]))
        current.append(token)
    if current:
        found.append(_statement(text, current))
    return tuple(found)


def _block_depth(depth: int, word: str, previous: str) -> int:
    if word == "ATOMIC" and previous == "BEGIN":
        return depth + 1
    if previous in (".", "AS"):
        return depth  # a name: p.end, or count(*) AS case
    if depth and word == "CASE":
        return depth + 1
    if depth and word == "END":
        return depth - 1
    return depth


def _before(text: str, last: list[Token]) -> str:
    """The token before, when it is a word or a symbol, in capitals."""
    if not last or last[0].kind not in (Kind.WORD, Kind.SYMBOL):
        return ""
    return text[last[0].start : last[0].end].upper()


def _statement(text: str, parts: list[Token]) -> Statement:
    start, end = parts[0].start, parts[-1].end
    words = tuple(text[part.start : part.end].upper() for part in parts if part.kind is Kind.WORD)
    return Statement(text=text[start:end], offset=start, line=line_of(text, start), words=words)
