"""A family with its books, made as the application's logins make it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

from tests.sql.databases import Database, Rows

_NUMBERS = itertools.count(1)

_JOBS = Path(__file__).parents[3] / "sql/familytales/jobs"

_SEGMENT: LiteralString = (
    "INSERT INTO content_segments (thread_id, user_id, content_type, text_content, audio_url, audio_transcript,"
    " photo_urls) VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id"
)
# What a login cannot say: when it was.
_PAST: LiteralString = (
    "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content, audio_url,"
    " audio_transcript, photo_urls, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"
)
_COUNTS: LiteralString = (
    "SELECT thread_count, segment_count, contributor_count, photo_count, audio_count"
    "  FROM familytales.memory_books WHERE id = %s"
)


def register(database: Database, name: str, email: str | None = None) -> UUID:
    """An account, as a login through Clerk makes it."""
    number = next(_NUMBERS)
    ((user,),) = database.asked_by(
        "familytales_app",
        None,
        "SELECT register_user(%s, %s, %s)",
        f"clerk_{number}",
        email or f"{name.lower()}.{number}@example.com",
        name,
    )
    return UUID(str(user))


def differences(database: Database) -> Rows:
    """The counters that are wrong."""
    return database.rows("SELECT relation::text, counter::text, stored, counted FROM ops.counter_differences()")


def as_owner(database: Database, statement: LiteralString, *values: object) -> None:
    """Do something as the owner of the schema, in a transaction of its own, as jobs do."""
    with database.master() as connection:
        connection.execute("SET ROLE familytales_owner")
        connection.execute(statement, values)


def follow(database: Database, function: LiteralString, steps: int | None = None) -> list[str]:
    """Run what a function says is to be done, or only the first of it; the statements, as the job runs them."""
    with database.master() as connection:
        connection.execute("SET ROLE familytales_owner")
        statements = [run for (run,) in connection.execute(f"SELECT run FROM {function}").fetchall()][:steps]
        for statement in statements:
            connection.execute(statement)
    return statements


def night(database: Database) -> None:
    """What the job `partitions` does, in a tenth of the runner's time: that is held against it where it matters."""
    with database.master() as connection:
        connection.execute("SET ROLE familytales_owner")
        for statement in (_JOBS / "partitions.sql").read_bytes().split(b";\n"):
            for (step,) in connection.execute(statement).fetchall() if statement.strip() else []:
                if step:
                    connection.execute(step.encode())


