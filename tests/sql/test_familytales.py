"""The tables of familytales: what they hold together, and who sees and does what."""

from __future__ import annotations

import threading
from uuid import UUID, uuid4

import pytest
from psycopg import errors

from tests.sql.databases import Database

_TABLES = {
    "users",
    "families",
    "family_members",
    "memory_books",
    "threads",
    "content_segments",
    "photo_narrations",
    "content_links",
    "content_tags",
    "family_invites",
}
_ADDED = {
    "segment_ids",
    "segment_words",
    "thread_participants",
    "archived_partitions",
    "archived_segments",
    "media_objects",
    "media_deletions",
}

_NEW_BOOK = (
    "INSERT INTO memory_books (family_id, title, created_by, privacy)"
    " VALUES (%s, 'book', current_user_id(), %s) RETURNING id"
)
_NEW_THREAD = (
    "INSERT INTO threads (family_id, memory_book_id, started_by) VALUES (%s, %s, current_user_id()) RETURNING id"
)
_NEW_SEGMENT = (
    "INSERT INTO content_segments (thread_id, user_id, content_type, text_content)"
    " VALUES (%s, current_user_id(), 'text', 'once') RETURNING id"
)
_NEW_TAG = (
    "INSERT INTO content_tags (family_id, content_segment_id, tag_name, tagged_by)"
    " VALUES (%s, %s, %s, current_user_id()) RETURNING id"
)


