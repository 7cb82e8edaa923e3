"""Who is in the world of the matrix, which organisations and projects there are, and the places of their rows."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

NOBODY = "nobody"


def id_of(kind: str, name: str) -> UUID:
    """The same in every world, so that a statement can be repeated by hand."""
    return uuid5(NAMESPACE_URL, f"{kind}/{name}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, and the membership by which he stands to his organisation."""

    name: str
    standing: str
    organization: str | None
    role: str = "member"
    membership: str = "active"
    account: str = "active"


# Each standing that is asked for has a second one like it: whom one does not see is not oneself.
PEOPLE = [
    Person("owner", "colleague", "acme", role="owner"),
    Person("admin", "colleague", "acme", role="admin"),
    Person("member", "colleague", "acme"),
    Person("viewer", "colleague", "acme", role="viewer"),
    Person("quiet", "colleague", "acme"),
    Person("acme_extra", "colleague", "acme"),
    Person("acme_spare", "colleague", "acme"),
    Person("both", "both", "acme"),
    *(Person(f"pending{twin}", "pending", "acme", membership="pending") for twin in ("", "_too")),
    *(Person(f"suspended{twin}", "suspended", "acme", membership="suspended") for twin in ("", "_too")),
    *(Person(f"removed{twin}", "removed", "acme", role="owner", membership="removed") for twin in ("", "_too")),
    *(Person(f"locked{twin}", "locked", "acme", role="admin", account="suspended") for twin in ("", "_too")),
    *(Person(f"erased{twin}", "erased", "acme", role="admin", account="deleted") for twin in ("", "_too")),
    Person("stranger", "beta", "beta", role="owner"),
    Person("beta_extra", "beta", "beta"),
    Person("beta_spare", "beta", "beta"),
    Person("hidden_extra", "hidden", "hidden", role="owner"),
    Person("hidden_spare", "hidden", "hidden"),
    Person("gone_owner", "gone", "gone", role="owner"),
    Person("gone_extra", "gone", "gone"),
    Person("gone_spare", "gone", "gone"),
    Person("frozen_owner", "frozen", "frozen", role="owner"),
    Person("frozen_member", "frozen", "frozen"),
    Person("frozen_extra", "frozen", "frozen"),
    Person("frozen_spare", "frozen", "frozen"),
    Person("loner", "loner", None),
    Person("fresh", "loner", None),
]
FREE_ROLE = id_of("role", "free")
# Who has written something in Acme, and created and entered private projects of it.
WRITERS = ["owner", "admin", "member", "viewer", "both", "pending", "suspended", "removed", "locked", "erased"]

# Its status, and whether it was deleted.
ORGANIZATIONS = {
    "acme": ("active", False),
    "beta": ("trial", False),
    "hidden": ("active", False),
    "gone": ("deleted", True),
    "frozen": ("suspended", False),
}


@dataclass(frozen=True, slots=True)
class Project:
    """A project, by whom it was created, and the place of its rows."""

    place: str
    organization: str
    visibility: str
    creator: str
    members: tuple[str, ...]
    deleted: bool = False
    name: str = ""

    @property
    def id(self) -> UUID:
        return id_of("project", self.name or self.place)


PROJECTS = [
    Project("open", "acme", "organization", "quiet", ("acme_extra",)),
    Project("public", "acme", "public", "quiet", ("acme_extra",)),
    Project("inside", "acme", "private", "quiet", ("acme_extra", *WRITERS)),
    *(Project("own", "acme", "private", writer, ("acme_extra",), name=f"own_{writer}") for writer in WRITERS),
    Project("closed", "acme", "private", "quiet", ("acme_extra",)),
    Project("erased", "acme", "public", "quiet", ("acme_extra",), deleted=True),
    Project("beta", "beta", "organization", "beta_extra", ("beta_extra",)),
    Project("beta", "beta", "private", "beta_extra", ("beta_extra",), name="beta_private"),
    Project("beta_pub", "beta", "public", "beta_extra", ("beta_extra",)),
    Project("hidden", "hidden", "organization", "hidden_extra", ("hidden_extra",)),
    Project("gone", "gone", "organization", "gone_owner", ("gone_extra", "gone_owner")),
    Project("gone", "gone", "private", "gone_owner", ("gone_extra", "gone_owner"), name="gone_private"),
    Project("gone_pub", "gone", "public", "gone_owner", ("gone_extra", "gone_owner")),
    Project("frozen", "frozen", "organization", "frozen_extra", ("frozen_extra",)),
    Project("frozen_priv", "frozen", "private", "frozen_extra", ("frozen_extra",)),
    Project("frozen_pub", "frozen", "public", "frozen_extra", ("frozen_extra",)),
]

# Columns of the tables about the rows of projects, organisations and people.
_OF_PROJECTS = (
    "open mine public inside own closed erased beta beta_pub hidden gone gone_pub frozen frozen_priv frozen_pub"
)
_OF_PEOPLE = "self colleague both pending suspended removed locked erased beta hidden gone frozen loner"
PLACES = {
    "project": _OF_PROJECTS.split(),
    "organization": [*ORGANIZATIONS, "none"],
    "person": _OF_PEOPLE.split(),
    "all": ["all"],
}

PLACE_OF = {project.name or project.place: project.place for project in PROJECTS}
PEOPLE_BY_NAME = {person.name: person for person in PEOPLE}
ASKERS = [
    *WRITERS, "stranger", "gone_owner", "frozen_owner", "frozen_member", "loner", "unknown", NOBODY
]  # fmt: skip


def user_id(asker: str) -> UUID | None:
    """What the application says of who asks; `unknown` has an id, and no account."""
    return None if asker == NOBODY else id_of("person", asker)
