"""Where statements end: the text alone, without a server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.sqltext import Kind, Unterminated, line_of, statements, tokens

# Each of these is one whole piece, whatever stands beside it, and holds a semicolon that ends nothing.
_PIECES = (
    "'a;b'",
    "'it''s;'",
    r"E'\';'",
    r"e'a\\;'",
    r"U&'\;'",
    '"odd;name"',
    '"a""b;"',
    "$$ a; b $$",
    "$body$ $$;$$ ' $body$",
    "$ü$ ; $ü$",
    "/* a; /* b; */ ' */",
    "-- a; ' \" $$ /*\n",
    "(a; b)",
    "f(x) -- ';\n",
    "E'a'\n'\\';'",
    "BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 2; END",
)


@given(st.lists(st.lists(st.sampled_from(_PIECES), max_size=4), max_size=5))
def test_a_semicolon_in_a_piece_ends_nothing(rows: list[list[str]]) -> None:
    text = ";\n".join(" ".join(["SELECT", *row]) for row in rows)

    found = statements(text)

    assert len(found) == len(rows)
    assert all(statement.words[0] == "SELECT" for statement in found)


@given(st.text(alphabet="abE'\"$-/*\\;() \n1ü_&", max_size=40))
def test_tokens_are_the_whole_text(text: str) -> None:
    try:
        found = list(tokens(text))
    except Unterminated:
        return
    assert "".join(text[token.start : token.end] for token in found) == text
    assert all(token.end > token.start for token in found)


@given(st.text(alphabet="abE'\"$-/*\\;() \n1ü_&", max_size=40))
def test_statements_hold_every_token_but_spaces_comments_and_semicolons(text: str) -> None:
    try:
        found = statements(text)
    except Unterminated:
        return
    for statement in found:
        assert text[statement.offset :].startswith(statement.text)
        assert statement.line == line_of(text, statement.offset)
        assert statement.text.strip() == statement.text


@given(st.text(max_size=30))
def test_a_quoted_text_is_one_token(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    tagged = f"$tag${text}$tag$"

    assert [token.kind for token in tokens(quoted)] == [Kind.STRING]
    if tagged.index("$tag$", 5) == 5 + len(text):
        assert [token.kind for token in tokens(tagged)] == [Kind.STRING]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" ;; -- nothing\n /* at all */ ;", []),
        ("a;b", ["a", "b"]),
        ("a -- c\n", ["a"]),
        ("/* c */ a /* d */ ; b", ["a", "b"]),
        ("SELECT a$b$c; SELECT d$b$e", ["SELECT a$b$c", "SELECT d$b$e"]),
        ("SELECT $1;SELECT 2", ["SELECT $1", "SELECT 2"]),
        ("SELECT 1--;\n+2; x", ["SELECT 1--;\n+2", "x"]),
        ("SELECT 3 */* ; */ 4; x", ["SELECT 3 */* ; */ 4", "x"]),
        (r"SELECT '\'; x", [r"SELECT '\'", "x"]),
        ("SELECT name'a;b'; x", ["SELECT name'a;b'", "x"]),
        ("SELECT 'a' E'\\''; x", ["SELECT 'a' E'\\''", "x"]),
        ("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); x", [
            "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "x"]),
        ("SELECT CASE WHEN a THEN b END; x", ["SELECT CASE WHEN a THEN b END", "x"]),
        ("CREATE FUNCTION f() BEGIN ATOMIC SELECT p.end AS case FROM p; END; x", [
            "CREATE FUNCTION f() BEGIN ATOMIC SELECT p.end AS case FROM p; END", "x"]),
        ("SELECT E'a' " + "-" * 200 + "\n; x", ["SELECT E'a'", "x"]),
    ],
)  # fmt: skip
def test_statements_end_where_postgresql_ends_them(text: str, expected: list[str]) -> None:
    assert [statement.text for statement in statements(text)] == expected


@pytest.mark.parametrize(
    ("text", "what", "offset"),
    [
        ("SELECT 'a", "a string", 7),
        (r"SELECT E'\'", "a string", 7),
        ('SELECT "a', "a quoted name", 7),
        ("a; $x$ b $y$", "the $x$ body", 3),
        ("/* /* */", "a comment", 0),
    ],
)
def test_what_is_never_closed_is_an_error_where_it_opens(text: str, what: str, offset: int) -> None:
    with pytest.raises(Unterminated) as raised:
        statements(text)
    assert (raised.value.what, raised.value.offset) == (what, offset)


def test_words_leave_out_what_is_quoted() -> None:
    (statement,) = statements("create /* begin */ function \"commit\"() as 'rollback' $$end$$ language sql")
    assert statement.words == ("CREATE", "FUNCTION", "AS", "LANGUAGE", "SQL")
