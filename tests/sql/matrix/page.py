"""docs/platform_access.md, written from the tables of expectations.

python -m tests.sql.matrix.page > docs/platform_access.md
"""

from __future__ import annotations

from itertools import groupby

from tests.sql.matrix.cases import CODES, EXPECTED
from tests.sql.matrix.rights import Rights, forgeries, rights

_WRITTEN_BY = "<!-- Written by `python -m tests.sql.matrix.page` from tests/sql/matrix/expected/: change it there. -->"

_INTRO = """
# Who may do what in the platform's database

Two things decide: the *rights* of the role that logs in (which tables, which columns), and for `platform_app`, the
role that serves requests, *row level security*: which rows there are for the user on whose behalf it asks. Both are
written down here, and every cell is tried on PostgreSQL 15, 16 and 18 by the tests in `tests/sql/matrix`.

## Rights

`s` reads, `i` inserts, `u` updates, `d` deletes; in brackets the only columns for which that holds (*all but* some,
when it says so). A table that is not in a role's list is closed to it. Tables are truncated by the owner alone.
`part.tasks` and its like are the partitions, which only dumps and the owner can name.
"""

_SCENES = """
## Rows

Everything is seen from Acme, an organisation. The others are there to be kept apart from it.

| place | rows |
|---|---|
| `open` | of a project of Acme's that the whole organisation sees |
| `mine` | in the same project, what the user wrote or was given himself |
| `public` | of a public project of Acme's |
| `inside` | of a private project that the user was added to |
| `own` | of a private project that the user created |
| `closed` | of private projects that are neither |
| `erased` | of a public project that was deleted |
| `beta`, `beta_pub` | of Beta, an organisation on trial: its private and open projects, and its public one |
| `hidden` | of an organisation without a public project |
| `gone`, `gone_pub` | of an organisation that was deleted, and its public project |
| `frozen`, `frozen_priv`, `frozen_pub` | of a suspended organisation: an open project, a private and a public one |
| `none` | of no organisation |
| `self`, `colleague`, `both` | the user's own, those of active members of Acme, of one who is also in Beta |
| `pending`, `suspended`, `removed` | of people who have not joined Acme yet, are kept out, were put out |
| `locked`, `erased` (a person) | of admins of Acme whose account is suspended or was deleted |
| `loner` | of people who are in no organisation |

A cell has a letter for each of SELECT, INSERT, UPDATE and DELETE, and the last column one for TRUNCATE. A line with one
cell means it for every place; a table that is closed to the role has no line. To INSERT means a new row in that place,
in the user's own name where it bears a name. The roles that only read log in with transactions that are read only
(25006 for whatever would write); what is said here holds when they have switched that off.

| letter | what comes of it |
|---|---|
{letters}
| a number | so many of the rows that are there |
| `_` | the table has no row there |
"""

_ATTEMPTS = """
## Attempts

What somebody might try as `platform_app` to get at what is another's, and what comes of it for whom: a number of rows,
or a letter of the table above.
"""

_TITLES = {
    "owner admin": "An owner, or an admin, of Acme",
    "member": "A member of Acme",
    "viewer": "A viewer of Acme",
    "both": "A member of Acme who is an admin of Beta",
    "pending suspended removed": "Whoever was invited to Acme and has not joined, was suspended there, or was removed",
    "locked erased": "An admin of Acme whose account is suspended or deleted",
    "stranger": "The owner of Beta",
    "gone_owner loner": "The owner of a deleted organisation, and somebody without one",
    "frozen_owner": "The owner of a suspended organisation",
    "frozen_member": "A member of a suspended organisation",
    "unknown": "An id that is no account",
    "nobody": "Nobody: no user was named",
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
    for role, all_of_it in groupby(rights().values(), key=lambda said: said.role):
        parts.append(f"### {role}\n\n| table | may |\n|---|---|")
        parts[-1] += "".join(f"\n| {said.table} | {_columns(said)} |" for said in all_of_it)
    return "\n\n".join(parts)


def _table(lines: list[str]) -> list[str]:
    """A table without what is closed altogether; the rights above tell that already."""
    told: list[str] = []
    for block in "\n".join(lines).strip().split("\n\n"):
        head, *rows = block.splitlines()
        if kept := [row for row in rows if row.split()[1:] not in (["-"], ["----", "m"])]:
            told += ["", head, *kept]
    return told[1:]


def _rows(role: str) -> str:
    """The role's table, with its comments as prose."""
    parts: list[str] = []
    table: list[str] = []
    prose: list[str] = []
    for line in [*(EXPECTED / f"{role}.txt").read_text().splitlines(), "["]:
        if line.startswith("#"):
            prose.append(line.removeprefix("#").strip())
            continue
        if prose:
            parts.append("\n".join(prose))
            prose = []
        if line.startswith("["):
            if any(table):
                parts.append("\n".join(["```", *_table(table), "```"]))
            if title := _TITLES.get(line.strip("[]")) if role == "platform_app" else None:
                parts.append(f"#### {title}")
            table = []
        else:
            table.append(line)
    return "\n\n".join(parts)


def _forgeries() -> str:
    parts = []
    for forgery in forgeries():
        by_outcome: dict[str, list[str]] = {}
        for asker, outcome in forgery.outcomes.items():
            by_outcome.setdefault(outcome, []).append(asker)
        told = "; ".join(f"`{outcome}` {', '.join(askers)}" for outcome, askers in by_outcome.items())
        parts.append(f"| {forgery.sentence} | {told} |")
    return "\n".join(["| tried | outcome |", "|---|---|", *parts])


def page() -> str:
    """The whole page."""
    letters = "\n".join(f"| `{code}` | {words} |" for code, words in CODES.items() if code != "r")
    roles = dict.fromkeys(role for role, _ in rights())
    sections = [f"### {role}, row by row\n\n{_rows(role)}" for role in roles]
    parts = [
        _WRITTEN_BY,
        _INTRO.strip(),
        _rights(),
        _SCENES.strip().replace("{letters}", letters),
        *sections,
        _ATTEMPTS.strip(),
        _forgeries(),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    print(page(), end="")
