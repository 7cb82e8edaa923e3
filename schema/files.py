"""Find the SQL files of a service and refuse those that cannot be applied safely, before any connection is made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from schema import headers, outside
from schema.errors import BadInput
from schema.headers import Headers
from schema.sqltext import Kind as TokenKind
from schema.sqltext import Statement, Unterminated, line_of, statements, tokens

_SLUG = r"([a-z0-9]+(?:_[a-z0-9]+)*)"


@dataclass(frozen=True, slots=True)
class Kind:
    """What the files of one folder are called, and whether the folder has to be there."""

    pattern: re.Pattern[str]
    shape: str
    required: bool = True


# A job has no number: each is run on a schedule of its own, none comes after another.
KINDS: dict[str, Kind] = {
    "bootstrap": Kind(re.compile(rf"(\d{{2}})_{_SLUG}()\.sql"), "NN_what_it_does.sql"),
    "migrations": Kind(
        re.compile(rf"(\d{{4}})_{_SLUG}(\.up|\.down|)\.sql"),
        "NNNN_what_it_does.sql, or a pair of NNNN_what_it_does.up.sql and .down.sql",
    ),
    "jobs": Kind(re.compile(rf"(){_SLUG}()\.sql"), "what_it_does.sql", required=False),
}


@dataclass(frozen=True, slots=True)
class SqlFile:
    """A file that passed every rule, split into its statements."""

    version: int
    name: str
    text: str
    headers: Headers
    statements: tuple[Statement, ...]
    down: SqlFile | None = None
    """The file that takes this one back, of a reversible pair."""

    @property
    def stem(self) -> str:
        """The name without its endings: what an operator calls the migration."""
        return self.name.partition(".")[0]

    @property
    def description(self) -> str:
        """The name without number and ending, as sqlx writes it into its ledger."""
        return self.stem.partition("_")[2].replace("_", " ")

    @property
    def checksum(self) -> bytes:
        """SHA-384 of the text: what sqlx keeps, so that either tool recognises the other's rows."""
        return hashlib.sha384(self.text.encode()).digest()

    @property
    def outside(self) -> outside.Form | None:
        """What runs outside a transaction, when the file's only statement is such.

        A statement that may run inside one does so whatever the header says: alone in its file it is the same, and
        its ledger row commits with it.
        """
        return outside.form_of(self.statements[0]) if self.headers.no_transaction else None


def discover(service_folder: Path, kind: str) -> tuple[SqlFile, ...]:
    """Read `bootstrap`, `migrations` or `jobs` in order; raise BadInput with every problem of every file."""
    rule = KINDS[kind]
    folder = service_folder / kind
    shown = f"{service_folder.name}/{kind}"
    if not folder.is_dir():
        if not rule.required:
            return ()
        raise BadInput([f"{shown}: there is no such folder; every service has one"])
    found: dict[str, list[SqlFile]] = {"": [], ".up": [], ".down": []}
    problems: list[str] = []
    for path in sorted(folder.glob("*.sql")):
        if not (match := rule.pattern.fullmatch(path.name)):
            problems.append(
                f"{shown}/{path.name}: the name is not {rule.shape} (small letters, digits, _); rename the file"
            )
            continue
        try:
            found[match[3]].append(read(path, int(match[1] or 0), f"{shown}/{path.name}", kind))
        except BadInput as bad:
            problems.extend(bad.problems)
    forward = sorted([*found[""], *found[".up"]], key=lambda file: (file.version, file.name))
    if kind != "jobs":
        problems += _given_twice(forward, shown)
    if problems:
        raise BadInput(problems)
    return tuple(_paired(forward, found[".down"], shown))


def _given_twice(forward: Sequence[SqlFile], shown: str) -> Iterator[str]:
    for first, second in pairwise(forward):
        if first.version == second.version:
            yield f"{shown}/{second.name}: {first.name} has the same number; give the newer one the next free number"


def _paired(forward: Sequence[SqlFile], backward: Sequence[SqlFile], shown: str) -> Iterator[SqlFile]:
    """Each file with the one that takes it back; raise BadInput for a `.down.sql` that belongs to none."""
    by_stem = {file.stem: file for file in backward}
    alone = sorted(by_stem.keys() - {file.stem for file in forward if file.name.endswith(".up.sql")})
    if alone:
        raise BadInput(
            f"{shown}/{by_stem[stem].name}: there is no {stem}.up.sql that it would take back; name the two alike"
            for stem in alone
        )
    for file in forward:
        yield replace(file, down=by_stem.get(file.stem))


def read(path: Path, version: int, shown: str, kind: str = "migrations") -> SqlFile:
    """Read one file and hold it against the rules."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput([f"{shown}: cannot be read: {error.strerror}; mend its permissions"]) from None
    for broken, problem in _BYTE_RULES:
        if (offset := broken(content)) is not None:
            line = content.count(b"\n", 0, offset) + 1
            raise BadInput([f"{shown}:{line}: {problem}"])
    text = content.decode()
    heads, found = headers.read(text, kind)
    try:
        found = sorted([*found, *_text_problems(text, heads, kind)])
    except Unterminated as open_quote:
        raise BadInput([f"{shown}:{line_of(text, open_quote.offset)}: {open_quote}; close it"]) from None
    if found:
        raise BadInput(f"{shown}:{line}: {problem}" for line, problem in found)
    return SqlFile(version=version, name=path.name, text=text, headers=heads, statements=statements(text))


def made(text: str) -> tuple[Statement, ...]:
    """The statements of a text that a job's query wrote; BadInput when it breaks the rules of a job's file."""
    try:
        problems = list(_text_problems(text, Headers(), "jobs"))
    except Unterminated as open_quote:
        raise BadInput(f"{open_quote}; close it") from None
    if problems:
        raise BadInput(problem for _, problem in problems)
    return statements(text)


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


def _text_problems(text: str, heads: Headers, kind: str) -> Iterator[tuple[int, str]]:
    for token in tokens(text):
        if token.kind is TokenKind.SYMBOL and text[token.start] == "\\":
            yield (
                line_of(text, token.start),
                "a backslash command belongs to psql, and the server does not know it; remove it",
            )
    found = statements(text)
    if not found:
        yield 1, "the file is empty (it holds no statement); write one or delete the file"
    if heads.no_transaction and len(found) > 1:
        yield (
            found[1].line,
            "a second statement in a file without a transaction: if it failed, the first would stay and nothing would "
            "say so; give each statement a file of its own",
        )
    for statement in found:
        yield from _statement_problems(statement)
        yield from _place_problems(statement, heads, kind)


def _place_problems(statement: Statement, heads: Headers, kind: str) -> Iterator[tuple[int, str]]:
    """A statement that stands where PostgreSQL, or this runner, could not run it."""
    form = outside.form_of(statement)
    if form is None:
        return
    if form.refusal:
        yield statement.line, f"{form.what} {form.refusal}"
    elif form.optional:
        return
    elif kind == "bootstrap":
        yield statement.line, f"{form.what} cannot run in a transaction, and bootstrap/ runs in one; write a migration"
    elif kind == "migrations" and not heads.no_transaction:
        yield (
            statement.line,
            f"{form.what} cannot run in a transaction; put it alone into a file whose first line is "
            f"`{headers.NO_TRANSACTION}`",
        )


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
