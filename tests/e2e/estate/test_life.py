"""dev and prod from the first update to the last: what nobody changed stays, what changes is known before.

The tests of this file build on each other, for each stack; pytest runs them in order.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ops import destruction
from ops.errors import Refused
from tests.e2e.estate import life
from tests.e2e.estate.life import Life
from tests.e2e.estate.named_changes import FOLDER, NAMED, STACKS, Named, effect, hurry, unprotect
from tests.e2e.small_program import close_loops

KEPT = {
    "aws:kms/key:Key",
    "aws:backup/vault:Vault",
    "aws:s3/bucket:Bucket",
}
SETTINGS = ("aws:backup/vault", "aws:s3/bucket")  # what is set on them stays with them


@pytest.fixture(autouse=True)
def no_open_loops() -> Iterator[None]:
    yield
    close_loops()


@pytest.fixture(scope="module", params=STACKS)
def alive(request: pytest.FixtureRequest) -> Iterator[Life]:
    with life.of(request.param) as found:
        yield found


def described(stack: str, named: Named) -> str:
    """What effects/ says of one change."""
    text = (FOLDER / f"{stack}.txt").read_text(encoding="utf-8")
    (block,) = [block for block in text.split("\n\n") if block.startswith(f"{named.name}\n")]
    return block.rstrip("\n") + "\n"


def test_everything_is_made(alive: Life) -> None:
    made = alive.up()
    assert {change.op for change in made} == {"create"}
    assert len([change for change in made if change.type.startswith("aws:")]) >= 150


def test_a_second_preview_and_a_second_update_change_nothing(alive: Life) -> None:
    assert alive.preview() == []
    assert alive.up() == []


def test_a_refresh_finds_everything_as_it_was_left(alive: Life) -> None:
    assert alive.refresh() == []
    assert alive.preview() == []


@pytest.mark.parametrize("named", NAMED, ids=lambda named: named.name)
def test_a_named_change_does_exactly_what_is_written(alive: Life, named: Named) -> None:
    assert effect(alive, named) == described(alive.target.stack, named)


def test_the_changes_can_be_made_and_then_nothing_is_left_to_change(alive: Life) -> None:
    stack = alive.target.stack
    wanted = [named for named in NAMED if not named.alone and "refused" not in described(stack, named)]
    assert len(wanted) >= 10
    alive.configure(hurry, *(named.change for named in wanted))
    planned = alive.preview()
    done = alive.up()
    assert sorted((change.op, change.urn) for change in done) == sorted((change.op, change.urn) for change in planned)
    assert alive.preview() == []
    assert alive.refresh() == []


def test_the_stack_can_be_taken_back_to_its_file(alive: Life) -> None:
    alive.configure(hurry)
    alive.up()
    assert alive.preview() == []


def test_what_is_protected_is_not_destroyed(alive: Life) -> None:
    if alive.target.stack != "prod":
        return
    before = alive.resources()
    with pytest.raises(Refused):
        destruction.destroy(alive.target, confirm="prod")
    assert len(alive.resources()) == len(before)


def test_a_destroy_leaves_what_was_to_be_kept_and_nothing_else(alive: Life) -> None:
    alive.configure(hurry, unprotect)
    alive.up()
    kept = {row["type"] for row in alive.resources() if row.get("retainOnDelete")}
    settings = {kind for kind in kept if kind.startswith(SETTINGS)} - KEPT
    assert kept - settings == (KEPT if alive.target.stack == "prod" else set())
    alive.destroy()
    assert alive.resources() == []
    rds = alive.target.account.client("rds")
    assert rds.describe_db_instances()["DBInstances"] == []
    # RDS's own, whose names begin so, stay until their retention is over.
    names = [row["DBSnapshotIdentifier"] for row in rds.describe_db_snapshots()["DBSnapshots"]]
    snapshots = {name for name in names if not name.startswith("rds:")}
    assert snapshots == (
        {"estate-prod-platform-final-1", "estate-prod-familytales-final-1"} if alive.target.stack == "prod" else set()
    )
