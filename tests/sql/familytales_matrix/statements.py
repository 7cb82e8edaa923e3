"""What is tried on each table: how its rows are found, which row is inserted, which column is updated."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

VERBS = ["select", "insert", "update", "delete"]

APP, MEDIA = "familytales_app", "familytales_media"

# Tables whose partitions are in `part`; the matrix looks at the leaf of today, under the name part.<table>, and at one
# that is in the archive, under the name archive.content_segments.
PARTITIONED = ["familytales.content_segments", "audit.audit_log"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the matrix."""

    about: str
    """What places its rows have: those of a book, a family or a person, or none (`all`)."""

    key: str
    belongs_to: str
    """In SQL, the book, family or person that a row belongs to."""

    update: str = ""
    """What an UPDATE sets: a column that whoever may change anything in the table may change."""

    insert: str = ""
    author: str = "NULL"
    state: str = "NULL"
    """Of a row, NULL; or `waiting` for its book, or the id of whoever marked it as deleted."""

    media_update: str = ""
    """What the media service sets instead, and inserts: it writes other columns than the application."""
    media_insert: str = ""
    verbs: list[str] = field(default_factory=lambda: list(VERBS))

    def update_by(self, role: str) -> str:
        """What this role would change."""
        return self.media_update if role == MEDIA and self.media_update else self.update

    def insert_by(self, role: str) -> str:
        """What this role would add."""
        return self.media_insert if role == MEDIA and self.media_insert else self.insert


_ON_SEGMENT = (
    "(SELECT coalesce(segment.deleted_by, segment.user_id) FROM familytales.content_segments AS segment"
    " WHERE segment.is_deleted AND segment.id = {})"
)

