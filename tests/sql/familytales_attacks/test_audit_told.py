"""What the audit log tells whom, of what was really done. These commit."""

from __future__ import annotations

from typing import LiteralString

from tests.sql.familytales_attacks.world import World


def test_an_account_that_changes_hands_or_its_address(fresh: World) -> None:
    """Neither is anybody's word in a book, and both say who comes in. The log has no address: an account can go."""
    ((her,),) = fresh.do(None, "SELECT register_user('clerk_needle', 'old@needle.example')")
    fresh.do(None, "SELECT register_user('clerk_needle', 'old@needle.example')")
    fresh.do(None, "SELECT register_user('clerk_needle', 'new@needle.example')")
    fresh.owner("SELECT ops.rename_clerk_user('clerk_needle', 'clerk_other')")

    with fresh.as_superuser() as root:
        assert root.rows(
            "SELECT action, old_values, new_values FROM audit.audit_log"
            " WHERE record_id = %(her)s AND action <> 'INSERT' ORDER BY created_at",
            her=her,
        ) == [("CHANGE_EMAIL", None, None), ("CHANGE_LOGIN", None, None)]


def test_that_there_was_a_private_book_after_it_is_gone(fresh: World) -> None:
    """What changed while it was private says nothing of its privacy; the book itself could."""
    fresh.do(fresh.nina, "UPDATE memory_books SET is_collaborative = false WHERE id = %(secret)s")
    fresh.do(fresh.nina, "DELETE FROM memory_books WHERE id = %(secret)s")
    told: LiteralString = "SELECT action FROM audit.audit_log WHERE record_id = %(secret)s"

    for administrator in (fresh.anna, fresh.adam):
        assert fresh.ask(administrator, told) == []
    with fresh.as_superuser() as root:
        assert {action for (action,) in root.rows(told)} == {"INSERT", "UPDATE", "DELETE"}


def test_what_was_changed_in_a_book_that_all_see_is_told_as_long_as_it_is_there(fresh: World) -> None:
    fresh.do(fresh.anna, "UPDATE memory_books SET is_collaborative = true WHERE id = %(closed)s")

    told: LiteralString = "SELECT action FROM audit.audit_log WHERE record_id = %(closed)s ORDER BY created_at"
    assert ("UPDATE",) in fresh.ask(fresh.adam, told)
