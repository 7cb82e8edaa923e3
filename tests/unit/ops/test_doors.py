"""Which address and secret a connection takes, what tools are found, what an engine's failure says."""

from __future__ import annotations

from pathlib import Path

import pytest
from pulumi.automation import events

from ops import engine, outputs, psql, stack_file, toolchain
from ops.errors import BadInput
from ops.psql import Door

RAW = {
    "services": {
        "platform": {
            "database": "platform",
            "engine_version": "15",
            "parameter_group": "platform-parameters-1",
            "primary": {"identifier": "estate-dev-platform", "address": "primary.example", "port": 5432.0},
            "replicas": [{"identifier": "estate-dev-platform-replica-1", "address": "replica.example", "port": 5432}],
            "pooler": {
                "address": "pooler.example",
                "port": 6432,
                "read_write": "platform",
                "read_only": "platform_ro",
                "cluster": "c",
                "service": "p",
            },
            "secrets": {"master": "arn:master", "roles": {"platform_app": "arn:app", "platform_auth": "arn:auth"}},
            "schema_step": {
                "cluster": "c",
                "task_definition": "t",
                "container": "schema",
                "subnets": ["s"],
                "security_groups": ["g"],
                "log_group": "l",
                "stream_prefix": "schema",
            },
        }
    }
}
PLATFORM = outputs.services(RAW)["platform"]


@pytest.mark.parametrize(
    ("role", "read_only", "direct", "expected"),
    [
        (None, False, False, Door("pooler.example", 6432, "platform", "arn:app")),
        (None, True, False, Door("pooler.example", 6432, "platform_ro", "arn:app")),
        ("platform_auth", False, False, Door("pooler.example", 6432, "platform", "arn:auth")),
        ("master", False, True, Door("primary.example", 5432, "platform", "arn:master")),
        ("master", True, True, Door("replica.example", 5432, "platform", "arn:master")),
    ],
)
def test_psql_connects_as_asked(role: str | None, read_only: bool, direct: bool, expected: Door) -> None:
    assert psql.door(PLATFORM, role=role, read_only=read_only, direct=direct) == expected


def test_psql_names_the_roles_there_are_when_asked_for_another() -> None:
    with pytest.raises(BadInput, match="no role 'root': its roles are master, platform_app, platform_auth"):
        psql.door(PLATFORM, role="root", read_only=False, direct=False)


def test_a_stack_that_was_never_deployed_has_no_services() -> None:
    assert outputs.services({}) == {}


@pytest.mark.parametrize(
    ("text", "version"),
    [("v3.259.0\n", (3, 259, 0)), ("3.260.1-dev+abc", (3, 260, 1)), ("no version", None)],
)
def test_a_version_is_read_from_what_the_tool_prints(text: str, version: tuple[int, int, int] | None) -> None:
    assert toolchain.parse_version(text) == version


@pytest.fixture
def pulumi_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place on PATH for a `pulumi` of any version, with none built and not in CI: the same wherever tests run."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CI", raising=False)
    return tmp_path / "pulumi"


def say_version(pulumi: Path, version: str) -> None:
    pulumi.write_text(f"#!/bin/sh\necho v{version}\n")
    pulumi.chmod(0o755)


def test_a_pulumi_that_is_too_old_is_not_used(pulumi_on_path: Path) -> None:
    say_version(pulumi_on_path, "3.100.0")
    assert toolchain.find_pulumi() is None


def test_a_newer_pulumi_is_used(pulumi_on_path: Path) -> None:
    say_version(pulumi_on_path, "3.300.0")
    assert toolchain.find_pulumi() == pulumi_on_path


def test_in_ci_the_pinned_pulumi_is_used_and_no_newer_one(
    pulumi_on_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    say_version(pulumi_on_path, "3.300.0")
    assert toolchain.find_pulumi() is None
    say_version(pulumi_on_path, ".".join(map(str, toolchain.PULUMI_VERSION)))
    assert toolchain.find_pulumi() == pulumi_on_path


def test_a_stack_without_a_file_names_the_stacks_that_have_one(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    with pytest.raises(BadInput, match=r"Pulumi.staging.yaml does not exist\nthe stacks are: dev"):
        stack_file.read_settings("staging", tmp_path)


def test_a_stack_file_that_is_not_yaml_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {\n")
    with pytest.raises(BadInput) as error:
        stack_file.read_settings("dev", tmp_path)
    assert str(error.value).startswith("Pulumi.dev.yaml is not YAML: ")
    assert len(error.value.lines) == 1


def diagnostic(message: str, urn: str = "", severity: str = "error") -> events.EngineEvent:
    body = {"message": message, "color": "never", "severity": severity, "urn": urn}
    return events.EngineEvent.from_json({"sequence": 1, "timestamp": 1, "diagnosticEvent": body})


def test_an_engine_failure_is_the_resource_and_its_error_without_the_frame() -> None:
    seen = [
        diagnostic(
            '<{%fg 1%}>resource "urn:pulumi:p::e::t::db" cannot\nbe replaced<{%reset%}>\n', "urn:pulumi:p::e::t::db"
        ),
        diagnostic("update failed"),
        diagnostic("just so you know", severity="info"),
    ]
    assert engine.failures(seen) == ['db: resource "db" cannot be replaced']


def test_without_events_the_error_lines_of_the_output_are_told() -> None:
    text = "code: 255\nstdout: Updating\nstderr: error: the stack is locked\nerror: the stack is locked\n"
    assert engine.failure_lines(text) == ["the stack is locked"]
