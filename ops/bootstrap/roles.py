"""The roles that GitHub's jobs take: who is trusted, what they may do, and nothing that somebody added by hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ops.bootstrap import policies
from ops.bootstrap.differences import Context, Difference, Foreign, found_or_none, tag_list, tag_map, trust_change
from ops.bootstrap.documents import POLICIES_PER_ROLE, Document, guards, text, trust
from ops.bootstrap.documents import policies as documents_of
from ops.bootstrap.names import ROLES, TAGS, Facts, Role
from ops.bootstrap.permissions import grants_of
from ops.console import NOTHING

WHAT = "role"
DEPLOYS = "estate-deploy"


@lru_cache(maxsize=64)
def wanted_policies(role: Role, facts: Facts) -> dict[str, Document]:
    """The managed policies of a role, by name: in order, as many as its actions fill."""
    grants = grants_of(role.name)
    denied = guards(grants, facts) if role.name == DEPLOYS else []
    documents = documents_of(grants, facts, denied)
    assert len(documents) <= POLICIES_PER_ROLE, role.name
    return {f"{role.name}-{number}": document for number, document in enumerate(documents, 1)}


def differences(context: Context) -> list[Difference]:
    """What the roles and their policies lack, or have too much."""
    rows: list[Difference] = []
    foreign: list[str] = []
    for role in ROLES:
        wanted = wanted_policies(role, context.facts)
        for name, document in wanted.items():
            try:
                rows += policies.of_policy(context, name, document, f"what {role.name} may do")
            except Foreign as other:
                foreign += other.lines
        try:
            rows += _of(context, role, sorted(wanted))
        except Foreign as other:
            foreign += other.lines
    if foreign:
        raise Foreign(*foreign)
    return rows


def _of(context: Context, role: Role, names: Sequence[str]) -> list[Difference]:
    iam, facts = context.clients.get("iam"), context.facts
    answer = found_or_none(iam.get_role, "NoSuchEntity", RoleName=role.name)
    wanted_trust = trust(role, facts)
    if answer is None:
        from_where = " and ".join(role.environments)
        return [
            Difference(
                WHAT, role.name, "role", NOTHING, f"made, for {facts.repository}: {from_where}",
                lambda: iam.create_role(
                    RoleName=role.name, AssumeRolePolicyDocument=text(wanted_trust), Description=role.what,
                    MaxSessionDuration=role.seconds, Tags=tag_list(TAGS),
                ),
            ),
            # In the same plan, though it comes after: a plan shall say what will be.
            *_attachments(iam, facts, role, names, attached=[]),
        ]  # fmt: skip
    found = answer["Role"]
    rows: list[Difference] = []

    def row(part: str, was: str, wanted: str, mend: Any) -> None:
        rows.append(Difference(WHAT, role.name, part, was, wanted, mend))

    if not context.owned(WHAT, role.name, tag_map(iam.list_role_tags(RoleName=role.name)["Tags"])):
        row("tags", "not ours", "ours", lambda: iam.tag_role(RoleName=role.name, Tags=tag_list(TAGS)))
    change = trust_change(found["AssumeRolePolicyDocument"], wanted_trust)
    if change:
        row(
            "trust",
            *change,
            lambda: iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=text(wanted_trust)),
        )
    if found.get("MaxSessionDuration") != role.seconds or found.get("Description", "") != role.what:
        row(
            "session",
            f"{found.get('MaxSessionDuration')} s",
            f"{role.seconds} s",
            lambda: iam.update_role(RoleName=role.name, MaxSessionDuration=role.seconds, Description=role.what),
        )
    for name in iam.list_role_policies(RoleName=role.name)["PolicyNames"]:
        row("inline policy", name, NOTHING, _inline_remover(iam, role, name))
    attached = iam.list_attached_role_policies(RoleName=role.name)["AttachedPolicies"]
    return rows + _attachments(iam, facts, role, names, [each["PolicyArn"] for each in attached])


def _attachments(iam: Any, facts: Facts, role: Role, names: Sequence[str], attached: Sequence[str]) -> list[Difference]:
    wanted = [facts.iam(f"policy/{name}") for name in names]
    rows = [
        Difference(WHAT, role.name, "may do", NOTHING, arn.rpartition("/")[2], _attacher(iam, role, arn))
        for arn in wanted
        if arn not in attached
    ]
    own = facts.iam(f"policy/{role.name}-")
    for arn in attached:
        if arn not in wanted:
            mend = _detacher(iam, role, arn, own=arn.startswith(own))
            rows.append(Difference(WHAT, role.name, "may do", arn.rpartition("policy/")[2], NOTHING, mend))
    return rows


def _inline_remover(iam: Any, role: Role, name: str) -> Any:
    return lambda: iam.delete_role_policy(RoleName=role.name, PolicyName=name)


def _attacher(iam: Any, role: Role, arn: str) -> Any:
    return lambda: iam.attach_role_policy(RoleName=role.name, PolicyArn=arn)


def _detacher(iam: Any, role: Role, arn: str, own: bool) -> Any:
    def mend() -> None:
        iam.detach_role_policy(RoleName=role.name, PolicyArn=arn)
        if own:  # one that an earlier version of the table filled
            policies.remove(iam, arn)

    return mend
