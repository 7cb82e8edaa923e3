"""The whole bootstrap: read all, show how it differs, ask, mend, and look again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from botocore.exceptions import ClientError
from rich.prompt import Confirm

from infra.names import BOUNDARY
from ops import console
from ops.bootstrap import bucket, images, key, policies, provider, roles
from ops.bootstrap.differences import Context, Difference, Foreign, Kind
from ops.bootstrap.names import ALIAS, ISSUER, REPOSITORIES, ROLES, Facts
from ops.errors import OperatorError, Refused

KINDS: tuple[Kind, ...] = (
    key.differences,
    bucket.differences,
    images.differences,
    provider.differences,
    policies.boundary_differences,
    roles.differences,
)
"""In the order in which they are made: each needs at most what stands before it."""

ROUNDS = 6
"""How often one kind is read and mended: made, completed, looked at; as often again where AWS lags behind itself."""

LATE = (
    "AlreadyExistsException",
    "EntityAlreadyExists",
    "EntityTemporarilyUnmodifiable",
    "InvalidArnException",
    "MalformedPolicyDocument",
    "NoSuchEntity",
    "OperationAborted",
)
"""What AWS says of things made a moment ago, until all of it knows them: the kind is read again after a pause."""

DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess", "AuthorizationError")


def names(facts: Facts) -> list[str]:
    """What everything is called that the bootstrap makes."""
    granted = [name for role in ROLES for name in roles.wanted_policies(role, facts)]
    return [ALIAS, facts.bucket, *REPOSITORIES, ISSUER, BOUNDARY, *(role.name for role in ROLES), *granted]


def plan(context: Context) -> list[Difference]:
    """How the account differs from what it shall be. Writes nothing; Refused names all that is somebody else's."""
    context = _with_key(context)
    rows: list[Difference] = []
    foreign: list[str] = []
    for kind in KINDS:
        try:
            rows += kind(context)
        except Foreign as other:
            foreign += other.lines
        except ClientError as error:
            raise readable(error, context) from error
    if foreign:
        raise Refused(*foreign, "nothing was changed")
    return rows


def apply(context: Context) -> int:
    """Make it so; returns how many differences were mended. OperatorError says what was done before it failed."""
    done: list[Difference] = []
    tried: list[Difference] = []
    try:
        for kind in KINDS:
            for _ in range(ROUNDS):
                context = _with_key(context)
                rows = kind(context)
                for row in rows:
                    console.step(f"{row.what} {row.name}: {row.part}")
                    tried = [row]
                    if not _mended(row, context):
                        break
                    done.append(row)
                    tried = []
                if not rows:
                    break
            else:
                left = kind(context)
                if left:
                    raise OperatorError(
                        *[f"{row.what} {row.name}: {row.part} is still {row.found}, not {row.wanted}" for row in left]
                    )
    except Foreign as other:
        raise Refused(*other.lines, *_so_far(done, tried)) from other
    except ClientError as error:
        failed = readable(error, context)
        raise OperatorError(*failed.lines, *_so_far(done, tried)) from error
    except OperatorError as error:
        raise type(error)(*error.lines, *_so_far(done, tried)) from error
    return len(done)


def _mended(row: Difference, context: Context) -> bool:
    """Mend one difference; False where AWS does not know yet what was made before, after a pause."""
    try:
        row.mend()
    except ClientError as error:
        if error.response["Error"]["Code"] not in LATE:
            raise
        console.note(f"AWS: {error.response['Error'].get('Message', error)}; looking again")
        time.sleep(context.pause)
        return False
    return True


def _so_far(done: Sequence[Difference], tried: Sequence[Difference]) -> list[str]:
    """What there is to know of a run that did not come to its end. What failed may have been done in part."""
    changed = list(dict.fromkeys(f"{row.what} {row.name}" for row in done))
    stopped = [f"it stopped at {row.what} {row.name}: {row.part}" for row in tried]
    before = f"changed before that: {', '.join(changed)}" if changed else "nothing was changed before that"
    return [*stopped, before, "run it again: it goes on from there"]


def _with_key(context: Context) -> Context:
    """The context with the state key's id, once there is a key."""
    try:
        key_id = key.find(context)
    except ClientError as error:
        raise readable(error, context) from error
    return context if key_id is None else replace(context, facts=replace(context.facts, key_id=key_id))


def readable(error: ClientError, context: Context) -> OperatorError:
    """An error of AWS in lines that say what to do."""
    if error.response["Error"]["Code"] in DENIED:
        return OperatorError(
            f"AWS refuses {error.operation_name}: {error.response['Error'].get('Message', 'access denied')}",
            f"the bootstrap makes roles, keys and buckets: run it as an administrator of the account"
            f" {context.facts.account}; `aws sts get-caller-identity` says who you are",
        )
    return OperatorError(f"AWS: {error}")


def show(rows: Sequence[Difference]) -> None:
    """The plan as a table."""
    columns = ("what", "resource", "part", "from", "to")
    console.table("Bootstrap", columns, [(row.what, row.name, row.part, row.found, row.wanted) for row in rows])


def run(context: Context, *, dry_run: bool, yes: bool) -> bool:
    """Plan, show, ask, apply. True where the account is as it shall be at the end of it."""
    rows = plan(context)
    if not rows:
        console.out.print("nothing to do: the account is as it should be")
        return True
    show(rows)
    if dry_run:
        console.out.print(f"{len(rows)} to change; nothing was changed (--dry-run)")
        return False
    if not yes:
        if not console.err.is_terminal:
            raise Refused("nobody is there to confirm: run it on a terminal, or pass --yes; nothing was changed")
        question = f"Change the account {context.facts.account} so"
        if not Confirm.ask(question, console=console.err, default=False):
            raise Refused("not confirmed; nothing was changed")
    apply(context)
    console.note("the account is as it should be")
    return True
