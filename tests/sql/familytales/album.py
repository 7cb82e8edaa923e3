"""A family with something of everything, and the files of queries that ask about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row, tuple_row

from tests.sql.databases import Database
from tests.sql.familytales.world import Family, register

WRITTEN = Path(__file__).parent / "as_written"
QUERIES = Path(__file__).parents[3] / "sql/familytales/queries"
DESIGNED = QUERIES / "as_designed"


def text_of(folder: Path, name: str) -> str:
    return (folder / f"{name}.sql").read_text()


class Album:
    """Anna's family: four books, one of them empty and one Ben's alone. Ben is in another family, too."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.family = family = Family(database)
        self.other = Family(database, "Other", register(database, "Olga"))
        self.stranger = self.other.owner
        self.empty_family = _nothing_in(Family(database, "Nobody", self.stranger))
        self.ben = register(database, "Ben")
        family.join(user=self.ben)
        self.other.join(user=self.ben)
        gone, seldom, dora = (register(database, name) for name in ("Gustav", "Selma", "Dora"))
        family.join("editor", user=gone)
        family.join("member", user=seldom)
        family.join("viewer", user=dora)
        family.rows(gone, "SELECT leave_family(%s)", family.id)
        database.run("UPDATE familytales.users SET last_login_at = now() - interval '31 days' WHERE id = %s", seldom)

        self.empty_thread = family.new_thread(title="Nothing yet")
        self.coast = family.tell("Küste")
        self.boat = family.tell(
            "ab", kind="mixed", audio="s3://voice", said="été", photos=("s3://a", "s3://b"), by=self.ben
        )
        family.narrate(self.boat, 1, "a lake")
        family.narrate(self.boat, 0, "a boat", by=self.ben)
        family.tag(self.boat, "boat", "lake", by=self.ben)
        family.tag(self.boat, "lake")
        family.attach(family.upload(1000, by=self.ben), self.boat, by=self.ben)
        family.mark_deleted(family.show(1))
        family.mark_deleted(family.tell("no", by=self.ben), by=self.ben)

        self.winters = family.new_book("Winters")
        self.winter_thread = family.new_thread(self.winters, "Snow")
        self.snow = family.tell("snow", thread=self.winter_thread, by=self.ben)
        ((day,),) = database.rows("SELECT (now() - interval '40 days')::text")
        family.tell("ice", thread=self.winter_thread, by=self.ben, on=day)

        self.empty_book = family.new_book("Empty")
        self.mine = family.new_book("Mine", "private", by=self.ben)
        self.private_thread = family.new_thread(self.mine, by=self.ben)
        self.secret = family.tell("secret", thread=self.private_thread, by=self.ben)
        family.tag(self.secret, "lake", by=self.ben)
        for text in ("one", "two"):
            self.other.tell(text, by=self.ben)
        self.elsewhere = self.other.tell("three", by=self.ben)
        self.other.tag(self.elsewhere, "lake", by=self.ben)

    def last_activity(self, title: str) -> Any:
        query = "SELECT last_activity_at FROM familytales.memory_books WHERE title = %s AND family_id = %s"
        return self.family.one(query, title, self.family.id)[0]

    def _asked(self, user: UUID, make: Any, text: str, values: Any) -> tuple[list[str], list[Any]]:
        with self.database.login("familytales_app") as connection, connection.transaction():
            connection.execute("SELECT set_config('app.current_user_id', %s, true)", (str(user),))
            cursor = make(connection)
            cursor.execute(text.encode(), values)
            return [column.name for column in cursor.description], cursor.fetchall()

    def asked_raw(self, user: UUID, folder: Path, name: str, *values: object) -> tuple[list[str], list[Any]]:
        """The names of the columns and the rows that a query of the design, with $1 and $2, gives a user."""

        def make(connection: psycopg.Connection[Any]) -> psycopg.RawCursor[Any]:
            return psycopg.RawCursor(connection, row_factory=tuple_row)

        return self._asked(user, make, text_of(folder, name), values)

    def asked(self, user: UUID, folder: Path, name: str, *values: object) -> list[dict[str, Any]]:
        """The same as dictionaries, in which the last of two columns of a name is kept."""

        def make(connection: psycopg.Connection[Any]) -> psycopg.RawCursor[Any]:
            return psycopg.RawCursor(connection, row_factory=dict_row)

        return self._asked(user, make, text_of(folder, name), values)[1]

    def recommended(self, user: UUID, name: str, **values: object) -> list[dict[str, Any]]:
        """What a query of sql/familytales/queries gives a user."""
        return self._asked(user, lambda c: c.cursor(row_factory=dict_row), text_of(QUERIES, name), values)[1]


def _nothing_in(family: Family) -> Family:
    family.rows(family.owner, "DELETE FROM memory_books WHERE family_id = %s", family.id)
    return family
