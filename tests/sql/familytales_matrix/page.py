"""docs/familytales_access.md, written from the tables of expectations.

python -m tests.sql.familytales_matrix.page > docs/familytales_access.md
"""

from __future__ import annotations

from itertools import groupby

from tests.sql.familytales_matrix.cases import CODES, EXPECTED
from tests.sql.familytales_matrix.rights import LOGINS, functions, rights
from tests.sql.familytales_matrix.statements import APP
from tests.sql.matrix.rights import Rights

_WRITTEN_BY = (
    "<!-- Written by `python -m tests.sql.familytales_matrix.page` from tests/sql/familytales_matrix/expected/:"
    " change it there. -->"
)

_INTRO = """
# Who may do what in the database of FamilyTales

Two things decide: the *rights* of the role that logs in (which tables, which columns, which functions), and *row level
security*: which rows there are for it, and for `familytales_app`, the role that serves requests, for the user on whose
behalf it asks. Both are written down here, and every cell is tried on PostgreSQL 15, 16 and 18 by the tests in
`tests/sql/familytales_matrix`. `familytales_migrator` works as the owner of everything, and is not in the tables.

## Rights

`s` reads, `i` inserts, `u` updates, `d` deletes; in brackets the only columns for which that holds (*all but* some,
when it says so). A table that is not in a role's list is closed to it; `part.*` is every table of the schema, which is
where partitions are. Tables are truncated by the owner alone. Members, invitations and accounts are changed by
functions.
"""

_FUNCTIONS = """
## Functions

Nobody may call a function only because everybody may. These are all that each role may call; a role that is not here
calls none.
"""

_SCENES = """
## Rows

Everything is seen from the Millers, a family. The others are there to be kept apart from it.

| place | rows |
|---|---|
| `family` | of a book that the whole family reads, told by somebody else |
| `untold` | a book of somebody else in which nobody has told anything yet |
| `mine` | what the user told in it, or a book of his in which nobody has told anything yet |
| `shared` | a book of the user's, and a thread of his, in which somebody else has told something |
| `own` | of the user's private book |
| `private` | of the private books of others |
| `public` | of a public book |
| `closed` | of a book of somebody else to which others add nothing |
| `marked` | segments of others in the first book that are marked as deleted, and what hangs on them |
| `pub_marked` | the same in the public book |
| `my_marked`, `taken` | segments of the user's own that he marked himself, and that somebody else did |
| `waiting`, `my_waiting` | uploads of others and of the user's own that no segment shows yet |
| `jones`, `jones_pub` | of another family: of its book, and of its public one |
| `gone`, `gone_pub` | the same of a family that is not active |
| `miller`, `none` | of the family itself, and of none |
| `self`, `member`, `both` | the user's own account, those of the family's members, and of one who is in both families |
| `left`, `locked` | accounts of those who were members, and of a member whose account is not active |
| `loner` | accounts of people who are in no family |

A cell has a letter for each of SELECT, INSERT, UPDATE and DELETE; a line with a colon in its name is about one of
them and has one letter. A line with one cell means it for every place; a table that is closed to the role has no line.
To INSERT means a new row in that place, in the user's own name where it bears a name (in `private`, a book in the name
of whoever has it). What is said holds without a WHERE, too: nobody changes unseen what he does not see. The roles that
only read log in with transactions that are read only; what is said here holds when they have switched that off.

| line | the UPDATE, or INSERT |
|---|---|
| `memory_books` | of the title |
| `memory_books:publish`, `memory_books:hide` | that makes the book public, or private |
| `content_segments` | of what was told; for the media service, of what was said in a recording |
| `content_segments:mark` | that marks it as deleted, or takes the mark away |
| `photo_narrations` | that makes it an edited one; for the media service, of the words |
| `photo_narrations:words` | of the words alone |
| `threads:forge` and the like | of a new one in the name of another member |
| `photo_narrations:pretend` | of a new one in the machine's name; for the media service, in a person's |

| letter | what comes of it |
|---|---|
{letters}
| a number | so many of the rows that are there |
| `_` | the table has no row there, or nothing is tried |
"""

_TITLES = {
    "owner admin": "The owner, or an administrator",
    "cut_admin": "An administrator with `can_delete` false",
    "editor may_edit": "An editor, or a member with `can_edit`",
    "member": "A member",
    "may_delete": "A member with `can_delete`",
    "may_invite": "A member with `can_invite`",
    "viewer": "A viewer",
    "both": "A viewer of the Millers who administers the Joneses",
    "paused former": "Whose membership was ended, or who left",
    "locked": "An administrator whose account is not active",
    "stranger": "The owner of the Joneses",
    "gone_owner": "The owner of a family that is not active",
    "loner": "Somebody without a family",
    "unknown nobody": "An id that is no account, and nobody",
}


def _columns(said: Rights) -> str:
    words = []
    for right in said.by_verb.values():
        if right.columns is None:
            words.append(f"`{right.verb}`")
            continue
        # In the order in which they are written, which is that of the table.
        written = said.written.split(f"{right.verb}(")[1].split(")")[0].lstrip("-").replace(" ", ", ")
        words.append(f"`{right.verb}`({'all but ' if right.but else ''}{written})")
    return " ".join(words)


def _rights() -> str:
    parts = []
    for role, all_of_it in groupby(rights(), key=lambda said: said.role):
        parts.append(f"### {role}\n\n| table | may |\n|---|---|")
        parts[-1] += "".join(f"\n| {said.table} | {_columns(said)} |" for said in all_of_it)
    return "\n\n".join(parts)


def _functions() -> str:
    rows = [f"| {role} | {', '.join(f'`{name}`' for name in names)} |" for role, names in functions().items() if names]
    return "\n".join(["| role | may call |", "|---|---|", *rows])


def _table(text: str) -> str:
    """A table without what is closed altogether; the rights above tell that already."""
    told: list[str] = []
    for block in text.strip().split("\n\n"):
        head, *rows = [line for line in block.splitlines() if not line.startswith("#")]
        if kept := [row for row in rows if row.split()[1:] not in (["-"], ["-vvv"])]:
            told += ["", head, *kept]
    return "\n".join(["```", *told[1:], "```"])


def _prose(text: str) -> str:
    return "\n".join(line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#"))


def _rows(role: str) -> str:
    """The role's tables, with their comments as prose."""
    before, *parts = (EXPECTED / f"{role}.txt").read_text().split("\n[")
    told = [f"### {role}, row by row", _prose(before)]
    for part in parts:
        askers, _, text = part.partition("]\n")
        if role == APP:
            told += [f"#### {_TITLES[askers]}", _prose(text)]
        told.append(_table(text))
    return "\n\n".join(told)


def page() -> str:
    """The whole page."""
    letters = "\n".join(f"| `{code}` | {words} |" for code, words in CODES.items())
    parts = [
        _WRITTEN_BY,
        _INTRO.strip(),
        _rights(),
        _FUNCTIONS.strip(),
        _functions(),
        _SCENES.strip().replace("{letters}", letters),
        *(_rows(role) for role in LOGINS),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    print(page(), end="")
