"""Passwords and tokens: what is kept of them, and how they are compared."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """scrypt's parameters. They stand in the stored text, so that they can be raised without a new password."""

    n: int
    r: int
    p: int


# One of OWASP's equal choices: 16 MiB and about a sixth of a second of one core.
COST = Cost(n=2**14, r=8, p=5)

_SALT_BYTES = 16
_KEY_BYTES = 32


def hash_password(password: str, cost: Cost = COST) -> str:
    """The text to store: `scrypt$n$r$p$salt$key`."""
    salt = secrets.token_bytes(_SALT_BYTES)
    fields = ("scrypt", str(cost.n), str(cost.r), str(cost.p), _encode(salt), _encode(_derive(password, salt, cost)))
    return "$".join(fields)


def is_password(password: str, stored: str) -> bool:
    """Whether this is the password of a stored text, in the same time whether it is or not."""
    _, n, r, p, salt, key = stored.split("$")
    derived = _derive(password, base64.b64decode(salt), Cost(int(n), int(r), int(p)))
    return hmac.compare_digest(derived, base64.b64decode(key))


def new_token() -> str:
    """A random secret that fits into a cookie and into a link."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> str:
    """What the database keeps of a token. It has 256 random bits, so a quick hash is as good as a slow one."""
    return hashlib.sha256(token.encode()).hexdigest()


def _derive(password: str, salt: bytes, cost: Cost) -> bytes:
    memory = 2 * 128 * cost.n * cost.r  # scrypt needs half of it; OpenSSL's own limit is 32 MiB
    return hashlib.scrypt(password.encode(), salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=_KEY_BYTES)


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


DUMMY = hash_password(secrets.token_urlsafe(TOKEN_BYTES))
"""What is checked where there is no account: a quick no would tell that there is none.

It is made when the program starts, so that the first such check takes no longer than the next.
"""
