"""The rules as a page of the documentation: `python -m schema.lint.page > docs/lint.md`."""

from __future__ import annotations

from schema.lint.rule import Rule
from schema.lint.rules import RULES

_HEAD = """# What `schema plan` warns of

Written by `python -m schema.lint.page`; a test holds it against the rules. **danger** is what blocks, fails or loses;
`plan --strict` refuses it, and `apply` what loses data, unless the migration is named
([how](schema.md#what-loses-data)). What a migration makes itself is new: nobody can wait for it, so rules about locks
and scans do not fire for it. An exception stands directly above the statement, with its reason; `apply` takes it too:

```sql
-- lint: allow drop-column: no release has read it since 2.4
ALTER TABLE app.tasks DROP COLUMN points;
```

Not seen are locks and losses inside functions and DO blocks, and those of triggers.
"""


def page() -> str:
    """The whole page."""
    index = [f"| [{rule.name}](#{rule.name}) | {rule.severity} | {_losing(rule)} |" for rule in RULES]
    table = ["| rule | severity | loses data |", "|---|---|---|", *index]
    return "\n".join([_HEAD, *table, "", *(line for rule in RULES for line in _section(rule))])


def _losing(rule: Rule) -> str:
    return "yes" if rule.loses_data else ""


def _section(rule: Rule) -> list[str]:
    return [
        f"## {rule.name}",
        "",
        rule.why,
        "",
        *_example(rule.dangerous),
        f"Instead: {rule.safe}",
        "",
        *_example(rule.twin),
    ]


def _example(files: tuple[str, ...]) -> list[str]:
    """One block; where it takes several files, a line between them says so."""
    text = "\n\n-- the next file\n".join(file.strip() for file in files)
    return ["```sql", text, "```", ""]


if __name__ == "__main__":
    print(page(), end="")
