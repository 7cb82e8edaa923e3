"""The rows of the world that is attacked, put there by the master user."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from tests.sql.databases import Database

NAMES = ("anna", "adam", "ed", "max", "nina", "vera", "rita", "sam", "dora", "mallory", "milo", "eve", "greta")

_FAMILIES = (("miller", "anna"), ("evil", "mallory"), ("ghost", "greta"))
_MEMBERS = (
    ("miller", "anna", "owner", True),
    ("miller", "adam", "admin", True),
    ("miller", "ed", "editor", True),
    ("miller", "max", "member", True),
    ("miller", "nina", "member", True),
    ("miller", "vera", "viewer", True),
    ("miller", "rita", "admin", False),
    ("miller", "sam", "admin", True),
    ("miller", "dora", "member", True),
    ("evil", "mallory", "owner", True),
    ("evil", "milo", "member", True),
    ("evil", "dora", "admin", True),
    ("ghost", "greta", "owner", True),
)
_BOOKS = (
    ("shared", "miller", "anna", "family", True),
    ("secret", "miller", "nina", "private", True),
    ("closed", "miller", "anna", "family", False),
    ("public", "miller", "anna", "public", True),
    ("lair", "evil", "mallory", "family", True),
    ("haunted", "ghost", "greta", "public", True),
)
# Name, thread, author, kind, text, photos, recording, what was said in it.
_SEGMENTS = (
    ("shared_segment", "shared", "max", "mixed", "shared xylophone", 2, None, None),
    ("spoken", "shared", "max", "audio", None, 0, "s3://miller/spoken", "spoken xylophone"),
    ("removed", "shared", "max", "text", "removed xylophone", 0, None, None),
    ("secret_segment", "secret", "nina", "mixed", "secret xylophone", 2, "s3://miller/secret", "secret whisper"),
    ("closed_segment", "closed", "anna", "text", "closed xylophone", 0, None, None),
    ("public_segment", "public", "anna", "mixed", "public xylophone", 1, None, None),
    ("public_removed", "public", "anna", "text", "public removed", 0, None, None),
    ("lair_segment", "lair", "mallory", "mixed", "lair trombone", 2, None, None),
    ("haunted_segment", "haunted", "greta", "text", "haunted xylophone", 0, None, None),
)


def plant(database: Database, ids: Mapping[str, object]) -> None:
    """Fill an empty database."""
    with database.master() as connection, connection.transaction(), connection.cursor() as cursor:
        _plant(cursor, ids)


def _plant(cursor: psycopg.Cursor, ids: Mapping[str, object]) -> None:
    for name in NAMES:
        cursor.execute(
            "INSERT INTO familytales.users (id, clerk_id, email, display_name, is_active) VALUES (%s, %s, %s, %s, %s)",
            (ids[name], f"clerk_{name}_{ids[name]}", f"{name}@secret.example", f"{name} Secretname", name != "sam"),
        )
    for family, owner in _FAMILIES:
        cursor.execute(
            "INSERT INTO familytales.families (id, name, owner_id) VALUES (%s, %s, %s)",
            (ids[family], family, ids[owner]),
        )
    for family, name, role, active in _MEMBERS:
        cursor.execute(
            "INSERT INTO familytales.family_members (family_id, user_id, role, is_active) VALUES (%s, %s, %s, %s)",
            (ids[family], ids[name], role, active),
        )
    places = {}
    for book, family, author, privacy, collaborative in _BOOKS:
        places[book] = ids[family]
        cursor.execute(
            "INSERT INTO familytales.memory_books (id, family_id, title, created_by, privacy, is_collaborative)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (ids[book], ids[family], f"{book} book", ids[author], privacy, collaborative),
        )
        cursor.execute(
            "INSERT INTO familytales.threads (id, family_id, memory_book_id, title, started_by)"
            " VALUES (%s, %s, %s, %s, %s)",
            (ids[f"{book}_thread"], ids[family], ids[book], f"{book} thread", ids[author]),
        )
    for name, book, author, kind, text, photos, recording, said in _SEGMENTS:
        cursor.execute(
            "INSERT INTO familytales.content_segments (id, thread_id, user_id, content_type, text_content, photo_urls,"
            " audio_url, audio_transcript) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                *(ids[name], ids[f"{book}_thread"], ids[author], kind, text),
                *([f"s3://{book}/{number}" for number in range(photos)], recording, said),
            ),
        )
        cursor.execute(
            "INSERT INTO familytales.content_tags (family_id, content_segment_id, tag_name, tagged_by)"
            " VALUES (%s, %s, 'beach', %s), (%s, %s, %s, %s)",
            (places[book], ids[name], ids[author], places[book], ids[name], f"only {book}", ids[author]),
        )
    for name, deleted in (("removed", "adam"), ("public_removed", "anna")):
        cursor.execute("SELECT set_config('app.current_user_id', %s, true)", (str(ids[deleted]),))
        cursor.execute("UPDATE familytales.content_segments SET is_deleted = true WHERE id = %s", (ids[name],))
    cursor.execute("SELECT set_config('app.current_user_id', '', true)")
    for narration, segment, author in (
        ("shared_narration", "shared_segment", "max"),
        ("secret_narration", "secret_segment", "nina"),
        ("lair_narration", "lair_segment", "mallory"),
    ):
        cursor.execute(
            "INSERT INTO familytales.photo_narrations (id, content_segment_id, photo_index, narration_text,"
            " narration_type, created_by) VALUES (%s, %s, 0, %s, 'user', %s)",
            (ids[narration], ids[segment], f"{segment} narrated", ids[author]),
        )
    for link, source, target, author in (
        ("shared_link", "shared_segment", "spoken", "max"),
        ("secret_link", "secret_segment", "shared_segment", "nina"),
    ):
        cursor.execute(
            "INSERT INTO familytales.content_links (id, source_segment_id, target_segment_id, link_type, created_by)"
            " VALUES (%s, %s, %s, 'reference', %s)",
            (ids[link], ids[source], ids[target], ids[author]),
        )
    uploads: tuple[tuple[str, str, str | None, str | None, str, int], ...] = (
        ("shared_media", "miller", "shared", "shared_segment", "max", 1000),
        ("secret_media", "miller", "secret", "secret_segment", "nina", 2000),
        ("lair_media", "evil", "lair", "lair_segment", "mallory", 3000),
        ("loose_media", "miller", None, None, "max", 4000),
    )
    for media, family, place, shown, uploader, size in uploads:
        cursor.execute(
            "INSERT INTO familytales.media_objects (id, family_id, memory_book_id, content_segment_id, kind, s3_key,"
            " content_type, bytes, uploaded_by) VALUES (%s, %s, %s, %s, 'photo', %s, 'image/png', %s, %s)",
            (ids[media], ids[family], place and ids[place], shown and ids[shown], f"key/{ids[media]}", size,
             ids[uploader]),
        )  # fmt: skip
    cursor.execute(
        "INSERT INTO familytales.family_invites (id, family_id, email, role, invited_by, code_hash, expires_at)"
        " VALUES (%s, %s, 'guest@secret.example', 'admin', %s, sha256(%s::text::bytea), now() + interval '1 day')",
        (ids["guest_invite"], ids["miller"], ids["anna"], str(ids["guest_invite"])),
    )
    cursor.execute("UPDATE familytales.families SET is_active = false WHERE id = %s", (ids["ghost"],))
