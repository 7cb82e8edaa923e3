"""The permission table against what others say a deployment takes, and its documents against each such request.

The evaluator is ours and small; it cannot prove that AWS reads a condition as it does. The context of each request is
put together by hand from AWS's documentation (requests.py).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ops.bootstrap.documents import document, guards, policies, statements
from ops.bootstrap.permission_rows import Row
from ops.bootstrap.permissions import RESOURCES, grants_of
from tests.unit.bootstrap import graphs, iam, judges, requests
from tests.unit.bootstrap.requests import ACCOUNT, FACTS, Request
from tests.unit.infra.recorder import REPOSITORY, Registered

PHASES = (judges.CREATE, judges.READ, judges.UPDATE, judges.DELETE)


def problems(rows: Iterable[Row]) -> list[str]:
    """How the table differs from the recorded types and from the judges."""
    table = {row.kind: row.actions for row in rows}
    told = [f"{kind}: no row" for kind in sorted(graphs.kinds() - table.keys())]
    told += [f"{kind}: a row, and no stack has such a resource" for kind in sorted(table.keys() - graphs.kinds())]
    for kind in sorted(graphs.kinds() & table.keys()):
        needed = judges.actions(kind)
        told += [f"{kind}: {action} is missing" for action in sorted(needed - table[kind])]
        told += [f"{kind}: {action} is called by nobody" for action in sorted(table[kind] - needed)]
    return told


def deploy_documents(rows: Sequence[Row] = RESOURCES) -> list[dict[str, Any]]:
    grants = grants_of("estate-deploy", rows)
    return policies(grants, FACTS, guards(grants, FACTS))


@cache
def asked() -> tuple[tuple[str, Request], ...]:
    """Every request of every recorded resource, each once: its type and the request."""
    found: dict[tuple[str, str, str, str], tuple[str, Request]] = {}
    for resource in graphs.resources():
        for phase in PHASES:
            for action in judges.judged(resource.type)[phase]:
                for request in requests.of(resource, phase, action):
                    key = (resource.type, request.action, request.resource, str(sorted(request.context.items())))
                    found[key] = (resource.type, request)
    return tuple(found.values())


def refused(documents: Sequence[Mapping[str, Any]], of: Iterable[tuple[str, Request]]) -> list[str]:
    return sorted(
        {
            f"{kind}: {each.action} on {each.resource} with {dict(each.context)}"
            for kind, each in of
            if not iam.allowed(documents, each.action, each.resource, each.context)
        }
    )


def test_each_recorded_type_has_a_row_with_exactly_what_the_judges_name() -> None:
    assert problems(RESOURCES) == []


def test_the_deploy_role_is_allowed_every_request_of_every_recorded_resource() -> None:
    assert len(asked()) > 4500
    assert refused(deploy_documents(), asked()) == []


def without(action: str, kind: str | None = None) -> list[Row]:
    """The table less one action, in one row or in all."""
    return [
        replace(row, grants={scope: tuple(set(names) - {action}) for scope, names in row.grants.items()})
        if kind in (None, row.kind)
        else row
        for row in RESOURCES
    ]


def test_taking_any_one_action_from_any_row_is_named() -> None:
    for row in RESOURCES:
        for action in row.actions:
            assert f"{row.kind}: {action} is missing" in problems_of_row(without(action, row.kind), row.kind)


def problems_of_row(rows: Sequence[Row], kind: str) -> list[str]:
    (row,) = (row for row in rows if row.kind == kind)
    return [f"{kind}: {action} is missing" for action in sorted(judges.actions(kind) - row.actions)]


def test_taking_any_one_action_from_the_whole_table_has_the_documents_refuse_it() -> None:
    by_action: dict[str, list[tuple[str, Request]]] = {}
    for kind, request in asked():
        by_action.setdefault(request.action, []).append((kind, request))
    assert by_action.keys() == {action for row in RESOURCES for action in row.actions}
    elsewhere = grants_of("estate-deploy", [])  # lookups, state and commands have some of them as well
    kept = {action for actions in elsewhere.values() for action in actions}
    for action, about in by_action.items():
        lacking = refused([document(list(statements(grants_of("estate-deploy", without(action)), FACTS)))], about[:1])
        assert bool(lacking) is (action not in kept or not _still(action, elsewhere, about[0][1])), action


def _still(action: str, grants: Any, request: Request) -> bool:
    return iam.allowed(policies(grants, FACTS), action, request.resource, request.context)


def test_a_type_without_a_row_and_a_row_without_a_type_are_named() -> None:
    fewer = [row for row in RESOURCES if row.kind != "aws:rds/instance:Instance"]
    assert problems(fewer) == ["aws:rds/instance:Instance: no row"]
    more = [*RESOURCES, Row("aws:sfn/stateMachine:StateMachine", {})]
    assert problems(more) == ["aws:sfn/stateMachine:StateMachine: a row, and no stack has such a resource"]


def test_an_action_that_nobody_calls_is_named() -> None:
    rows = [
        replace(row, grants={**row.grants, next(iter(row.grants)): ("rds:DeleteDBCluster",)})
        if row.kind == "aws:rds/subnetGroup:SubnetGroup"
        else row
        for row in RESOURCES
    ]
    assert "aws:rds/subnetGroup:SubnetGroup: rds:DeleteDBCluster is called by nobody" in problems(rows)


@pytest.mark.parametrize("kind", sorted(judges.NOT_CALLED))
def test_what_is_excused_is_still_named_by_a_judge(kind: str) -> None:
    phases = [*judges.local(kind).values(), *judges.cloudformation(kind).values()]
    named = frozenset().union(*phases)
    # Disabling is CloudFormation's and the local provider's word, enabling its other half.
    assert judges.excused(kind) <= named


@pytest.mark.parametrize("kind", sorted(judges.TERRAFORM))
def test_what_terraform_alone_calls_is_named_by_no_other_judge(kind: str) -> None:
    phases = [*judges.local(kind).values(), *judges.cloudformation(kind).values()]
    assert not frozenset(judges.TERRAFORM[kind]) & frozenset().union(*phases)


def test_requests_that_are_not_the_estates_are_refused() -> None:
    documents = deploy_documents()
    here = {"aws:RequestedRegion": "us-east-1", "aws:ResourceAccount": ACCOUNT}
    ours, other = {"aws:ResourceTag/ManagedBy": "pulumi/postgres-estate"}, {"aws:ResourceTag/ManagedBy": "terraform"}
    region = f"us-east-1:{ACCOUNT}"
    for action, resource, context in (
        ("ec2:DeleteVpc", f"arn:aws:ec2:{region}:vpc/vpc-9", here),
        ("ec2:DeleteVpc", f"arn:aws:ec2:{region}:vpc/vpc-9", here | other),
        ("ec2:DeleteVpc", f"arn:aws:ec2:{region}:vpc/vpc-9", {**ours, "aws:RequestedRegion": "eu-west-3"}),
        ("ec2:CreateTags", f"arn:aws:ec2:{region}:vpc/vpc-9", {**here, "aws:RequestTag/ManagedBy": "x"}),
        ("rds:DeleteDBInstance", f"arn:aws:rds:{region}:db:shop", here | ours),
        ("s3:DeleteBucket", "arn:aws:s3:::website", here),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{region}:secret:shop", here | other),
        ("kms:ScheduleKeyDeletion", f"arn:aws:kms:{region}:key/abc", here | other),
        ("kms:TagResource", f"arn:aws:kms:{region}:key/abc",
         {**here, **other, "aws:RequestTag/ManagedBy": "pulumi/postgres-estate"}),
        ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1",
         {"route53:ChangeResourceRecordSetsNormalizedRecordNames": ["www.example.com"]}),
        ("scheduler:DeleteSchedule", f"arn:aws:scheduler:{region}:schedule/default/nightly", here),
        ("ecs:RunTask", f"arn:aws:ecs:{region}:task-definition/shop:3", here),
        ("logs:GetLogEvents", f"arn:aws:logs:{region}:log-group:shop:log-stream:x", here),
        ("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:{region}:alarm:shop", here),
    ):  # fmt: skip
        assert not iam.allowed(documents, action, resource, context), (action, resource)


CALLED = ("cloudwatch", "ecs", "elbv2", "logs", "rds", "secretsmanager", "sts")
"""The services that dbctl itself calls in a stack's account."""


