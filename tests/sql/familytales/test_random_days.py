"""Whatever families do, in whatever order: every counter says what is there."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import psycopg
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.sql.databases import Database
from tests.sql.familytales.world import Family, as_owner, differences, follow

# A year that is older than anything is kept.
_LONG_AGO = "2010-05-05T12:00Z"
_KINDS = ("text", "audio", "photo", "mixed")


class _Days:
    """A family that goes through some operations; each has a number by which it chooses among what is there."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.family = Family(database)
        self.people = [self.family.owner, self.family.join("editor"), self.family.join("member")]
        self.away: set[UUID] = set()
        self.books = [self.family.book]
        self.threads = [self.family.thread]
        self.second = self.family.new_thread(self.family.new_book())
        self.threads.append(self.second)

    def somebody(self, number: int) -> UUID:
        here = [person for person in self.people if person not in self.away]
        return here[number % len(here)]

    def _tell(self, number: int, on: str | None = None) -> None:
        if not self.threads:
            return
        kind = _KINDS[number % 4]
        self.family.tell(
            "é" * (number % 30),
            kind=kind,
            audio="s3://voice" if kind in ("audio", "mixed") else None,
            said="said" if number % 3 == 0 else None,
            photos=tuple("abc"[: 1 + number % 3]) if kind in ("photo", "mixed") else (),
            thread=self.threads[number // 4 % len(self.threads)],
            by=self.somebody(number // 8),
            on=on,
        )

    def tell(self, number: int) -> None:
        self._tell(number)

    def tell_of_long_ago(self, number: int) -> None:
        """An import into a year that may be on its way to the archive: then it is refused."""
        try:
            self._tell(number, _LONG_AGO)
        except psycopg.errors.ObjectNotInPrerequisiteState as error:
            assert "are being archived" in str(error)

    def bring_something_deleted(self, number: int) -> None:
        """An import that brings what was marked where it comes from, in one statement with what was not."""
        if self.threads:
            self.database.run(
                "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content, photo_urls,"
                " is_deleted, deleted_at) SELECT %s, %s, 'mixed', 'x', array_fill('p'::text, ARRAY[n]), n = 2,"
                " CASE WHEN n = 2 THEN now() END FROM generate_series(1, 3) AS n",
                self.threads[number % len(self.threads)],
                self.somebody(number),
            )

    def exchange_photos(self, number: int) -> None:
        self.database.run(
            "UPDATE familytales.content_segments SET photo_urls = array_fill('p'::text, ARRAY[%s]),"
            " audio_url = nullif(%s, 0)::text WHERE content_type = 'mixed'",
            number % 4,
            number % 3,
        )

    def _segment(self, number: int, deleted: bool) -> UUID | None:
        found = self.database.rows(
            "SELECT id FROM familytales.content_segments WHERE is_deleted = %s ORDER BY thread_id, sequence_number",
            deleted,
        )
        return found[number % len(found)][0] if found else None

    def delete(self, number: int) -> None:
        if (segment := self._segment(number, deleted=False)) is not None:
            self.family.mark_deleted(segment)

    def restore(self, number: int) -> None:
        if (segment := self._segment(number, deleted=True)) is not None:
            self.family.restore(segment)

    def edit(self, number: int) -> None:
        if (segment := self._segment(number, deleted=False)) is not None:
            query = "UPDATE content_segments SET text_content = %s, audio_transcript = %s WHERE id = %s"
            said = None if number % 2 else "x" * number
            self.family.rows(self.family.owner, query, "y" * (number % 17), said, segment)

    def delete_for_good(self, number: int) -> None:
        if (segment := self._segment(number, deleted=number % 2 == 0)) is not None:
            self.database.run("DELETE FROM familytales.content_segments WHERE id = %s", segment)

    def new_thread(self, number: int) -> None:
        self.threads.append(self.family.new_thread(self.books[number % len(self.books)], by=self.somebody(number)))

    def delete_thread(self, number: int) -> None:
        if self.threads:
            thread = self.threads.pop(number % len(self.threads))
            self.family.rows(self.family.owner, "DELETE FROM threads WHERE id = %s", thread)

    def upload(self, number: int) -> None:
        self.family.upload(1 + number, by=self.somebody(number))

    def attach(self, number: int) -> None:
        segment = self._segment(number, deleted=False)
        waiting = self.database.rows("SELECT id, uploaded_by FROM familytales.media_objects ORDER BY s3_key")
        if segment is None or not waiting:
            return
        media, uploader = waiting[number % len(waiting)]
        try:
            self.family.attach(media, segment, by=uploader)
        except psycopg.errors.InsufficientPrivilege as error:
            assert "no upload" in str(error)

    def remove_media(self, number: int) -> None:
        found = self.database.rows("SELECT id FROM familytales.media_objects ORDER BY s3_key")
        if found:
            self.database.run("DELETE FROM familytales.media_objects WHERE id = %s", found[number % len(found)][0])

    def leave_or_come_back(self, number: int) -> None:
        person = self.people[1 + number % 2]
        if person in self.away:
            self.family.join("member", user=person)
            self.away.remove(person)
        else:
            self.family.rows(person, "SELECT leave_family(%s)", self.family.id)
            self.away.add(person)

    def archive(self, number: int) -> None:
        """As the job does it; sometimes it is stopped after a step or two."""
        follow(self.database, "ops.partitions_to_drain()")
        follow(self.database, "familytales.segments_to_retire()", number % 4 or None)
        if number % 4 == 0:
            follow(self.database, "ops.partitions_to_expire()")

    def bring_back(self, number: int) -> None:
        follow(self.database, "ops.partitions_to_drain()")
        found = self.database.rows(
            "SELECT was.partition::text FROM ops.detached_partitions AS was WHERE was.attached_until IS NULL ORDER BY 1"
        )
        if found:
            try:
                as_owner(self.database, "SELECT familytales.bring_back(%s)", found[number % len(found)][0])
            except psycopg.errors.ObjectNotInPrerequisiteState as error:
                assert "holds segments of the same days" in str(error)

    def count_what_came_back(self, number: int) -> None:
        follow(self.database, "familytales.segments_to_return()", number % 3 or None)

    def end_the_stay(self, number: int) -> None:
        # ops.detached_partitions is nobody's but the owner's, and told by a trigger what that means.
        with self.database.master() as connection:
            connection.execute("SET ROLE familytales_owner")
            connection.execute(
                "UPDATE ops.detached_partitions SET attached_until = now() WHERE attached_until IS NOT NULL"
            )

    def end(self) -> None:
        self.database.run("DELETE FROM familytales.families WHERE id = %s", self.family.id)
        assert differences(self.database) == []


_OPERATIONS: list[Callable[[_Days, int], None]] = [
    _Days.tell,
    _Days.tell,
    _Days.tell_of_long_ago,
    _Days.bring_something_deleted,
    _Days.exchange_photos,
    _Days.delete,
    _Days.restore,
    _Days.edit,
    _Days.delete_for_good,
    _Days.new_thread,
    _Days.delete_thread,
    _Days.upload,
    _Days.attach,
    _Days.remove_media,
    _Days.leave_or_come_back,
    _Days.archive,
    _Days.bring_back,
    _Days.count_what_came_back,
    _Days.end_the_stay,
]
_DAYS = st.lists(st.tuples(st.sampled_from(_OPERATIONS), st.integers(0, 63)), min_size=6, max_size=20)


# Each example ends as it began, but for years in the archive, which only make the next one harder.
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
@given(days=_DAYS)
@example(
    days=[
        (_Days.tell_of_long_ago, 3),
        (_Days.tell, 1),
        (_Days.archive, 0),
        (_Days.tell_of_long_ago, 11),
        (_Days.archive, 1),
        (_Days.delete, 0),
        (_Days.archive, 0),
        (_Days.bring_back, 0),
        (_Days.delete, 0),
        (_Days.count_what_came_back, 1),
        (_Days.restore, 0),
        (_Days.count_what_came_back, 0),
        (_Days.end_the_stay, 0),
        (_Days.archive, 0),
        (_Days.delete_thread, 0),
    ]
)
def test_every_counter_is_right_after_whatever_happened(
    alone: Database, days: list[tuple[Callable[[_Days, int], None], int]]
) -> None:
    world = _Days(alone)
    for operation, number in days:
        operation(world, number)
        assert differences(alone) == [], operation.__name__
    world.end()