class Family:
    """A family with an owner, a book and a thread."""

    def __init__(self, database: Database, name: str = "Miller", owner: UUID | None = None) -> None:
        self.database = database
        self.owner = owner or register(database, "Anna")
        self.id = self.ask(self.owner, "SELECT create_family(%s)", name)
        self.book = self.new_book()
        self.thread = self.new_thread()

    # What a login of the application sees and does -----------------------------------------------

    def rows(self, user: UUID | None, query: LiteralString, *values: object) -> Rows:
        return self.database.asked_by("familytales_app", user, query, *values)

    def ask(self, user: UUID | None, query: LiteralString, *values: object) -> Any:
        """The one value of the one row."""
        ((value,),) = self.rows(user, query, *values)
        return value

    def one(self, query: LiteralString, *values: object) -> tuple[Any, ...]:
        """The one row that the master user sees."""
        (row,) = self.database.rows(query, *values)
        return row

    # People --------------------------------------------------------------------------------------

    def email_of(self, user: UUID) -> str:
        return str(self.one("SELECT email FROM familytales.users WHERE id = %s", user)[0])

    def invite(self, email: str, role: str = "member", permissions: str = "{}", by: UUID | None = None) -> str:
        query: LiteralString = "SELECT create_invite(%s, %s, %s, '7 days', NULL, %s::jsonb)"
        return str(self.ask(by or self.owner, query, self.id, email, role, permissions))

    def join(self, role: str = "member", permissions: str = "{}", user: UUID | None = None) -> UUID:
        """Somebody who was invited and came."""
        user = user or register(self.database, role)
        code = self.invite(self.email_of(user), role, permissions)
        assert self.ask(user, "SELECT accept_invite(%s)", code) == self.id
        return user

    # Books and what is in them -------------------------------------------------------------------

    def new_book(
        self, title: str = "Summers", privacy: str = "family", by: UUID | None = None, collaborative: bool = True
    ) -> UUID:
        query: LiteralString = (
            "INSERT INTO memory_books (family_id, title, privacy, is_collaborative, created_by)"
            " VALUES (%s, %s, %s, %s, %s) RETURNING id"
        )
        by = by or self.owner
        return UUID(str(self.ask(by, query, self.id, title, privacy, collaborative, by)))

    def new_thread(self, book: UUID | None = None, title: str = "At the lake", by: UUID | None = None) -> UUID:
        query: LiteralString = (
            "INSERT INTO threads (family_id, memory_book_id, title, started_by) VALUES (%s, %s, %s, %s) RETURNING id"
        )
        by = by or self.owner
        return UUID(str(self.ask(by, query, self.id, book or self.book, title, by)))

    def tell(
        self,
        text: str | None = "once",
        *,
        kind: str = "text",
        audio: str | None = None,
        said: str | None = None,
        photos: tuple[str, ...] = (),
        thread: UUID | None = None,
        by: UUID | None = None,
        on: str | None = None,
    ) -> UUID:
        """A segment of now; or of an earlier day, which an import brought."""
        by = by or self.owner
        values = (thread or self.thread, by, kind, text, audio, said, list(photos))
        if on is not None:
            return UUID(str(self.one(_PAST, *values, on)[0]))
        return UUID(str(self.ask(by, _SEGMENT, *values)))

    def record(self, said: str | None = None, thread: UUID | None = None, by: UUID | None = None) -> UUID:
        """A recording."""
        return self.tell(None, kind="audio", audio="s3://voice.mp3", said=said, thread=thread, by=by)

    def show(self, photos: int, thread: UUID | None = None, by: UUID | None = None) -> UUID:
        """Photos, without a word."""
        urls = tuple(f"s3://photo_{number}.jpg" for number in range(photos))
        return self.tell(None, kind="photo", photos=urls, thread=thread, by=by)

    def mark_deleted(self, segment: UUID, by: UUID | None = None, deleted: bool = True) -> None:
        query: LiteralString = "UPDATE content_segments SET is_deleted = %s WHERE id = %s RETURNING id"
        assert self.rows(by or self.owner, query, deleted, segment) == [(segment,)]

    def restore(self, segment: UUID, by: UUID | None = None) -> None:
        self.mark_deleted(segment, by, deleted=False)

    def tag(self, segment: UUID, *names: str, by: UUID | None = None) -> None:
        for name in names:
            self.rows(
                by or self.owner,
                "INSERT INTO content_tags (family_id, content_segment_id, tag_name, tagged_by) VALUES (%s, %s, %s, %s)",
                self.id,
                segment,
                name,
                by or self.owner,
            )

    def narrate(self, segment: UUID, index: int, text: str, by: UUID | None = None) -> None:
        self.rows(
            by or self.owner,
            "INSERT INTO photo_narrations (family_id, content_segment_id, photo_index, narration_text, narration_type,"
            " created_by) VALUES (%s, %s, %s, %s, 'user', %s)",
            self.id,
            segment,
            index,
            text,
            by or self.owner,
        )

    def link(self, source: UUID, target: UUID, kind: str = "reply", by: UUID | None = None) -> None:
        self.rows(
            by or self.owner,
            "INSERT INTO content_links (family_id, source_segment_id, target_segment_id, link_type, created_by)"
            " VALUES (%s, %s, %s, %s, %s)",
            self.id,
            source,
            target,
            kind,
            by or self.owner,
        )

    # Media ---------------------------------------------------------------------------------------

    def upload(self, size: int, key: str | None = None, by: UUID | None = None, kind: str = "photo") -> UUID:
        """An object that arrived in S3, as the media service registers it."""
        ((media,),) = self.database.asked_by(
            "familytales_media",
            None,
            "INSERT INTO media_objects (family_id, kind, s3_key, content_type, bytes, uploaded_by)"
            " VALUES (%s, %s, %s, 'image/jpeg', %s, %s) RETURNING id",
            self.id,
            kind,
            key or f"{self.id}/{next(_NUMBERS)}.jpg",
            size,
            by or self.owner,
        )
        return UUID(str(media))

    def attach(self, media: UUID, segment: UUID, by: UUID | None = None) -> None:
        self.rows(by or self.owner, "SELECT attach_media(%s, %s)", media, segment)

    # What is counted -----------------------------------------------------------------------------

    def book_counts(self, book: UUID | None = None) -> tuple[int, ...]:
        """Threads, segments, contributors, photos and recordings."""
        return self.one(_COUNTS, book or self.book)

    def thread_counts(self, thread: UUID | None = None) -> tuple[int, ...]:
        """Segments and participants."""
        query: LiteralString = "SELECT segment_count, participant_count FROM familytales.threads WHERE id = %s"
        return self.one(query, thread or self.thread)

    def storage(self) -> int:
        return int(self.one("SELECT storage_used_bytes FROM familytales.families WHERE id = %s", self.id)[0])

    def storage_of(self, user: UUID) -> int:
        return int(self.one("SELECT storage_used_bytes FROM familytales.users WHERE id = %s", user)[0])
