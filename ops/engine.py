"""The Pulumi engine through its Automation API: one stack, the same program that `pulumi up` runs.

A stack of a real account works in the repository's folder, with its own Pulumi.<stack>.yaml and the backend that the
operator is logged in to. A stack of the local cloud, and an offline preview, work in a folder of their own with a copy
of that file, so that nothing of theirs ever reaches the repository or the operator's backend.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation as auto
from pulumi.automation import events
from pulumi.runtime.settings import SETTINGS

from infra import program
from infra.config import Estate
from ops.aws import Account
from ops.bootstrap.names import ALIAS
from ops.errors import OperatorError
from ops.paths import REPOSITORY
from ops.stack_file import PROJECT, load_estate, read_settings, region
from ops.toolchain import require_pulumi

REAL_BACKEND_KEYS = frozenset({"secretsprovider", "encryptedkey"})
"""What ties a stack file to a real account's key; a copy for the local cloud leaves it out."""

FOREIGN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CA_BUNDLE")
"""Settings of the operator's own account that would be looked for, and not found, in the local cloud."""


@dataclass(frozen=True, slots=True)
class Target:
    """A stack, its validated configuration, and where the engine is to work on it."""

    stack: str
    estate: Estate
    account: Account
    work_dir: Path
    environment: Mapping[str, str]

    @property
    def is_fake(self) -> bool:
        """Whether the account is the local cloud's."""
        return bool(self.account.environment)


def real_target(stack: str) -> Target:
    """The stack in its real AWS account."""
    return Target(stack, load_estate(stack), Account(region(stack)), REPOSITORY, {})


