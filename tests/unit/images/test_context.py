"""What reaches the builder: what the Dockerfiles copy, and nothing that is nobody's business."""

from __future__ import annotations

from ops.paths import REPOSITORY
from tests.e2e.images import context
from tests.unit.images.files import FILES
from tests.unit.images.test_dockerfiles import stages

HELD_OUT = (
    ".git/config", ".env", ".local/state.json", "Pulumi.prod.yaml", "README.md", "ops/cli.py", "infra/task.py",
    "tests/unit/images/test_context.py", "docker/pooler/Dockerfile", "docker/schema/Dockerfile",
    "setup/lock.py", "docker/hadolint.yaml", "schema/__pycache__/cli.cpython-311.pyc",
    "sql/platform/.idea/x.pyc",    "requirements.txt", "id_rsa", "notes/schema/x.sql",
)  # fmt: skip
SENT = (
    "docker/pooler/bin/pooler-entrypoint", "docker/pooler/bin/pgbouncer_task/supervise.py", "schema/cli.py",
    "docker/authorities/check_bundle.py", "schema/lint/parse.py", "dump/store.py", "sql/platform/service.toml",
    "requirements-runner.txt",
)  # fmt: skip


def test_what_is_nobodys_business_is_held_out() -> None:
    assert list(context.files(REPOSITORY, HELD_OUT)) == []


def test_what_is_copied_is_sent() -> None:
    assert list(context.files(REPOSITORY, SENT)) == list(SENT)
    assert set(SENT) <= set(context.files(REPOSITORY)), "and is there"


def test_every_copy_finds_something() -> None:
    sent = list(context.files(REPOSITORY))
    for name in FILES:
        for stage in stages(name):
            for step in stage.steps:
                if step.name == "COPY" and not step.value.startswith("--from="):
                    source = step.value.split()[0]
                    assert any(file == source or file.startswith(f"{source}/") for file in sent), source


def test_the_last_rule_that_matches_counts_and_a_folder_stands_for_what_is_in_it() -> None:
    known = context.rules("# a remark\n*\n!a\na/b\n!a/b/c.txt\n**/*.py[co]\n")
    sent = ["a/x", "a/b", "a/b/d", "a/b/c.txt", "a/x.pyc", "a/deep/x.pyo", "other"]
    assert [name for name in sent if context.kept(name, known)] == ["a/x", "a/b/c.txt"]
