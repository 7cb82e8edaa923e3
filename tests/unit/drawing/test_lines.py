from __future__ import annotations

import pytest

from drawing.layout import Link
from drawing.lines import HUB, anchor, choose
from drawing.model import Column, Key, Table


def table(name: str, *keys: Key, columns: str = "id") -> Table:
    schema, _, short = name.partition(".")
    return Table(schema, short, tuple(Column(column, "uuid") for column in columns.split()), keys)


def key(columns: str, target: str, referenced: str = "id") -> Key:
    return Key("k", tuple(columns.split()), target, tuple(referenced.split()))


def test_a_key_is_a_line_within_its_schema_and_a_chip_into_another() -> None:
    tables = [
        table("app.teams"),
        table("app.people", key("team", "app.teams"), key("boss", "auth.users"), columns="id team boss"),
        table("auth.users"),
    ]
    chosen = choose(tables)
    assert [line.link for line in chosen.lines] == [Link("app.people", 1, "app.teams")]
    assert chosen.chips == {("app.people", 2): ("auth.users",)}


@pytest.mark.parametrize("number", [HUB, HUB + 1])
def test_keys_to_a_hub_are_chips(number: int) -> None:
    tables = [table("app.hub"), *(table(f"app.t{index}", key("id", "app.hub")) for index in range(number))]
    chosen = choose(tables)
    assert (len(chosen.lines), len(chosen.chips)) == ((0, number) if number > HUB else (number, 0))


def test_a_third_key_of_a_row_is_a_chip() -> None:
    keys = [key("id", f"app.t{index}") for index in range(3)]
    tables = [*(table(f"app.t{index}") for index in range(3)), table("app.z", *keys)]
    chosen = choose(tables)
    assert len(chosen.lines) == 2
    assert chosen.chips == {("app.z", 0): ("app.t2",)}


@pytest.mark.parametrize(
    ("columns", "referenced", "speaks"),
    [
        ("tenant_id task_id", "tenant_id id", "task_id"),
        ("task_id parent_id", "task_id id", "parent_id"),
        ("family_id created_by", "family_id user_id", "created_by"),
        ("id created_at", "id created_at", "id"),
        ("tenant_id user_id", "tenant_id user_id", "user_id"),
        ("user_id created_at", "user_id created_at", "user_id"),
    ],
)
def test_of_a_composite_key_the_telling_column_speaks(columns: str, referenced: str, speaks: str) -> None:
    whole = key(columns, "app.other", referenced)
    tenant = key("tenant_id", "app.tenants")
    drawn = table(
        "app.t", whole, tenant, columns="id tenant_id family_id task_id parent_id user_id created_by created_at"
    )
    assert drawn.columns[anchor(drawn, whole)].name == speaks
