"""Every command that a page names is one that exists, as its own parser sees it."""

from __future__ import annotations

import importlib.util
import re

import pytest

from tests.unit.docs import commands, pages

_MODULE = re.compile(r"(?:^|[\s/])(?:python3?(?:\.\d+)?) -m ([\w.]+)")
_TARGET = re.compile(r"^([a-z][\w-]*):(?!=)", re.MULTILINE)
PROMISED = ("restore",)
"""Commands that are not there yet: where a page names one, it says that it is to come."""
# Those of other projects.
FOREIGN_MODULES = ("pytest", "venv", "pip")


def targets() -> set[str]:
    return set(_TARGET.findall((pages.REPOSITORY / "Makefile").read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", pages.pages())
def test_dbctl_takes_each_command_line_of_a_block(page: str) -> None:
    wrong = [
        f"{block.place}: dbctl {' '.join(words)}: {said}"
        for block in pages.blocks(page, pages.read(page))
        if block.language == pages.SHELL
        for words in commands.dbctl_lines(block.text)
        if (said := commands.refused(words))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", pages.pages())
def test_dbctl_has_each_command_and_option_that_a_sentence_names(page: str) -> None:
    wrong = [
        f"{page}:{line}: `{span}`: {said}"
        for line, span in pages.spans(pages.read(page))
        if span.startswith(commands.NAMES)
        for words in commands.dbctl_lines(span)
        if (said := commands.unknown(words)) and not (words[0] in PROMISED and is_to_come(page, line))
    ]
    assert not wrong, "\n".join(wrong)


def is_to_come(page: str, line: int) -> bool:
    """Whether the line says so."""
    return "to come" in pages.read(page).split("\n")[line - 1]


def test_what_is_promised_is_not_there_yet() -> None:
    assert [name for name in PROMISED if commands.unknown([name]) is None] == []


@pytest.mark.parametrize("page", pages.pages())
def test_each_make_target_exists(page: str) -> None:
    known = targets()
    text = pages.read(page)
    told = [(line, span) for line, span in pages.spans(text)]
    told += [(block.line, block.text) for block in pages.blocks(page, text) if block.language == pages.SHELL]
    wrong = [
        f"{page}:{line}: make {word}"
        for line, shell in told
        if re.search(r"\bmake\b", shell)
        for words in map(pages.without_settings, pages.commands(shell))
        if words and words[0] == "make"
        for word in words[1:]
        if "=" not in word and not word.startswith("-") and word not in known
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", pages.pages())
def test_each_module_that_python_is_told_to_run_exists(page: str) -> None:
    text = pages.read(page)
    told = [(line, span) for line, span in pages.spans(text)]
    told += [(block.line, block.text) for block in pages.blocks(page, text) if block.language == pages.SHELL]
    wrong = [
        f"{page}:{line}: python -m {module}"
        for line, words in told
        for module in _MODULE.findall(words)
        if module not in FOREIGN_MODULES and not is_ours(module)
    ]
    assert not wrong, "\n".join(wrong)


def is_ours(module: str) -> bool:
    path = module.replace(".", "/")
    if f"{path}.py" in pages.files() or f"{path}/__main__.py" in pages.files():
        return True
    # The pooler's own package is not at the root.
    return f"docker/pooler/bin/{path}/__main__.py" in pages.files() and importlib.util.find_spec(module) is not None


def test_the_parser_refuses_what_dbctl_has_not() -> None:
    """The tests above could not fail if it took everything."""
    assert commands.refused(["preview", "-s", "dev", "--offline"]) is None
    assert commands.refused(["schema", "revert", "-s", "STACK", "platform"]) is None
    assert commands.refused(["psql", "-s", "local", "platform", "--", "-c", "select 1"]) is None
    assert commands.refused(["--help"]) is None
    assert commands.refused(["deploy", "--help"]) is None
    assert commands.refused(["explode"]) is not None
    assert commands.refused(["preview"]) is not None  # which stack?
    assert commands.refused(["preview", "-s", "dev", "--online"]) is not None
    assert commands.refused(["schema", "explode", "-s", "dev"]) is not None
    assert commands.refused(["preview", "-s", "dev", "platform"]) is not None
    assert commands.unknown(["schema", "plan"]) is None
    assert commands.unknown(["deploy", "--accept-loss"]) is None
    assert commands.unknown(["deploy", "--acept-loss"]) == "deploy has no option '--acept-loss'"
    assert commands.unknown(["schema", "explode"]) == "there is no command 'explode'"
