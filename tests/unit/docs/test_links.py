"""Every link leads somewhere, and every file in code exists."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import PurePosixPath
from posixpath import normpath
from urllib.parse import urlsplit

import pytest

from tests.unit.docs import pages
from tests.unit.docs.hosts import HOSTS

_PATH = re.compile(r"^[\w*{}<>-][\w.*{}<>-]*(?:/[\w.*{}<>-]+)*/?$")
_SUFFIXES = frozenset({".py", ".md", ".toml", ".sql", ".sh", ".yaml", ".yml", ".svg", ".txt", ".ini", ".json"})
# What pages name that is no file of the repository, and where it is.
ELSEWHERE = {
    "pgbouncer.ini": "rendered by infra/pgbouncer.py, in a pooler task",
    "userlist.txt": "rendered by the pooler's entrypoint",
    "pg_hba.conf": "a server's own",
    "postgresql.conf": "a server's own",
    # The design whose parts docs/familytales_index.md lists.
    "migrations/001_initial_schema.sql": "the design's",
    "migrations/002_create_partitions.sql": "the design's",
    "migrations/003_create_indexes.sql": "the design's",
    # How a decision and a migration are called.
    "docs/adr/NNNN-words-of-its-title.md": "a form",
    "sql/<service>/migrations/NNNN_what_it_does.sql": "a form",
    "NNNN_what_it_does.up.sql": "a form",
}


def resolved(page: str, target: str) -> str:
    """A relative link's target as a path from the repository's root."""
    return normpath(str(PurePosixPath(page).parent / target))


@pytest.mark.parametrize("page", pages.pages())
def test_each_relative_link_and_anchor_resolves(page: str) -> None:
    text = pages.read(page)
    wrong = []
    for line, target in pages.links(text):
        if urlsplit(target).scheme:
            continue
        path, _, anchor = target.partition("#")
        file = resolved(page, path) if path else page
        if file not in pages.files() and file not in pages.folders():
            wrong.append(f"{page}:{line}: there is no {file}")
        elif anchor and anchor not in pages.anchors(pages.read(file)):
            wrong.append(f"{page}:{line}: {file} has no heading #{anchor}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", pages.pages())
def test_each_link_to_elsewhere_is_https_and_to_a_known_host(page: str) -> None:
    wrong = [
        f"{page}:{line}: {target}"
        for line, target in pages.links(pages.read(page))
        if (parts := urlsplit(target)).scheme and (parts.scheme != "https" or parts.hostname not in HOSTS)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", pages.pages())
def test_each_file_in_code_exists(page: str) -> None:
    wrong = [
        f"{page}:{line}: `{span}`" for line, span in pages.spans(pages.read(page)) if looks_ours(span) and not has(span)
    ]
    assert not wrong, "\n".join(wrong)


def looks_ours(span: str) -> bool:
    """Whether the words are a path, and one that would be in the repository."""
    if not _PATH.match(span) or span in ELSEWHERE:
        return False
    first, slash, _ = span.partition("/")
    if slash and first in {folder.partition("/")[0] for folder in pages.folders()}:
        return True
    return PurePosixPath(span).suffix in _SUFFIXES


def has(span: str) -> bool:
    """Whether a file or folder is so called, from the root or by the end of its path; * and <…> are any name."""
    pattern = re.sub(r"<[^>]+>", "*", span.rstrip("/"))
    pattern = re.sub(r"\{[^}]*\}", "*", pattern)
    known = pages.files() | pages.folders()
    if pattern in known:
        return True
    first, slash, _ = pattern.partition("/")
    from_root = bool(slash) and first in {folder.partition("/")[0] for folder in pages.folders()}
    if from_root and "*" not in pattern:
        return False
    return any(fnmatch(name, pattern) or (not from_root and fnmatch(name, f"*/{pattern}")) for name in known)


def test_what_is_not_there_is_not_found() -> None:
    """The tests above could not fail if everything were."""
    assert looks_ours("infra/") and has("infra/")
    assert looks_ours("docs/schema.md") and has("docs/schema.md")
    assert looks_ours("docs/scheme.md") and not has("docs/scheme.md")
    assert looks_ours("Pulumi.<stack>.yaml") and has("Pulumi.<stack>.yaml")
    assert looks_ours("apply.py") and has("apply.py")
    assert looks_ours("aply.py") and not has("aply.py")
    assert not looks_ours("select count(*)")
    assert not looks_ours("pg_stat_activity")
