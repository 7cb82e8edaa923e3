"""A small GitHub on loopback: what `delivery` asks of the REST API, answered as GitHub does, over real HTTP.

It keeps issues, comments, pull requests and git objects of one repository; pages hold at most 100 rows and name the
next in a `Link` header; a body of more than 65,536 characters gets 422, a wrong token 401, what is not there 404. A
`Fault` answers instead, before or after the request was carried out.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from delivery.github import GitHub, Run

REPOSITORY = "acme/estate"
TOKEN = "ghs_verysecret"
BOT = "github-actions[bot]"
COMMIT = "c" * 40
LIMIT = 65_536
MOST = 100


@dataclass
class Fault:
    """What the next matching request is answered with; `late` when it is carried out all the same."""

    method: str
    part: str
    status: int
    message: str = "Server Error"
    headers: Mapping[str, str] = field(default_factory=dict)
    late: bool = False
    text: str | None = None
    """The answer's body instead of JSON."""


class Refusal(Exception):
    def __init__(self, status: int, message: str, errors: list[Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.document = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        if errors is not None:
            self.document |= {"errors": errors}  # type: ignore[dict-item]


class FakeGitHub:
    def __init__(self) -> None:
        self.issues: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []
        self.pulls: list[dict[str, Any]] = []
        self.trees: dict[str, dict[str, str]] = {"t" * 40: {"README.md": "hello"}}
        self.commits: dict[str, dict[str, Any]] = {COMMIT: {"tree": "t" * 40, "parents": [], "message": "first"}}
        self.refs: dict[str, str] = {"heads/main": COMMIT}
        self.labels: set[str] = set()
        self.may_open_pulls = True
        self.faults: list[Fault] = []
        self.asked: list[tuple[str, str]] = []
        self.numbers = 0
        self.lock = threading.Lock()
        self.url = ""

    # -- what the tests put there

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def issue(self, body: str, login: str = BOT, state: str = "open", labels: tuple[str, ...] = ("drift",)) -> int:
        row = {"number": self.number(), "title": "", "body": body, "user": {"login": login}, "state": state}
        self.issues.append(row | {"labels": [{"name": name} for name in labels]})
        return self.numbers

    def comment(self, issue: int, body: str, login: str = BOT) -> int:
        self.comments.append({"id": self.number(), "issue": issue, "body": body, "user": {"login": login}})
        return self.numbers

    def bodies(self, issue: int) -> list[str]:
        return [row["body"] for row in self.comments if row["issue"] == issue]

    # -- the API

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        root = f"/repos/{REPOSITORY}/"
        if not path.startswith(root):
            raise Refusal(404, "Not Found")
        parts = path.removeprefix(root).split("/")
        match (method, *parts):
            case ("GET", "issues", number, "comments"):
                return 200, [row for row in self.comments if row["issue"] == int(number)]
            case ("POST", "issues", number, "comments"):
                self.limit(body["body"])
                return 201, self.comments[-1] if self.comment(int(number), body["body"]) else None
            case ("PATCH", "issues", "comments", number):
                self.limit(body["body"])
                return 200, self.change(self.comments, "id", number, body)
            case ("GET", "issues"):
                return 200, [row for row in self.issues if self.listed(row, query)]
            case ("POST", "issues"):
                self.limit(body["body"])
                self.issue(body["body"], labels=tuple(body["labels"]))
                self.issues[-1]["title"] = body["title"]
                self.labels |= set(body["labels"])
                return 201, self.issues[-1]
            case ("PATCH", "issues", number):
                self.limit(body.get("body", ""))
                return 200, self.change(self.issues, "number", number, body)
            case ("GET", "pulls"):
                owner, _, branch = query.get("head", ":").partition(":")
                wanted = {"state": query["state"], "head": branch, "base": query["base"]}
                same = owner == REPOSITORY.partition("/")[0]
                return 200, [row for row in self.pulls if same and wanted.items() <= row.items()]
            case ("POST", "pulls"):
                return self.open_pull(body)
            case ("PATCH", "pulls", number):
                return 200, self.change(self.pulls, "number", number, body)
            case ("GET" | "POST" | "PATCH", "git", *rest):
                return self.git(method, rest, body)
        raise Refusal(404, "Not Found")

    def git(self, method: str, parts: list[str], body: Any) -> tuple[int, Any]:
        match (method, *parts):
            case ("GET", "commits", sha) if sha in self.commits:
                return 200, {"sha": sha, "tree": {"sha": self.commits[sha]["tree"]}}
            case ("POST", "trees"):
                files = dict(self.trees[body["base_tree"]])
                for row in body["tree"]:
                    assert (row["mode"], row["type"]) == ("100644", "blob")
                    files[row["path"]] = row["content"]
                same = next((sha for sha, held in self.trees.items() if held == files), None)
                sha = same or hashlib.sha1(json.dumps(files, sort_keys=True).encode()).hexdigest()
                self.trees[sha] = files
                return 201, {"sha": sha}
            case ("POST", "commits"):
                sha = hashlib.sha1(json.dumps(body, sort_keys=True).encode()).hexdigest()
                self.commits[sha] = body
                return 201, {"sha": sha}
            case ("GET", "ref", *name) if "/".join(name) in self.refs:
                return 200, {"object": {"sha": self.refs["/".join(name)]}}
            case ("POST", "refs"):
                name = body["ref"].removeprefix("refs/")
                if name in self.refs:
                    raise Refusal(422, "Reference already exists")
                self.refs[name] = body["sha"]
                return 201, {"object": {"sha": body["sha"]}}
            case ("PATCH", "refs", *name) if "/".join(name) in self.refs:
                if not body.get("force"):
                    raise Refusal(422, "Update is not a fast forward")
                self.refs["/".join(name)] = body["sha"]
                return 200, {"object": {"sha": body["sha"]}}
        raise Refusal(404, "Not Found")

    def open_pull(self, body: Any) -> tuple[int, Any]:
        if not self.may_open_pulls:
            raise Refusal(403, "GitHub Actions is not permitted to create or approve pull requests.")
        if f"heads/{body['head']}" not in self.refs:
            raise Refusal(422, "Validation Failed", [{"resource": "PullRequest", "field": "head", "code": "invalid"}])
        if any(row["head"] == body["head"] and row["state"] == "open" for row in self.pulls):
            raise Refusal(422, "Validation Failed", [{"message": f"A pull request already exists for {body['head']}."}])
        self.pulls.append({"number": self.number(), "state": "open", **body})
        return 201, self.pulls[-1]

    @staticmethod
    def limit(body: str) -> None:
        if len(body) > LIMIT:
            raise Refusal(422, "Validation Failed", [{"message": "body is too long (maximum is 65536 characters)"}])

    @staticmethod
    def listed(row: Mapping[str, Any], query: Mapping[str, str]) -> bool:
        labels = {label["name"] for label in row["labels"]}
        return row["state"] == query.get("state", "open") and query.get("labels", "") in labels

    @staticmethod
    def change(rows: list[dict[str, Any]], key: str, number: str, body: Mapping[str, Any]) -> Any:
        for row in rows:
            if row[key] == int(number):
                row |= body
                return row
        raise Refusal(404, "Not Found")

    # -- the wire

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        url = urlsplit(handler.path)
        query = {key: values[-1] for key, values in parse_qs(url.query, keep_blank_values=True).items()}
        sent = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        method, headers = handler.command, dict[str, str]()
        with self.lock:
            self.asked.append((method, handler.path))
            fault = next((row for row in self.faults if row.method == method and row.part in url.path), None)
            if fault is not None:
                self.faults.remove(fault)
            try:
                if handler.headers.get("Authorization") != f"Bearer {TOKEN}":
                    raise Refusal(401, "Bad credentials")
                if fault is not None and not fault.late:
                    raise Refusal(fault.status, fault.message)
                status, document = self.answer(method, url.path, query, json.loads(sent) if sent else None)
                if isinstance(document, list):
                    document, headers = self.page(document, url.path, query)
                if fault is not None:
                    raise Refusal(fault.status, fault.message)
            except Refusal as refusal:
                status, document = refusal.status, refusal.document
        if fault is not None:
            headers = {**headers, **fault.headers}
        text = json.dumps(document) if fault is None or fault.text is None else fault.text
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text.encode()))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text.encode())

    def page(self, rows: list[Any], path: str, query: Mapping[str, str]) -> tuple[list[Any], dict[str, str]]:
        size, page = min(int(query.get("per_page", 30)), MOST), int(query.get("page", 1))
        found = rows[(page - 1) * size : page * size]
        if page * size >= len(rows):
            return found, {}
        rest = "&".join(f"{key}={value}" for key, value in query.items() if key != "page")
        here = f"{self.url}{path}?{rest}"
        return found, {"Link": f'<{here}&page={page + 1}>; rel="next", <{here}&page=99>; rel="last"'}


@contextmanager
def serving() -> Iterator[FakeGitHub]:
    """A GitHub with an empty repository, at `url`, for as long as the block lasts."""
    fake = FakeGitHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fake.handle(self)

        do_POST = do_PATCH = do_GET  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def environment(fake: FakeGitHub) -> dict[str, str]:
    """What the runner and the step set."""
    return {
        "GITHUB_API_URL": fake.url,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_RUN_ID": "77",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_SHA": COMMIT,
        "GITHUB_TOKEN": TOKEN,
    }


def client(fake: FakeGitHub, pause: Callable[[float], None] = lambda _: None) -> GitHub:
    """A client of it that does not really wait."""
    run = Run(REPOSITORY, COMMIT, f"https://github.com/{REPOSITORY}/actions/runs/77")
    return GitHub(run, fake.url, TOKEN, pause)
