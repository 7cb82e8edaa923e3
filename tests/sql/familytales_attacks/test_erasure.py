"""A user who was erased leaves no trace by which he could be known, in any column of any table. These commit."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

from tests.sql.attacks.world import DENIED
from tests.sql.familytales_attacks.world import MEDIA, World

_EMAIL, _NAME, _CLERK = "wilhelmina.needle@needle.example", "Wilhelmina Needle", "user_needle_2abc"
NEEDLES = (_EMAIL, _NAME, _CLERK, "needle", "wilhelmina")


def _scan(world: World, words: tuple[str, ...]) -> dict[str, list[str]]:
    """Every table, partition and archived year in which a row holds one of the words, whole or in hexadecimal."""
    found: dict[str, list[str]] = {}
    with world.as_superuser() as root:
        tables = root.rows(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm')"
            " AND relnamespace::regnamespace::text IN ('familytales', 'audit', 'ops', 'part', 'archive', 'public')"
        )
        assert len(tables) > 20
        for (table,) in tables:
            look: LiteralString = f"SELECT count(*) FROM {table} AS one WHERE one::text ILIKE '%%' || %(word)s || '%%'"
            for word in words:
                for spelled in (word, word.encode().hex()):
                    if root.rows(look, word=spelled) != [(0,)]:
                        found.setdefault(table, []).append(word)
    return found


def _wilhelmina(world: World) -> UUID:
    """Somebody who has done everything that leaves one's name somewhere."""
    ((her,),) = world.do(
        None, "SELECT register_user(%(clerk)s, %(old)s, %(name)s, 'https://needle/avatar')",
        clerk=_CLERK, old="wilhelmina.old@needle.example", name=_NAME,
    )  # fmt: skip
    ((code,),) = world.do(
        world.anna,
        "SELECT create_invite(%(miller)s, 'wilhelmina.old@needle.example', 'admin', '1 day', 'dear Wilhelmina')",
    )
    world.do(her, "SELECT accept_invite(%(code)s)", code=code)
    # She has another address now.
    world.do(None, "SELECT register_user(%(clerk)s, %(email)s)", clerk=_CLERK, email=_EMAIL)
    world.do(her, "UPDATE users SET metadata = %(m)s::jsonb", m=f'{{"real_name": "{_NAME}"}}')
    # An invitation to a family that she never answered, and two of her own.
    world.do(
        world.mallory, "SELECT create_invite(%(evil)s, %(email)s, 'member', '1 day', 'needle')", email=_EMAIL.upper()
    )
    for guest in ("eve@secret.example", "milo@secret.example"):
        ((code,),) = world.do(
            her,
            "SELECT create_invite(%(miller)s, %(guest)s, 'member', '1 day', 'yours, Wilhelmina Needle')",
            guest=guest,
        )
    world.do(world.milo, "SELECT accept_invite(%(code)s)", code=code)
    ((book,),) = world.do(
        her,
        "INSERT INTO memory_books (family_id, title, created_by, privacy)"
        " VALUES (%(miller)s, 'diary of Wilhelmina Needle', %(her)s, 'private') RETURNING id",
        her=her,
    )
    ((thread,),) = world.do(
        her,
        "INSERT INTO threads (family_id, memory_book_id, title, started_by)"
        " VALUES (%(miller)s, %(book)s, 'needle', %(her)s) RETURNING id",
        book=book, her=her,
    )  # fmt: skip
    world.do(
        her,
        "INSERT INTO content_segments (thread_id, user_id, content_type, text_content)"
        " VALUES (%(thread)s, %(her)s, 'text', 'I, Wilhelmina Needle')",
        thread=thread, her=her,
    )  # fmt: skip
    world.do(
        her,
        "INSERT INTO content_segments (thread_id, user_id, content_type, text_content)"
        " VALUES (%(shared_thread)s, %(her)s, 'text', 'what she told all')",
        her=her,
    )
    with world.login(MEDIA) as service:
        service.execute(
            "INSERT INTO media_objects (family_id, kind, s3_key, content_type, bytes, uploaded_by)"
            " VALUES (%s, 'photo', gen_random_uuid()::text, 'image/png', 7, %s)",
            (world.miller, her),
        )
    world.do(her, "SELECT change_member(%(miller)s, %(max)s, 'editor')")
    world.do(her, "SELECT change_member(%(miller)s, %(max)s, 'member')")
    return UUID(str(her))


