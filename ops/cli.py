"""`dbctl`: the words an operator types. Each command is a few lines over the modules that do the work."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from local.cloud import CloudError
from ops import console, image_commands, schema_commands
from ops.bootstrap.command import bootstrap
from ops.errors import BAD_INPUT, DIFFERS, FAILED, INTERRUPTED, REFUSED, BadInput, OperatorError
from ops.targets import AcceptLoss, Service, Stack, Yes, services_of, target_of

EXIT_CODES = (
    f"Exit codes: 0 done; {FAILED} it failed; {BAD_INPUT} the configuration or the command line is wrong, nothing was"
    f" tried; {REFUSED} refused, since it would lose data or nobody confirmed; {DIFFERS} something differs"
    f" where no difference was expected; {INTERRUPTED} interrupted."
)

app = typer.Typer(
    help="Deploy, preview and operate the PostgreSQL estate: on AWS, or on this machine in the local cloud.",
    epilog=f"Start with: dbctl local up. {EXIT_CODES}",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
local_app = typer.Typer(
    help="The local cloud: fake AWS, real PostgreSQL, real PgBouncer, in the folder .local.", no_args_is_help=True
)
app.add_typer(local_app, name="local")
app.add_typer(schema_commands.app, name="schema")
app.add_typer(image_commands.app, name="images")
app.command()(bootstrap)


@local_app.command("up")
def local_up() -> None:
    """Start the local cloud, deploy the stack `local` into it, apply the schemas, show the endpoints.

    Safe to run again at any time: what is right stays untouched, what was killed comes back with its data.
    """
    from ops import deployment, local_cloud, stack_file

    stack_file.load_estate(local_cloud.STACK)  # before anything is started
    console.step("local cloud")
    services = deployment.deploy(local_cloud.ready(), yes=True)
    deployment.show_endpoints(services)


@local_app.command("down")
def local_down(
    delete: Annotated[bool, typer.Option("--delete", help="Remove the data too: all of .local.")] = False,
) -> None:
    """Stop the local cloud and its databases; their data stays, unless --delete."""
    from local import cloud
    from ops.paths import LOCAL_ROOT

    cloud.stop(LOCAL_ROOT, delete=delete)
    console.step("the local cloud is stopped" + (", its data removed" if delete else "; its data is kept in .local"))


@local_app.command("status")
def local_status() -> None:
    """What runs in the local cloud: databases, tasks, load balancers. Exit 1 when it is not running."""
    from local import cloud
    from ops.paths import LOCAL_ROOT

    if cloud.find(LOCAL_ROOT) is None:
        raise OperatorError("the local cloud is not running: start it with `make up`")
    columns = ("kind", "name", "address", "pid", "state", "detail")
    cells = [
        (
            row.kind,
            row.name,
            f"{row.address}:{row.port}" if row.address else "-",
            str(row.pid or "-"),
            row.state,
            row.detail,
        )
        for row in cloud.status(LOCAL_ROOT)
    ]
    console.table("Local cloud", columns, cells)


@local_app.command("tick")
def local_tick(
    at: Annotated[
        datetime | None,
        typer.Option("--at", formats=["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"], help="What is due in this minute, UTC."),
    ] = None,
) -> None:
    """Run the scheduled tasks that came due since the last tick: in the local cloud, time does not pass by itself.

    Each runs once, however often it was due. Exit 1 when one of them failed.
    """
    from ops import local_cloud, local_tick
    from ops.paths import LOCAL_ROOT

    account = local_cloud.running_target().account
    local_tick.tick(account, LOCAL_ROOT, at=at.replace(tzinfo=UTC) if at else None)


@local_app.command("env")
def local_env() -> None:
    """Shell lines that point `pulumi`, `aws` and any AWS SDK at the local cloud: eval "$(dbctl local env)"."""
    from ops import local_cloud
    from ops.toolchain import require_pulumi

    target = local_cloud.running_target()
    values = {**target.environment, "PATH": f"{require_pulumi().parent}:{os.environ.get('PATH', '')}"}
    for name, value in sorted(values.items()):
        print(f"export {name}={shlex.quote(value)}")
    print("unset AWS_CA_BUNDLE AWS_PROFILE")


@app.command()
def preview(
    stack: Stack,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Against an empty fake account: needs no credentials and starts no database."),
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Look at each resource in the account first, not in the state alone.")
    ] = False,
    save_plan: Annotated[
        Path | None, typer.Option("--save-plan", help="Write the plan, for `dbctl deploy --plan`.", dir_okay=False)
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="Write it as Markdown too, for a review.", dir_okay=False)
    ] = None,
    expect_no_changes: Annotated[
        bool, typer.Option("--expect-no-changes", help=f"Exit with {DIFFERS} when there are changes.")
    ] = False,
) -> None:
    """Show what a deployment would change, and what each change risks. Changes nothing."""
    from ops import deployment, engine
    from ops import markdown as pages

    problems = [
        f"--{name} {path}: there is no folder {path.parent} that can be written to; make it first"
        for name, path in (("save-plan", save_plan), ("markdown", markdown))
        if path is not None and not os.access(path.parent, os.W_OK | os.X_OK)
    ]
    if offline and (save_plan is not None or refresh):
        problems.append("--save-plan and --refresh ask the stack's own account: leave out --offline")
    if problems:
        raise BadInput(*problems)
    with target_of(stack, offline=offline) as target:
        seen = deployment.preview(target, engine.open_stack(target), refresh=refresh, save_plan=save_plan)
        deployment.show(seen)
        if markdown is not None:
            markdown.write_text(pages.preview(stack, seen.changes, seen.violations), encoding="utf-8")
        console.out.print(f"{stack}: {pages.summary(seen.changes)}")
        deployment.refuse_violations(target, seen)
    if seen.changes and expect_no_changes:
        raise typer.Exit(DIFFERS)


@app.command()
def deploy(
    stack: Stack,
    yes: Yes = False,
    accept_loss: AcceptLoss = [],  # noqa: B006 - typer reads the default
    plan: Annotated[
        Path | None, typer.Option("--plan", help="Do only what a saved plan holds (`dbctl preview --save-plan`).")
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Put back what was changed in the account by hand, too.")
    ] = False,
) -> None:
    """Preview, ask, update; then apply the schemas inside the VPC and say what is left to do."""
    from ops import deployment

    with target_of(stack) as target:
        services = deployment.deploy(target, yes=yes, accept_loss=accept_loss, plan=plan, refresh=refresh)
        deployment.show_endpoints(services)


@app.command()
def check(stack: Stack) -> None:
    """Whether what is deployed works: instances, poolers, alarms, and a query through each pooler's doors."""
    from ops import smoke

    with services_of(stack) as (target, services):
        smoke.check(target, services)


