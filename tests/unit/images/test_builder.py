"""The reader of Dockerfiles that stands in for a container engine passes nothing over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.images.dockerfile import (
    Image,
    NotUnderstood,
    Step,
    apply,
    declared,
    expand,
    flags,
    parse,
    read,
    shell_command,
)

TEXT = """\
# a remark
ARG OUTER=1
ARG NONE
FROM debian:trixie-slim@sha256:00 AS base
FROM base AS build
ARG OUTER
ARG OWN=$OUTER.2
RUN one \\
    # inside
    && two
FROM base
COPY --from=build /out /
CMD ["a", "b"]
"""


def test_stages_have_their_names_bases_and_steps() -> None:
    stages, outside = parse(TEXT, {})
    assert outside == {"OUTER": "1"}
    assert [(stage.name, stage.base, [step.name for step in stage.steps]) for stage in stages] == [
        ("base", "debian:trixie-slim@sha256:00", []),
        ("build", "base", ["ARG", "ARG", "RUN"]),
        ("2", "base", ["COPY", "CMD"]),
    ]
    assert stages[1].steps[2].value.split() == ["one", "&&", "two"]


def test_an_argument_is_what_is_given_else_its_default_else_the_outer_one_else_nothing() -> None:
    assert declared("A=1", {}, {"A": "2"}, {"A": "3"}) == {"A": "3"}
    assert declared("A=1", {}, {"A": "2"}, {}) == {"A": "1"}
    assert declared("A", {}, {"A": "2"}, {}) == {"A": "2"}
    assert declared("A", {}, {}, {}) == {}
    assert declared('A="x y $B"', {"B": "z"}, {}, {}) == {"A": "x y z"}
    assert parse("ARG A=1\nFROM x:$A\n", {"A": "7"})[0][0].base == "x:7"


def test_an_argument_that_the_file_does_not_have_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text(TEXT)
    assert read(file, {"OWN": "x"})[1] == {"OUTER": "1"}
    with pytest.raises(NotUnderstood, match="has no ARG OWNN"):
        read(file, {"OWNN": "x"})


@pytest.mark.parametrize(
    "line", ["RUN --mount=type=cache,target=/x y", "RUN <<END", 'RUN ["a", "b"]', "RUN cat <<END > /x"]
)
def test_a_run_of_another_kind_is_an_error(line: str) -> None:
    name, _, value = line.partition(" ")
    with pytest.raises(NotUnderstood):
        shell_command(Step(name, value))


def test_a_command_for_a_shell_is_an_error_where_signals_would_be_lost() -> None:
    for name, value in (("CMD", "a b"), ("ENTRYPOINT", "a"), ("HEALTHCHECK", "CMD a b"), ("CMD", '["a", 1]')):
        with pytest.raises(NotUnderstood, match="write it as a list"):
            apply(Image(), Step(name, value), {})


def test_what_it_does_not_know_is_an_error() -> None:
    for text in ("LABEL a=b\nFROM x\n", "FROM x AS\n", "FROM --platform=linux/amd64 x AS y\n"):
        with pytest.raises(NotUnderstood):
            parse(text, {})
    with pytest.raises(NotUnderstood):
        expand("${A:-b}", {})
    with pytest.raises(NotUnderstood, match="--chmod"):
        flags("--chmod=1 a b", frozenset({"from"}))
    with pytest.raises(NotUnderstood):
        apply(Image(), Step("HEALTHCHECK", "LATER"), {})
    for name in ("ADD", "VOLUME", "ONBUILD", "SHELL", "RUN"):
        assert not apply(Image(), Step(name, "x"), {}), "left to the builder, which knows RUN, COPY, WORKDIR alone"


def test_what_an_image_says_of_itself_is_kept() -> None:
    image = Image()
    for name, value in (
        ("ENV", 'A=1 B="two words" C=$A'), ("ENV", "D=$A/$E"), ("LABEL", "l=$E"), ("USER", "1:2"), ("EXPOSE", "$E"),
        ("STOPSIGNAL", "SIGINT"), ("CMD", '["c"]'), ("ENTRYPOINT", '["e"]'), ("HEALTHCHECK", '--retries=1 CMD ["h"]'),
    ):  # fmt: skip
        assert apply(image, Step(name, value), {"E": "9"})
    assert {key: image.env[key] for key in "ABD"} == {"A": "1", "B": "two words", "D": "1/9"}
    assert (image.labels, image.user, image.exposed, image.stop_signal) == ({"l": "9"}, "1:2", ["9"], "SIGINT")
    assert (image.command, image.entrypoint, image.health) == (["c"], ["e"], ["h"])
    assert apply(image, Step("HEALTHCHECK", "NONE"), {})
    assert image.health == []
