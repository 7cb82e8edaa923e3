"""The later migrations of familytales, applied to a database that was in use before them."""

from __future__ import annotations

from pathlib import Path

from tests.sql.databases import Database
from tests.sql.runner import Runner, ending_with

# A family of three, one of whom has left; two books; threads with segments of this year, one of them deleted, and of
# 2012; everything that can hang on a segment.
_ROWS = """
BEGIN;

INSERT INTO familytales.users (id, clerk_id, email, updated_at)
SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, n, n || '@example.com', '2020-01-01'
  FROM generate_series(1, 3) AS n;

INSERT INTO familytales.families (id, name, owner_id, updated_at)
VALUES ('00000000-0000-0000-0001-000000000001', 'f', '00000000-0000-0000-0000-000000000001', '2020-01-01');

INSERT INTO familytales.family_members (family_id, user_id, role, is_active)
SELECT '00000000-0000-0000-0001-000000000001', id, CASE clerk_id WHEN '1' THEN 'owner' ELSE 'member' END,
       clerk_id <> '3'
  FROM familytales.users;

INSERT INTO familytales.memory_books (id, family_id, title, created_by, updated_at)
SELECT ('00000000-0000-0000-0002-00000000000' || n)::uuid, '00000000-0000-0000-0001-000000000001', 'b' || n,
       '00000000-0000-0000-0000-000000000001', '2020-01-01'
  FROM generate_series(1, 2) AS n;

INSERT INTO familytales.threads (id, family_id, memory_book_id, started_by, updated_at)
SELECT ('00000000-0000-0000-0003-00000000000' || n)::uuid, '00000000-0000-0000-0001-000000000001',
       ('00000000-0000-0000-0002-00000000000' || n)::uuid, '00000000-0000-0000-0000-000000000001', '2020-01-01'
  FROM generate_series(1, 2) AS n;

INSERT INTO familytales.content_segments (id, thread_id, user_id, content_type, text_content, photo_urls, audio_url,
                                          is_deleted, deleted_at, created_at)
SELECT ('00000000-0000-0000-0004-00000000000' || n)::uuid,
       ('00000000-0000-0000-0003-00000000000' || CASE n WHEN 4 THEN 2 ELSE 1 END)::uuid,
       ('00000000-0000-0000-0000-00000000000' || CASE n WHEN 2 THEN 3 ELSE 1 END)::uuid,
       'mixed', 'é', ARRAY['p', 'q'], CASE n WHEN 1 THEN 'a' END, n = 3, CASE n WHEN 3 THEN now() END,
       CASE n WHEN 4 THEN '2012-05-05' ELSE now() END
  FROM generate_series(1, 4) AS n;

INSERT INTO familytales.photo_narrations (family_id, content_segment_id, photo_index, narration_text, updated_at)
VALUES ('00000000-0000-0000-0001-000000000001', '00000000-0000-0000-0004-000000000001', 1, 'n', '2020-01-01');

INSERT INTO familytales.content_links (family_id, source_segment_id, target_segment_id, link_type, created_by)
VALUES ('00000000-0000-0000-0001-000000000001', '00000000-0000-0000-0004-000000000001',
        '00000000-0000-0000-0004-000000000004', 'reply', '00000000-0000-0000-0000-000000000001');

INSERT INTO familytales.content_tags (family_id, content_segment_id, tag_name, tagged_by)
VALUES ('00000000-0000-0000-0001-000000000001', '00000000-0000-0000-0004-000000000004', 't',
        '00000000-0000-0000-0000-000000000001');

INSERT INTO familytales.family_invites (family_id, email, invited_by, code_hash, expires_at)
VALUES ('00000000-0000-0000-0001-000000000001', 'x@example.com', '00000000-0000-0000-0000-000000000001',
        sha256('x'), now() + interval '1 day');

COMMIT;
"""


