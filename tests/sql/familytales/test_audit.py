"""The audit log: who may do what where, and who changed that. Never what was told, never a name."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID

import pytest
from psycopg import errors, sql

from tests.sql.databases import Database, Rows
from tests.sql.familytales.past import sleep
from tests.sql.familytales.world import Family, as_owner, register

_ENTRIES: LiteralString = (
    "SELECT table_name, action, changed_fields, old_values, new_values, user_id, family_id FROM audit.audit_log"
    " WHERE record_id = %s ORDER BY created_at"
)
_LAST: LiteralString = (
    "SELECT action, changed_fields, old_values, new_values FROM audit.audit_log WHERE record_id = %s"
    " ORDER BY created_at DESC LIMIT 1"
)


def _entries(database: Database, record: UUID) -> Rows:
    """What the log says of a row, read as staff do."""
    return database.asked_by("familytales_support", None, _ENTRIES, record)


def _last(database: Database, record: UUID) -> tuple[Any, ...]:
    (entry,) = database.asked_by("familytales_support", None, _LAST, record)
    return entry


def _number(database: Database) -> int:
    return int(database.asked_by("familytales_support", None, "SELECT count(*) FROM audit.audit_log")[0][0])


def test_a_family_is_logged_with_what_it_may_and_not_with_what_it_uses(miller: Family) -> None:
    (created,) = _entries(miller.database, miller.id)
    assert created[:4] == ("families", "INSERT", None, None)
    assert created[4].keys() == {
        "id", "owner_id", "subscription_tier", "storage_limit_bytes", "member_limit", "is_active", "created_at",
        "settings",
    }  # fmt: skip
    assert created[5:] == (miller.owner, miller.id)

    as_owner(miller.database, "SELECT ops.set_limits(%s, 'premium', 100, 20)", miller.id)
    assert _last(miller.database, miller.id) == (
        "UPDATE",
        ["member_limit", "storage_limit_bytes", "subscription_tier"],
        {"member_limit": 10, "storage_limit_bytes": 5368709120, "subscription_tier": "free"},
        {"member_limit": 20, "storage_limit_bytes": 100, "subscription_tier": "premium"},
    )
    # Nobody said who: staff did it.
    assert _entries(miller.database, miller.id)[-1][5] is None


def test_a_user_is_logged_without_a_name_or_an_address(familytales: Database) -> None:
    user = register(familytales, "Wilhelmina", "wilhelmina@example.com")
    (created,) = _entries(familytales, user)
    assert (created[0], created[1]) == ("users", "INSERT")
    assert created[4].keys() == {
        "id", "subscription_tier", "subscription_expires_at", "is_active", "created_at", "erased_at",
    }  # fmt: skip
    before = _number(familytales)
    familytales.asked_by("familytales_app", user, "UPDATE users SET display_name = 'Mina', avatar_url = 'a'")
    familytales.run("UPDATE familytales.users SET last_login_at = now()")
    familytales.run("UPDATE familytales.users SET email = 'mina@example.com'")
    assert _number(familytales) == before
    familytales.run("UPDATE familytales.users SET subscription_tier = 'premium'")
    assert _last(familytales, user)[1:] == (
        ["subscription_tier"],
        {"subscription_tier": "free"},
        {"subscription_tier": "premium"},
    )


def test_a_member_is_logged_in_full(miller: Family) -> None:
    ben = miller.join("member")
    (member,) = miller.one("SELECT id FROM familytales.family_members WHERE user_id = %s", ben)
    (created,) = _entries(miller.database, member)
    assert (created[0], created[1], created[5], created[6]) == ("family_members", "INSERT", ben, miller.id)
    assert (created[4]["role"], created[4]["user_id"]) == ("member", str(ben))

    miller.rows(miller.owner, "SELECT change_member(%s, %s, 'editor')", miller.id, ben)
    entry = _entries(miller.database, member)[-1]
    assert entry[1:] == (
        "UPDATE",
        ["can_edit", "role"],
        {"can_edit": False, "role": "member"},
        {"can_edit": True, "role": "editor"},
        miller.owner,
        miller.id,
    )
    miller.rows(ben, "SELECT leave_family(%s)", miller.id)
    assert _last(miller.database, member) == ("UPDATE", ["is_active"], {"is_active": True}, {"is_active": False})


def test_an_invitation_is_logged_without_its_code_and_its_address(miller: Family) -> None:
    miller.invite("secret.person@example.com", "viewer")
    (invite,) = miller.one("SELECT id FROM familytales.family_invites")
    ((table, action, _, _, new, user, family),) = _entries(miller.database, invite)
    assert (table, action, user, family) == ("family_invites", "INSERT", miller.owner, miller.id)
    assert new.keys() == {
        "id", "family_id", "role", "invited_by", "expires_at", "accepted_at", "accepted_by", "created_at", "revoked_at",
    }  # fmt: skip
    miller.rows(miller.owner, "SELECT revoke_invite(%s)", invite)
    assert _last(miller.database, invite)[:2] == ("UPDATE", ["revoked_at"])


def test_a_book_is_logged_with_who_may_read_it_and_not_with_its_title(miller: Family) -> None:
    (created,) = _entries(miller.database, miller.book)
    assert (created[0], created[1]) == ("memory_books", "INSERT")
    assert created[4].keys() == {"id", "family_id", "created_by", "is_collaborative", "privacy", "created_at"}

    miller.rows(miller.owner, "UPDATE memory_books SET privacy = 'public', title = 'new' WHERE id = %s", miller.book)
    assert _last(miller.database, miller.book) == ("UPDATE", ["privacy"], {"privacy": "family"}, {"privacy": "public"})
    miller.rows(miller.owner, "DELETE FROM memory_books WHERE id = %s", miller.book)
    action, changed, before, after = _last(miller.database, miller.book)
    assert (action, changed, before["privacy"], after) == ("DELETE", None, "public", None)


def test_what_is_told_is_not_logged_nor_what_it_counts(miller: Family) -> None:
    before = _number(miller.database)
    segment = miller.tell("once")
    photo = miller.show(1)
    miller.attach(miller.upload(100), photo)
    miller.tag(segment, "xmas")
    miller.narrate(photo, 0, "a tree")
    miller.link(segment, photo)
    miller.mark_deleted(segment)
    miller.new_thread()
    miller.rows(miller.owner, "UPDATE memory_books SET title = 'new', description = 'new'")
    miller.rows(miller.owner, "UPDATE families SET name = 'new', description = 'new'")
    as_owner(miller.database, "SELECT ops.recount()")
    assert _number(miller.database) == before


def test_no_name_no_address_and_no_code_is_in_the_log(miller: Family) -> None:
    user = register(miller.database, "Wilhelmina", "wilhelmina@example.com")
    code = miller.invite("wilhelmina@example.com")
    miller.rows(user, "SELECT accept_invite(%s)", code)
    miller.new_book("Unforgettable")
    miller.rows(user, "SELECT erase_me('wilhelmina@example.com')")
    for word in ("wilhelmina", "unforgettable", code):
        assert miller.database.asked_by(
            "familytales_support",
            None,
            "SELECT count(*) FROM audit.audit_log AS log WHERE position(%s IN lower(log::text)) > 0",
            word,
        ) == [(0,)]


def test_every_column_of_an_audited_table_is_compared_or_left_out_on_purpose(familytales: Database) -> None:
    """The functions name their columns: a new column needs `SELECT audit.watch(…)` again."""
    found = familytales.rows(
        "SELECT DISTINCT tgrelid::regclass::text,"
        " ARRAY(SELECT match[1] FROM regexp_matches(prosrc, 'was\\.(\\w+) IS DISTINCT', 'g') AS match ORDER BY 1),"
        " ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = tgrelid AND attnum > 0 AND NOT attisdropped"
        " ORDER BY 1)"
        " FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid WHERE starts_with(proname, 'log_changes_of_')"
    )
    assert {table: set(columns) - set(compared) for table, compared, columns in found} == {
        "familytales.users": {
            "clerk_id", "email", "display_name", "avatar_url", "metadata", "updated_at", "last_login_at",
            "storage_used_bytes",
        },
        "familytales.families": {
            "name", "description", "updated_at", "storage_used_bytes", "storage_archived_bytes", "member_count",
        },
        "familytales.family_members": set(),
        "familytales.family_invites": {"email", "code_hash", "metadata"},
        "familytales.memory_books": {
            "title", "description", "cover_image_url", "metadata", "updated_at", "last_activity_at", "thread_count",
            "segment_count", "contributor_count", "photo_count", "audio_count",
        },
    }  # fmt: skip
    assert all(set(compared) <= set(columns) for _, compared, columns in found)


def test_an_entry_says_who_from_where_with_what_in_which_request(miller: Family) -> None:
    with miller.database.login("familytales_app") as connection, connection.transaction():
        connection.execute(
            "SELECT set_config('app.current_user_id', %s, true), set_config('app.client_ip', '192.0.2.7', true),"
            " set_config('app.user_agent', 'Firefox', true), set_config('app.request_id', 'r-1', true)",
            (str(miller.owner),),
        )
        connection.execute('UPDATE families SET settings = settings || \'{"privacy": "x"}\'')
        connection.execute("SELECT set_family_active(%s, false)", (miller.id,))
    query: LiteralString = (
        "SELECT user_id, host(ip_address), user_agent, request_id, db_role FROM audit.audit_log"
        " WHERE record_id = %s ORDER BY created_at DESC LIMIT 2"
    )
    expected = (miller.owner, "192.0.2.7", "Firefox", "r-1", "familytales_app")
    assert miller.database.asked_by("familytales_support", None, query, miller.id) == [expected] * 2
    assert miller.database.asked_by(
        "familytales_support",
        None,
        "SELECT count(DISTINCT transaction_id) FROM audit.audit_log WHERE request_id = 'r-1' AND record_id = %s",
        miller.id,
    ) == [(1,)]


def test_what_strangers_say_of_themselves_is_cut(miller: Family) -> None:
    with miller.database.login("familytales_app") as connection, connection.transaction():
        connection.execute(
            "SELECT set_config('app.current_user_id', %s, true), set_config('app.user_agent', repeat('a', 9999), true),"
            " set_config('app.request_id', repeat('r', 9999), true)",
            (str(miller.owner),),
        )
        connection.execute('UPDATE families SET settings = settings || \'{"privacy": "x"}\'')
    assert miller.database.asked_by(
        "familytales_support",
        None,
        "SELECT length(user_agent), length(request_id) FROM audit.audit_log WHERE record_id = %s"
        " ORDER BY created_at DESC LIMIT 1",
        miller.id,
    ) == [(500, 200)]


def test_the_three_notes_of_a_family_and_its_people(miller: Family) -> None:
    ben = miller.join()
    miller.rows(miller.owner, "SELECT hand_over_family(%s, %s)", miller.id, ben)
    assert _last(miller.database, miller.id) == (
        "HAND_OVER", None, None, {"from": str(miller.owner), "to": str(ben)},
    )  # fmt: skip

    miller.rows(miller.owner, "SELECT erase_me(%s)", miller.email_of(miller.owner))
    assert _last(miller.database, miller.owner) == ("ERASE", None, None, None)

    miller.tell("12345", by=ben)
    miller.rows(ben, "SELECT set_family_active(%s, false)", miller.id)
    miller.rows(ben, "SELECT delete_family(%s, 'Miller')", miller.id)
    *_, note, deleted = _entries(miller.database, miller.id)
    assert note[1:] == ("DELETE_FAMILY", None, None, {"storage_used_bytes": 5, "members": 1}, ben, miller.id)
    assert (deleted[1], deleted[3]["owner_id"], deleted[5]) == ("DELETE", str(ben), ben)


def test_bringing_a_year_back_is_noted(old: Family) -> None:
    sleep(old.database)
    as_owner(old.database, "SELECT familytales.bring_back('content_segments_2010')")
    assert old.database.asked_by(
        "familytales_support",
        None,
        "SELECT schema_name::text, table_name, record_id, family_id, new_values, db_role::text FROM audit.audit_log"
        " WHERE action = 'BRING_BACK'",
    ) == [
        (
            "familytales",
            "content_segments",
            None,
            None,
            {"partition": "content_segments_2010", "stays": "7 days"},
            old.database.server.running.user,
        )
    ]


@pytest.mark.parametrize("role", ["familytales_owner", "familytales_audit"])
@pytest.mark.parametrize(
    "change",
    ["UPDATE audit.audit_log SET user_id = NULL", "DELETE FROM audit.audit_log", "TRUNCATE audit.audit_log"],
)
def test_the_log_is_append_only(miller: Family, role: str, change: LiteralString) -> None:
    with miller.database.master() as connection, connection.transaction(force_rollback=True):
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        with pytest.raises(errors.InsufficientPrivilege, match=r"append-only|permission denied"):
            connection.execute(change)


@pytest.mark.parametrize(
    "role", ["familytales_owner", "familytales_app", "familytales_media", "familytales_support", "familytales_public"]
)
def test_nobody_writes_into_the_log_by_himself(miller: Family, role: str) -> None:
    with miller.database.master() as connection, connection.transaction(force_rollback=True):
        if role != "familytales_owner":
            connection.execute("SET LOCAL ROLE familytales_owner")
        granted = connection.execute(
            "SELECT has_table_privilege(%s, 'audit.audit_log', 'INSERT, UPDATE, DELETE, TRUNCATE')", (role,)
        ).fetchall()
    assert granted == [(False,)]


@pytest.mark.parametrize("table", ["users", "families", "family_members", "family_invites", "memory_books"])
def test_an_audited_table_takes_no_truncate(familytales: Database, table: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege, match="would leave no trace"):
        familytales.run(f"TRUNCATE familytales.{table} CASCADE")


def test_a_month_of_the_log_has_a_partition_and_half_a_year_is_there_ahead(familytales: Database) -> None:
    ahead = familytales.rows(
        "SELECT count(*) FROM ops.partition_bounds('audit.audit_log') AS leaf WHERE leaf.lower_bound > now()"
        " AND leaf.upper_bound = leaf.lower_bound + interval '1 month'"
    )
    assert ahead[0][0] >= 6
    register(familytales, "Anna")
    with familytales.master() as connection:
        connection.execute("SET ROLE familytales_audit")
        assert connection.execute("SELECT count(*) FROM part.audit_log_default").fetchall() == [(0,)]


def test_administrators_read_the_log_of_their_families_and_nobody_else_does(miller: Family, other: Family) -> None:
    query: LiteralString = "SELECT DISTINCT family_id FROM audit.audit_log"
    admin, editor = miller.join("admin"), miller.join("editor")
    assert miller.rows(miller.owner, query) == miller.rows(admin, query) == [(miller.id,)]
    assert miller.rows(editor, query) == miller.rows(None, query) == []
    # From where and with what, staff know.
    for column in ("ip_address", "user_agent", "request_id", "db_role"):
        with pytest.raises(errors.InsufficientPrivilege):
            miller.rows(miller.owner, f"SELECT {column} FROM audit.audit_log")
    for role in ("familytales_public", "familytales_media", "familytales_archivist"):
        with pytest.raises(errors.InsufficientPrivilege):
            miller.database.asked_by(role, miller.owner, query)


def test_what_hangs_on_a_deleted_family_is_logged_too(miller: Family) -> None:
    ids = [miller.id, miller.book, miller.one("SELECT id FROM familytales.family_members")[0]]
    miller.database.run("DELETE FROM familytales.families WHERE id = %s", miller.id)
    assert [_last(miller.database, record)[0] for record in ids] == ["DELETE"] * 3


def test_a_change_by_who_is_no_user_is_an_error(miller: Family) -> None:
    with pytest.raises(errors.InvalidTextRepresentation):
        miller.database.asked_by("familytales_app", "garbage", "SELECT register_user('c', 'c@example.com')")
