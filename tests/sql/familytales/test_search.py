"""Searches by words and by tags: what is found, in which order, and what nobody else finds."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

import pytest
from psycopg import errors

from tests.sql.familytales.past import as_archivist, sleep
from tests.sql.familytales.world import Family

_WORDS: LiteralString = "SELECT id FROM search_segments(%s)"
_TAGS: LiteralString = "SELECT id, all_tags FROM search_tags(%s)"


def _found(family: Family, words: str | None, user: UUID | None = None) -> list[UUID]:
    return [row[0] for row in family.rows(user or family.owner, _WORDS, words)]


@pytest.fixture
def told(miller: Family) -> dict[str, UUID]:
    """Some stories, the last one told last."""
    return {
        "lake": miller.tell("The old boat on the lake"),
        "boat": miller.tell("We sold the boat. It was old."),
        "song": miller.record(said="she sang of an old boat"),
        "swim": miller.tell("Swimming across the lake"),
    }


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("boat", ["song", "boat", "lake"]),
        ("BOAT", ["song", "boat", "lake"]),
        ("lake", ["swim", "lake"]),
        ("boat lake", ["lake"]),
        ('"old boat"', ["song", "lake"]),
        ("boat -lake", ["song", "boat"]),
        ('boat -"old boat"', ["boat"]),
        ("swimming or sang", ["swim", "song"]),
        # Words as they are: families tell in many languages.
        ("swim", []),
        ("the", ["swim", "boat", "lake"]),
        ("train", []),
        ("", []),
        ("!!! ?", []),
        (None, []),
    ],
)
def test_words_are_found_as_people_type_them_the_newest_first(
    miller: Family, told: dict[str, UUID], words: str | None, found: list[str]
) -> None:
    assert _found(miller, words) == [told[name] for name in found]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Der Weihnachtsbaum in Köln", "köln"),
        ("Бабушка рассказала сказку", "бабушка"),
        ("η γιαγιά στο χωριό", "χωριό"),
        ("سافرنا إلى البحر", "البحر"),
        ("l'été à la mer", "été"),
    ],
)
def test_other_languages_are_searched_like_english(miller: Family, text: str, words: str) -> None:
    segment = miller.tell(text)
    assert _found(miller, words) == [segment]


def test_a_hit_comes_with_where_it_is(miller: Family, told: dict[str, UUID]) -> None:
    assert miller.rows(
        miller.owner,
        "SELECT id, family_id, memory_book_id, memory_book_title, thread_id, thread_title, user_id, content_type,"
        " sequence_number, text_content, audio_transcript, photo_urls FROM search_segments('sang')",
    ) == [
        (
            told["song"], miller.id, miller.book, "Summers", miller.thread, "At the lake", miller.owner, "audio", 3,
            None, "she sang of an old boat", [],
        )
    ]  # fmt: skip


def test_what_was_told_about_a_photo_finds_its_segment_once(miller: Family) -> None:
    photo = miller.tell("The boat", kind="mixed", photos=("a", "b", "c"))
    miller.narrate(photo, 0, "Grandpa at the oars")
    miller.narrate(photo, 2, "Grandpa in his boat")
    assert _found(miller, "grandpa") == _found(miller, "boat") == [photo]
    assert _found(miller, "oars") == [photo]
    # All the words stand in one place.
    assert _found(miller, "oars boat") == []

    miller.rows(miller.owner, "UPDATE photo_narrations SET narration_text = 'Grandma' WHERE photo_index = 0")
    assert _found(miller, "oars") == []
    assert _found(miller, "grandma") == [photo]
    miller.mark_deleted(photo)
    assert _found(miller, "grandma") == _found(miller, "boat") == []


def test_what_is_deleted_is_not_found_by_anybody_until_it_is_restored(miller: Family, told: dict[str, UUID]) -> None:
    admin = miller.join("admin")
    miller.mark_deleted(told["lake"])
    for user in (miller.owner, admin):
        assert _found(miller, "lake", user) == [told["swim"]]
    miller.restore(told["lake"])
    assert _found(miller, "lake", admin) == [told["swim"], told["lake"]]


def test_an_edited_text_is_found_by_its_new_words(miller: Family, told: dict[str, UUID]) -> None:
    miller.rows(miller.owner, "UPDATE content_segments SET text_content = 'a train' WHERE id = %s", told["boat"])
    assert _found(miller, "sold") == []
    assert _found(miller, "train") == [told["boat"]]


def test_a_private_book_is_searched_by_its_author_only(miller: Family) -> None:
    ben = miller.join()
    thread = miller.new_thread(miller.new_book("Mine", "private", by=ben), by=ben)
    secret = miller.tell("a secret boat", kind="mixed", photos=("a",), thread=thread, by=ben)
    miller.narrate(secret, 0, "hidden", by=ben)
    miller.tag(secret, "treasure", by=ben)
    for words in ("boat", "hidden"):
        assert _found(miller, words, ben) == [secret]
        assert _found(miller, words) == []
    assert miller.rows(ben, _TAGS, ["treasure"]) == [(secret, ["treasure"])]
    assert miller.rows(miller.owner, _TAGS, ["treasure"]) == []


def test_families_are_searched_by_their_members_all_together_or_one_by_one(miller: Family, other: Family) -> None:
    mine = miller.tell("boat")
    theirs = other.tell("boat")
    miller.tag(mine, "lake")
    other.tag(theirs, "lake")
    ben = miller.join()
    assert _found(miller, "boat", ben) == [mine]
    other.join(user=ben)
    assert _found(miller, "boat", ben) == [theirs, mine]
    one: LiteralString = "SELECT id FROM search_segments('boat', %s)"
    tags: LiteralString = "SELECT id FROM search_tags('{lake}', %s)"
    for query in (one, tags):
        assert miller.rows(ben, query, miller.id) == [(mine,)]
        assert miller.rows(ben, query, other.id) == [(theirs,)]
        assert miller.rows(miller.owner, query, other.id) == []
        assert miller.rows(None, query, None) == []
    # Neither is a family found by its id, which is one of the words of its rows.
    assert _found(miller, str(other.id), miller.owner) == []
    assert _found(miller, str(other.id), ben) == []

    miller.rows(ben, "SELECT leave_family(%s)", miller.id)
    assert _found(miller, "boat", ben) == [theirs]
    other.rows(other.owner, "SELECT set_family_active(%s, false)", other.id)
    assert _found(miller, "boat", ben) == []


def test_no_more_rows_come_than_are_wanted_and_never_more_than_a_hundred(miller: Family) -> None:
    miller.database.run(
        "INSERT INTO familytales.content_segments (thread_id, user_id, content_type, text_content, created_at)"
        " SELECT %s, %s, 'text', 'boat', now() - make_interval(secs => n) FROM generate_series(1, 120) AS n",
        miller.thread,
        miller.owner,
    )
    miller.database.run(
        "INSERT INTO familytales.content_tags (content_segment_id, tag_name, tagged_by)"
        " SELECT id, 'lake', user_id FROM familytales.content_segments"
    )
    for query in (
        "SELECT sequence_number FROM search_segments('boat', NULL, %s)",
        "SELECT sequence_number FROM search_tags('{lake}', NULL, %s)",
    ):
        for wanted, number in ((3, 3), (None, 50), (1000, 100), (0, 0), (-1, 0)):
            found = miller.rows(miller.owner, query, wanted)
            assert found == [(n,) for n in range(1, number + 1)], (query, wanted)
    assert len(_found(miller, "boat")) == 50


def test_of_a_long_text_the_first_100_000_characters_are_searched(miller: Family) -> None:
    # Different words, each of them a lexeme: the worst that a text can be.
    words = " ".join(f"w{number:06}" for number in range(150_000))
    assert len(words) > 1_000_000
    segment = miller.tell(words, kind="mixed", said=words)
    assert _found(miller, "w000000") == _found(miller, "w012499") == [segment]
    assert _found(miller, "w012500") == []
    photo = miller.show(1)
    # What is told about a photo is searched to its end.
    miller.narrate(photo, 0, words[:9990] + " boat")
    assert _found(miller, "boat") == [photo]
    # One word of a megabyte is no word.
    assert isinstance(miller.tell("x" * 1_500_000), UUID)


def test_tags_are_found_in_whatever_spelling_with_all_that_a_segment_bears(miller: Family) -> None:
    ben = miller.join()
    first, second, third = miller.tell("a"), miller.tell("b"), miller.tell("c")
    miller.tag(first, "xmas", "home")
    miller.tag(first, "xmas", by=ben)
    miller.tag(second, "xmas")
    miller.tag(third, "summer")
    for spelled in ("xmas", "XMAS", "  Xmas "):
        assert miller.rows(ben, _TAGS, [spelled]) == [(second, ["xmas"]), (first, ["home", "xmas"])]
    assert miller.rows(ben, _TAGS, ["home", "summer"]) == [(third, ["summer"]), (first, ["home", "xmas"])]
    for nothing in (["x"], [], None, [None]):
        assert miller.rows(ben, _TAGS, nothing) == []
    miller.mark_deleted(second)
    assert miller.rows(ben, _TAGS, ["xmas"]) == [(first, ["home", "xmas"])]


def test_there_is_one_spelling_of_a_tag(miller: Family) -> None:
    segment = miller.tell("a")
    for wrong in ("Xmas", " xmas", ""):
        with pytest.raises(errors.CheckViolation):
            miller.tag(segment, wrong)


def test_the_application_searches_and_nobody_else(miller: Family) -> None:
    for role in ("familytales_public", "familytales_support", "familytales_media", "familytales_archivist"):
        for query in ("SELECT * FROM familytales.search_segments('a')", "SELECT * FROM familytales.search_tags('{a}')"):
            with pytest.raises(errors.InsufficientPrivilege):
                miller.database.asked_by(role, miller.owner, query)


def test_an_archived_year_is_not_found_until_it_is_back(old: Family) -> None:
    ((segment,),) = old.database.rows("SELECT id FROM familytales.content_segments WHERE text_content = 'abc'")
    old.tag(segment, "lake")
    sleep(old.database)
    assert _found(old, "abc") == []
    assert old.rows(old.owner, _TAGS, ["lake"]) == []
    as_archivist(old, "SELECT bring_back('content_segments_2010')")
    assert _found(old, "abc") == [segment]
    assert old.rows(old.owner, _TAGS, ["lake"]) == [(segment, ["lake"])]
