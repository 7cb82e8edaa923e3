"""The example's login service at its corners: locked, used twice, too old, stolen, suspended, at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString

import pytest

from examples.platform_app import accounts, passwords, work
from examples.platform_app.accounts import MAX_FAILURES
from examples.platform_app.connections import Session, user_transaction
from examples.platform_app.errors import (
    Forbidden,
    Invalid,
    LoginRefused,
    NotFound,
    NotVerified,
    PlatformError,
    SessionEnded,
)
from examples.platform_app.stage import Person, Stage
from tests.sql.databases import Database, Rows


@pytest.fixture
def ada(stage: Stage) -> Person:
    """Somebody with an account and a session."""
    return arrive(stage, "Ada")


def arrive(stage: Stage, name: str) -> Person:
    person = stage.person(name)
    verify(stage, sign_up(stage, person))
    log_in(stage, person)
    return person


def sign_up(stage: Stage, person: Person) -> str | None:
    mail = accounts.sign_up(stage.pools.auth, stage.request(), person.email, person.password, person.name)
    assert mail.to == person.email
    return mail.token


def verify(stage: Stage, token: str | None) -> None:
    accounts.verify_email(stage.pools.auth, stage.request(), token or "")


def log_in(stage: Stage, person: Person, password: str | None = None) -> None:
    password = person.password if password is None else password
    person.tokens = accounts.log_in(stage.pools.auth, stage.request(), person.email, password)


def refresh(stage: Stage, token: str) -> accounts.Tokens:
    return accounts.refresh(stage.pools.auth, stage.request(), token)


def refresh_token(person: Person) -> str:
    assert person.tokens is not None
    return person.tokens.refresh


def as_auth(database: Database, query: LiteralString, *values: object) -> Rows:
    return database.asked_by("platform_auth", None, query, *values)


def failures(database: Database) -> Rows:
    return as_auth(database, "SELECT failed_login_attempts, locked_until > now() FROM auth.credentials")


def at_once(times: int, do: Callable[[], object]) -> list[type[Any]]:
    """What became of so many at the same moment: types of results and errors."""

    def outcome(_: int) -> type[Any]:
        try:
            return type(do())
        except PlatformError as error:
            return type(error)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(outcome, range(times)))


# Signing up ----------------------------------------------------


def test_a_password_and_a_token_are_kept_as_hashes_only(stage: Stage, platform: Database) -> None:
    ada = stage.person("Ada")
    token = sign_up(stage, ada)
    ((stored,),) = as_auth(platform, "SELECT password_hash FROM auth.credentials")
    ((kept,),) = as_auth(platform, "SELECT token_hash FROM auth.email_verification_tokens")
    assert stored.split("$")[:4] == ["scrypt", "16", "8", "1"]
    assert passwords.is_password(ada.password, stored)
    assert ada.password not in stored
    assert token is not None
    assert (kept, kept == token) == (passwords.digest(token), False)


def test_an_address_that_is_taken_gets_the_same_answer_and_its_account_stays(
    stage: Stage, platform: Database, ada: Person
) -> None:
    thief = Person("Thief", ada.email.upper(), "another password")
    assert sign_up(stage, thief) is None
    assert as_auth(platform, "SELECT email, first_name FROM auth.users") == [(ada.email, "Ada")]
    with pytest.raises(LoginRefused):
        log_in(stage, thief)


def test_a_short_password_is_refused(stage: Stage) -> None:
    with pytest.raises(Invalid, match="at least 12 characters"):
        sign_up(stage, Person("Ada", "ada@example.com", "elevenchars"))


def test_the_password_is_right_but_the_address_is_not_verified(stage: Stage) -> None:
    ada = stage.person("Ada")
    sign_up(stage, ada)
    with pytest.raises(NotVerified):
        log_in(stage, ada)
    with pytest.raises(LoginRefused):
        log_in(stage, ada, "not this password")


def test_a_verification_token_works_once(stage: Stage) -> None:
    token = sign_up(stage, stage.person("Ada"))
    assert sorted(at_once(3, lambda: verify(stage, token)), key=str) == [type(None), NotFound, NotFound]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE auth.email_verification_tokens SET expires_at = now()",
        "UPDATE auth.users SET email = 'other@example.com'",
        "UPDATE auth.users SET deleted_at = now(), status = 'deleted'",
    ],
    ids=["too old", "another address", "deleted account"],
)
def test_a_token_that_does_not_fit_any_more_verifies_nothing(
    stage: Stage, platform: Database, change: LiteralString
) -> None:
    token = sign_up(stage, stage.person("Ada"))
    as_auth(platform, change)
    with pytest.raises(NotFound):
        verify(stage, token)
    assert as_auth(platform, "SELECT email_verified FROM auth.users") == [(False,)]


# Logging in ----------------------------------------------------


def test_five_wrong_passwords_lock_the_account_for_a_while(stage: Stage, platform: Database, ada: Person) -> None:
    for attempt in range(MAX_FAILURES):
        assert failures(platform) == [(attempt, None)]
        with pytest.raises(LoginRefused):
            log_in(stage, ada, "not this password")
    assert failures(platform) == [(MAX_FAILURES, True)]
    with pytest.raises(LoginRefused):
        log_in(stage, ada)

    as_auth(platform, "UPDATE auth.credentials SET locked_until = now()")
    with pytest.raises(LoginRefused):
        log_in(stage, ada, "not this password")
    assert failures(platform) == [(1, None)]
    log_in(stage, ada)
    assert failures(platform) == [(0, None)]


def test_guesses_at_the_same_moment_are_all_counted(stage: Stage, platform: Database, ada: Person) -> None:
    checked: list[str] = []

    def check(_: str, stored: str) -> bool:
        checked.append(stored)
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "is_password", check)
        assert at_once(12, lambda: log_in(stage, ada, "guess")) == [LoginRefused] * 12
    assert failures(platform) == [(MAX_FAILURES, True)]
    assert (len(checked), checked.count(passwords.DUMMY)) == (12, 12 - MAX_FAILURES)


@pytest.mark.parametrize("case", ["wrong password", "unknown address", "locked", "suspended"])
def test_each_refusal_checks_one_hash_and_says_the_same(
    stage: Stage, platform: Database, ada: Person, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    if case == "locked":
        as_auth(platform, "UPDATE auth.credentials SET locked_until = now() + interval '1 minute'")
    if case == "suspended":
        as_auth(platform, "UPDATE auth.users SET status = 'suspended'")
    who = stage.person("Nobody") if case == "unknown address" else ada
    checked = []

    def check(password: str, stored: str) -> bool:
        checked.append(stored)
        return passwords.is_password(password, stored)

    monkeypatch.setattr(accounts, "is_password", check)
    with pytest.raises(LoginRefused) as refused:
        log_in(stage, who, "not this password" if case == "wrong password" else ada.password)
    assert str(refused.value) == "address and password do not fit, or the account is locked for a while"
    assert len(checked) == 1
    assert (checked[0] == passwords.DUMMY) == (case != "wrong password")


# Sessions ----------------------------------------------------


def test_a_session_keeps_only_hashes_and_where_it_began(stage: Stage, platform: Database, ada: Person) -> None:
    assert ada.tokens is not None
    _, stays, changes = ada.tokens.refresh.split(".")
    assert as_auth(
        platform,
        "SELECT token_hash, refresh_token_hash, ip_address::text, user_agent, expires_at - created_at = '1 hour'"
        "  FROM auth.sessions",
    ) == [
        (
            passwords.digest(ada.tokens.access),
            passwords.digest(stays) + passwords.digest(changes),
            "192.0.2.10/32",
            "platform-example",
            True,
        )
    ]


def test_a_refresh_makes_new_tokens_and_the_old_access_token_ends(stage: Stage, ada: Person) -> None:
    before = stage.session(ada)
    old, ada.tokens = ada.tokens, refresh(stage, refresh_token(ada))
    assert stage.session(ada).id == before.id
    assert old is not None
    with pytest.raises(SessionEnded):
        accounts.authenticate(stage.pools.auth, stage.request(), old.access)
    ada.tokens = refresh(stage, refresh_token(ada))
    assert stage.session(ada).id == before.id


def test_a_refresh_token_that_is_used_twice_ends_the_session(stage: Stage, platform: Database, ada: Person) -> None:
    stolen = refresh_token(ada)
    ada.tokens = refresh(stage, stolen)
    with pytest.raises(SessionEnded):
        refresh(stage, stolen)
    with pytest.raises(SessionEnded):
        stage.session(ada)
    with pytest.raises(SessionEnded):
        refresh(stage, refresh_token(ada))
    assert as_auth(platform, "SELECT FROM auth.sessions") == []


def test_two_who_refresh_with_one_token_at_once_are_noticed(stage: Stage, platform: Database, ada: Person) -> None:
    token = refresh_token(ada)
    assert set(at_once(2, lambda: refresh(stage, token))) == {accounts.Tokens, SessionEnded}
    assert as_auth(platform, "SELECT FROM auth.sessions") == []


@pytest.mark.parametrize("forged", ["{id}.x.y", "{id}", "nonsense", "a.b.c", ""])
def test_who_only_knows_the_id_of_a_session_cannot_end_it(stage: Stage, ada: Person, forged: str) -> None:
    session = stage.session(ada)
    with pytest.raises(SessionEnded):
        refresh(stage, forged.format(id=session.id))
    assert stage.session(ada).id == session.id


def test_an_expired_session_can_be_refreshed_until_it_is_two_weeks_old(
    stage: Stage, platform: Database, ada: Person
) -> None:
    as_auth(platform, "UPDATE auth.sessions SET expires_at = now()")
    with pytest.raises(SessionEnded):
        stage.session(ada)
    ada.tokens = refresh(stage, refresh_token(ada))
    stage.session(ada)

    as_auth(platform, "UPDATE auth.sessions SET created_at = now() - interval '14 days' + interval '5 minutes'")
    ada.tokens = refresh(stage, refresh_token(ada))
    assert as_auth(platform, "SELECT expires_at = created_at + interval '14 days' FROM auth.sessions") == [(True,)]
    as_auth(platform, "UPDATE auth.sessions SET created_at = now() - interval '14 days'")
    with pytest.raises(SessionEnded):
        refresh(stage, refresh_token(ada))


def test_a_session_is_touched_once_a_minute_at_most(stage: Stage, platform: Database, ada: Person) -> None:
    version = "SELECT xmin::text FROM auth.sessions"
    before = as_auth(platform, version)
    stage.session(ada)
    assert as_auth(platform, version) == before
    as_auth(platform, "UPDATE auth.sessions SET last_activity_at = now() - interval '2 minutes'")
    stage.session(ada)
    assert as_auth(platform, "SELECT last_activity_at > now() - interval '1 minute' FROM auth.sessions") == [(True,)]


def test_a_suspended_account_is_out_at_once_and_back_when_it_is_active(
    stage: Stage, platform: Database, ada: Person
) -> None:
    with stage.asks(ada) as asking:
        work.create_organization(asking, "Acme", "acme")
    begun = stage.session(ada)
    as_auth(platform, "UPDATE auth.users SET status = 'suspended'")

    with pytest.raises(SessionEnded):
        stage.session(ada)
    with pytest.raises(SessionEnded):
        refresh(stage, refresh_token(ada))
    with pytest.raises(LoginRefused):
        log_in(stage, ada)
    # A request that was let in a moment before.
    assert organizations(stage, begun) == 0
    with pytest.raises(Forbidden, match="no active user"), user_transaction(stage.pools.app, begun) as asking:
        work.create_organization(asking, "Other", "other")

    as_auth(platform, "UPDATE auth.users SET status = 'active'")
    assert organizations(stage, stage.session(ada)) == 1


def organizations(stage: Stage, session: Session) -> int:
    with user_transaction(stage.pools.app, session) as asking:
        return len(asking.execute("SELECT id FROM app.organizations").fetchall())


# Invitations ----------------------------------------------------


def test_of_two_who_accept_at_once_one_joins(stage: Stage, platform: Database, ada: Person) -> None:
    ben = arrive(stage, "Ben")
    with stage.asks(ada) as asking:
        acme = work.create_organization(asking, "Acme", "acme")
        token = work.invite(asking, acme, ben.email, "member")

    def accept() -> object:
        with stage.asks(ben) as asking:
            return work.accept(asking, token)

    assert sorted(kind.__name__ for kind in at_once(3, accept)) == ["Forbidden", "Forbidden", "UUID"]
    assert platform.rows("SELECT role, status FROM app.organization_members WHERE role <> 'owner'") == [
        ("member", "active")
    ]


def test_an_invitation_is_for_its_address_alone(stage: Stage, ada: Person) -> None:
    dan = arrive(stage, "Dan")
    with stage.asks(ada) as asking:
        acme = work.create_organization(asking, "Acme", "acme")
        token = work.invite(asking, acme, "ben@example.com", "member")
    with pytest.raises(Forbidden, match="this invitation cannot be accepted"), stage.asks(dan) as asking:
        work.accept(asking, token)
