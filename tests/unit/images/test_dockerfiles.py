"""What holds of both Dockerfiles, by hadolint and beyond it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infra import containers, pgbouncer
from infra.config_spec import ENGINE_MAJORS, POOLER_VERSIONS
from infra.config_spec import service as service_spec
from infra.profiles import PROFILES
from tests.e2e.images.dockerfile import Image, Stage, apply, expand, parse
from tests.unit.images.files import DOCKER, FILES

BOTH = pytest.mark.parametrize("name", sorted(FILES))
SECRET = re.compile(r"(?i)passw|secret|token|credential|private|api_?key|aws_access")


def text(name: str) -> str:
    return FILES[name].read_text(encoding="utf-8")


def stages(name: str) -> list[Stage]:
    return parse(text(name), {})[0]


def steps(name: str, kind: str) -> list[str]:
    return [step.value for stage in stages(name) for step in stage.steps if step.name == kind]


def image(name: str) -> Image:
    found = Image()
    for step in stages(name)[-1].steps:
        apply(found, step, parse(text(name), {})[1])
    return found


def hadolint(*files: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("hadolint")
    return subprocess.run(
        [str(program), "--config", str(DOCKER / "hadolint.yaml"), "--no-color", *map(str, files)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@BOTH
def test_hadolint_has_nothing_to_say(name: str) -> None:
    said = hadolint(FILES[name])
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@BOTH
@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("USER 10001:10001", "DL3002"),  # becomes USER root
        ("STOPSIGNAL SIGTERM", "DL3020"),  # becomes ADD of a file
    ],
)
def test_hadolint_is_awake(tmp_path: Path, name: str, line: str, rule: str) -> None:
    worse = {"DL3002": "USER root", "DL3020": "ADD schema /schema"}[rule]
    bad = tmp_path / "Dockerfile"
    assert line in text(name)
    bad.write_text(text(name).replace(line, worse), encoding="utf-8")
    said = hadolint(bad)
    assert said.returncode == 1
    assert rule in said.stdout


def test_each_rule_that_is_left_out_has_its_reason_above_it() -> None:
    lines = (DOCKER / "hadolint.yaml").read_text(encoding="utf-8").splitlines()
    ignored = yaml.safe_load("\n".join(lines))["ignored"]
    assert ignored == ["DL3008"]
    for rule in ignored:
        at = lines.index(f"  - {rule}")
        assert lines[at - 1].lstrip().startswith("#"), rule


@BOTH
def test_one_base_for_all_stages_by_digest(name: str) -> None:
    first, *others = stages(name)
    assert first.name == "base"
    assert re.fullmatch(r"debian:trixie-slim@sha256:[0-9a-f]{64}", first.base)
    assert {stage.base for stage in others} == {"base"}


def test_both_have_the_same_base_and_take_the_authorities_in_the_same_way() -> None:
    pooler, schema = (stages(name) for name in ("pooler", "schema"))
    assert pooler[0] == schema[0]
    assert pooler[1] == schema[1]
    assert pooler[1].name == "authorities"


@BOTH
def test_it_runs_as_a_number_that_is_not_root_and_the_task_definition_says_the_same(name: str) -> None:
    assert re.fullmatch(r"[1-9][0-9]{3,}:[1-9][0-9]{3,}", image(name).user)
    assert image(name).user == containers.USER


@BOTH
def test_nothing_is_fetched_without_tls_and_nothing_by_add(name: str) -> None:
    assert steps(name, "ADD") == []
    fetching = [run for run in steps(name, "RUN") if "curl " in run and "--output" in run]
    assert fetching
    for run in fetching:
        assert "--proto =https,file" in run
        assert "--proto-redir =https" in run
        assert "sha256sum --check --strict" in run or "check_bundle.py" in run, "what came is held against something"
    assert re.findall(r"http://\S+", "\n".join(line for line in text(name).splitlines() if line[:1] != "#")) == []


@BOTH
def test_no_argument_and_no_variable_could_carry_a_secret(name: str) -> None:
    _, outside = parse(text(name), {})
    names = [*outside, *(value.partition("=")[0] for value in steps(name, "ARG")), *image(name).env]
    assert len(names) > 5
    assert [one for one in names if SECRET.search(one)] == []


@BOTH
def test_package_lists_never_stay(name: str) -> None:
    for run in steps(name, "RUN"):
        assert ("apt-get update" in run) == ("rm -rf /var/lib/apt/lists/*" in run)


@BOTH
def test_it_says_what_it_is_and_how_it_ends(name: str) -> None:
    found = image(name)
    assert set(found.labels) == {f"org.opencontainers.image.{key}" for key in ("title", "description", "version")}
    assert all(found.labels.values())
    assert found.stop_signal == "SIGTERM"
    assert found.entrypoint == [], "a task definition's command is the whole command"
    assert found.command


def test_the_pooler_starts_and_is_asked_for_its_health_as_its_task_definition_says() -> None:
    found = image("pooler")
    assert found.command == ["pooler-entrypoint"]
    assert found.exposed == [str(pgbouncer.PORT)]
    assert ["CMD", *found.health] == containers.POOLER_HEALTH["command"]
    (line,) = (line for line in text("pooler").splitlines() if line.startswith("HEALTHCHECK "))
    seconds = dict(re.findall(r"--([a-z-]+)=(\d+)", line))
    assert seconds == {
        "interval": str(containers.POOLER_HEALTH["interval"]),
        "timeout": str(containers.POOLER_HEALTH["timeout"]),
        "retries": str(containers.POOLER_HEALTH["retries"]),
        "start-period": str(containers.POOLER_HEALTH["startPeriod"]),
    }
    for program in (*found.command, *found.health):
        assert (DOCKER / "pooler" / "bin" / program).stat().st_mode & 0o111


def test_a_task_that_ends_by_itself_has_no_health_check() -> None:
    assert steps("schema", "HEALTHCHECK") == ["NONE"]


@BOTH
def test_the_authorities_lie_where_the_program_looks_for_them(name: str) -> None:
    folder, _, file = pgbouncer.CA_BUNDLE.rpartition("/")
    assert f"--from=authorities {folder} {folder}" in steps(name, "COPY")
    assert f"{folder}/{file}" in "\n".join(steps(name, "RUN"))


def test_pgbouncer_is_a_release_that_stacks_may_name_and_as_new_as_their_default() -> None:
    version = parse(text("pooler"), {})[1]["PGBOUNCER_VERSION"]
    release = version.rpartition(".")[0]
    assert release in POOLER_VERSIONS
    default = service_spec(PROFILES[0])
    wanted = default["pooler"]["version"].default  # type: ignore[index,union-attr]
    assert pgbouncer.release(release) >= pgbouncer.release(str(wanted))


def test_every_major_that_a_stack_may_name_has_its_pg_dump_on_the_path() -> None:
    _, outside = parse(text("schema"), {})
    assert tuple(outside["PG_MAJORS"].split()) == ENGINE_MAJORS
    path = image("schema").env["PATH"].split(":")
    assert path[0] == "/opt/runner/bin"
    assert [f"/usr/lib/postgresql/{major}/bin" for major in reversed(ENGINE_MAJORS)] == path[1 : 1 + len(ENGINE_MAJORS)]
    assert path.index("/usr/lib/postgresql/15/bin") < path.index("/usr/bin"), "before Debian's wrapper"


def test_the_last_stage_copies_nothing_from_the_repository_itself() -> None:
    for name in FILES:
        copies = [step.value for step in stages(name)[-1].steps if step.name == "COPY"]
        assert copies
        assert all(copy.startswith("--from=") for copy in copies), "modes and owners are settled in an earlier stage"


def test_variables_are_put_in_as_docker_does() -> None:
    assert expand("$A/${B}-$C", {"A": "1", "B": "2"}) == "1/2-"