class _Family:
    """A family with an owner, a book and a thread."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.owner = self.user()
        self.id = self.ask(self.owner, "SELECT create_family('Miller')")
        self.book = self.ask(self.owner, _NEW_BOOK, self.id, "family")
        self.thread = self.ask(self.owner, _NEW_THREAD, self.id, self.book)

    def user(self) -> UUID:
        name = uuid4()
        return self.ask(None, "SELECT register_user(%s, %s)", f"clerk_{name}", f"{name}@example.com")

    def ask(self, user: UUID | None, query: str, *values: object) -> UUID:
        return UUID(str(self.seen(user, query, *values)[0]))

    def seen(self, user: UUID | None, query: str, *values: object) -> list[object]:
        """The first column of what a user sees."""
        rows = self.database.asked_by("familytales_app", user, query, *values)
        return [row[0] for row in rows]

    def join(self, role: str, is_active: bool = True) -> UUID:
        user = self.user()
        self.database.run(
            "INSERT INTO familytales.family_members (family_id, user_id, role, is_active) VALUES (%s, %s, %s, %s)",
            self.id,
            user,
            role,
            is_active,
        )
        return user


@pytest.fixture
def miller(familytales: Database) -> _Family:
    return _Family(familytales)


@pytest.fixture
def other(familytales: Database) -> _Family:
    return _Family(familytales)


def test_every_table_of_the_design_is_there(familytales: Database) -> None:
    found = familytales.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'familytales'")
    assert {name for (name,) in found} == _TABLES | _ADDED


def test_a_login_finds_its_user_by_clerks_name_for_him(miller: _Family) -> None:
    user = miller.ask(None, "SELECT register_user('clerk_ann', 'ann@example.com')")

    assert miller.seen(None, "SELECT user_id_of_clerk('clerk_ann')") == [user]
    assert miller.seen(None, "SELECT user_id_of_clerk('nobody')") == [None]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT email FROM users",
        "SELECT clerk_id FROM users",
        "SELECT code_hash FROM family_invites",
        "SELECT count(*) FROM segment_ids",
        "SELECT count(*) FROM part.content_segments_default",
        "UPDATE users SET subscription_tier = 'premium'",
        "UPDATE families SET member_limit = 1000",
        "UPDATE family_members SET role = 'owner'",
        "UPDATE memory_books SET family_id = gen_random_uuid()",
        "UPDATE content_segments SET sequence_number = 1",
        "DELETE FROM content_segments",
        "DELETE FROM families",
        "INSERT INTO users (clerk_id, email) VALUES ('x', 'x@example.com')",
        "INSERT INTO families (name, owner_id) VALUES ('x', gen_random_uuid())",
        "INSERT INTO family_members (family_id, user_id) VALUES (gen_random_uuid(), gen_random_uuid())",
        "SELECT ops.create_default_partition('content_segments', 'x')",
    ],
)
def test_the_application_may_not(miller: _Family, query: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        miller.seen(miller.owner, query)


def test_only_active_members_of_an_active_family_see_it(miller: _Family, other: _Family) -> None:
    segment = miller.ask(miller.owner, _NEW_SEGMENT, miller.thread)
    miller.ask(miller.owner, _NEW_TAG, miller.id, segment, "xmas")
    viewer, gone = miller.join("viewer"), miller.join("member", is_active=False)

    for table in ("families", "memory_books", "threads", "content_segments", "content_tags"):
        query = f"SELECT count(*) FROM {table}"
        mine = 0 if table in ("content_segments", "content_tags") else 1
        assert miller.seen(viewer, query) == [1]
        assert miller.seen(gone, query) == miller.seen(None, query) == [0]
        assert miller.seen(other.owner, query) == [mine]

    miller.database.run("UPDATE familytales.families SET is_active = false WHERE id = %s", miller.id)
    assert miller.seen(viewer, "SELECT count(*) FROM content_segments") == [0]


def test_a_user_sees_himself_and_who_shares_a_family_with_him(miller: _Family, other: _Family) -> None:
    member = miller.join("member")

    assert set(miller.seen(member, "SELECT id FROM users")) == {miller.owner, member}
    assert miller.seen(None, "SELECT id FROM users") == []


def test_a_private_book_is_its_authors_alone_with_everything_in_it(miller: _Family) -> None:
    author = miller.join("member")
    book = miller.ask(author, _NEW_BOOK, miller.id, "private")
    thread = miller.ask(author, _NEW_THREAD, miller.id, book)
    segment = miller.ask(author, _NEW_SEGMENT, thread)
    miller.ask(author, _NEW_TAG, miller.id, segment, "secret")

    for table, all_of_it in (("memory_books", 2), ("threads", 2), ("content_segments", 1), ("content_tags", 1)):
        query = f"SELECT count(*) FROM {table}"
        assert miller.seen(author, query) == [all_of_it]
        assert miller.seen(miller.owner, query) == [all_of_it - 1]
    for query, values in (
        (_NEW_THREAD, (miller.id, book)),
        (_NEW_SEGMENT, (thread,)),
        (_NEW_TAG, (miller.id, segment, "mine")),
    ):
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            miller.ask(miller.owner, query, *values)


def test_a_viewer_posts_nothing_and_a_member_does(miller: _Family) -> None:
    miller.ask(miller.join("member"), _NEW_SEGMENT, miller.thread)

    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        miller.ask(miller.join("viewer"), _NEW_SEGMENT, miller.thread)


def test_a_member_changes_his_own_segments_and_an_editor_those_of_others(miller: _Family) -> None:
    segment = miller.ask(miller.owner, _NEW_SEGMENT, miller.thread)
    query = "UPDATE content_segments SET text_content = 'twice' WHERE id = %s RETURNING is_edited"

    assert miller.seen(miller.join("member"), query, segment) == []
    assert miller.seen(miller.join("editor"), query, segment) == [True]


def test_an_editor_deletes_nothing_of_others_and_an_administrator_does(miller: _Family) -> None:
    segment = miller.ask(miller.owner, _NEW_SEGMENT, miller.thread)
    query = "UPDATE content_segments SET is_deleted = true WHERE id = %s RETURNING deleted_by"
    admin = miller.join("admin")

    with pytest.raises(errors.InsufficientPrivilege, match="only the author and who may delete"):
        miller.seen(miller.join("editor"), query, segment)
    assert miller.seen(admin, query, segment) == [admin]


def test_permissions_differ_from_the_role_only_where_they_say_so(miller: _Family) -> None:
    member = miller.join("member")
    query = "SELECT can_post, can_edit, can_delete, can_invite, can_admin FROM familytales.family_members"

    assert miller.database.rows(query + " WHERE user_id = %s", miller.owner) == [(True,) * 5]
    assert miller.database.rows(query + " WHERE user_id = %s", member) == [(True, False, False, False, False)]
    miller.database.run(
        """UPDATE familytales.family_members SET permissions = '{"can_edit": true}' WHERE user_id = %s""", member
    )
    assert miller.database.rows(query + " WHERE user_id = %s", member) == [(True, True, False, False, False)]
    for wrong in ('{"can_fly": true}', '{"can_edit": "yes"}', "null", "[]"):
        with pytest.raises(errors.CheckViolation):
            miller.database.run("UPDATE familytales.family_members SET permissions = %s::jsonb", wrong)


def test_numbers_within_a_thread_have_no_gap_and_no_collision_under_concurrent_writers(miller: _Family) -> None:
    def write() -> None:
        with miller.database.login("familytales_app") as connection:
            for _ in range(20):
                with connection.transaction():
                    connection.execute("SELECT set_config('app.current_user_id', %s, true)", (str(miller.owner),))
                    connection.execute(_NEW_SEGMENT, (miller.thread,))

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    numbers = miller.database.rows("SELECT sequence_number FROM familytales.content_segments ORDER BY 1")
    assert numbers == [(number,) for number in range(1, 81)]
    assert miller.database.rows("SELECT sequence_number FROM familytales.segment_ids ORDER BY 1") == numbers


def test_a_segment_takes_family_and_book_from_its_thread(miller: _Family) -> None:
    miller.ask(miller.owner, _NEW_SEGMENT, miller.thread)

    found = miller.database.rows("SELECT family_id, memory_book_id FROM familytales.content_segments")
    assert found == [(miller.id, miller.book)]


def test_a_locked_thread_takes_no_segment(miller: _Family) -> None:
    miller.ask(miller.owner, "UPDATE threads SET is_locked = true WHERE id = %s RETURNING id", miller.thread)

    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="is locked"):
        miller.ask(miller.owner, _NEW_SEGMENT, miller.thread)


def test_the_identity_of_a_segment_never_changes(miller: _Family) -> None:
    miller.ask(miller.owner, _NEW_SEGMENT, miller.thread)

    with pytest.raises(errors.CheckViolation, match="never change"):
        miller.database.run("UPDATE familytales.content_segments SET sequence_number = 7")


def test_nothing_hangs_on_another_familys_row(miller: _Family, other: _Family) -> None:
    foreign = other.ask(other.owner, _NEW_SEGMENT, other.thread)
    own = miller.ask(miller.owner, _NEW_SEGMENT, miller.thread)

    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        miller.ask(miller.owner, _NEW_THREAD, miller.id, other.book)
    with pytest.raises(errors.ForeignKeyViolation):
        miller.database.run(
            "INSERT INTO familytales.content_links"
            " (family_id, source_segment_id, target_segment_id, link_type, created_by)"
            " VALUES (%s, %s, %s, 'reply', %s)",
            miller.id,
            own,
            foreign,
            miller.owner,
        )


def test_an_author_is_a_member(miller: _Family, other: _Family) -> None:
    with pytest.raises(errors.ForeignKeyViolation):
        miller.database.run(
            "INSERT INTO familytales.memory_books (family_id, title, created_by) VALUES (%s, 'x', %s)",
            miller.id,
            other.owner,
        )


def test_the_owner_of_a_family_is_one_of_its_members_and_there_is_one(miller: _Family) -> None:
    stranger = miller.user()
    with pytest.raises(errors.ForeignKeyViolation):
        miller.database.run("UPDATE familytales.families SET owner_id = %s", stranger)
    with pytest.raises(errors.UniqueViolation, match="family_members_one_owner_key"):
        miller.join("owner")


def test_deleting_a_book_takes_everything_in_it(miller: _Family) -> None:
    segment = miller.ask(miller.owner, _NEW_SEGMENT, miller.thread)
    miller.ask(miller.owner, _NEW_TAG, miller.id, segment, "xmas")

    miller.ask(miller.owner, "DELETE FROM memory_books WHERE id = %s RETURNING id", miller.book)

    for table in ("threads", "segment_ids", "content_segments", "content_tags"):
        assert miller.database.rows(f"SELECT count(*) FROM familytales.{table}") == [(0,)]


def test_deleting_a_family_takes_everything_in_it(miller: _Family) -> None:
    segment = miller.ask(miller.owner, _NEW_SEGMENT, miller.thread)
    miller.ask(miller.owner, _NEW_TAG, miller.id, segment, "xmas")

    miller.database.run("DELETE FROM familytales.families WHERE id = %s", miller.id)

    for table in ("family_members", "memory_books", "segment_ids", "content_segments", "content_tags"):
        assert miller.database.rows(f"SELECT count(*) FROM familytales.{table}") == [(0,)]


def test_deleting_a_segment_takes_what_hangs_on_it(miller: _Family) -> None:
    segment = miller.ask(miller.owner, _NEW_SEGMENT, miller.thread)
    miller.ask(miller.owner, _NEW_TAG, miller.id, segment, "xmas")

    miller.database.run("DELETE FROM familytales.content_segments")

    for table in ("segment_ids", "content_tags"):
        assert miller.database.rows(f"SELECT count(*) FROM familytales.{table}") == [(0,)]


def test_an_invitation_keeps_a_hash_and_is_open_once_for_an_address(miller: _Family) -> None:
    query = (
        "INSERT INTO familytales.family_invites (family_id, email, invited_by, code_hash, expires_at)"
        " VALUES (%s, %s, %s, sha256(%s), now() + interval '7 days')"
    )
    miller.database.run(query, miller.id, "a@example.com", miller.owner, b"code")
    with pytest.raises(errors.UniqueViolation, match="family_invites_open_key"):
        miller.database.run(query, miller.id, "A@example.com", miller.owner, b"another")

    assert miller.seen(miller.owner, "SELECT email FROM family_invites") == ["a@example.com"]
    assert miller.seen(miller.join("editor"), "SELECT email FROM family_invites") == []


def test_segments_of_today_do_not_land_in_the_default_partition(miller: _Family) -> None:
    miller.ask(miller.owner, _NEW_SEGMENT, miller.thread)
    miller.database.run(
        "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content, created_at)"
        " VALUES (%s, %s, 'text', 'long ago', '1999-12-31T23:00Z')",
        miller.thread,
        miller.owner,
    )

    assert miller.database.rows("SELECT text_content FROM part.content_segments_default") == [("long ago",)]


def test_a_segments_content_fits_its_type(miller: _Family) -> None:
    for content_type in ("text", "audio", "photo"):
        with pytest.raises(errors.CheckViolation):
            miller.ask(
                miller.owner,
                "INSERT INTO content_segments (thread_id, user_id, content_type)"
                " VALUES (%s, current_user_id(), %s) RETURNING id",
                miller.thread,
                content_type,
            )


def test_the_application_needs_no_schema_name_and_no_parallel_workers(familytales: Database) -> None:
    with familytales.login("familytales_app") as connection:
        assert connection.execute("SHOW search_path").fetchone() == ("familytales",)
        assert connection.execute("SHOW max_parallel_workers_per_gather").fetchone() == ("0",)
