"""What has to hold between an index, its design and the migrated database, of whichever service: what does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from tests.sql.index import names, written
from tests.sql.index.catalog import Catalog
from tests.sql.index.finding import FIND, SAYS
from tests.sql.index.page import Item, Page, Row

Design = dict[str, dict[str, str]]

SETTLED = ("kept", "changed")

# Kinds of which the catalog says something that a row can repeat.
DEFINED = sorted(SAYS.keys() - {"tables", "views"})


def rows(index: Page, kind: str) -> list[Row]:
    """The rows of a kind, be they in one section or in several."""
    return [row for row in index.rows() if names.kind(row.section) == kind]


def of_design(kind: str, name: str, design: Design) -> str:
    """The design's definition; for an index without the table, which has a test of its own."""
    definition = design[kind][name]
    return definition.partition(" ")[2] if kind == "indexes" else definition


def kept_otherwise(kind: str, index: Page, design: Design, there: Catalog) -> list[str]:
    """What is called kept, and is not there as it was."""
    return [
        f"{row}: {SAYS[kind](there, row.name)} instead of {of_design(kind, row.name, design)}"
        for row in rows(index, kind)
        if row.fate == "kept" and SAYS[kind](there, row.name) != of_design(kind, row.name, design)
    ]


def changed_otherwise(kind: str, index: Page, there: Catalog) -> list[str]:
    """What is called changed, and is not there as the row says."""
    return [
        f"{row}: {SAYS[kind](there, row.name)}"
        for row in rows(index, kind)
        if row.fate == "changed" and [Item("", SAYS[kind](there, row.name) or "")] != list(row.today)
    ]


def changed_in_nothing(kind: str, index: Page, design: Design, there: Catalog) -> list[str]:
    """What is called changed, and is there as it was. A view's column can mean something else and have its old type."""
    return [
        str(row)
        for row in rows(index, kind)
        if row.fate == "changed"
        and row.today[0].text == of_design(kind, row.name, design)
        and row.name.rpartition(".")[0] not in there.views
    ]


def still_there(kind: str, index: Page, there: Catalog) -> list[str]:
    """What is called gone from its place, and is in it."""
    return [
        str(row) for row in rows(index, kind) if row.fate not in SETTLED and SAYS[kind](there, row.name) is not None
    ]


def missing(index: Page, there: Catalog) -> list[str]:
    """What takes the place of something, or holds it, and is not there."""
    lost = []
    for row in index.rows():
        if row.fate in SETTLED and names.kind(row.section) in SAYS:
            continue
        own = "index" if names.kind(row.section) == "indexes" else ""
        for item in row.today:
            find = FIND.get(item.kind or own)
            if find is not None and not find(there, item.text):
                lost.append(f"{row}: no {item.kind or own} {item.text}")
    return lost


def on_another_table(
    index: Page, design: Design, there: Catalog, moved: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """Indexes of which today's is on another table than the design's, wherever that moved to."""
    found = []
    for row in rows(index, "indexes"):
        table = design["indexes"][row.name].partition(" ")[0]
        today = [row.name] if row.fate in SETTLED else [item.text for item in row.today]
        if not {there.indexes[name].table for name in today} <= {moved.get(table, table)}:
            found.append(str(row))
    return found


def words(index: Page) -> set[str]:
    """Every word that stands before a name in the column `today`."""
    return {item.kind for row in index.rows() for item in row.today if item.kind}


def without_reason(index: Page) -> list[str]:
    """Rows that need a reason, and have neither a sentence nor one of the list."""
    return [
        str(row) for row in index.rows() if row.fate != "kept" and not (row.reasons or re.search(r"\w.*\.$", row.why))
    ]


def in_another_section(index: Page) -> list[str]:
    """Columns that stand in the section of another table."""
    return [
        str(row)
        for row in index.rows()
        if row.section.startswith(names.COLUMNS_OF)
        and row.section != f"{names.COLUMNS_OF}{row.name.rpartition('.')[0]}"
    ]


def promised(index: Page) -> set[str]:
    """What the rows say of which the object is still to come."""
    rows_ = [row for row in index.rows() if row.fate == "to come"]
    return {row.why for row in rows_} | {index.reasons[reason] for row in rows_ for reason in row.reasons}


def undecided(index: Page) -> list[str]:
    """What a design says of infrastructure that is neither in production's graph nor in a decision that says why not.

    In the graph is what is kept, and of the rest what names a place there, with every number that the design gives.
    """
    found = []
    for row in index.rows():
        if names.kind(row.section) not in names.INFRASTRUCTURE or row.fate == "kept" or row.decisions:
            continue
        held = [item.text for item in row.today if item.kind.startswith("prod ")]
        there = {figure for text in held for figure in written.figures(text)}
        if row.fate == "to come" or not held or not there >= set(written.figures(row.name)):
            found.append(str(row))
    return found


def unspoken(index: Page) -> list[str]:
    """What a design says of infrastructure, and the decision beside it does not: neither its name nor its numbers.

    A setting has to be there by its name.
    """
    found = []
    for row in index.rows():
        if names.kind(row.section) not in names.INFRASTRUCTURE or not row.decisions:
            continue
        text = " ".join(path.read_text(encoding="utf-8") for path in row.decisions)
        # A setting's name, a sentence's first part, or a command without its options.
        name = re.split(r" = |=|: |, | \(| --?\w| \$", row.name)[0].removeprefix("output ")
        figures = set() if names.kind(row.section) in names.SETTINGS else set(written.figures(row.name))
        named = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text)
        if not named and not (figures and figures <= set(written.figures(text))):
            found.append(f"{row}: {name}")
    return found


def bare(name: str) -> str:
    """The last part of a dotted name, without arguments, table or definition."""
    return re.sub(r"[( ].*", "", name).rpartition(".")[2]


def silent(index: Page, kinds: set[str], tables: Callable[[str], set[str]]) -> list[str]:
    """Rows with a file that has neither the object's name nor, where PostgreSQL gives the name, that of its table."""
    found = []
    for row in index.rows():
        if names.kind(row.section) in kinds:
            today = [] if row.fate == "changed" else [bare(item.text) for item in row.today]
            wanted = {bare(row.name), *today}.union(*(tables(name) for name in today))
            # A job may only run what makes the object.
            for path in (path for path in row.files if path.parent.name != "jobs"):
                text = path.read_text(encoding="utf-8")
                if not any(re.search(rf"\b{re.escape(word)}", text) for word in wanted):
                    found.append(f"{row}: {path.name} says nothing of {', '.join(sorted(wanted))}")
    return found
