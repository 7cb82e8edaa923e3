"""Who is in the world of the matrix, which families and books there are, and the places of their rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from tests.sql.matrix.cast import NOBODY, id_of

__all__ = ["NOBODY", "id_of"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, and the membership by which he stands to his family."""

    name: str
    standing: str
    family: str | None
    role: str = "member"
    permissions: dict[str, bool] = field(default_factory=dict)
    is_member: bool = True
    """Whether the membership is active."""
    has_account: bool = True
    """Whether the account is active."""


# Each standing that is asked for has a second one like it: whom one does not see is not oneself.
PEOPLE = [
    Person("owner", "member", "miller", role="owner"),
    Person("admin", "member", "miller", role="admin"),
    Person("cut_admin", "member", "miller", role="admin", permissions={"can_delete": False}),
    Person("editor", "member", "miller", role="editor"),
    Person("member", "member", "miller"),
    Person("may_edit", "member", "miller", permissions={"can_edit": True}),
    Person("may_delete", "member", "miller", permissions={"can_delete": True}),
    Person("may_invite", "member", "miller", permissions={"can_invite": True}),
    Person("viewer", "member", "miller", role="viewer"),
    Person("quiet", "member", "miller"),
    # A viewer here, an administrator there.
    Person("both", "both", "miller", role="viewer"),
    # Put out by a change of the row, whose role and exceptions still say what they said.
    *(
        Person(f"paused{twin}", "left", "miller", "admin", {"can_invite": True}, is_member=False)
        for twin in ("", "_too")
    ),
    # Gone by himself: leave_family takes the exceptions away.
    Person("former", "left", "miller", role="admin"),
    *(Person(f"locked{twin}", "locked", "miller", role="admin", has_account=False) for twin in ("", "_too")),
    Person("stranger", "jones", "jones", role="owner"),
    Person("jones_extra", "jones", "jones"),
    Person("gone_owner", "gone", "gone", role="owner"),
    Person("gone_extra", "gone", "gone"),
    Person("loner", "loner", None),
    Person("loner_too", "loner", None),
]
LEAVERS = ["former"]

# Who has told something in the Millers' book, and has a book of his own there and one for himself.
WRITERS = [
    "owner", "admin", "cut_admin", "editor", "member", "may_edit", "may_delete", "may_invite", "viewer", "both",
    "paused", "former", "locked",
]  # fmt: skip
ASKERS = [*WRITERS, "stranger", "gone_owner", "loner", "unknown", NOBODY]

# Whether it is active.
FAMILIES = {"miller": True, "jones": True, "gone": False}


@dataclass(frozen=True, slots=True)
class Book:
    """A memory book, whose it is, and the place of its rows."""

    name: str
    family: str
    creator: str
    privacy: str = "family"
    is_collaborative: bool = True

    @property
    def id(self) -> UUID:
        return id_of("book", self.name)


# These have something in them from the beginning.
TOLD = [
    Book("family", "miller", "quiet"),
    Book("private", "miller", "quiet", "private"),
    Book("public", "miller", "quiet", "public"),
    Book("closed", "miller", "quiet", is_collaborative=False),
    *(Book(f"own_{writer}", "miller", writer, "private") for writer in WRITERS),
    Book("jones", "jones", "jones_extra"),
    Book("jones_pub", "jones", "jones_extra", "public"),
    Book("gone", "gone", "gone_extra"),
    Book("gone_pub", "gone", "gone_extra", "public"),
]
# In the first kind nobody has told anything; in the second, only somebody else, in a thread of the book's creator.
BOOKS = [
    *TOLD,
    *(Book(f"mine_{writer}", "miller", writer) for writer in WRITERS),
    *(Book(f"shared_{writer}", "miller", writer) for writer in WRITERS),
]

# Columns of the tables about what is in books, about families and about people.
PLACES = {
    "book": [
        *(
            "family",
            "untold",
            "mine",
            "shared",
            "own",
            "private",
            "public",
            "closed",
            "jones",
            "jones_pub",
            "gone",
            "gone_pub",
        ),
        *("marked", "my_marked", "taken", "pub_marked", "waiting", "my_waiting"),
    ],
    "family": ["miller", "own", "private", "jones", "gone", "none"],
    "person": ["self", "member", "both", "left", "locked", "jones", "gone", "loner"],
    "all": ["all"],
}

PEOPLE_BY_NAME = {person.name: person for person in PEOPLE}
BOOKS_BY_NAME = {book.name: book for book in BOOKS}


def user_id(asker: str) -> UUID | None:
    """What the application says of who asks; `unknown` has an id, and no account."""
    return None if asker == NOBODY else id_of("person", asker)
