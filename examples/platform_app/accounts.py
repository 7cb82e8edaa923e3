"""The login service: accounts, passwords, sessions. It works as platform_auth and sees no organisation.

No transaction is open while a password is hashed: that takes longer than all queries together, and would keep one of
the server's few connections from everybody else.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from examples.platform_app.connections import Pool, Request, Session, anonymous_transaction
from examples.platform_app.errors import Invalid, LoginRefused, NotFound, NotVerified, SessionEnded
from examples.platform_app.passwords import DUMMY, digest, hash_password, is_password, new_token

MIN_PASSWORD = 12
MAX_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
"""Long enough against guessing, and no longer: whoever guesses locks the owner out, too."""
VERIFY_WITHIN = timedelta(hours=24)
TOKEN_LIVES = timedelta(hours=1)
"""How long a session token is good; then it takes a refresh."""
SESSION_LIVES = timedelta(days=14)
"""How long a session can be refreshed; then it takes a password."""
TOUCH_EVERY = timedelta(minutes=1)
"""How exact last_activity_at is: written with each request, it would be the busiest row of all."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message to send. Without a token: somebody signed up with an address that has an account."""

    to: str
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the client keeps of a session; the database has only hashes."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


def sign_up(pool: Pool, request: Request, email: str, password: str, first_name: str) -> Mail:
    """Make an account. The answer is the same for an address that is taken; only its owner learns of it, by mail."""
    if len(password) < MIN_PASSWORD:
        raise Invalid(f"a password has at least {MIN_PASSWORD} characters")
    hashed = hash_password(password)
    with anonymous_transaction(pool, request) as connection:
        created = connection.execute(
            "INSERT INTO auth.users (email, first_name) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING id",
            (email, first_name),
        ).fetchone()
        if created is None:
            return Mail(email, None)
        connection.execute("INSERT INTO auth.credentials (user_id, password_hash) VALUES (%s, %s)", (*created, hashed))
        token = new_token()
        connection.execute(
            "INSERT INTO auth.email_verification_tokens (user_id, token_hash, email, expires_at)"
            " VALUES (%s, %s, %s, now() + %s)",
            (*created, digest(token), email, VERIFY_WITHIN),
        )
    return Mail(email, token)


def verify_email(pool: Pool, request: Request, token: str) -> None:
    """Take a token once, in time, and for the address that the account still has."""
    with anonymous_transaction(pool, request) as connection:
        verified = connection.execute(
            "WITH used AS ("
            "  UPDATE auth.email_verification_tokens SET verified_at = now()"
            "   WHERE token_hash = %s AND verified_at IS NULL AND expires_at > now()"
            "  RETURNING user_id, email)"
            " UPDATE auth.users AS account SET email_verified = true FROM used"
            "  WHERE account.id = used.user_id AND lower(account.email) = lower(used.email)"
            "    AND account.deleted_at IS NULL"
            " RETURNING account.id",
            (digest(token),),
        ).fetchone()
    if verified is None:
        raise NotFound("this link is used, too old or not ours")


def log_in(pool: Pool, request: Request, email: str, password: str) -> Tokens:
    """Check a password and begin a session. Every no takes as long, and says as little, as every other."""
    attempt = _count_attempt(pool, request, email)
    matches = is_password(password, attempt.password_hash if attempt else DUMMY)
    if attempt is None or not matches:
        raise LoginRefused("address and password do not fit, or the account is locked for a while")
    with anonymous_transaction(pool, request) as connection:
        connection.execute(
            "UPDATE auth.credentials SET failed_login_attempts = 0, locked_until = NULL WHERE user_id = %s",
            (attempt.user_id,),
        )
        if attempt.email_verified:
            connection.execute(
                "UPDATE auth.users SET last_login_at = now(), last_login_ip = %s WHERE id = %s",
                (request.client_ip, attempt.user_id),
            )
            return _begin_session(connection, request, attempt.user_id)
    raise NotVerified("verify your address first: we have sent you a link")


@dataclass(frozen=True, slots=True)
class _Attempt:
    user_id: UUID
    password_hash: str = field(repr=False)
    email_verified: bool = False


