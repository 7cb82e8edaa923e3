"""`dbctl bootstrap`: the words of the command, the facts it gathers, and what is to be done after it."""

from __future__ import annotations

import re
from typing import Annotated

import typer
from botocore.exceptions import ClientError, NoCredentialsError

from infra.config_shape import show
from ops import console, regions
from ops.aws import Account
from ops.bootstrap import plan
from ops.bootstrap.differences import Clients, Context
from ops.bootstrap.names import ALIAS, NAME, OWNER, ROLES, Facts
from ops.errors import BadInput, OperatorError

LOCAL = "local"  # its stack lives in no account


def bootstrap(
    repository: Annotated[
        str, typer.Option("--repository", help="The repository on GitHub whose workflows deploy: OWNER/NAME.")
    ],
    region: Annotated[
        str | None,
        typer.Option(
            "--region", help="Where state and images are kept.", show_default="the one that the stacks' files name"
        ),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject",
            help="How GitHub's `sub` claim begins, where it is not repo:OWNER/NAME: that of repositories made since"
            " June 2026 has numbers in it (docs/bootstrap.md).",
        ),
    ] = None,
    adopt: Annotated[
        list[str] | None,
        typer.Option("--adopt", help="Take over what has this name and is not the bootstrap's; may be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be changed; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Prepare an AWS account, once, as its administrator: state bucket and key, image repositories, workflows' roles.

    Run it again at any time: it shows what differs from what should be and mends it; nothing else is touched.
    """
    where, problems = _region(region)
    problems += problems_of(repository, subject)
    if problems:
        raise BadInput(*problems)
    account = Account(where)
    facts = gather(account, repository, subject)
    unknown = sorted(set(adopt or ()) - set(plan.names(facts)))
    if unknown:
        raise BadInput(
            *[f"--adopt {name}: the bootstrap makes nothing of this name" for name in unknown],
            f"its names are: {', '.join(plan.names(facts))}",
        )
    context = Context(Clients(account), facts, frozenset(adopt or ()))
    console.step(f"account {facts.account}, {facts.region}, for {facts.repository}")
    if plan.run(context, dry_run=dry_run, yes=yes):
        after(facts)


def gather(account: Account, repository: str, subject: str | None = None) -> Facts:
    """The facts of an account and a repository; BadInput names each mistake, OperatorError where no account answers."""
    from ops import stack_file

    problems = problems_of(repository, subject)
    if problems:
        raise BadInput(*problems)
    stacks = [stack_file.load_estate(name) for name in stack_file.stack_names() if name != LOCAL]
    regions = {account.region, *(stack_file.region(stack.stack) for stack in stacks)}
    regions |= {stack.recovery.region for stack in stacks if stack.recovery}
    try:
        who = account.client("sts").get_caller_identity()
    except NoCredentialsError as error:
        raise OperatorError(
            "there are no AWS credentials", "log in as an administrator of the account: `aws sso login`, or AWS_PROFILE"
        ) from error
    except ClientError as error:
        raise OperatorError(
            f"AWS does not accept these credentials: {error.response['Error'].get('Message', error)}",
            "log in again as an administrator of the account",
        ) from error
    return Facts(
        account=who["Account"],
        partition=who["Arn"].split(":")[1],
        region=account.region,
        regions=tuple(sorted(regions)),
        domains=tuple(sorted({stack.network.domain for stack in stacks})),
        repository=repository,
        subject=subject or f"repo:{repository}",
    )


def problems_of(repository: str, subject: str | None) -> list[str]:
    """What is wrong with the words, one line each."""
    problems = []
    owner, _, name = repository.partition("/")
    patterns = re.escape(owner), re.escape(name)
    if not OWNER.fullmatch(owner) or not NAME.fullmatch(name):
        problems.append(
            f"--repository {repository!r}: takes OWNER/NAME as in its address on GitHub, such as acme/estate"
        )
        # The subject is then held against any repository's: what is wrong with it in any case is said, too.
        owner, name, patterns = "OWNER", "NAME", (OWNER.pattern, NAME.pattern)
    # The names, or the names with their numbers behind them; never a wildcard, nor an environment.
    allowed = "repo:{}{number}/{}{number}".format(*patterns, number=r"[-@]?[0-9]*")
    if subject is not None and not re.fullmatch(allowed, subject, re.ASCII):
        problems.append(
            f"--subject {subject!r}: takes repo:{owner}/{name}, with the numbers of owner and repository behind their"
            " names where GitHub has them, and without the environment; docs/bootstrap.md says how to ask GitHub for it"
        )
    return problems


def _region(given: str | None) -> tuple[str, list[str]]:
    """The region of the state, and what is wrong with it."""
    if given is not None:
        wrong = regions.problem("--region", given)
        return given, [f"--region {show(given)}: {wrong.allowed}; {wrong.mend}"] if wrong else []
    from ops import stack_file

    found: set[str] = set()
    problems: list[str] = []
    for name in stack_file.stack_names():
        if name != LOCAL:
            try:
                found.add(stack_file.region(name))
            except BadInput as bad:
                problems += bad.lines
    if not problems and len(found) != 1:
        where = ", ".join(sorted(found)) or "no region"
        problems.append(f"--region: the stacks are in {where}; say where the state is kept")
    return min(found, default=""), problems


def after(facts: Facts) -> None:
    """What is left to do by hand: where the state is, what GitHub must know."""
    where = f"region={facts.region}"
    console.table(
        "Roles",
        ("role", "for jobs in", "longest session"),
        [(facts.iam(f"role/{role.name}"), ", ".join(role.environments), f"{role.seconds // 60} min") for role in ROLES],
    )
    console.table(
        "Set on GitHub, in this order: the variables switch the jobs on, and an environment that is missing is then"
        " made without protection",
        ("what", "name", "value"),
        [
            ("environment", "preview", "all branches; reviewers where not all who push may read the passwords"),
            ("environment", "drift", "branch main only"),
            ("environment", "images", "branch main only"),
            ("environment", "dev", "branch main only"),
            ("environment", "prod", "branch main only, with reviewers"),
            ("repository variable", "AWS_ACCOUNT_ID", facts.account),
            ("repository variable", "AWS_REGION", facts.region),
        ],
    )
    console.table(
        "Then, once for each stack, on this machine",
        ("command",),
        [
            (f'pulumi login "s3://{facts.bucket}?{where}"',),
            (f'pulumi stack init dev --secrets-provider "awskms://{ALIAS}?{where}"',),
            (f'pulumi stack init prod --secrets-provider "awskms://{ALIAS}?{where}"',),
            ("git add Pulumi.*.yaml  # they name the key now",),
        ],
    )
