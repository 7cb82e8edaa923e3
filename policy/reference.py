"""The reference page of the policies, made from the policies: `python -m policy.reference` writes it."""

from __future__ import annotations

from pathlib import Path

from policy.catalogue import GROUPS, POLICIES
from policy.controls import source
from policy.core import LEVELS, Policy

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = "policies.md"

HEAD = """# Policies

Made from `policy/` by `python -m policy.reference`; change it there.

What every graph of resources must hold, whatever the configuration says: {number} policies. `dbctl preview` and
`dbctl deploy` judge each preview by them, the unit tests judge the recorded graphs of all stacks, and
`pulumi preview --policy-pack policy` runs the same policies in Pulumi's own engine, where Pulumi has its Python
language host (the CLI that `make setup` builds has none), with the folder that `setup/policy.sh` prints on PATH.

**mandatory**: a preview and a deployment end with exit code 1, and nothing is changed. **advisory**: it is said, and
goes on. **allowed**: this level may do without. `production` is the stack `prod`, and each whose profile is
`production`; `local` is the stack of one machine; `development` is every other one. A stack whose profile cannot be
read is judged as production.

What a preview cannot know yet, such as the ARN of a key that is still to be made, is neither right nor wrong: the
policy has one row `unknown`, which ends nothing. A later preview knows it. A value that is a secret is never read, and
no message holds one.

In Pulumi's own engine two things are unknown that `dbctl` is told: whether a resource is retained, and whether a
password is kept as a secret. There `backups-outlive-the-stack` says that it cannot judge, and `no-secret-in-clear`
takes those passwords for secrets.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD.format(number=len(POLICIES))]
    for title, policies in GROUPS:
        lines = [
            f"\n## {title}\n",
            f"| policy | {' | '.join(LEVELS)} | why | mend | the same elsewhere |",
            f"|---|{'---|' * len(LEVELS)}---|---|---|",
        ]
        parts += [*lines, *map(_row, policies)]
    return "\n".join(parts) + "\n"


def _row(policy: Policy) -> str:
    weights = " | ".join(policy.weights.at(level) for level in LEVELS)
    same = ", ".join(_control(control) for control in policy.controls)
    return f"| `{policy.name}` | {weights} | {_cell(policy.reason)} | {_cell(policy.mend)} | {same} |"


def _control(control: str) -> str:
    found = source(control)
    return f"[{found.title}]({found.url})" if found.url else found.title


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the page."""
    (DOCS / PAGE).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
