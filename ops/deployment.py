"""A deployment from end to end: preview, consent, update, schema step, what is left to do."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pulumi import automation as auto
from pulumi.automation import events
from rich.prompt import Confirm

from ops import changes, console, engine, markdown, outputs, plans, policies, progress, renewal, risks, schema_step
from ops.changes import Change
from ops.engine import Target, readable_failures
from ops.errors import BadInput, OperatorError, Refused
from ops.losses import Accepted, told_apart
from ops.outputs import Service
from policy.core import Violation
from schema.apply import RENEW


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an update changes, and which policies are violated then, the gravest first."""

    changes: list[Change]
    violations: list[Violation]


def preview(target: Target, stack: auto.Stack, *, refresh: bool = False, save_plan: Path | None = None) -> Outcome:
    """What an update would do, by the real engine; nothing is changed.

    With `refresh` each resource is looked at in the account first, not in the state alone; `save_plan` is where to
    write the plan that an update can be held to.
    """
    with progress.shown(f"preview of {target.stack}") as watch, readable_failures(watch.seen):
        stack.preview(on_event=watch, refresh=refresh, plan=str(save_plan.resolve()) if save_plan else None)
    return _outcome(target, watch.seen)


def _outcome(target: Target, seen: Sequence[events.EngineEvent]) -> Outcome:
    return Outcome(changes.from_events(seen), policies.violations(seen, target.stack, target.estate.profile))


def show(seen: Outcome) -> None:
    """The changes and what each of them risks as a table, and the policies that are violated as another."""
    if seen.changes:
        show_changes(seen.changes)
    if seen.violations:
        rows = [(row.severity, row.policy, row.resource, row.message, row.mend) for row in seen.violations]
        console.table("Policies", ("severity", "policy", "resource", "what is wrong", "mend"), rows)


def refuse_violations(target: Target, seen: Outcome) -> None:
    """OperatorError where a mandatory policy is violated: nothing was changed yet."""
    if found := policies.mandatory(seen.violations):
        raise OperatorError(
            f"{target.stack} would violate policies that nobody may do without; nothing was changed:",
            *[f"  {row}" for row in found],
        )


def show_changes(planned: Sequence[Change]) -> None:
    """The changes and what each of them risks, as a table."""
    rows = []
    for change in planned:
        forced = [f"forced by {', '.join(change.replace_keys)}"] if change.replace_keys else []
        what = "\n".join([*forced, *map(str, change.details)]) or "-"
        found = "\n".join(f"{_mark(risk.level)}{risk.text}" for risk in risks.of(change)) or "-"
        rows.append((change.op, change.short_type, change.name, what, found))
    console.table("Changes", ("what", "type", "resource", "properties", "risk"), rows)


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
    if not Confirm.ask(f"Update {target.stack}: {markdown.summary(planned)}?", console=console.err, default=False):
        raise Refused("not confirmed; nothing was changed")


def update(target: Target, stack: auto.Stack, *, plan: Path | None = None, refresh: bool = False) -> Outcome:
    """Run the update, held to a saved plan where there is one; returns what it did, judged with all values known."""
    with progress.shown(f"update of {target.stack}") as watch, readable_failures(watch.seen):
        stack.up(on_event=watch, show_secrets=False, refresh=refresh, plan=str(plan.resolve()) if plan else None)
    console.note(f"{watch.done} changed, {watch.same} unchanged")
    return _outcome(target, watch.seen)


def is_new(stack: auto.Stack) -> bool:
    """Whether the stack holds nothing yet: then nothing can be lost, and no preview is needed to see that."""
    with readable_failures():
        return not stack.export_stack().deployment.get("resources")  # type: ignore[union-attr]


def agreed(target: Target, seen: Outcome, *, yes: bool, accepted: Accepted) -> bool:
    """Whether there is something to do; it is shown, judged and consented to then."""
    show(seen)
    refuse_violations(target, seen)
    accepted.judge_resources(target.stack, seen.changes)
    if not seen.changes:
        console.note(markdown.summary(seen.changes))
        return False
    consent(target, seen.changes, yes=yes, accept_loss=accepted.resources)
    return True


def fitting(target: Target, differences: Sequence[str]) -> None:
    """Refused where an update would do anything that the saved plan does not hold."""
    if differences:
        raise Refused(
            f"the plan does not fit {target.stack} any more; nothing was changed:",
            *[f"  {line}" for line in differences],
            f"preview it again (dbctl preview -s {target.stack} --save-plan FILE) and have that reviewed",
        )


def deploy(
    target: Target, *, yes: bool, accept_loss: Sequence[str] = (), plan: Path | None = None, refresh: bool = False
) -> dict[str, Service]:
    """Bring the stack to its configuration and its databases to their schema.

    With a plan the update does what was previewed then, and is refused as a whole where it would do anything else now.
    With `refresh` what was changed in the account by hand is put back. What is accepted to be lost is named: resources,
    and migrations, whose names the schema step is given.
    """
    if plan is not None and refresh:
        raise BadInput("--plan and --refresh: a plan holds what it was made for; leave out one of them")
    accepted = told_apart(accept_loss, target.stack, [service.name for service in target.estate.services])
    saved = None if plan is None else plans.read(plan, target.stack)
    stack = engine.open_stack(target)
    violations: list[Violation] = []
    if saved is None and target.is_fake and is_new(stack):
        accepted.judge_resources(target.stack, [])
        violations = update(target, stack).violations
    elif saved is None:
        seen = preview(target, stack, refresh=refresh)
        if agreed(target, seen, yes=yes, accepted=accepted):
            violations = update(target, stack, refresh=refresh).violations
    else:
        with tempfile.TemporaryDirectory(prefix="dbctl-plan-") as folder:
            now = Path(folder) / "plan.json"
            seen = preview(target, stack, save_plan=now)
            fitting(target, plans.differences(saved, plans.read(now, target.stack)))
            if agreed(target, seen, yes=yes, accepted=accepted):
                violations = update(target, stack, plan=now).violations
    services = outputs.services(engine.outputs(target))
    apply_schema(target, services, accepted)
    report_pending(target, services)
    # What only the update made known; the databases have their schema all the same.
    if found := policies.mandatory(violations):
        raise OperatorError(
            f"{target.stack} is deployed, and violates policies that nobody may do without; mend and deploy again:",
            *[f"  {row}" for row in found],
        )
    return services


def apply_schema(target: Target, services: dict[str, Service], accepted: Accepted) -> None:
    """Run the schema step of every service, its log line by line; then renew pooler connections where that is due."""
    console.step(f"schema of {', '.join(services)}")
    run_schema(target, services, accepted.command(), _log_line)


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