@app.command()
def destroy(
    stack: Stack,
    confirm: Annotated[str, typer.Option("--confirm", help="The stack's name, to say that its data may go.")] = "",
) -> None:
    """Delete everything in a stack. Refused while a database is protected, and without --confirm STACK."""
    from ops import destruction

    with target_of(stack) as target:
        destruction.destroy(target, confirm=confirm)


@app.command()
def endpoints(stack: Stack) -> None:
    """Where the databases of a stack answer."""
    from ops import deployment

    with services_of(stack) as (_, services):
        deployment.show_endpoints(services)


@app.command()
def psql(
    service: Service,
    stack: Stack,
    arguments: Annotated[list[str] | None, typer.Argument(help="Passed on to psql, after --.")] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", help="A role of the service; `master` with --direct. [default: <service>_app]"),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="The read-only database, which a replica serves.")
    ] = False,
    direct: Annotated[bool, typer.Option("--direct", help="Past the pooler, to the instance itself.")] = False,
) -> None:
    """Open psql as the application's role through the pooler: dbctl psql -s local platform -- -c 'select 1'.

    Outside the local cloud it needs a network path into the VPC. The exit code is psql's.
    """
    from ops import psql as psql_door

    with services_of(stack, service) as (target, services):
        where = psql_door.door(services[service], role=role, read_only=read_only, direct=direct)
        code = psql_door.run(target.account, where, arguments or [], tls=target.estate.tls_required)
    raise typer.Exit(code)


@app.command()
def reboot(
    service: Service,
    stack: Stack,
    yes: Yes = False,
    primary_first: Annotated[
        bool, typer.Option("--primary-first", help="When max_connections or its like was lowered.")
    ] = False,
) -> None:
    """Reboot a service's instances, replicas first, so that pending static parameters come into force."""
    from ops import reboots

    with services_of(stack, service) as (target, services):
        reboots.reboot(target, services[service], yes=yes, primary_first=primary_first)


def main() -> None:
    """Run the command; every failure is a few lines and an exit code, never a traceback."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app()
    except OperatorError as error:
        console.problem(error.lines)
        sys.exit(error.code)
    except (ClientError, BotoCoreError) as error:
        console.problem([f"AWS: {error}"])
        sys.exit(FAILED)
    except CloudError as error:
        console.problem([str(error)])
        sys.exit(FAILED)
    except KeyboardInterrupt:
        console.problem(["interrupted"])
        sys.exit(INTERRUPTED)


def _terminated(signum: int, frame: object) -> None:
    """SIGTERM ends a command as Ctrl-C does: tasks that were started are stopped."""
    raise KeyboardInterrupt