def fake_target(stack: str, work_dir: Path, aws: Mapping[str, str], pulumi: Mapping[str, str]) -> Target:
    """The stack in a local cloud; writes the work folder's project and stack files."""
    estate = load_estate(stack)
    for name in FOREIGN:
        os.environ.pop(name, None)
    work_dir.mkdir(parents=True, exist_ok=True)
    backend = pulumi["PULUMI_BACKEND_URL"].removeprefix("file://")
    Path(backend).mkdir(parents=True, exist_ok=True)
    (work_dir / "Pulumi.yaml").write_text(yaml.safe_dump({"name": PROJECT, "runtime": "python"}), encoding="utf-8")
    settings = {key: value for key, value in read_settings(stack).items() if key not in REAL_BACKEND_KEYS}
    settings.setdefault("encryptionsalt", _kept_salt(work_dir, stack))
    settings = {key: value for key, value in settings.items() if value is not None}
    (work_dir / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return Target(stack, estate, Account(region(stack), aws), work_dir, {**aws, **pulumi})


def _kept_salt(work_dir: Path, stack: str) -> str | None:
    """The salt that the engine wrote at the first run; without it the state's secrets could not be read."""
    path = work_dir / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        return None
    salt = yaml.safe_load(path.read_text(encoding="utf-8")).get("encryptionsalt")
    return str(salt) if salt else None


def options(target: Target) -> auto.LocalWorkspaceOptions:
    """Where and with which command the engine works on the target."""
    # A CA bundle of the user's is for the internet; the local cloud speaks plain HTTP on loopback.
    return auto.LocalWorkspaceOptions(
        work_dir=str(target.work_dir),
        pulumi_command=auto.PulumiCommand(root=str(require_pulumi().parent.parent)),
        env_vars={"PULUMI_SKIP_UPDATE_CHECK": "true", **target.environment},
    )


async def _settled() -> None:
    """The program, and then a wait for everything it declared, all at once.

    The SDK waits by itself, too, but looks at every open value anew each time that one of them is decided: of ten
    thousand values that was half of a preview's time (Pulumi 3.259: pulumi.runtime.stack.wait_for_rpcs).
    """
    program.main()
    with SETTINGS.lock:
        declared = list(SETTINGS.outputs)
    if declared:
        await asyncio.wait(declared)


def open_stack(target: Target) -> auto.Stack:
    """The engine's handle of the stack; in the local cloud it is made if it is new."""
    # A real stack is made by a person, with the key that encrypts its state: made here it would get a passphrase.
    opening = auto.create_or_select_stack if target.is_fake else auto.select_stack
    try:
        with readable_failures():
            return opening(stack_name=target.stack, project_name=PROJECT, program=_settled, opts=options(target))
    except OperatorError as error:
        if target.is_fake:
            raise
        raise OperatorError(*error.lines, *_hints(target.stack, error.lines)) from None


def _hints(stack: str, lines: Sequence[str]) -> list[str]:
    """What may help where the engine did not get as far as the stack."""
    if any("no stack named" in line for line in lines):
        return [
            f"make it once, with the key that `dbctl bootstrap` made for its state: pulumi stack init {stack}"
            f' --secrets-provider "awskms://{ALIAS}?region=REGION"'
        ]
    if any("PULUMI_ACCESS_TOKEN" in line for line in lines):
        return [
            "say where the state is, as `dbctl bootstrap` does at its end:"
            ' export PULUMI_BACKEND_URL="s3://postgres-estate-state-ACCOUNT-REGION?region=REGION"',
            f"without an account: dbctl preview -s {stack} --offline",
        ]
    return []


@contextmanager
def readable_failures(seen: Sequence[events.EngineEvent] = ()) -> Iterator[None]:
    """Turn the engine's failure into OperatorError with the lines that say why.

    `seen` are the events of the operation; they may still be arriving while it runs.
    """
    try:
        yield
    except auto.CommandError as error:
        raise OperatorError(*(failures(seen) or failure_lines(str(error)))) from None


ANSI = re.compile(r"\x1b\[[0-9;]*m|<\{%[^%]*%\}>")
"""Colour, as the engine writes it to terminals and into its events."""

URN = re.compile(r"urn:pulumi:[^'\"\s]*::([^:'\"\s]+)")
"""A resource's full name; its last part is the name a person gave it."""

PLANNED = re.compile(r"\{&\{\{.*?\}\}\}", re.DOTALL)
"""A secret, as the engine writes it in clear where an update does not fit its plan (3.259: PlanDiff.MakeError)."""

ERROR = re.compile(r"(?:stderr: )?error: *(.+)")

FRAME = re.compile(r"(update|preview|destroy|refresh) failed|resource \w+ failed")
"""What the engine says around an error; the error itself says more."""


def failures(seen: Sequence[events.EngineEvent]) -> list[str]:
    """The errors in the engine's events, one line each: the resource and what is wrong with it, each once, in order."""
    lines: dict[str, None] = {}
    for event in seen:
        found = event.diagnostic_event
        if found is None or found.severity != "error":
            continue
        message = PLANNED.sub("(a value)", URN.sub(r"\1", " ".join(ANSI.sub("", found.message).split())))
        if message and not FRAME.fullmatch(message):
            resource = (found.urn or "").split("::")[-1]
            lines.setdefault(f"{resource}: {message}" if resource else message)
    return list(lines)


def failure_lines(text: str) -> list[str]:
    """The lines of the engine's output that begin with `error:`, or its end where none does."""
    lines = [ANSI.sub("", line).strip() for line in text.splitlines()]
    errors = [found[1].strip() for line in lines if (found := ERROR.match(line))]
    return list(dict.fromkeys(errors)) or [line for line in lines if line][-15:]


def outputs(target: Target) -> dict[str, Any]:
    """The stack's outputs as plain values; empty for a stack that does not exist yet.

    One call of the command: opening the stack through the Automation API takes several.
    """
    command = [str(require_pulumi()), "stack", "output", "--json", "--stack", target.stack, "--non-interactive"]
    answer = subprocess.run(
        command,
        cwd=target.work_dir,
        env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", **target.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode == 0:
        found: dict[str, Any] = json.loads(answer.stdout)
        return found
    lines = failure_lines(answer.stderr)
    if any("no stack named" in line for line in lines):
        return {}
    raise OperatorError(*lines, *_hints(target.stack, lines))
