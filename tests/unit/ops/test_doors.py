"""Which address and secret a connection takes, what tools are found, what an engine's failure says."""

from __future__ import annotations

from pathlib import Path

import pytest
from pulumi import automation
from pulumi.automation import events

from ops import cli, engine, outputs, psql, stack_file, toolchain
from ops.errors import BadInput, OperatorError
from ops.interruption import interruption
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
POOLED = frozenset({"platform_app", "platform_auth"})


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
    assert psql.door(PLATFORM, role=role, read_only=read_only, direct=direct, pooled=POOLED) == expected


def test_psql_names_the_roles_there_are_when_asked_for_another() -> None:
    with pytest.raises(BadInput, match="no role 'root': its roles are master, platform_app, platform_auth"):
        psql.door(PLATFORM, role="root", read_only=False, direct=False, pooled=POOLED)


def test_a_role_that_the_pooler_does_not_take_is_told_the_way_past_it() -> None:
    with pytest.raises(BadInput) as error:
        psql.door(PLATFORM, role="master", read_only=False, direct=False, pooled=POOLED)
    assert error.value.lines == ("the pooler does not take master, only platform_app, platform_auth: add --direct",)


def test_which_roles_the_pooler_takes_is_written_in_the_service_s_folder() -> None:
    estate = stack_file.load_estate("dev")
    assert psql.pooled_roles(estate, "platform") == frozenset({"platform_app", "platform_auth", "platform_public"})


def test_of_a_service_that_the_configuration_has_no_more_the_pooler_decides() -> None:
    """It is there until the deployment that takes it away."""
    assert psql.pooled_roles(stack_file.load_estate("dev"), "ledger") is None
    found = psql.door(PLATFORM, role="platform_auth", read_only=False, direct=False, pooled=None)
    assert found == Door("pooler.example", 6432, "platform", "arn:auth")


@pytest.mark.parametrize(
    ("tls", "direct", "given", "expected"),
    [
        (False, True, {}, "disable"),
        (True, False, {}, "require"),
        (True, True, {"HOME": "{there}"}, "verify-full"),
        (True, True, {"HOME": "/nowhere", "PGSSLROOTCERT": "{there}/.postgresql/root.crt"}, "verify-full"),
        (True, True, {"HOME": "/nowhere", "PGSSLROOTCERT": "system"}, "verify-full"),
    ],
)
def test_the_instance_is_verified_and_the_pooler_which_nobody_vouches_for_is_not(
    tls: bool, direct: bool, given: dict[str, str], expected: str, tmp_path: Path
) -> None:
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql" / "root.crt").touch()
    environment = {name: value.format(there=tmp_path) for name, value in given.items()}
    assert psql.sslmode(tls=tls, direct=direct, environment=environment) == expected


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"HOME": "/home/dba"}, "PGSSLROOTCERT is not set, and libpq's own place: there is no {path}"),
        ({"HOME": "/", "PGSSLROOTCERT": "/home/dba/.postgresql/root.crt"}, "PGSSLROOTCERT: there is no {path}"),
    ],
)
def test_without_rds_s_authorities_there_is_no_way_past_the_pooler_but_one_to_get_them(
    environment: dict[str, str], missing: str
) -> None:
    path = "/home/dba/.postgresql/root.crt"
    with pytest.raises(BadInput) as error:
        psql.sslmode(tls=True, direct=True, environment=environment)
    assert error.value.lines == (
        f"{missing.format(path=path)}; --direct needs RDS's authorities, to know whom it speaks with",
        "fetch them once: curl --fail --create-dirs --output /home/dba/.postgresql/root.crt"
        " https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
    )


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


def test_an_error_s_indented_lines_are_told_with_it() -> None:
    text = """
 code: 255
 stdout: Updating
 stderr: error: getting stack configuration: yaml: unmarshal errors:
  line 6: mapping key "profile" already defined at line 5

error: another
done
  nothing of an error's
"""
    assert engine.failure_lines(text) == [
        "getting stack configuration: yaml: unmarshal errors:",
        '  line 6: mapping key "profile" already defined at line 5',
        "another",
    ]


def test_a_locked_stack_says_by_whom_and_that_a_lock_is_taken_off_when_he_is_gone() -> None:
    locked = "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the"
    whose = "s3://state/.pulumi/locks/dev/1.json: created by alice@laptop (pid 4242) at 2026-11-29T23:00:00Z"
    with pytest.raises(OperatorError) as error, engine.readable_failures():
        raise automation.CommandError(automation.CommandResult("", f"error: {locked}\n  {whose}", 1))
    assert error.value.lines == (locked, f"  {whose}", engine.LOCKED)


def test_a_failure_without_an_error_line_is_told_by_its_end() -> None:
    assert engine.failure_lines("\n code: 2\n stdout: one\n\ntwo\n") == ["code: 2", "stdout: one", "two"]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PermissionError(13, "Permission denied", "/var/page"), "/var/page: Permission denied"),
        (OSError(28, "No space left on device"), "[Errno 28] No space left on device"),
    ],
)
def test_a_machine_that_refuses_is_one_line_and_no_traceback(
    error: OSError, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def app() -> None:
        raise error

    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr(interruption, "listen", lambda: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.splitlines() == [line]
