"""`dbctl images pin`: two references change, nothing else; all files or none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from ops import console, image_commands
from ops.errors import BadInput, OperatorError
from ops.image_pins import Pinned, edited, pin, plan, problem
from ops.paths import REPOSITORY

A, B = (f"postgres-estate/pooler@sha256:{digit * 64}" for digit in "ab")
C = f"postgres-estate/schema@sha256:{'c' * 64}"
ELSEWHERE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/postgres-estate/pooler@sha256:{'d' * 64}"
STACKS = ("dev", "local", "prod")

TEXT = """\
# first
config:
  aws:region: us-east-1  # here
  postgres-estate:estate:
    tls: required
    # Remarks on what is below
    # in two lines.
    services:
      - {name: platform}   # one
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for stack in STACKS:
        shutil.copy(REPOSITORY / f"Pulumi.{stack}.yaml", tmp_path)
    return tmp_path


def texts(repository: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in repository.iterdir()}


def images(text: str) -> object:
    return yaml.safe_load(text)["config"]["postgres-estate:estate"].get("images")


def with_images(lines: str) -> str:
    return TEXT.replace("    tls: required\n", f"    tls: required\n{lines}")


def test_the_first_reference_comes_before_the_services_and_what_is_said_of_them() -> None:
    assert edited(TEXT, {"pooler": A, "schema": C}) == TEXT.replace(
        "    # Remarks", f"    images:\n      pooler: {A}\n      schema: {C}\n    # Remarks"
    )


BLOCKS: list[tuple[str, Mapping[str, str], str]] = [
    (f"    images:\n      pooler: {A}  # why\n", {"pooler": B}, f"    images:\n      pooler: {B}  # why\n"),
    (f"    images:\n        pooler: {A}\n", {"schema": C}, f"    images:\n        pooler: {A}\n        schema: {C}\n"),
    (f'    images: {{pooler: "{A}"}} # in braces\n', {"pooler": B}, f'    images: {{pooler: "{B}"}} # in braces\n'),
    (f"    images: {{ pooler: '{A}' }}\n", {"schema": C}, f"    images: {{ pooler: '{A}', schema: {C} }}\n"),
    ("    images: {}\n", {"pooler": A, "schema": C}, f"    images: {{pooler: {A}, schema: {C}}}\n"),
    (
        "    images:\n      # both\n      schema: postgres-estate/schema:1\n      pooler: pooler:1.26\n",
        {"pooler": A, "schema": C},
        f"    images:\n      # both\n      schema: {C}\n      pooler: {A}\n",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "references", "after"), BLOCKS)
def test_where_there_are_images_only_their_text_changes(before: str, references: Mapping[str, str], after: str) -> None:
    assert edited(with_images(before), references) == with_images(after)
    assert edited(with_images(after), references) == with_images(after), "and a second time nothing"


def test_a_files_line_ends_stay() -> None:
    windows = TEXT.replace("\n", "\r\n")
    assert edited(windows, {"pooler": A}) == edited(TEXT, {"pooler": A}).replace("\n", "\r\n")


def test_a_file_without_a_last_line_end_gets_its_line() -> None:
    text = f"config:\n  aws:region: x\n  postgres-estate:estate:\n    services: []\n    images:\n      pooler: {A}"
    assert edited(text, {"schema": C}) == f"{text}\n      schema: {C}"


@pytest.mark.parametrize("stack", STACKS)
def test_in_every_stacks_own_file_lines_are_added_and_none_is_changed(stack: str) -> None:
    before = (REPOSITORY / f"Pulumi.{stack}.yaml").read_text()
    after, problems = plan({stack: before}, {"pooler": A, "schema": C})
    assert problems == []
    diff = Pinned(Path(f"Pulumi.{stack}.yaml"), before, after[stack]).diff().splitlines()
    changed = [line for line in diff if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    if images(before) is None:
        assert changed == ["+    images:", f"+      pooler: {A}", f"+      schema: {C}"]
    assert images(after[stack]) == {"pooler": A, "schema": C}


WRONG = [
    ("postgres-estate/pooler:1.26", "takes NAME@sha256:DIGEST"),
    ("postgres-estate/pooler:latest", "takes NAME@sha256:DIGEST"),
    ("postgres-estate/pooler@sha256:" + "a" * 63, "takes NAME@sha256:DIGEST"),
    ("postgres-estate/pooler@sha256:" + "A" * 64, "takes NAME@sha256:DIGEST"),
    ("postgres-estate/pooler@sha512:" + "a" * 64, "takes NAME@sha256:DIGEST"),
    ("@sha256:" + "a" * 64, "takes NAME@sha256:DIGEST"),
    ("postgres-estate/pooler:1.26@sha256:" + "a" * 64, "has a tag beside the digest"),
    ("Postgres/Pooler@sha256:" + "a" * 64, "is no image reference"),
    ("a b@sha256:" + "a" * 64, "is no image reference"),
    ("a\n  evil: b@sha256:" + "a" * 64, "is no image reference"),
]


@pytest.mark.parametrize(("reference", "words"), WRONG)
def test_what_is_no_digest_is_refused_with_what_is_allowed(reference: str, words: str) -> None:
    said = problem("pooler", reference)
    assert said is not None
    assert said.startswith(f"--pooler {reference!r}: ")
    assert words in said


@pytest.mark.parametrize("reference", [A, C, ELSEWHERE, "localhost:5000/a/b@sha256:" + "0" * 64])
def test_a_name_with_a_digest_is_taken_a_registrys_port_included(reference: str) -> None:
    assert problem("pooler", reference) is None


def test_everything_wrong_is_said_at_once_and_nothing_is_written(repository: Path) -> None:
    before = texts(repository)
    with pytest.raises(BadInput) as told:
        pin(["prod", "staging", "dev"], {"pooler": "x:1", "schema": ELSEWHERE.replace("pooler", "schema")}, repository)
    assert told.value.lines[0].startswith("there is no stack 'staging': ")
    said = "\n".join(told.value.lines)
    assert "--pooler 'x:1': takes NAME@sha256:DIGEST" in said
    assert said.count("cannot reach it, its tasks reach ECR in us-east-1 and nothing else") == 2
    assert texts(repository) == before


def test_nothing_to_pin_and_nowhere_to_pin_are_said(repository: Path) -> None:
    with pytest.raises(BadInput, match="nothing to pin: give --pooler, --schema or both"):
        pin(["prod"], {"pooler": None, "schema": None}, repository)
    with pytest.raises(BadInput, match=r"no stack is named: give -s STACK.*dev, local, prod"):
        pin([], {"pooler": A}, repository)


def test_both_files_get_them_and_keep_their_modes(repository: Path) -> None:
    (repository / "Pulumi.dev.yaml").chmod(0o640)
    before = texts(repository)
    found = pin(["dev", "prod", "dev"], {"pooler": A, "schema": None}, repository)
    assert [one.path.name for one in found] == ["Pulumi.dev.yaml", "Pulumi.prod.yaml"]
    after = texts(repository)
    assert {name for name in after if after[name] != before[name]} == {"Pulumi.dev.yaml", "Pulumi.prod.yaml"}
    assert [images(after[f"Pulumi.{stack}.yaml"]) for stack in ("dev", "prod")] == [{"pooler": A}] * 2
    assert (repository / "Pulumi.dev.yaml").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in repository.iterdir()) == sorted(before), "and nothing lies beside them"