def calls_of(path: Path) -> set[frozenset[str]]:
    """The operations that a file of ours calls by boto3, each as the IAM actions that its method's name can mean."""
    methods = {service: set(judges.operations(service)) for service in CALLED}
    found: set[frozenset[str]] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            names = [node.func.attr]
            if node.func.attr in ("get_paginator", "get_waiter"):
                names = [str(each.value) for each in node.args if isinstance(each, ast.Constant)]
            for name in names:
                meant = {judges.action(service, name) for service in CALLED if name in methods[service]}
                found |= {frozenset(meant)} if meant else set()
    return found


def test_each_call_of_dbctl_in_a_stacks_account_is_the_deploy_roles_too() -> None:
    granted = {action for actions in grants_of("estate-deploy").values() for action in actions}
    files = [each for each in (REPOSITORY / "ops").glob("*.py") if not each.name.startswith("local_")]
    called = {each for path in files for each in calls_of(path)}
    assert frozenset({"ecs:RunTask"}) in called
    assert frozenset({"elasticloadbalancing:DescribeTargetHealth"}) in called
    assert frozenset({"cloudwatch:DescribeAlarms"}) in called
    assert [sorted(each) for each in called if not each & granted] == []


def test_each_call_of_the_schema_step_is_the_verifying_roles_too() -> None:
    granted = {action for actions in grants_of("estate-verify").values() for action in actions}
    called = calls_of(REPOSITORY / "ops" / "schema_step.py")
    assert len(called) == 5
    assert [sorted(each) for each in called if not each & granted] == []


def test_the_recorded_roles_are_passed_to_the_services_that_the_scopes_name() -> None:
    import json

    from ops.bootstrap.scopes import ATTACHED_POLICIES, SERVICES_WITH_ROLES

    trusted = {
        statement["Principal"]["Service"]
        for each in graphs.resources()
        if each.type == "aws:iam/role:Role"
        for statement in json.loads(each.inputs["assumeRolePolicy"])["Statement"]
    }
    assert trusted | {"rds.amazonaws.com", "restore-testing.backup.amazonaws.com"} == set(SERVICES_WITH_ROLES)
    attached = {
        each.inputs["policyArn"]
        for each in graphs.resources()
        if each.type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    }
    assert attached == {f"arn:aws:iam::aws:policy/{name}" for name in ATTACHED_POLICIES}


def test_the_estates_tag_is_the_one_that_the_stacks_give() -> None:
    from ops.bootstrap.names import STACKS_MANAGED_BY

    def managed(each: Registered) -> str:
        return str(each.inputs["tags"]["ManagedBy"])

    assert {managed(each) for each in graphs.resources() if "tags" in each.inputs} == {STACKS_MANAGED_BY}
