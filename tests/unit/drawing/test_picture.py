from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from drawing import legend
from drawing.model import Column, Key, Table, Unique
from drawing.picture import draw
from drawing.svg import path
from tests.unit.drawing.everything import EVERYTHING

SVG = "{http://www.w3.org/2000/svg}"


def words(text: str) -> list[str]:
    return [found.text or "" for found in ET.fromstring(text).iter() if found.tag in (f"{SVG}text", f"{SVG}tspan")]


def test_every_table_and_every_column_with_its_type_is_there() -> None:
    shown = words(draw("shop", EVERYTHING))
    for table in EVERYTHING:
        assert table.name in shown
        for column in table.columns:
            assert column.name in shown
            assert column.type in shown


def test_partitions_sources_and_targets_are_named() -> None:
    shown = words(draw("shop", EVERYTHING))
    assert {"by month", "from sales.orders", "→ people.users", "5 tables, 1 materialized view in 3 schemas"} <= set(
        shown
    )


def test_the_same_tables_give_the_same_picture() -> None:
    assert draw("shop", EVERYTHING) == draw("shop", EVERYTHING)


def test_names_are_escaped() -> None:
    odd = Table("s", "a<b>&\"c'", (Column("<x>&", "text"),))
    assert {"a<b>&\"c'", "<x>&"} <= set(words(draw("<&>", [odd])))


def test_nothing_is_loaded_run_or_named_that_only_some_machine_has() -> None:
    text = draw("shop", EVERYTHING)
    assert not re.search(r"<script|@import|url\(|href=\"[^#]|<image|foreignObject", text)
    assert text.count("http") == 1  # the namespace


def test_a_database_without_a_table_has_a_picture_too() -> None:
    assert "no table in 0 schemas" in words(draw("empty", []))


def test_the_legend_names_only_what_is_drawn() -> None:
    plain = draw("shop", [Table("s", "t", (Column("a", "int"),))])
    assert not {"primary key", "generated", "many rows refer to one", "materialized view"} & set(words(plain))
    assert {"primary key", "generated", "many rows refer to one", "materialized view"} <= set(
        words(draw("s", EVERYTHING))
    )


def test_row_level_security_is_a_sentence() -> None:
    def tables(*rows: bool) -> list[Table]:
        return [Table("s", f"t{index}", (), row_security=on) for index, on in enumerate(rows)]

    assert legend.row_security(tables(True, True)) == "Row level security is on in every table."
    assert legend.row_security(tables(False)) == "No table has row level security."
    assert legend.row_security(tables(True, False)) == "Row level security is on in every table but s.t1."
    assert legend.row_security(tables(*[True] * 2, *[False] * 5)) == "Row level security is on in 2 of 7 tables."


def test_a_mark_says_whether_a_key_is_unique_alone() -> None:
    def table(unique: Unique, primary: bool = False) -> Table:
        return Table("s", "t", (Column("a", "int", unique=unique, primary=primary),))

    assert 'href="#unique"' in draw("s", [table(Unique.ALONE)])
    assert 'href="#partly"' in draw("s", [table(Unique.PARTLY)])
    assert 'href="#primary"' in draw("s", [table(Unique.ALONE, primary=True)])


def test_a_column_may_have_every_mark() -> None:
    column = Column("a", "int", primary=True, generated=True)
    text = draw("s", [Table("s", "t", (column,), (Key("k", ("a",), "s.t", ("a",)),))])
    assert all(f'href="#{name}"' in text for name in ("primary", "key", "generated"))


@given(st.lists(st.integers(-50, 50), min_size=3, max_size=8))
def test_a_rounded_line_begins_and_ends_where_it_should(heights: list[int]) -> None:
    points = [(0, heights[0])]
    for index, (_, height) in enumerate(pairwise(heights), start=1):
        points += [(index * 20, points[-1][1]), (index * 20, height)]
    drawn = path(points)
    assert drawn.startswith(f"M0 {heights[0]}")
    assert drawn.endswith(f"L{points[-1][0]} {points[-1][1]}")
