"""Tables with everything that a picture can show."""

from __future__ import annotations

from drawing.model import Column, Key, Table, Unique

_ID = Column("id", "uuid", required=True, primary=True)
_AT = Column("created_at", "timestamptz", required=True)

EVERYTHING = (
    Table("people", "profiles", (Column("user_id", "uuid", True, True), Column("bio", "text")),
          (Key("k", ("user_id",), "people.users", ("id",), one_to_one=True),), row_security=True),
    Table("people", "users", (_ID, Column("email", "varchar(255)", True, unique=Unique.ALONE), _AT), row_security=True),
    Table(
        "sales",
        "orders",
        (
            _ID,
            Column("number", "bigint", required=True, generated=True),
            Column("user_id", "uuid", required=True, unique=Unique.PARTLY),
            Column("parent_id", "uuid"),
            Column("created_at", "timestamptz", required=True, primary=True),
        ),
        (
            Key("user", ("user_id",), "people.users", ("id",)),
            Key("parent", ("parent_id", "created_at"), "sales.orders", ("id", "created_at")),
        ),
        partitions="by month",
        row_security=True,
    ),
    Table(
        "sales",
        "lines",
        (_ID, Column("order_id", "uuid", required=True), Column("created_at", "timestamptz", required=True)),
        (Key("order", ("order_id", "created_at"), "sales.orders", ("id", "created_at")),),
        row_security=True,
    ),
    Table("sales", "returns", (_ID, Column("line_id", "uuid")), (Key("line", ("line_id",), "sales.lines", ("id",)),)),
    Table("views", "turnover", (Column("day", "date"), Column("amount", "numeric(12,2)")), materialized=True,
          reads=("sales.lines", "sales.orders")),
)  # fmt: skip
