"""`dbctl preview` ends where the program would break a policy, names it, and nothing is changed."""

from __future__ import annotations

import re

from tests.e2e.clone import Clone

PRIMARY = "            publicly_accessible=False,\n"


def test_a_program_that_breaks_a_policy_ends_the_preview_and_is_named(clone: Clone) -> None:
    whole = clone.dbctl("preview", "-s", "prod", "--offline")
    assert (whole.code, re.findall(r"^mandatory +", whole.out, flags=re.MULTILINE)) == (0, [])
    assert re.findall(r"^unknown +pooler-ceiling +", whole.out, flags=re.MULTILINE)

    program = clone.path / "infra" / "database.py"
    text = program.read_text(encoding="utf-8")
    program.write_text(text.replace(PRIMARY, PRIMARY.replace("False", "True"), 1), encoding="utf-8")
    broken = clone.dbctl("preview", "-s", "prod", "--offline", check=False)
    assert broken.code == 1
    found = re.findall(r"^mandatory +(\S+) +(\S+ \S+)", broken.out, flags=re.MULTILINE)
    assert found == [
        ("database-private", "rds.Instance familytales-primary"),
        ("database-private", "rds.Instance platform-primary"),
    ]
    assert "prod would violate policies that nobody may do without; nothing was changed:" in broken.err.splitlines()
    mend = "it has a public address; set publicly_accessible: False, and reach it through the pooler"
    for service in ("platform", "familytales"):
        assert f"  mandatory: database-private: rds.Instance {service}-primary: {mend}" in broken.err