def test_rows_of_before_are_counted_and_know_their_books(database: Database, tmp_path: Path) -> None:
    Runner(database, "familytales", ending_with("familytales", 10, tmp_path)).apply()
    database.run(_ROWS)
    runner = Runner(database, "familytales")

    runner.apply()

    assert database.rows(
        "SELECT title, thread_count, segment_count, contributor_count, photo_count, audio_count, updated_at::date::text"
        "  FROM familytales.memory_books ORDER BY title"
    ) == [("b1", 1, 2, 2, 4, 1, "2020-01-01"), ("b2", 1, 1, 1, 2, 0, "2020-01-01")]
    assert database.rows(
        "SELECT segment_count, participant_count, next_sequence_number, last_segment_at::date = now()::date,"
        " updated_at::date::text FROM familytales.threads ORDER BY id"
    ) == [(2, 2, 4, True, "2020-01-01"), (1, 1, 2, False, "2020-01-01")]
    # Four segments of two bytes each, deleted ones too.
    assert database.rows(
        "SELECT member_count, storage_used_bytes, updated_at::date::text FROM familytales.families"
    ) == [(2, 8, "2020-01-01")]
    assert database.rows("SELECT storage_used_bytes FROM familytales.users ORDER BY id") == [(6,), (0,), (2,)]
    assert database.rows("SELECT * FROM ops.counter_differences()") == []
    assert database.rows(
        "SELECT right(memory_book_id::text, 1), updated_at::date::text FROM familytales.photo_narrations"
    ) == [("1", "2020-01-01")]
    assert database.rows(
        "SELECT right(source_book_id::text, 1), right(target_book_id::text, 1) FROM familytales.content_links"
    ) == [("1", "2")]
    assert database.rows("SELECT right(memory_book_id::text, 1) FROM familytales.content_tags") == [("2",)]
    assert database.asked_by(
        "familytales_app", "00000000-0000-0000-0000-000000000002", "SELECT count(*) FROM search_segments('é')"
    ) == [(3,)]


def test_a_year_of_before_goes_to_the_archive_with_the_first_job(database: Database, tmp_path: Path) -> None:
    Runner(database, "familytales", ending_with("familytales", 10, tmp_path)).apply()
    database.run(_ROWS)
    runner = Runner(database, "familytales")
    runner.apply()

    assert runner.run("maintain", "partitions").returncode == 0

    assert database.rows("SELECT partition::text FROM ops.detached_partitions") == [("archive.content_segments_2012",)]
    assert database.rows("SELECT segments, photos, bytes FROM familytales.archived_segments") == [(1, 2, 2)]
    assert database.rows("SELECT segment_count FROM familytales.threads ORDER BY id") == [(2,), (0,)]
    assert database.rows("SELECT storage_used_bytes, storage_archived_bytes FROM familytales.families") == [(8, 2)]
    assert database.rows("SELECT * FROM ops.counter_differences()") == []


def test_a_year_that_was_archived_before_is_counted_read_and_brought_back(database: Database, tmp_path: Path) -> None:
    """Its table lacks the columns that came since."""
    Runner(database, "familytales", ending_with("familytales", 10, tmp_path)).apply()
    database.run(_ROWS)
    with database.login("familytales_migrator") as owner:
        owner.execute("CALL ops.maintain_partitions()")
    assert database.rows("SELECT count(*) FROM archive.content_segments_2012") == [(1,)]
    runner = Runner(database, "familytales")

    runner.apply()

    assert database.rows("SELECT segments, photos, bytes FROM familytales.archived_segments") == [(1, 2, 2)]
    assert database.rows("SELECT segment_count FROM familytales.threads ORDER BY id") == [(2,), (0,)]
    assert database.rows("SELECT storage_used_bytes, storage_archived_bytes FROM familytales.families") == [(8, 2)]
    assert database.rows("SELECT * FROM ops.counter_differences()") == []
    archivist = "familytales_archivist"
    read = "SELECT text_content FROM archive.content_segments_2012"
    assert database.asked_by(archivist, None, read) == [("é",)]

    database.asked_by(archivist, None, "SELECT bring_back('content_segments_2012')")
    assert runner.run("maintain", "partitions").returncode == 0

    assert database.rows("SELECT segment_count FROM familytales.threads ORDER BY id") == [(2,), (1,)]
    assert database.rows("SELECT storage_used_bytes, storage_archived_bytes FROM familytales.families") == [(8, 0)]
    assert database.rows("SELECT * FROM ops.counter_differences()") == []
    found = "SELECT count(*) FROM search_segments('é')"
    assert database.asked_by("familytales_app", "00000000-0000-0000-0000-000000000002", found) == [(3,)]


def test_settings_that_nobody_could_read_are_mended(database: Database, tmp_path: Path) -> None:
    Runner(database, "familytales", ending_with("familytales", 10, tmp_path)).apply()
    database.run(_ROWS)
    database.run("""UPDATE familytales.families SET settings = '{"privacy": "private", "allow_downloads": "maybe"}'""")

    Runner(database, "familytales").apply()

    assert database.rows("SELECT settings FROM familytales.families") == [({"privacy": "private"},)]