def _count_attempt(pool: Pool, request: Request, email: str) -> _Attempt | None:
    """Count an attempt as failed before it is checked: a hundred guesses at once are a hundred attempts.

    None for an address without an account, or with one that is locked or not active.
    """
    with anonymous_transaction(pool, request) as connection:
        # A miss writes nothing, so a hit must not wait for the disk: one could measure that. A crash forgets a count.
        connection.execute("SELECT set_config('synchronous_commit', 'off', true)")
        counted = connection.execute(
            "UPDATE auth.credentials AS credential"
            "   SET failed_login_attempts = CASE WHEN credential.locked_until <= now() THEN 1"
            "                                    ELSE credential.failed_login_attempts + 1 END,"
            "       locked_until = CASE WHEN credential.locked_until IS NULL"
            "                            AND credential.failed_login_attempts + 1 >= %(max)s"
            "                           THEN now() + %(locked_for)s END"
            "  FROM auth.users AS account"
            " WHERE credential.user_id = account.id"
            "   AND lower(account.email) = lower(%(email)s)"
            "   AND account.status = 'active' AND account.deleted_at IS NULL"
            "   AND (credential.locked_until IS NULL OR credential.locked_until <= now())"
            " RETURNING account.id, credential.password_hash, account.email_verified",
            {"email": email, "max": MAX_FAILURES, "locked_for": LOCKED_FOR},
        ).fetchone()
    return _Attempt(*counted) if counted else None


def _begin_session(connection: Connection[tuple[Any, ...]], request: Request, user_id: UUID) -> Tokens:
    """A new session. Its refresh token has three parts: which session, what stays, and what changes each time."""
    access, stays, changes = new_token(), new_token(), new_token()
    row = connection.execute(
        "INSERT INTO auth.sessions"
        " (user_id, token_hash, refresh_token_hash, ip_address, user_agent, device_info, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, now() + %s) RETURNING id",
        (user_id, digest(access), digest(stays) + digest(changes), request.client_ip, request.user_agent, Jsonb({}),
         TOKEN_LIVES),
    ).fetchone()  # fmt: skip
    assert row is not None
    return Tokens(access, f"{row[0]}.{stays}.{changes}")


def authenticate(pool: Pool, request: Request, access: str) -> Session:
    """Who makes this request, by its session token."""
    with anonymous_transaction(pool, request) as connection:
        found = connection.execute(
            "WITH found AS ("
            "  SELECT session.id, session.user_id, session.last_activity_at"
            "    FROM auth.sessions AS session JOIN auth.users AS account ON account.id = session.user_id"
            "   WHERE session.token_hash = %s AND session.expires_at > now()"
            "     AND account.status = 'active' AND account.deleted_at IS NULL),"
            " touched AS ("
            "  UPDATE auth.sessions AS session SET last_activity_at = now() FROM found"
            "   WHERE session.id = found.id AND found.last_activity_at < now() - %s)"
            " SELECT id, user_id FROM found",
            (digest(access), TOUCH_EVERY),
        ).fetchone()
    if found is None:
        raise SessionEnded("log in again")
    session_id, user_id = found
    return Session(session_id, user_id, request)


def refresh(pool: Pool, request: Request, token: str) -> Tokens:
    """New tokens for old. A refresh token that was used before is in two hands: that ends the session for both.

    The part that stays proves that a token was once ours. Else whoever knows the id of a session, which events name,
    could end it.
    """
    session_id, stays, changes = _parts(token)
    access, next_changes = new_token(), new_token()
    with anonymous_transaction(pool, request) as connection:
        # Two refreshes at once queue at the row.
        row = connection.execute(
            "SELECT session.refresh_token_hash FROM auth.sessions AS session"
            "  JOIN auth.users AS account ON account.id = session.user_id"
            " WHERE session.id = %s AND session.created_at > now() - %s"
            "   AND account.status = 'active' AND account.deleted_at IS NULL"
            "   FOR UPDATE OF session",
            (session_id, SESSION_LIVES),
        ).fetchone()
        kept = str(row[0]) if row else ""
        ours = hmac.compare_digest(kept[: len(digest(stays))], digest(stays))
        current = ours and hmac.compare_digest(kept, digest(stays) + digest(changes))
        if current:
            connection.execute(
                "UPDATE auth.sessions SET token_hash = %s, refresh_token_hash = %s, last_activity_at = now(),"
                " expires_at = least(now() + %s, created_at + %s) WHERE id = %s",
                (digest(access), digest(stays) + digest(next_changes), TOKEN_LIVES, SESSION_LIVES, session_id),
            )
        elif ours:
            connection.execute("DELETE FROM auth.sessions WHERE id = %s", (session_id,))
    if not current:
        raise SessionEnded("log in again")
    return Tokens(access, f"{session_id}.{stays}.{next_changes}")


def log_out(pool: Pool, session: Session) -> None:
    """End the session; its tokens are worth nothing from now on."""
    with anonymous_transaction(pool, session.request) as connection:
        connection.execute("DELETE FROM auth.sessions WHERE id = %s", (session.id,))


def _parts(token: str) -> tuple[UUID, str, str]:
    try:
        session_id, stays, changes = token.split(".")
        return UUID(session_id), stays, changes
    except ValueError as error:
        raise SessionEnded("log in again") from error
