"""The jobs of familytales, on a database with rows."""

from __future__ import annotations

from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.sql.databases import Database, Rows
from tests.sql.familytales.world import Family, as_owner, differences
from tests.sql.runner import Runner

_JOBS = {path.stem for path in (Path(__file__).parents[3] / "sql/familytales/jobs").glob("*.sql")}
_REINDEX = Path(__file__).parents[3] / "sql/familytales/jobs/reindex.sql"


def _run(database: Database, job: str) -> str:
    done = Runner(database, "familytales").run("maintain", job)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def busy(smith: Family) -> Family:
    """A family in a database of its own."""
    return _busy(smith)


def _busy(smith: Family) -> Family:
    """Something in every table, of this year, of the last one and of long ago."""
    ben = smith.join()
    photo = smith.tell("a", kind="mixed", audio="s3://voice", photos=("a",), by=ben)
    smith.tag(photo, "lake")
    smith.narrate(photo, 0, "a lake")
    smith.link(smith.tell("b"), photo)
    smith.attach(smith.upload(100, by=ben), photo, by=ben)
    smith.invite("x@example.com")
    smith.tell("c", on="2010-05-05T12:00Z")
    ((last_year,),) = smith.database.rows("SELECT (date_trunc('year', now(), 'UTC') - interval '1 day')::text")
    smith.tell("d", on=last_year)
    return smith


def test_these_are_the_jobs() -> None:
    assert {
        "audit_partitions", "audit_statistics", "counters", "embeddings", "expired", "partitions", "reindex",
        "statistics", "vacuum",
    } == _JOBS  # fmt: skip


@pytest.mark.parametrize("job", sorted(_JOBS))
def test_each_job_does_its_work_and_does_it_again(busy: Family, job: str) -> None:
    before = busy.database.rows("SELECT id FROM familytales.content_segments ORDER BY 1")
    for _ in range(2):
        _run(busy.database, job)
    after = busy.database.rows("SELECT id FROM familytales.content_segments ORDER BY 1")
    assert len(before) - len(after) == (1 if job == "partitions" else 0)
    assert differences(busy.database) == []


def test_all_of_them_in_one_run_leave_the_schema_as_it_was(database: Database) -> None:
    runner = Runner(database, "familytales")
    runner.apply()
    busy = _busy(Family(database))
    done = runner.run("maintain")
    assert done.returncode == 0, done.stdout
    assert runner.run("verify").returncode == 0
    assert busy.rows(busy.owner, "SELECT text_content FROM content_segments ORDER BY 1") == [("a",), ("b",), ("d",)]


def test_a_wrong_counter_fails_the_job_and_is_left_for_somebody_to_look_at(busy: Family) -> None:
    as_owner(busy.database, "UPDATE familytales.families SET member_count = 7")
    done = Runner(busy.database, "familytales").run("maintain", "counters")
    assert done.returncode == 1
    assert "1 counters are wrong; the first: familytales.families.member_count of " in done.stdout
    assert "is 7, counted are 2" in done.stdout
    assert busy.one("SELECT member_count FROM familytales.families") == (7,)


def test_invitations_go_a_month_after_they_are_over(busy: Family) -> None:
    busy.database.run("DELETE FROM familytales.family_invites WHERE accepted_at IS NULL")
    for name, expired, revoked in (
        ("open", "+1 day", None),
        ("new", "-29 days", None),
        ("old", "-31 days", None),
        ("revoked", "-31 days", "-40 days"),
        ("just revoked", "+5 days", "-1 day"),
        ("revoked long ago", "-20 days", "-35 days"),
    ):
        busy.database.run(
            "INSERT INTO familytales.family_invites (family_id, email, invited_by, code_hash, created_at, expires_at,"
            " revoked_at) VALUES (%s, %s, %s, sha256(%s), now() - interval '60 days', now() + %s::interval,"
            " now() + %s::interval)",
            busy.id, f"{name}@example.com", busy.owner, name.encode(), expired, revoked,
        )  # fmt: skip
    _run(busy.database, "expired")
    left = busy.database.rows("SELECT split_part(email, '@', 1) FROM familytales.family_invites ORDER BY 1")
    kept = {name for (name,) in left}
    # Who was invited and came is not forgotten.
    assert len([name for name in kept if name.startswith("member")]) == 1
    assert {name for name in kept if not name.startswith("member")} == {"just revoked", "new", "open"}


def test_the_weekly_vacuum_names_what_still_changes(busy: Family) -> None:
    _run(busy.database, "partitions")
    vacuumed: LiteralString = (
        "SELECT relname::text FROM pg_stat_all_tables WHERE schemaname IN ('familytales', 'part', 'archive', 'audit')"
        " AND vacuum_count > 0 ORDER BY 1"
    )
    assert busy.database.rows(vacuumed) == []
    # What autovacuum is at just then is passed over, and comes with the next run.
    for _ in range(5):
        _run(busy.database, "vacuum")
        found = _settled(busy.database, vacuumed, 19)
        if len(found) >= 19:
            break
    ((this, last),) = busy.database.rows(
        "SELECT to_char(utc, 'YYYY'), to_char(utc - interval '1 year', 'YYYY')"
        "  FROM (SELECT now() AT TIME ZONE 'UTC') AS today (utc)"
    )
    assert {name for (name,) in found} == {
        "users", "families", "family_members", "memory_books", "threads", "thread_participants", "segment_ids",
        "content_tags", "content_links", "photo_narrations", "media_objects", "media_deletions", "family_invites",
        "archived_segments", "archived_partitions", "segment_words", "content_segments_default",
        f"content_segments_{this}", f"content_segments_{last}",
    }  # fmt: skip