# In an INSERT, {me} is the id of the user who asks (or NULL), {creator} his, unless the book is somebody else's for
# himself: then it is that one's. {family}, {book}, {thread}, {segment} and {second} are those of the place, {member} is
# a member of its family, {fresh} an account that nothing hangs on.
TABLES = {
    "familytales.memory_books": Table(
        about="book",
        key="id",
        belongs_to="id",
        update="title = 'changed'",
        insert="(family_id, title, created_by, privacy, is_collaborative)"
        " VALUES ({family}, 'new', {creator}, {privacy}, {is_collaborative})",
    ),
    "familytales.memory_books:publish": Table(
        about="book", key="id", belongs_to="id", update="privacy = 'public'", verbs=["update"]
    ),
    "familytales.memory_books:hide": Table(
        about="book", key="id", belongs_to="id", update="privacy = 'private'", verbs=["update"]
    ),
    "familytales.memory_book_stats": Table(
        about="book", key="id", belongs_to="id", update="title = 'changed'", insert="(title) VALUES ('new')"
    ),
    "familytales.threads": Table(
        about="book",
        key="id",
        belongs_to="memory_book_id",
        author="started_by",
        update="title = 'changed'",
        insert="(family_id, memory_book_id, started_by) VALUES ({family}, {book}, {me})",
    ),
    "familytales.thread_participants": Table(
        about="book",
        key="thread_id, user_id",
        belongs_to="memory_book_id",
        author="user_id",
        update="segment_count = 9",
        insert="(thread_id, user_id, family_id, memory_book_id) VALUES ({thread}, {member}, {family}, {book})",
    ),
    "familytales.segment_ids": Table(
        about="book",
        key="id",
        belongs_to="memory_book_id",
        update="created_at = now()",
        insert="(id, family_id, memory_book_id, thread_id, sequence_number, created_at)"
        " VALUES (gen_random_uuid(), {family}, {book}, {thread}, 99, now())",
    ),
    "familytales.segment_words": Table(
        about="book",
        key="content_segment_id",
        belongs_to="memory_book_id",
        update="created_at = now()",
        insert="(content_segment_id, family_id, memory_book_id, created_at, search)"
        " VALUES ({segment}, {family}, {book}, now(), '')",
    ),
    "familytales.content_segments": Table(
        about="book",
        key="id",
        belongs_to="memory_book_id",
        author="user_id",
        state="CASE WHEN is_deleted THEN deleted_by END",
        update="text_content = 'changed'",
        media_update="audio_transcript = 'changed'",
        insert="(thread_id, user_id, content_type, text_content) VALUES ({thread}, {me}, 'text', 'new')",
    ),
    "familytales.content_segments:mark": Table(
        about="book",
        key="id",
        belongs_to="memory_book_id",
        author="user_id",
        state="CASE WHEN is_deleted THEN deleted_by END",
        update="is_deleted = NOT is_deleted",
        verbs=["update"],
    ),
    "familytales.archived_segments": Table(
        about="book",
        key="thread_id, user_id",
        belongs_to="memory_book_id",
        update="segments = 9",
        insert="(thread_id, user_id, partition, family_id, memory_book_id, stored, segments, photos, audios, bytes)"
        " VALUES ({thread}, {fresh}, (SELECT partition FROM familytales.archived_partitions), {family}, {book},"
        " 1, 1, 1, 1, 1)",
    ),
    "familytales.photo_narrations": Table(
        about="book",
        key="id",
        belongs_to="memory_book_id",
        author="created_by",
        state=_ON_SEGMENT.format("content_segment_id"),
        update="narration_text = 'changed', narration_type = 'edited'",
        media_update="narration_text = 'changed'",
        insert="(family_id, content_segment_id, photo_index, narration_text, narration_type, created_by)"
        " VALUES ({family}, {segment}, 2, 'new', 'user', {me})",
        media_insert="(content_segment_id, photo_index, narration_text, narration_type)"
        " VALUES ({segment}, 2, 'new', 'ai')",
    ),
    "familytales.photo_narrations:words": Table(
        about="book",
        key="id",
        belongs_to="memory_book_id",
        author="created_by",
        state=_ON_SEGMENT.format("content_segment_id"),
        update="narration_text = 'changed'",
        verbs=["update"],
    ),
    # A person who speaks for the machine, and the machine for a person.
    "familytales.photo_narrations:pretend": Table(
        about="book",
        key="id",
        belongs_to="memory_book_id",
        insert="(content_segment_id, photo_index, narration_text, narration_type, created_by)"
        " VALUES ({segment}, 2, 'new', 'ai', {me})",
        media_insert="(content_segment_id, photo_index, narration_text, narration_type)"
        " VALUES ({segment}, 2, 'new', 'user')",
        verbs=["insert"],
    ),
    "familytales.content_links": Table(
        about="book",
        key="id",
        # One from the family's book into a private one is of both: it is there for whoever sees both.
        belongs_to="(SELECT id FROM familytales.memory_books"
        " WHERE id IN (source_book_id, target_book_id) ORDER BY privacy = 'private' DESC LIMIT 1)",
        author="created_by",
        state=_ON_SEGMENT.format("source_segment_id"),
        update="link_type = 'reply'",
        insert="(family_id, source_segment_id, target_segment_id, link_type, created_by)"
        " VALUES ({family}, {segment}, {second}, 'reply', {me})",
    ),
    "familytales.content_tags": Table(
        about="book",
        key="content_segment_id, tag_name",
        belongs_to="memory_book_id",
        author="tagged_by",
        state=_ON_SEGMENT.format("content_segment_id"),
        update="tag_name = 'changed'",
        insert="(family_id, content_segment_id, tag_name, tagged_by) VALUES ({family}, {segment}, 'new', {me})",
    ),
    "familytales.media_objects": Table(
        about="book",
        key="id",
        belongs_to="coalesce(memory_book_id, family_id)",
        author="uploaded_by",
        state="CASE WHEN memory_book_id IS NULL THEN 'waiting'"
        f" ELSE ({_ON_SEGMENT.format('content_segment_id')})::text END",
        update="bytes = 2",
        insert="(family_id, kind, s3_key, content_type, bytes, uploaded_by)"
        " VALUES ({family}, 'photo', 'new', 'x/y', 1, {member})",
    ),
    "familytales.families": Table(
        about="family",
        key="id",
        belongs_to="id",
        update="description = 'changed'",
        insert="(name, owner_id) VALUES ('new', {fresh})",
    ),
    "familytales.family_members": Table(
        about="family",
        key="id",
        belongs_to="family_id",
        update="role = 'admin'",
        insert="(family_id, user_id) VALUES ({family}, {fresh})",
    ),
    "familytales.active_family_members": Table(
        about="family",
        key="id",
        belongs_to="family_id",
        update="role = 'admin'",
        insert="(family_id, user_id) VALUES ({family}, {fresh})",
    ),
    "familytales.family_invites": Table(
        about="family",
        key="id",
        belongs_to="family_id",
        update="role = 'admin'",
        insert="(family_id, email, invited_by, code_hash, expires_at)"
        " VALUES ({family}, 'new@example.com', {member}, sha256('new'), 'infinity')",
    ),
    "familytales.media_deletions": Table(
        about="family",
        key="s3_key",
        belongs_to="family_id",
        update="bytes = 2",
        insert="(s3_key, family_id, bytes) VALUES ('new', {family}, 1)",
    ),
    "audit.audit_log": Table(
        about="family",
        key="id",
        # What was done with a private book is as private as that.
        belongs_to="coalesce((SELECT book.id FROM familytales.memory_books AS book"
        " WHERE book.id = record_id AND book.privacy = 'private'), family_id)",
        update="request_id = 'changed'",
        insert="(schema_name, table_name, action, family_id, db_role, transaction_id)"
        " VALUES ('x', 'x', 'INSERT', {family}, 'x', pg_current_xact_id())",
    ),
    "familytales.users": Table(
        about="person",
        key="id",
        belongs_to="id",
        update="display_name = 'changed'",
        insert="(clerk_id, email) VALUES ('new', 'new@example.com')",
    ),
    "familytales.archived_partitions": Table(
        about="all",
        key="partition",
        belongs_to="NULL",
        update="is_complete = true",
        insert="(partition, lower_bound, upper_bound) VALUES ('familytales.threads', now(), now())",
    ),
    "ops.partition_policy": Table(
        about="all",
        key="prefix",
        belongs_to="NULL",
        update="premake = 12",
        insert="(parent, every, premake, prefix) VALUES ('familytales.threads', '1 month', 1, 'new')",
    ),
    "ops.detached_partitions": Table(
        about="all",
        key="partition",
        belongs_to="NULL",
        update="attached_until = now()",
        insert="(partition, parent, lower_bound, upper_bound)"
        " VALUES ('familytales.threads', 'familytales.content_segments', now(), now())",
    ),
}
_LEAF = Table(
    about="all",
    key="id",
    belongs_to="NULL",
    update="text_content = 'changed'",
    insert="(family_id, memory_book_id, thread_id, user_id, content_type, sequence_number, text_content)"
    " VALUES ({fresh}, {fresh}, {fresh}, {fresh}, 'text', 99, 'new')",
)
TABLES |= {
    "part.content_segments": _LEAF,
    "archive.content_segments": _LEAF,
    "part.audit_log": Table(
        about="all",
        key="id",
        belongs_to="NULL",
        update="request_id = 'changed'",
        insert=TABLES["audit.audit_log"].insert,
    ),
}
# What somebody would add in another's name.
for _name in ("threads", "content_segments", "photo_narrations", "content_links", "content_tags"):
    _own = TABLES[f"familytales.{_name}"]
    TABLES[f"familytales.{_name}:forge"] = replace(
        _own, insert=_own.insert.replace("{me}", "{member}"), media_insert="", verbs=["insert"]
    )
# An entry may be about one more statement on a table; its name is that of the table, a colon, and what is done to it.
RELATIONS = list(dict.fromkeys(name.partition(":")[0] for name in TABLES))


def where(table: str, keys: list[str]) -> str:
    """Exactly these rows; or, where rows have no place, those with a key."""
    key = TABLES[table].key
    if TABLES[table].about == "all":
        return f" WHERE {key} IS NOT NULL"
    listed = ", ".join("(" + ", ".join(f"'{part}'" for part in one.split(",")) + ")" for one in keys)
    return f" WHERE ({key}) IN ({listed})"