def test_erasing_oneself_leaves_no_trace_of_ones_name_anywhere(fresh: World) -> None:
    her = _wilhelmina(fresh)
    assert set(_scan(fresh, NEEDLES)) >= {"familytales.users", "familytales.family_invites", "familytales.memory_books"}

    fresh.do(her, "SELECT erase_me(%(email)s)", email=_EMAIL)

    assert _scan(fresh, NEEDLES) == {}
    assert fresh.differences() == []


def test_what_she_told_all_stays_under_nobodys_name(fresh: World) -> None:
    her = _wilhelmina(fresh)
    fresh.owner("SELECT ops.erase_user(%(her)s)", her=her)

    assert fresh.do(fresh.max, "SELECT text_content FROM content_segments WHERE user_id = %(her)s", her=her) == [
        ("what she told all",)
    ]
    assert fresh.do(fresh.max, "SELECT display_name, avatar_url FROM users WHERE id = %(her)s", her=her) == [
        (None, None)
    ]
    assert fresh.do(fresh.anna, "SELECT email_of(%(her)s)", her=her) == [(None,)]
    assert fresh.do(fresh.anna, "SELECT 1 FROM active_family_members WHERE user_id = %(her)s", her=her) == []
    # What was done stays in the log, by an id.
    with fresh.as_superuser() as root:
        assert root.rows(
            "SELECT action FROM audit.audit_log WHERE record_id = %(her)s AND action = 'ERASE'", her=her
        ) == [("ERASE",)]


def test_nobody_comes_back_as_somebody_who_was_erased(fresh: World) -> None:
    her = _wilhelmina(fresh)
    fresh.owner("SELECT ops.erase_user(%(her)s)", her=her)
    erased = f"erased:{her}"

    for clerk, email in (
        (erased, "x@x.example"), ("x", f"{erased}@invalid"), (erased, f"{erased}@invalid"),
        (erased.upper(), "x@x.example"), ("x", f"{erased.upper()}@invalid"),
    ):  # fmt: skip
        said = fresh.fails(None, "SELECT register_user(%(clerk)s, %(email)s)", clerk=clerk, email=email)
        assert said[0] == "22023", (clerk, email)
    # Clerk lets her in again: she is somebody new, and in no family.
    ((again,),) = fresh.do(None, "SELECT register_user(%(clerk)s, %(email)s)", clerk=_CLERK, email=_EMAIL)
    assert again != her
    assert fresh.do(again, "SELECT id FROM families") == []


def test_somebody_takes_the_name_that_another_will_have_when_he_is_erased(fresh: World) -> None:
    """He would be in the way of erasing her for ever."""
    her = _wilhelmina(fresh)
    for email in (f"erased:{her}@invalid", f"ERASED:{her}@INVALID", f"Erased:{her}@invalid"):
        assert fresh.fails(None, "SELECT register_user('thief', %(email)s)", email=email)[0] == "22023"

    fresh.owner("SELECT ops.erase_user(%(her)s)", her=her)
    assert _scan(fresh, (_EMAIL,)) == {}


def test_erasing_somebody_else_or_twice_or_nobody(fresh: World) -> None:
    for call in ("SELECT ops.erase_user(%(max)s)", "SELECT familytales.erase_me('max@secret.example')"):
        for who in (fresh.anna, fresh.adam, fresh.mallory, None):
            assert fresh.fails(who, call)[0] in (DENIED, "55000")
    fresh.owner("SELECT ops.erase_user(%(max)s)")
    assert fresh.fails(fresh.max, "SELECT erase_me('max@secret.example')") == (DENIED, "no active user")
    for whom in ("max", "none"):
        with fresh.as_owner() as owner:
            assert owner.refused("SELECT ops.erase_user(%(whom)s)", whom=fresh.ids[whom]).sqlstate == "P0002"
