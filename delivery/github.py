"""GitHub's REST API, as much of it as is needed, over the standard library.

https://docs.github.com/rest/using-the-rest-api: pages of 100 with a `Link` header, JSON both ways, errors with a
`message`. A request that changes nothing when it is sent twice is sent again where GitHub is in trouble; a POST is not,
since the first one may have been carried out: whoever makes something looks for it again first (`again`).
"""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from delivery.errors import PASSING, BadInput, DeliveryError, GitHubError

TRIES = 4
"""Of one request. With the pauses of 2, 4 and 8 seconds it outlives a passing fault, and no job waits a minute."""

LONGEST_PAUSE = 60.0
"""Seconds. A limit that lasts longer is not waited for: the job says so and can be run again."""

TIMEOUT = 30.0
"""Seconds until an answer must have begun; GitHub itself gives up on a request after 10."""

PER_PAGE = 100
"""The most that GitHub gives at once."""

NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token along to wherever it leads."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Run:
    """The workflow's run, as the runner's environment tells it."""

    repository: str
    commit: str
    url: str


@dataclass(frozen=True, slots=True)
class GitHub:
    """One repository behind the API. The token is in no message and in no representation."""

    run: Run
    api: str
    token: str = field(repr=False)
    pause: Callable[[float], None] = time.sleep

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> GitHub:
        """From the runner's variables; BadInput naming every one that is missing or no good, all at once."""
        names = (
            "GITHUB_API_URL",
            "GITHUB_REPOSITORY",
            "GITHUB_RUN_ID",
            "GITHUB_SERVER_URL",
            "GITHUB_SHA",
            "GITHUB_TOKEN",
        )
        problems = [
            f"{name} is not set; the runner sets it, GITHUB_TOKEN the step"
            for name in names
            if not environment.get(name)
        ]
        repository = environment.get("GITHUB_REPOSITORY", "")
        if repository and not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
            problems.append(f"GITHUB_REPOSITORY = {repository!r}: owner/name is needed")
        if problems:
            raise BadInput("\n".join(problems))
        url = f"{environment['GITHUB_SERVER_URL']}/{repository}/actions/runs/{environment['GITHUB_RUN_ID']}"
        run = Run(repository, environment["GITHUB_SHA"], url)
        return cls(run, environment["GITHUB_API_URL"].rstrip("/"), environment["GITHUB_TOKEN"])

    def get(self, path: str) -> Any:
        """One object of the repository: `path` is relative to it."""
        return self._patient("GET", self._url(path))[0]

    def pages(self, path: str, **query: str) -> Iterator[Any]:
        """The rows of a list, page after page."""
        url: str | None = self._url(path) + "?" + urlencode({**query, "per_page": PER_PAGE})
        while url:
            rows, headers = self._patient("GET", url)
            yield from rows
            found = NEXT.search(headers.get("Link") or "")
            url = found[1] if found else None
            if url and urlsplit(url)[:2] != urlsplit(self.api)[:2]:
                raise GitHubError(f"GET {path}", 200, "the next page is said to be at another host")

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Make something, with one try."""
        return self._once("POST", self._url(path), body)[0]

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Change something."""
        return self._patient("PATCH", self._url(path), body)[0]

    def again(self, work: Callable[[], None]) -> None:
        """Do what looks before it makes, anew where GitHub had trouble with it."""
        for attempt in range(1, TRIES + 1):
            try:
                return work()
            except GitHubError as error:
                if not error.passing or attempt == TRIES:
                    raise
                self.pause(2.0**attempt)
        raise AssertionError  # the last attempt returns or raises

    def _url(self, path: str) -> str:
        return f"{self.api}/repos/{self.run.repository}/{quote(path, safe='/')}"

    def _patient(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> tuple[Any, HTTPMessage]:
        for attempt in range(1, TRIES + 1):
            try:
                return self._once(method, url, body)
            except _Limited as limited:
                if attempt == TRIES or limited.pause > LONGEST_PAUSE:
                    raise limited.error from None
                self.pause(limited.pause)
            except GitHubError as error:
                if error.status not in PASSING or attempt == TRIES:
                    raise
                self.pause(2.0**attempt)
        raise AssertionError  # the last attempt returns or raises

    def _once(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> tuple[Any, HTTPMessage]:
        asked = f"{method} {url.removeprefix(self.api)}"
        request = urllib.request.Request(  # noqa: S310 - the runner's own API address
            url,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "postgres-estate",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as answer:
                return json.loads(answer.read() or b"null"), answer.headers
        except urllib.error.HTTPError as error:
            failure = GitHubError(asked, error.code, _message(error))
            if (pause := _limit(error)) is not None and method != "POST":
                raise _Limited(pause, failure) from None
            raise failure from None
        except (OSError, HTTPException) as error:
            raise GitHubError(asked, 0, f"no answer: {getattr(error, 'reason', None) or error}") from None
        except ValueError:
            raise GitHubError(asked, 502, "the answer is not JSON") from None


class _Limited(DeliveryError):
    """Too many requests: what GitHub asks to wait, in seconds, and the failure where that is too long."""

    def __init__(self, pause: float, error: GitHubError) -> None:
        super().__init__(str(error))
        self.pause = pause
        self.error = error


def _limit(error: urllib.error.HTTPError) -> float | None:
    """Seconds to wait where a limit was met: GitHub says 403 or 429, and when to come back."""
    if error.code not in {403, 429}:
        return None
    if (after := error.headers.get("Retry-After")) and after.isdigit():
        return float(after)
    if error.headers.get("X-RateLimit-Remaining") == "0":
        return max(0.0, float(error.headers.get("X-RateLimit-Reset") or "0") - time.time())
    return None


def _message(error: urllib.error.HTTPError) -> str:
    """What GitHub says is wrong, details included; the answer's reason where it says nothing."""
    try:
        said = json.loads(error.read())
        details = [
            str(row.get("message") or row) if isinstance(row, dict) else str(row) for row in said.get("errors", [])
        ]
        return "; ".join([str(said["message"]), *details])
    except (ValueError, KeyError, AttributeError, TypeError, OSError):
        return str(error.reason)
