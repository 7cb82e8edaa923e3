"""Rules about the file itself: what the linter cannot read, and what it is told to overlook."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schema.lint.fold import constant_word
from schema.lint.parse import kind, options
from schema.lint.rule import Rule, by_examine
from schema.lint.step import Hit, Step

_DOES_SOMETHING = re.compile(
    r"\b(ALTER|CREATE|DROP|LOCK|INSERT|UPDATE|DELETE|TRUNCATE|EXECUTE|PERFORM|REFRESH|REINDEX)\b", re.IGNORECASE
)


def _block(step: Step) -> Iterator[Hit]:
    if kind(step.node) != "DoStmt":
        return
    body = options(step.node.args).get("as")
    if body is not None and (found := _DOES_SOMETHING.search(constant_word(body))):
        yield Hit("", f"the block says {found[0].upper()}; its locks and dangers are not seen here")


_ALLOWED = "ALTER TABLE app.tasks DROP COLUMN points;"

RULES = (
    Rule(
        "unreadable",
        "danger",
        "What the parser cannot read is judged by nobody until the server runs it.",
        "correct it; if the server's version really knows the form, allow it with that reason",
        ("ALTER TABEL app.tasks ADD COLUMN level integer;",),
        ("ALTER TABLE app.tasks ADD COLUMN level integer;",),
        by_examine,
        fails=True,
    ),
    Rule(
        "opaque-block",
        "warning",
        "A DO block is text until it runs: neither its locks nor its dangers are known before.",
        "plain statements",
        ("DO $$ BEGIN EXECUTE 'ALTER TABLE app.tasks ADD COLUMN level integer'; END $$;",),
        ("ALTER TABLE app.tasks ADD COLUMN level integer;",),
        _block,
    ),
    Rule(
        "allow-without-reason",
        "warning",
        "An exception without a reason cannot be judged by the next reader; it allows nothing.",
        "-- lint: allow RULE: why it is safe here",
        (f"-- lint: allow drop-column\n{_ALLOWED}",),
        (f"-- lint: allow drop-column: no release has read it since 2.4\n{_ALLOWED}",),
        by_examine,
    ),
    Rule(
        "unknown-rule",
        "warning",
        "An exception from a rule that does not exist allows nothing.",
        "the rule's name as the finding prints it",
        ("-- lint: allow drop-colum: no release has read it since 2.4\nSELECT 1;",),
        (f"-- lint: allow drop-column: no release has read it since 2.4\n{_ALLOWED}",),
        by_examine,
    ),
    Rule(
        "idle-allow",
        "warning",
        "An exception that nothing needs hides the next danger.",
        "remove the line, or put it directly above its statement",
        ("-- lint: allow drop-column: no release has read it since 2.4\nSELECT 1;",),
        ("SELECT 1;",),
        by_examine,
    ),
)
