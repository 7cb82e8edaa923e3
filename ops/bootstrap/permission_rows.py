"""The shape of the permission table: for a resource type, the actions that its provider calls, by scope. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops.bootstrap.scopes import Scope


@dataclass(frozen=True, slots=True)
class Row:
    """What one resource type takes, or one of our own commands: scope -> IAM actions.

    The actions are those that the AWS provider of Pulumi (Terraform's underneath) calls to create, read, update and
    delete a resource of this type as the estate declares it, and to wait for it.
    """

    kind: str
    grants: Mapping[Scope, tuple[str, ...]]

    @property
    def actions(self) -> frozenset[str]:
        """All actions, of whatever scope."""
        return frozenset(action for actions in self.grants.values() for action in actions)


def row(kind: str, **services: Mapping[Scope, str]) -> Row:
    """A row from words: the keyword is the service's IAM prefix, with _ for -."""
    grants: dict[Scope, list[str]] = {}
    for service, by_scope in services.items():
        for scope, names in by_scope.items():
            grants.setdefault(scope, []).extend(f"{service.replace('_', '-')}:{name}" for name in names.split())
    return Row(kind, {scope: tuple(actions) for scope, actions in grants.items()})