def _settled(database: Database, query: LiteralString, number: int) -> Rows:
    """What statistics say once they have arrived: sessions hand them over a moment later."""
    for _ in range(100):
        rows = database.rows(query)
        if len(rows) >= number:
            return rows
        database.rows("SELECT pg_sleep(0.1), pg_stat_clear_snapshot()")
    return rows


@pytest.mark.parametrize(("job", "table"), [("statistics", "content_segments"), ("audit_statistics", "audit_log")])
def test_the_parents_of_partitions_get_statistics(busy: Family, job: str, table: str) -> None:
    query: LiteralString = (
        "SELECT count(*) > 0 FROM pg_catalog.pg_statistic WHERE stainherit AND starelid = %s::regclass"
    )
    schema = "audit" if job.startswith("audit") else "familytales"
    conninfo = make_conninfo(busy.database.server.running.superuser_conninfo, dbname=busy.database.name)
    with psycopg.connect(conninfo, autocommit=True) as superuser:
        assert superuser.execute(query, (f"{schema}.{table}",)).fetchall() == [(False,)]
        _run(busy.database, job)
        assert superuser.execute(query, (f"{schema}.{table}",)).fetchall() == [(True,)]


# Bloat ------------------------------------------------------------------------------------------------


def _bloat(database: Database) -> dict[str, tuple[int, int, float]]:
    with database.master() as connection:
        connection.execute("SET ROLE familytales_owner")
        rows = connection.execute("SELECT index::text, bytes, wanted_bytes, bloat::float8 FROM ops.index_bloat")
        return {name: (size, wanted, bloat) for name, size, wanted, bloat in rows.fetchall()}


@pytest.fixture
def many_tags(smith: Family) -> Database:
    """A table of some 20,000 rows, analysed; its indexes were built by inserts."""
    smith.database.run(
        "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content)"
        " SELECT %s, %s, 'text', 'x' FROM generate_series(1, 400)",
        smith.thread, smith.owner,
    )  # fmt: skip
    smith.database.run(
        "INSERT INTO familytales.content_tags (content_segment_id, tag_name, tagged_by)"
        " SELECT id, 'tag ' || n, user_id FROM familytales.content_segments, generate_series(1, 50) AS n"
    )
    smith.database.run("VACUUM ANALYZE familytales.content_tags")
    return smith.database


_UNIQUE = "familytales.content_tags_content_segment_id_tag_name_tagged_by_key"


def test_an_index_from_which_most_is_deleted_is_bloated_until_it_is_built_anew(many_tags: Database) -> None:
    size, _, before = _bloat(many_tags)[_UNIQUE]
    assert size > 1_000_000
    assert before < 0.5

    # Some of each page, so that no page becomes free.
    many_tags.run("DELETE FROM familytales.content_tags WHERE tag_name !~ '[05]$'")
    many_tags.run("VACUUM ANALYZE familytales.content_tags")
    bloated, wanted, after = _bloat(many_tags)[_UNIQUE]
    assert bloated == size
    assert wanted < size / 2
    assert after > 0.6

    many_tags.run(f"REINDEX INDEX CONCURRENTLY {_UNIQUE}")
    many_tags.run("ANALYZE familytales.content_tags")
    mended, _, left = _bloat(many_tags)[_UNIQUE]
    assert mended < size / 2
    assert left < 0.3


def test_an_index_that_nobody_uses_is_not_taken_for_bloated(many_tags: Database) -> None:
    as_owner(many_tags, "CREATE INDEX unused ON familytales.content_tags (created_at)")
    assert many_tags.rows("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'unused'") == [(0,)]
    # Twenty thousand times the same moment: duplicates are kept together, so it is smaller than one by one.
    assert _bloat(many_tags)["familytales.unused"][2] <= 0.5
    # Nor is any other of some size that was just filled; those of a few pages say nothing.
    assert {name: row for name, row in _bloat(many_tags).items() if row[0] > 200_000 and row[2] > 0.5} == {}


def test_the_job_takes_what_is_large_and_half_empty_and_nothing_else(many_tags: Database) -> None:
    many_tags.run("DELETE FROM familytales.content_tags WHERE tag_name !~ '[05]$'")
    many_tags.run("VACUUM ANALYZE familytales.content_tags")
    # The same question with a threshold that some megabytes reach.
    (written,) = (one for one in _REINDEX.read_text().split(";\n") if "ops.index_bloat" in one)
    assert "bytes > 100000000" in written
    question = written.replace("bytes > 100000000", "bytes > 500000")
    with many_tags.master() as connection:
        connection.execute("SET ROLE familytales_owner")
        found = [run for (run,) in connection.execute(question.encode()).fetchall()]
    assert found[0] == f"REINDEX INDEX CONCURRENTLY {_UNIQUE}"
    assert set(found) <= {
        f"REINDEX INDEX CONCURRENTLY {name}" for name, row in _bloat(many_tags).items() if row[2] > 0.5
    }
    many_tags.run(found[0])

    # As it stands, it finds nothing to do: none of these is large.
    said = _run(many_tags, "reindex")
    assert "REINDEX" not in said
