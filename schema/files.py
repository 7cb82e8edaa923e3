"""Find the SQL files of a service and refuse those that cannot be applied safely, before any connection is made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from schema.errors import BadInput
from schema.sqltext import Kind, Statement, Unterminated, line_of, statements, tokens

_NUMBERED = {
    "migrations": (re.compile(r"(\d{4})_([a-z0-9]+(?:_[a-z0-9]+)*)\.sql"), "NNNN_what_it_does.sql"),
    "bootstrap": (re.compile(r"(\d{2})_([a-z0-9]+(?:_[a-z0-9]+)*)\.sql"), "NN_what_it_does.sql"),
}


@dataclass(frozen=True, slots=True)
class SqlFile:
    """A file that passed every rule, split into its statements."""

    version: int
    name: str
    text: str
    statements: tuple[Statement, ...]

    @property
    def description(self) -> str:
        """The name without number and ending, as sqlx writes it into its ledger."""
        return self.name.split("_", 1)[1].removesuffix(".sql").replace("_", " ")

    @property
    def checksum(self) -> bytes:
        """SHA-384 of the text: what sqlx keeps, so that either tool recognises the other's rows."""
        return hashlib.sha384(self.text.encode()).digest()


def discover(service_folder: Path, kind: str) -> tuple[SqlFile, ...]:
    """Read `bootstrap` or `migrations` in order; raise BadInput with every problem of every file."""
    pattern, shape = _NUMBERED[kind]
    folder = service_folder / kind
    shown = f"{service_folder.name}/{kind}"
    if not folder.is_dir():
        raise BadInput([f"{shown}: there is no such folder; every service has one"])
    found: list[SqlFile] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.sql")):
        if not (match := pattern.fullmatch(path.name)):
            problems.append(f"{shown}/{path.name}: the name is not {shape} (small letters, digits, _); rename the file")
            continue
        try:
            found.append(read(path, int(match[1]), f"{shown}/{path.name}"))
        except BadInput as bad:
            problems.extend(bad.problems)
    for first, second in pairwise(found):
        if first.version == second.version:
            problems.append(
                f"{shown}/{second.name}: {first.name} has the same number; give the newer one the next free number"
            )
    if problems:
        raise BadInput(problems)
    return tuple(found)


def read(path: Path, version: int, shown: str) -> SqlFile:
    """Read one file and hold it against the rules."""
    content = path.read_bytes()
    for broken, problem in _BYTE_RULES:
        if (offset := broken(content)) is not None:
            line = content.count(b"\n", 0, offset) + 1
            raise BadInput([f"{shown}:{line}: {problem}"])
    text = content.decode()
    try:
        problems = [f"{shown}:{line}: {problem}" for line, problem in _text_problems(text)]
    except Unterminated as open_quote:
        raise BadInput([f"{shown}:{line_of(text, open_quote.offset)}: {open_quote}; close it"]) from None
    if problems:
        raise BadInput(problems)
    return SqlFile(version=version, name=path.name, text=text, statements=statements(text))


def _find(needle: bytes) -> Callable[[bytes], int | None]:
    def found(content: bytes) -> int | None:
        at = content.find(needle)
        return None if at < 0 else at

    return found


def _not_utf8(content: bytes) -> int | None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


_BYTE_RULES: tuple[tuple[Callable[[bytes], int | None], str], ...] = (
    (
        lambda content: 0 if content.startswith(b"\xef\xbb\xbf") else None,
        "the file starts with a byte order mark; save it as UTF-8 without BOM",
    ),
    (
        _find(b"\r"),
        "the line ends with CRLF (or holds a carriage return); a checkout elsewhere would have another checksum, "
        "so save the file with LF and put `*.sql text eol=lf` into .gitattributes",
    ),
    (_find(b"\0"), "the file holds a NUL byte; PostgreSQL's text cannot, so save it as UTF-8"),
    (_not_utf8, "the file is not UTF-8; save it as UTF-8"),
)

# What would end or split the one transaction that a file and its ledger row share.
_TRANSACTION_CONTROL = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"})


def _text_problems(text: str) -> Iterator[tuple[int, str]]:
    if text.startswith("-- no-transaction"):
        yield (
            1,
            "the file asks to run outside a transaction (`-- no-transaction`), which this runner does not do; "
            "write it so that it may run inside one",
        )
    for token in tokens(text):
        if token.kind is Kind.SYMBOL and text[token.start] == "\\":
            yield (
                line_of(text, token.start),
                "a backslash command belongs to psql, and the server does not know it; remove it",
            )
    found = statements(text)
    if not found:
        yield 1, "the file is empty (it holds no statement); write one or delete the file"
    for statement in found:
        yield from _statement_problems(statement)


def _statement_problems(statement: Statement) -> Iterator[tuple[int, str]]:
    words = statement.words
    if words[:1] and (
        words[0] in _TRANSACTION_CONTROL or words[:2] in (("START", "TRANSACTION"), ("PREPARE", "TRANSACTION"))
    ):
        said = " ".join(words[:2]) if words[0] in ("START", "PREPARE") else words[0]
        yield (
            statement.line,
            f"{said} is transaction control, but a file is one transaction together with its ledger row; remove it",
        )
    if words[:1] == ("COPY",) and {"STDIN", "STDOUT"} & set(words):
        yield (
            statement.line,
            "COPY from or to the client has no client here; write INSERT … VALUES, or load data with another tool",
        )


def shown_name(service: str, kind: str, file: SqlFile) -> str:
    """The path as messages show it."""
    return f"{service}/{kind}/{file.name}"


def versions(files: Sequence[SqlFile]) -> str:
    """A range such as `0001..0003`, for the last line of a run."""
    first, last = f"{files[0].version:04}", f"{files[-1].version:04}"
    return first if first == last else f"{first}..{last}"
