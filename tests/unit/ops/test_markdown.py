"""A preview as Markdown: what a reviewer must see stands first, and no value becomes markup."""

from __future__ import annotations

import pytest

from ops import markdown
from ops.changes import Change, Detail
from policy.core import Violation

DATABASE = "aws:rds/instance:Instance"


def change(name: str = "platform-primary", op: str = "update", *details: Detail, type_: str = DATABASE) -> Change:
    return Change(op=op, type=type_, name=name, urn=f"urn::{name}", details=details)


def test_nothing_to_do_is_two_lines() -> None:
    assert markdown.preview("dev", []) == (
        "### Preview of `dev`\n\nno changes: every resource is as the configuration says\n"
    )


def test_a_change_is_a_row_with_what_it_risks() -> None:
    text = markdown.preview("prod", [change("platform-primary", "update", Detail("port", "port", "5432", "5433"))])
    assert text.startswith("### Preview of `prod`\n\n1 to update\n\n| what | type | resource | properties | risk |\n")
    row = text.splitlines()[-1]
    assert row.startswith("| update | rds.Instance | platform-primary | port: 5432 -&gt; 5433 | ")


def test_a_loss_of_data_stands_before_everything_else() -> None:
    lines = markdown.preview("prod", [change("bystander", "create"), change(op="delete")]).splitlines()
    assert lines[4] == "**This would lose data.** It is refused unless each loss is accepted by the resource's name:"
    assert lines[6] == "* `platform-primary` (delete): the database instance is deleted with the data on it"
    assert "**DATA LOSS:** the database instance is deleted" in lines[-1]


def test_violated_policies_stand_above_the_table() -> None:
    violation = Violation("encrypted-storage", "mandatory", "platform-primary", "it has no key", "give it one")
    text = markdown.preview("prod", [change()], [violation])
    assert text.index("Policies that are violated:") < text.index("| what |")
    assert "* mandatory: encrypted-storage: platform-primary: it has no key; give it one\n" in text


def test_many_changes_stand_behind_a_line_to_open() -> None:
    few, many = ([change(f"r{number}") for number in range(count)] for count in (25, 26))
    assert "<details>" not in markdown.preview("dev", few)
    text = markdown.preview("dev", many)
    assert text.count("<details>") == text.count("</details>") == 1
    assert "\n\n| what |" in text  # a table begins after an empty line, also within HTML
    assert text.count("\n| update |") == 26


def test_a_value_cannot_break_the_table_link_or_notify_anybody() -> None:
    wild = "a|b\n<script> `x` [y](z) @somebody **bold** ~~no~~ $x$ &amp; \\"
    (row,) = [
        line
        for line in markdown.preview("dev", [change("p", "update", Detail("tags", "tags", None, wild))]).splitlines()
        if line.startswith("| update")
    ]
    shown = r"a\|b &lt;script&gt; \`x\` \[y](z) @&#8203;somebody \*\*bold\*\* \~\~no\~\~ \$x\$ &amp;amp; \\"
    assert shown in row
    assert row.replace("\\|", "").count("|") == 6


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://evil.example/x", "https:&#8203;//evil.example/x"),
        ("www.evil.example", "www&#8203;.evil.example"),
        (":tada:", ":&#8203;tada:"),
        ("GH-12", "GH&#8203;-12"),
        ("03:00-04:00", "03:&#8203;00-04:00"),
        ("a: b", "a: b"),
    ],
)
def test_a_value_becomes_no_link_and_no_picture(text: str, shown: str) -> None:
    assert f"| text: (none) -&gt; {shown} |" in markdown.preview(
        "dev", [change("p", "update", Detail("text", "text", None, text))]
    )


def test_what_cannot_be_judged_yet_is_no_violation() -> None:
    violation = Violation("network-chain", "unknown", "network-vpc", "known after the update: rules", "preview again")
    text = markdown.preview("prod", [change()], [violation])
    assert "Policies that are violated" not in text
    assert "<summary>Policies that can be judged only after the update: 1</summary>" in text
    assert "* network-chain: network-vpc: known after the update: rules\n" in text
