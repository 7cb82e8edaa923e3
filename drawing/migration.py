"""Draw the life of a migration file: `python -m drawing.migration > docs/schema.svg`."""

from __future__ import annotations

import sys

import typer

from drawing.flow import WIDTH, Arrow, Box, Frame, Picture, render
from drawing.palette import TONES

_BLUE, _GREEN, _ORANGE, _, _ROSE, _, _GREY = TONES


def picture() -> Picture:
    """Above a file in a transaction, below one that PostgreSQL refuses there; dashed is what a crash or a lock does."""
    inside = Frame(20, 50, 840, 146, "a file in a transaction", _BLUE)
    begin = Box(36, 84, 144, "BEGIN", ("as the owner,", "lock_timeout 2 s"), _BLUE)
    every = Box(220, 84, 174, "every statement", ("one after another,", "as it stands there"), _BLUE)
    rows = Box(434, 84, 174, "ledger and history", ("their rows, in the", "same transaction"), _BLUE)
    commit = Box(648, 84, 196, "COMMIT", ("all of it, or nothing",), _GREEN, 67)
    back = every.bottom()[0], 176
    outside = Frame(20, 212, 840, 324, "a file without one: CREATE INDEX CONCURRENTLY and its like", _GREY)
    marked = Box(36, 246, 216, "ledger: success = false", ("committed; sqlx stops", "at this row"), _ORANGE)
    sent = Box(316, 246, 206, "the statement", ("in transactions of its own;", "sqlx's lock is lent away"), _ORANGE)
    done = Box(638, 246, 206, "ledger: success = true", ("with its history row",), _GREEN, 67)
    look = Box(
        36,
        412,
        200,
        "look into the catalog",
        ("how far did it come?", "whoever is still at it", "is waited for"),
        _ROSE,
    )
    nothing = Box(300, 392, 156, "nothing happened")
    part = Box(300, 438, 156, "in part")
    whole = Box(300, 484, 156, "it happened")
    mend = Box(528, 420, 184, "mend", ("drop the INVALID index,", "or finish the detach"), _ROSE)
    (upper, lower), fork = (look.right(0.2), look.right(0.8)), 268
    again = sent.right(0.75)[1]
    left, killed, caught = marked.bottom(0.3), sent.bottom(0.2), look.top(0.8)
    return Picture(
        "The life of a migration file, and what a crash leaves",
        "A file in a transaction is applied as a whole or not at all; one without is marked first, and looked after",
        WIDTH,
        556,
        (inside, outside),
        (begin, every, rows, commit, marked, sent, done, look, nothing, part, whole, mend),
        (
            Arrow((begin.right(), every.left())),
            Arrow((every.right(), rows.left())),
            Arrow((rows.right(), commit.left())),
            Arrow(
                (every.bottom(), back, (begin.bottom()[0], back[1]), begin.bottom()),
                ("a lock is in the way (55P03, 40P01): the whole file again, after a pause",),
                (back[0] + 10, back[1] + 4),
                dashed=True,
            ),
            Arrow((marked.right(), sent.left())),
            Arrow((sent.right(0.3), (done.x, sent.right(0.3)[1])), ("it went well",), (530, 258)),
            Arrow((left, (left[0], look.y)), ("killed here",), (left[0] + 8, 345), dashed=True),
            Arrow(
                (killed, (killed[0], 350), (caught[0], 350), caught),
                ("killed, failed, failed over",),
                (caught[0] + 8, 370),
                dashed=True,
            ),
            Arrow((upper, (fork, upper[1]), (fork, nothing.left()[1]), nothing.left())),
            Arrow((look.right(), part.left())),
            Arrow((lower, (fork, lower[1]), (fork, whole.left()[1]), whole.left())),
            Arrow((nothing.top(0.9), (nothing.top(0.9)[0], sent.y + sent.height)), ("send it",), (445, 350)),
            Arrow((part.right(), mend.left())),
            Arrow(
                (mend.top(), (mend.top()[0], again), sent.right(0.75)),
                ("then send it again,", "unless that was all"),
                (mend.top()[0] + 10, 350),
            ),
            Arrow((whole.right(), (800, whole.right()[1]), (800, done.y + done.height)), ("mark it",), (464, 494)),
        ),
    )


def main() -> None:
    """Write the picture, an SVG, to standard output."""
    sys.stdout.write(render(picture()))


if __name__ == "__main__":
    typer.run(main)
