"""Two families who want to know everything about each other, and ways to let them try."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import LiteralString
from uuid import UUID, uuid4

import psycopg

from tests.sql.attacks.world import NOBODY_HAS_IT, Attacker, No, Query
from tests.sql.databases import Database, Rows, password_of
from tests.sql.familytales_attacks.planting import plant

APP = "familytales_app"
MEDIA = "familytales_media"
PUBLIC = "familytales_public"
SUPPORT = "familytales_support"
ARCHIVIST = "familytales_archivist"
BACKUP = "familytales_backup"
LOGINS = [APP, PUBLIC, MEDIA, SUPPORT, ARCHIVIST, BACKUP]

NOT_ADMITTED = "new row violates row-level security policy for table "
INVALID_INVITE = ("28000", "the invitation is not valid")

Action = Callable[[psycopg.Connection], object]
Answer = tuple[str | None, str | None] | object


class World:
    """miller is what is attacked; evil is the attackers' own family, where they are honest members.

    miller: anna owns it, adam administers it, ed is an editor, max and nina are members, vera is a viewer; rita was an
    administrator and left, sam is one whose account is closed. dora is a member of miller and owns evil's sister,
    dora's; mallory owns evil, and milo is a member there, as dora is. eve has an account and nothing else. ghost is a
    family that its owner, greta, has set inactive.

    Books of miller: shared (everybody's), secret (nina's private one), closed (anna's, not collaborative), public. lair
    is evil's, haunted is ghost's, and public there. Each has a thread and a segment of the same name.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.anna, self.adam, self.ed, self.max, self.nina, self.vera = (uuid4() for _ in range(6))
        self.rita, self.sam, self.dora, self.mallory, self.milo, self.eve, self.greta = (uuid4() for _ in range(7))
        self.miller, self.evil, self.ghost = (uuid4() for _ in range(3))
        self.shared, self.secret, self.closed, self.public, self.lair, self.haunted = (uuid4() for _ in range(6))
        self.shared_thread, self.secret_thread, self.closed_thread, self.public_thread = (uuid4() for _ in range(4))
        self.lair_thread, self.haunted_thread = uuid4(), uuid4()
        self.shared_segment, self.secret_segment, self.closed_segment, self.public_segment = (uuid4() for _ in range(4))
        self.lair_segment, self.haunted_segment = uuid4(), uuid4()
        self.spoken, self.removed, self.public_removed = (uuid4() for _ in range(3))
        self.shared_narration, self.secret_narration, self.lair_narration = (uuid4() for _ in range(3))
        self.shared_link, self.secret_link = uuid4(), uuid4()
        self.shared_media, self.secret_media, self.lair_media, self.loose_media = (uuid4() for _ in range(4))
        self.guest_invite = uuid4()
        self.ids: dict[str, object] = {name: value for name, value in vars(self).items() if isinstance(value, UUID)}
        self.ids["none"] = NOBODY_HAS_IT
        plant(database, self.ids)

    def user(self, name: str) -> UUID | None:
        """Somebody by name; `nobody` does not say who he is."""
        return None if name == "nobody" else UUID(str(self.ids[name]))

    def login(self, role: str = APP) -> psycopg.Connection:
        """A connection of one's own, for attacks that need more than one."""
        return self.database.login(role)

    @contextmanager
    def inside(self, user: UUID | None, role: str = APP, writable: bool = False) -> Iterator[Attacker]:
        """A transaction of a login role. Whoever reads only by default may say otherwise, as its first words."""
        connection = self.database.server.keep(self.database.name, role, password_of(role))
        with connection.transaction(force_rollback=True):
            if writable:
                connection.execute("SET TRANSACTION READ WRITE")
            yield Attacker(connection, self.ids).become(user)

    @contextmanager
    def as_owner(self) -> Iterator[Attacker]:
        """Whom row level security does not hold back, in a transaction that is rolled back."""
        with self.database.master() as connection, connection.transaction(force_rollback=True):
            attacker = Attacker(connection, self.ids)
            attacker.rows("SET LOCAL ROLE familytales_owner")
            yield attacker

    @contextmanager
    def as_superuser(self) -> Iterator[Attacker]:
        """For an attacker who was given more than he should have; rolled back."""
        conninfo = psycopg.conninfo.make_conninfo(
            self.database.server.running.superuser_conninfo, dbname=self.database.name
        )
        with psycopg.connect(conninfo) as connection, connection.transaction(force_rollback=True):
            yield Attacker(connection, self.ids)

    def ask(self, user: UUID | None, query: Query, role: str = APP, **values: object) -> Rows:
        """What somebody may do; taken back afterwards."""
        with self.inside(user, role) as somebody:
            return somebody.rows(query, **values)

    def refused(self, user: UUID | None, query: Query, role: str = APP, **values: object) -> No:
        with self.inside(user, role, writable=role != APP) as somebody:
            return somebody.refused(query, **values)

    def says(self, user: UUID | None, query: Query, role: str = APP, **values: object) -> Rows | No:
        with self.inside(user, role, writable=role != APP) as somebody:
            return somebody.says(query, **values)

    def do(self, user: UUID | None, query: LiteralString, **values: object) -> Rows:
        """The same for good."""
        connection = self.database.server.keep(self.database.name, APP, password_of(APP))
        with connection.transaction():
            return Attacker(connection, self.ids).become(user).rows(query, **values)

    def fails(self, user: UUID | None, query: LiteralString, **values: object) -> tuple[str | None, str | None]:
        """What is refused at the latest when the transaction ends."""
        try:
            said = self.do(user, query, **values)
        except psycopg.Error as error:
            return error.diag.sqlstate, error.diag.message_primary
        raise AssertionError(f"the attack succeeded, with {said}")

    def owner(self, query: LiteralString, **values: object) -> Rows:
        """What the owner of the schema sees or does, for good."""
        with self.database.master() as connection, connection.transaction():
            attacker = Attacker(connection, self.ids)
            attacker.rows("SET LOCAL ROLE familytales_owner")
            return attacker.rows(query, **values)

    def differences(self) -> Rows:
        """Counters that do not say what is there."""
        return self.owner("SELECT relation::text, id, counter::text, stored, counted FROM ops.counter_differences()")

    def at_once(self, actions: Sequence[Action]) -> list[Answer]:
        """Each on a connection of its own, let go at the same moment; what each returns, or why it is refused."""
        start = Barrier(len(actions))

        def run(action: Action) -> Answer:
            with self.login() as connection:
                start.wait(20)
                try:
                    return action(connection)
                except psycopg.Error as error:
                    return error.diag.sqlstate, error.diag.message_primary

        with ThreadPoolExecutor(len(actions)) as threads:
            return [done.result(120) for done in [threads.submit(run, action) for action in actions]]

    def acting(self, user: UUID | None, query: LiteralString, **values: object) -> Action:
        """One statement in a transaction of its own, for `at_once`; its first value."""

        def act(connection: psycopg.Connection) -> object:
            with connection.transaction():
                rows = Attacker(connection, self.ids).become(user).rows(query, **values)
            return rows[0][0] if rows else None

        return act
