"""A deployment from end to end: preview, consent, update, schema step, what is left to do."""

from __future__ import annotations

from collections.abc import Sequence

from pulumi import automation as auto
from rich.prompt import Confirm

from ops import changes, console, engine, outputs, progress, renewal, risks, schema_step
from ops.changes import Change
from ops.engine import Target, readable_failures
from ops.errors import OperatorError, Refused
from ops.outputs import Service
from schema.apply import RENEW


def preview(target: Target, stack: auto.Stack) -> list[Change]:
    """What an update would change, by the real engine; nothing is changed."""
    with progress.shown(f"preview of {target.stack}") as watch, readable_failures(watch.seen):
        stack.preview(on_event=watch)
    return changes.from_events(watch.seen)


def show(planned: Sequence[Change]) -> None:
    """The changes and what each of them risks, as a table."""
    rows = []
    for change in planned:
        forced = [f"forced by {', '.join(change.replace_keys)}"] if change.replace_keys else []
        what = "\n".join([*forced, *map(str, change.details)]) or "-"
        found = "\n".join(f"{_mark(risk.level)}{risk.text}" for risk in risks.of(change)) or "-"
        rows.append((change.op, change.short_type, change.name, what, found))
    console.table("Changes", ("what", "type", "resource", "properties", "risk"), rows)


def summary(planned: Sequence[Change]) -> str:
    """`2 to create, 1 to update` or `no changes`."""
    counted = ", ".join(f"{number} to {op}" for op, number in changes.counts(planned).items())
    return counted or "no changes: every resource is as the configuration says"


def consent(target: Target, planned: Sequence[Change], *, yes: bool, accept_loss: Sequence[str]) -> None:
    """Ask before an update; refuse what loses data unless each loss is accepted by the resource's name."""
    lost = risks.losses(planned)
    missing = [change for change, _ in lost if change.name not in accept_loss]
    if missing:
        raise Refused(
            f"this would lose data in {target.stack}; nothing was changed:",
            *[f"  {change.op} {change.name}: {risk.text}" for change, risk in lost if change in missing],
            "to go on, accept each loss by name: " + " ".join(f"--accept-loss {change.name}" for change in missing),
        )
    if yes or not planned:
        return
    if not console.err.is_terminal:
        raise Refused("nobody is there to confirm: run it on a terminal, or pass --yes; nothing was changed")
    if not Confirm.ask(f"Update {target.stack}: {summary(planned)}?", console=console.err, default=False):
        raise Refused("not confirmed; nothing was changed")


def update(target: Target, stack: auto.Stack) -> list[Change]:
    """Run the update; returns what it changed."""
    with progress.shown(f"update of {target.stack}") as watch, readable_failures(watch.seen):
        stack.up(on_event=watch, show_secrets=False)
    done = changes.from_events(watch.seen)
    console.note(f"{watch.done} changed, {watch.same} unchanged")
    return done


def is_new(stack: auto.Stack) -> bool:
    """Whether the stack holds nothing yet: then nothing can be lost, and no preview is needed to see that."""
    with readable_failures():
        return not stack.export_stack().deployment.get("resources")  # type: ignore[union-attr]


def deploy(target: Target, *, yes: bool, accept_loss: Sequence[str] = ()) -> dict[str, Service]:
    """Bring the stack to its configuration and its databases to their schema."""
    stack = engine.open_stack(target)
    if target.is_fake and is_new(stack):
        update(target, stack)
    else:
        planned = preview(target, stack)
        if planned:
            show(planned)
            consent(target, planned, yes=yes, accept_loss=accept_loss)
            update(target, stack)
        else:
            console.note(summary(planned))
    services = outputs.services(engine.outputs(target))
    apply_schema(target, services)
    report_pending(target, services)
    return services


def apply_schema(target: Target, services: dict[str, Service]) -> None:
    """Run the schema step of every service, its log line by line; then renew pooler connections where that is due."""
    console.step(f"schema of {', '.join(services)}")
    run_schema(target, services, None, _log_line)


def run_schema(
    target: Target, services: dict[str, Service], command: Sequence[str] | None, say: schema_step.Say
) -> None:
    """Run the schema task of every service, with its own command or another, and do what its log asks for."""
    changed: dict[str, str] = {}

    def line(service: str, text: str) -> None:
        mark = f"{service}: {RENEW} "
        if text.startswith(mark):
            changed[service] = text.removeprefix(mark)
        say(service, text)

    failures: list[OperatorError] = []
    try:
        schema_step.run_all(target.account, list(services.values()), line, command)
    except OperatorError as error:
        failures.append(error)
    # Also when one of the services failed: what the others applied, and it before it failed, is in force.
    try:
        renewal.renew(target.account, list(services.values()), changed)
    except OperatorError as error:
        failures.append(error)
    schema_step.raise_all(failures)


def _log_line(service: str, line: str) -> None:
    """A line of a task's log, under its service's name; the runner's own lines begin with it already."""
    console.note(line if line.startswith(f"{service}:") else f"{service}: {line}")


def report_pending(target: Target, services: dict[str, Service]) -> list[str]:
    """Say what was accepted and is not in force yet; returns the instances that wait for a reboot."""
    client = target.account.client("rds")
    waiting = []
    for service in services.values():
        for instance in service.instances:
            found = client.describe_db_instances(DBInstanceIdentifier=instance.identifier)["DBInstances"][0]
            if deferred := found.get("PendingModifiedValues"):
                console.note(f"{instance.identifier}: waits for its maintenance window: {', '.join(sorted(deferred))}")
            if any(group["ParameterApplyStatus"] == "pending-reboot" for group in found["DBParameterGroups"]):
                waiting.append(instance.identifier)
                console.note(
                    f"{instance.identifier}: pending-reboot: static parameters are in force after"
                    f" `dbctl reboot -s {target.stack} {service.name}`"
                )
    return waiting


def show_endpoints(services: dict[str, Service]) -> None:
    """Where each service's databases answer."""
    rows = []
    for service in services.values():
        primary = service.primary
        rows.append(
            (service.name, "primary", f"{primary.address}:{primary.port}", service.database, primary.identifier)
        )
        for number, replica in enumerate(service.replicas, 1):
            rows.append(
                (
                    service.name,
                    f"replica {number}",
                    f"{replica.address}:{replica.port}",
                    service.database,
                    replica.identifier,
                )
            )
        pooler = service.pooler
        databases = f"{pooler.read_write} (read-write), {pooler.read_only} (read-only)"
        rows.append((service.name, "pooler", f"{pooler.address}:{pooler.port}", databases, "-"))
    console.table("Endpoints", ("service", "role", "address", "database", "instance"), rows)


def _mark(level: risks.Level) -> str:
    return {risks.Level.LOSES_DATA: "DATA LOSS: ", risks.Level.INTERRUPTS: "interrupts: ", risks.Level.NOTE: ""}[level]