def test_the_same_again_changes_no_byte(repository: Path) -> None:
    pin(["prod"], {"pooler": A, "schema": C}, repository)
    stamp = (repository / "Pulumi.prod.yaml").stat().st_mtime_ns
    (again,) = pin(["prod"], {"pooler": A, "schema": C}, repository)
    assert again.diff() == ""
    assert (repository / "Pulumi.prod.yaml").stat().st_mtime_ns == stamp


def test_a_file_that_cannot_be_written_takes_the_others_back(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = texts(repository)
    real = os.replace

    def broken(source: str, target: Path) -> None:
        if target.name == "Pulumi.prod.yaml":
            raise OSError(28, "No space left on device", source, None, str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OperatorError, match=r"nothing is pinned: .*Pulumi\.prod\.yaml: No space left on device"):
        pin(["dev", "prod"], {"pooler": A}, repository)
    assert texts(repository) == before


SHAPES = [
    (with_images("    images: [a]\n"), "`images:` is no mapping"),
    (with_images("    images:\n      pooler: {a: b}\n"), "`images.pooler:` is no text"),
    ("config:\n  aws:region: us-east-1\n  postgres-estate:estate: {services: []}\n", "is written in braces"),
    ("config:\n  aws:region: x\n  postgres-estate:estate:\n    tls: required\n", "there is no `services:` in it"),
    ("config:\n  aws:region: us-east-1\n", "there is no mapping `postgres-estate:estate:` in it"),
    (
        with_images("    images: &both\n      pooler: x\n").replace("{name: platform}", "{name: *both}"),
        "cannot be edited safely",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), SHAPES)
def test_a_shape_that_has_no_place_for_them_is_refused_with_the_files_name(text: str, words: str) -> None:
    _, problems = plan({"odd": text}, {"pooler": A})
    (said,) = problems
    assert said.startswith("Pulumi.odd.yaml: ")
    assert words in said


def test_the_command_shows_what_it_changed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_commands, "REPOSITORY", repository)
    with console.out.capture() as shown:
        done = CliRunner().invoke(image_commands.app, ["pin", "-s", "prod", "-s", "dev", "--pooler", A])
        again = CliRunner().invoke(image_commands.app, ["pin", "-s", "prod", "--pooler", A])
    assert (done.exit_code, again.exit_code) == (0, 0), done.output
    said = shown.get()
    assert said.count(f"+      pooler: {A}\n") == 2
    assert "--- Pulumi.prod.yaml\n+++ Pulumi.prod.yaml\n" in said
    assert "Pulumi.prod.yaml: has these images already\n" in said


def test_an_empty_reference_is_a_mistake_and_not_left_out(repository: Path) -> None:
    before = (repository / "Pulumi.prod.yaml").read_text()
    with pytest.raises(BadInput, match="--schema '': takes NAME@sha256:DIGEST"):
        pin(["prod"], {"pooler": A, "schema": ""}, repository)
    assert (repository / "Pulumi.prod.yaml").read_text() == before


@pytest.mark.parametrize("written", ["pooler: |\n        x", "pooler: >-\n        x", "pooler:"])
def test_a_place_that_holds_no_plain_reference_is_refused(written: str) -> None:
    text = TEXT.replace("    services:", f"    images:\n      {written}\n    services:", 1)
    assert text != TEXT
    _, problems = plan({"prod": text}, {"pooler": A})
    assert problems == [
        "Pulumi.prod.yaml: `images.pooler:` is empty or of several lines; write an image reference behind it,"
        " or take it out"
    ]
