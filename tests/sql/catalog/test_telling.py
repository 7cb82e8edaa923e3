"""Drift as it is shown."""

from __future__ import annotations

from schema.catalog import Drift, documents, lines

_BODY = "owner app_owner\nlanguage plpgsql\nsecurity definer\nBEGIN\n    RETURN {};\nEND"


def _line(change: str, stored: str | None, current: str | None) -> str:
    drift = Drift("column", "app.tasks.title", change, stored, current)  # type: ignore[arg-type]
    return lines([drift])[1]


def test_drift_is_a_table() -> None:
    assert lines(
        [
            Drift("column", "app.tasks.title", "changed", "text\nnot null", "character varying(200)\nnot null"),
            Drift("function", "app.f()", "changed", _BODY.format("NEW"), _BODY.format("OLD")),
            Drift("grant", "app.tasks: SELECT to app", "added", None, "granted by app_owner"),
            Drift("index", "app.due", "removed", "on app.tasks USING btree (due)", None),
        ]
    ) == [
        "change   kind      object",
        "changed  column    app.tasks.title: text → character varying(200)",
        "changed  function  app.f(): RETURN NEW; → RETURN OLD;",
        "added    grant     app.tasks: SELECT to app: granted by app_owner",
        "removed  index     app.due: on app.tasks USING btree (due)",
    ]


def test_no_drift_is_no_table() -> None:
    assert lines([]) == []
    assert documents([]) == []


def test_a_property_that_came_or_went_stands_against_nothing() -> None:
    assert _line("changed", "text\nnot null", "text") == "changed  column  app.tasks.title: not null → -"
    assert _line("changed", "text", "text\ndefault 'x'") == "changed  column  app.tasks.title: - → default 'x'"


def test_a_few_places_are_shown_and_the_rest_is_counted() -> None:
    stored, current = "\n".join("a.b.c.d.e"), "\n".join("1.2.3.4.5")
    assert _line("changed", stored, current) == "changed  column  app.tasks.title: a → 1; b → 2; c → 3; and 2 more"


def test_a_long_definition_is_cut() -> None:
    told = _line("added", None, "x" * 100).removeprefix("added   column  app.tasks.title: ")
    assert told == "x" * 71 + "…"


def test_a_program_gets_both_definitions_in_full() -> None:
    long = "x" * 500
    assert documents([Drift("column", "app.tasks.title", "changed", long, "text\nnot null")]) == [
        {
            "change": "changed",
            "kind": "column",
            "identity": "app.tasks.title",
            "stored": long,
            "current": "text\nnot null",
        }
    ]
