"""A stack's file is refused where it can be read in two ways, or names a region that there is not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import botocore
import pytest

from infra import names
from infra.rules.estate import partition
from ops import image_pins, regions, stack_file
from ops.errors import BAD_INPUT, BadInput
from ops.paths import REPOSITORY

STACK = "dev"
HAS_RDS = "takes the code of an AWS region that has RDS"
LATELY = f"where AWS opened it lately: raise boto3 and botocore ({botocore.__version__}) in requirements-dev.txt"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The stack's own file in a folder where it can be spoilt, beside the services' folders."""
    shutil.copy(REPOSITORY / f"Pulumi.{STACK}.yaml", tmp_path)
    (tmp_path / "sql").symlink_to(REPOSITORY / "sql")
    return tmp_path


def replace(repository: Path, before: str, after: str) -> None:
    path = repository / f"Pulumi.{STACK}.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")


def refused(repository: Path) -> tuple[str, ...]:
    with pytest.raises(BadInput) as told:
        stack_file.load_estate(STACK, repository)
    assert told.value.code == BAD_INPUT
    return told.value.lines


def write(folder: Path, text: str) -> None:
    (folder / f"Pulumi.{STACK}.yaml").write_text(text, encoding="utf-8")


def again(key: str, first: int, second: int) -> str:
    return (
        f"{key}: stands in line {first} of Pulumi.dev.yaml and again in line {second}; a key has one value,"
        " remove the other"
    )


TWICE: list[tuple[str, list[str]]] = [
    ("config: {a: 1}\nconfig: {a: 1}\n", [again("config", 1, 2)]),
    ("config:\n  aws:region: x\n  other: y\n  aws:region: x\n", [again("aws:region", 2, 4)]),
    ("config:\n  e:\n    profile: a\n    'profile': b\n", [again("e.profile", 3, 4)]),
    ("config:\n  e: {services: [{a: 1}, {b: 1, b: 2}]}\n", [again("e.services[1].b", 2, 2)]),
    ("config:\n  1: a\n  '1': b\n", [again("1", 2, 3)]),
    ("config:\n  a: 1\n  a: 2\n  a: 3\n  b: {c: 1, c: 1}\n",
     [again("a", 2, 3), again("a", 2, 4), again("b.c", 5, 5)]),
    ("config:\n  a: &x {b: 1, b: 2}\n  c: *x\n", [again("a.b", 2, 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "lines"), TWICE)
def test_a_key_that_stands_twice_is_named_at_every_depth_with_both_lines(
    tmp_path: Path, text: str, lines: list[str]
) -> None:
    write(tmp_path, text)
    for read in (stack_file.read_settings, stack_file.load_estate, stack_file.region):
        with pytest.raises(BadInput) as told:
            read(STACK, tmp_path)
        assert told.value.lines == tuple(lines)


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ("config: {a: {b: 1}, c: {b: 1}}\n", {"a": {"b": 1}, "c": {"b": 1}}),
        ("config: {a: [{b: 1}, {b: 2}]}\n", {"a": [{"b": 1}, {"b": 2}]}),
        ("config:\n  a: &x {b: 1, c: 1}\n  d:\n    <<: *x\n    b: 2\n", {"a": {"b": 1, "c": 1}, "d": {"b": 2, "c": 1}}),
        ("config: {b: 1, B: 2}\n", {"b": 1, "B": 2}),
    ],
)
def test_a_key_may_stand_in_two_mappings_and_over_what_is_merged_into_its_own(
    tmp_path: Path, text: str, config: dict[str, object]
) -> None:
    write(tmp_path, text)
    assert stack_file.read_settings(STACK, tmp_path) == {"config": config}


def test_an_image_is_not_pinned_in_a_file_that_can_be_read_in_two_ways(repository: Path) -> None:
    replace(repository, "    tls: required\n", "    tls: required\n    tls: required\n")
    before = (repository / f"Pulumi.{STACK}.yaml").read_bytes()
    with pytest.raises(BadInput) as told:
        image_pins.pin([STACK], {"pooler": f"postgres-estate/pooler@sha256:{'a' * 64}"}, repository)
    assert told.value.lines == (again("postgres-estate:estate.tls", 7, 8),)
    assert (repository / f"Pulumi.{STACK}.yaml").read_bytes() == before


def test_the_file_as_it_is_is_taken_and_so_is_every_region_that_has_rds(repository: Path) -> None:
    assert stack_file.load_estate(STACK, repository).stack == STACK
    assert {partition(code) for code in regions.known()} >= {"aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso"}
    for code in regions.known():
        assert names.is_region(code)
        assert regions.problem("aws:region", code) is None


REGIONS: list[tuple[str, str]] = [
    ("aws:region: us-esat-1", f"aws:region = 'us-esat-1': {HAS_RDS}; did you mean us-west-1 or us-east-1?; {LATELY}"),
    ("aws:region: mars-venus-1", f"aws:region = 'mars-venus-1': {HAS_RDS}; write one such as us-east-1; {LATELY}"),
    ("aws:region: mars", f"aws:region = 'mars': {HAS_RDS}; write one such as us-east-1"),
    (
        "aws:region: EU-SOUTH-1",
        f"aws:region = 'EU-SOUTH-1': {HAS_RDS}; did you mean eu-south-1, me-south-1 or eu-south-2?",
    ),
    ("aws:region: eu-wets-1a", f"aws:region = 'eu-wets-1a': {HAS_RDS}; did you mean eu-west-1?"),
    ("aws:region: eu-frankfurt-1", f"aws:region = 'eu-frankfurt-1': {HAS_RDS}; write one such as us-east-1; {LATELY}"),
    ("aws:region:", f"aws:region = None: {HAS_RDS}; write one such as us-east-1"),
    ("aws:region: [us-east-1]", f"aws:region = ['us-east-1']: {HAS_RDS}; write one such as us-east-1"),
    ("aws:profile: me", f"aws:region = (missing): {HAS_RDS}; write one such as us-east-1"),
]


@pytest.mark.parametrize(("written", "line"), REGIONS)
def test_a_region_that_there_is_not_is_one_line(repository: Path, written: str, line: str) -> None:
    replace(repository, "aws:region: us-east-1", written)
    replace(repository, "    tls: required\n", "    tls: required\n    recovery: {region: us-west-2}\n")
    assert refused(repository) == (line,)
    with pytest.raises(BadInput, match=re.escape(f"Pulumi.{STACK}.yaml: {line}")):
        stack_file.region(STACK, repository)


def test_regions_are_judged_together_with_every_other_key(repository: Path) -> None:
    replace(repository, "aws:region: us-east-1", "aws:region: eu-wets-1")
    replace(repository, "    tls: required\n", "    tls: perhaps\n    recovery: {region: us-wset-2}\n")
    region, recovery, tls = refused(repository)
    assert region == f"aws:region = 'eu-wets-1': {HAS_RDS}; did you mean eu-west-1?; {LATELY}"
    key = "postgres-estate:estate.recovery.region"
    assert recovery == f"{key} = 'us-wset-2': {HAS_RDS}; did you mean us-west-2?; {LATELY}"
    assert tls.startswith("postgres-estate:estate.tls = 'perhaps': ")


def test_a_second_region_of_another_form_is_named_once(repository: Path) -> None:
    replace(repository, "    tls: required\n", "    tls: required\n    recovery: {region: west}\n")
    (said,) = refused(repository)
    assert said.startswith("postgres-estate:estate.recovery.region = 'west': ")


def test_regions_are_known_without_the_callers_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "there-is-none")
    regions.known.cache_clear()
    assert "us-east-1" in regions.known()
