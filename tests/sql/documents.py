"""Tables in the documents of the services, for tests that hold them against what they tell of."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]


def links(service: str) -> list[str]:
    """What of the repository docs/<service>.md refers to, relative to docs."""
    document = (_REPOSITORY / f"docs/{service}.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document))
    return sorted(target for target in targets if not target.startswith("https://"))


def is_there(target: str) -> bool:
    return (_REPOSITORY / "docs" / target).exists()


def table(service: str, heading: str, number: int = 0) -> list[list[str]]:
    """The rows of a table under a heading of docs/<service>.md, without its head."""
    document = (_REPOSITORY / f"docs/{service}.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", document.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]
    rows = re.findall(r"(?:^\|.*\n)+", section, flags=re.MULTILINE)[number].splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def roles(service: str) -> list[list[str]]:
    """What the table of roles should say."""
    wanted = []
    text = (_REPOSITORY / f"sql/{service}/service.toml").read_text(encoding="utf-8")
    for role in tomllib.loads(text)["login_roles"]:
        settings = role["settings"]
        limits = [
            settings.get(name, "–")
            for name in ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout")
        ]
        through = "pooler" if role["pooled"] else "direct"
        if settings.get("default_transaction_read_only") == "on":
            through += ", read only"
        purpose = re.sub(r" \(docs/\w+\.md says how\)$", "", role["purpose"])
        wanted.append([f"`{role['name']}`", purpose, through, *limits])
    return wanted


def jobs(service: str) -> list[str]:
    return sorted(path.stem for path in (_REPOSITORY / f"sql/{service}/jobs").glob("*.sql"))
