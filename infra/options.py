"""Turns a row of the lifecycle table into Pulumi's resource options, and gives every resource its tags."""

from __future__ import annotations

import pulumi

from infra import lifecycle


def options(
    kind: lifecycle.Kind,
    protected: bool,
    parent: pulumi.Resource,
    extra: pulumi.ResourceOptions | None = None,
    *,
    kept: bool = False,
) -> pulumi.ResourceOptions:
    """The options of a resource of this kind; `extra` adds to them."""
    row = lifecycle.decide(kind, protected, kept)
    timeouts = None
    if row.timeouts is not None:
        timeouts = pulumi.CustomTimeouts(
            create=row.timeouts.create, update=row.timeouts.update, delete=row.timeouts.delete
        )
    own = pulumi.ResourceOptions(
        parent=parent,
        protect=True if row.protect else None,
        ignore_changes=list(row.ignore_changes) or None,
        retain_on_delete=True if row.retain_on_delete else None,
        custom_timeouts=timeouts,
    )
    return pulumi.ResourceOptions.merge(own, extra)


def child(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """The options of a resource without a row in the table."""
    return pulumi.ResourceOptions(parent=parent)


def tags(stack: str, service: str | None = None, **more: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """The tags of every resource: which stack, which service, and that nobody should change it by hand."""
    base: dict[str, pulumi.Input[str]] = {"ManagedBy": "pulumi/postgres-estate", "Stack": stack}
    return {**base, **({"Service": service} if service else {}), **more}
