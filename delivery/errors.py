"""What can go wrong, as the workflow's shell sees it."""

from __future__ import annotations


class DeliveryError(Exception):
    """Something was tried and did not succeed; the message says what, and what to do."""

    code = 1


class BadInput(DeliveryError):
    """The command line or the environment is wrong; nothing was tried."""

    code = 2


class GitHubError(DeliveryError):
    """GitHub refused, or did not answer. `status` is HTTP's, 0 where there was no answer."""

    def __init__(self, asked: str, status: int, message: str) -> None:
        super().__init__(f"{asked}: {status} {message}" if status else f"{asked}: {message}")
        self.status = status

    @property
    def passing(self) -> bool:
        """Whether the same request may be answered a moment later."""
        return self.status in PASSING


PASSING = frozenset({0, 429, 500, 502, 503, 504})
"""No answer, too many requests, or trouble on GitHub's side."""
