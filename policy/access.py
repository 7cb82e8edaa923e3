"""Policies over who may do what: documents of IAM and of resources, and secrets in clear. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policy import documents
from policy.containers import definitions, environment
from policy.core import Finding, Graph, Policy, Resource, Secret, Unknown
from policy.documents import ENDPOINT, GRANTS, TRUSTS, NotADocument, Statement
from policy.judge import INSTANCE, SECRET_VERSION, TASK, given, known

WITHOUT_RESOURCE = frozenset({"ecr:GetAuthorizationToken"})
"""Actions that name no resource, so that `*` is all that can be said. (Service Authorization Reference)"""

BROAD = re.compile(r":aws:policy/(.*/)?(AdministratorAccess|PowerUserAccess|\w*FullAccess)$")
"""AWS's own policies that grant whole services."""

MUST_BE_SECRET = ((INSTANCE, "password"), (SECRET_VERSION, "secretString"), (SECRET_VERSION, "secretBinary"))
"""Inputs that the engine has to keep encrypted in its state."""

CLEAR = re.compile(
    r"(?P<access_key>\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)"
    r"|(?P<private_key>-----BEGIN [A-Z ]*PRIVATE KEY-----)"
    r"|(?P<address_with_a_password>\bpostgres(?:ql)?://[^\s:/@]+:[^\s@/]+@)"
    r"|(?P<password>\bpassword\s*=\s*['\"]?[^\s'\";{}$]+)",
    re.IGNORECASE,
)
"""What passwords and keys look like in a text; the group's name says which."""

LOOKS_LIKE = {
    "access_key": "an access key of AWS",
    "private_key": "a private key",
    "address_with_a_password": "an address with a password",
    "password": "a password",
}
"""The groups of CLEAR in words."""

SECRET_NAME = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE_KEY|CREDENTIAL", re.IGNORECASE)
"""Names of environment variables that hold one."""


def _documents(graph: Graph, table: Any) -> Iterator[tuple[Resource, list[Statement] | None, str]]:
    """Each document of the types of this table: the resource, its statements (None: unknown), and where it stands."""
    for kind, path in table.items():
        for resource in graph.of(kind):
            try:
                yield resource, documents.statements(resource, path), path
            except NotADocument:
                continue  # the policy `documents-readable` says so


def _readable(graph: Graph) -> Iterator[Finding]:
    for kind, path in {**TRUSTS, **GRANTS, ENDPOINT: "policy"}.items():
        for resource in graph.of(kind):
            try:
                if documents.statements(resource, path) is None:
                    yield Finding(resource, path, unknown=True)
            except NotADocument as error:
                yield Finding(resource, f"{path}: {error}")
    for task in graph.of(TASK):
        if known(task.get("containerDefinitions")) and definitions(task) is None:
            yield Finding(task, "containerDefinitions: it is not a list of containers in JSON")


def _said(statement: Statement) -> str:
    return f"statement {statement.get('Sid') or '(without Sid)'}"


def _principals(graph: Graph) -> Iterator[Finding]:
    for resource, rows, path in _documents(graph, TRUSTS):
        if rows is None:
            yield Finding(resource, path, unknown=True)
            continue
        for row in rows:
            if documents.allows(row) and documents.anybody(row) and not documents.pinned(row):
                yield Finding(resource, f"{_said(row)} allows it to everybody, in every account")


def _actions(graph: Graph) -> Iterator[Finding]:
    for resource, rows, path in _documents(graph, {**TRUSTS, **GRANTS}):
        if rows is None:
            yield Finding(resource, path, unknown=True)
            continue
        for row in rows:
            if documents.allows(row) and (broad := documents.broad_actions(row)):
                yield Finding(resource, f"{_said(row)} allows {', '.join(broad)}")


def _resources(graph: Graph) -> Iterator[Finding]:
    for resource, rows, path in _documents(graph, GRANTS):
        if rows is None:
            yield Finding(resource, path, unknown=True)
            continue
        for row in rows:
            if not documents.allows(row):
                continue
            actions = set(map(str, documents.listed(row.get("Action"))))
            everything = "NotResource" in row or "*" in documents.listed(row.get("Resource"))
            if everything and (restrictable := sorted(actions - WITHOUT_RESOURCE)):
                yield Finding(resource, f"{_said(row)} allows {', '.join(restrictable)} on every resource")


def _endpoint(endpoint: Resource) -> Iterator[Finding]:
    try:
        rows = documents.statements(endpoint, "policy")
    except NotADocument:
        return
    if rows is None:
        yield Finding(endpoint, "policy", unknown=True)
    elif not rows:
        yield Finding(endpoint, "it has no policy, and AWS's own lets every identity reach every account through it")
    for row in rows or ():
        open_to = documents.anybody(row) and "*" in documents.listed(row.get("Resource"))
        if documents.allows(row) and open_to and not documents.pinned(row):
            yield Finding(endpoint, f"{_said(row)} lets every identity reach every account through it")


def _managed(attachment: Resource) -> Iterator[Finding]:
    arn = attachment.get("policyArn")
    if isinstance(arn, Unknown):
        yield Finding(attachment, "policyArn", unknown=True)
    elif isinstance(arn, str) and BROAD.search(arn):
        yield Finding(attachment, f"{arn.rsplit('/', 1)[-1]} grants whole services")


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, f"{path}[{number}]")


def _in_clear(graph: Graph) -> Iterator[Finding]:
    """Says where, never what."""
    named: set[tuple[str, str]] = set()
    for kind, path in MUST_BE_SECRET:
        for resource in graph.of(kind):
            value = resource.get(path)
            if value is not None and not isinstance(value, Secret):
                named.add((resource.type + resource.name, path))
                wrong = f"{path} stands in the state in clear"
                yield Finding(
                    resource, path if isinstance(value, Unknown) else wrong, unknown=isinstance(value, Unknown)
                )
    for resource in graph.resources:
        for path, text in _texts(resource.inputs, ""):
            if (found := CLEAR.search(text)) and (resource.type + resource.name, path) not in named:
                yield Finding(resource, f"{path} holds what looks like {LOOKS_LIKE[str(found.lastgroup)]}")
    for task in graph.of(TASK):
        if isinstance(task.get("containerDefinitions"), Secret):
            yield Finding(task, "a secret is a part of containerDefinitions: whoever describes the task reads it")
            continue
        if isinstance(task.get("containerDefinitions"), Unknown):
            yield Finding(task, "containerDefinitions", unknown=True)
        for container in definitions(task) or ():
            for name, value in environment(container).items():
                if SECRET_NAME.search(name) and known(value) and not str(value).startswith("arn:"):
                    yield Finding(task, f"{name} of container {container.get('name')} is a plain value, not a secret")


POLICIES: tuple[Policy, ...] = (
    Policy(
        "documents-readable",
        "what cannot be read cannot be judged, and AWS would refuse it",
        "write a document with statements, in JSON",
        ("policy-grammar",),
        whole=_readable,
    ),
    Policy(
        "no-wildcard-principals",
        "a key, bucket, topic, queue, vault or role that everybody may use is anybody's",
        "name the principals, or pin the account by a condition such as aws:SourceAccount",
        ("CKV_AWS_33", "CKV_AWS_70", "CKV_AWS_168", "CKV_AWS_169", "CKV_AWS_60", "KMS.5", "SNS.4", "SQS.3"),
        whole=_principals,
    ),
    Policy(
        "no-wildcard-actions",
        "a whole service holds actions that nobody thought of, and each year more of them",
        "name the actions",
        ("CKV_AWS_62", "CKV_AWS_63", "IAM.1", "IAM.21", "iam-policy-no-statements-with-full-access"),
        whole=_actions,
    ),
    Policy(
        "resources-named",
        "a role that may do it to every resource does it to the other stack's, too",
        "name the resources' ARNs",
        ("CKV_AWS_355",),
        whole=_resources,
    ),
    Policy(
        "no-broad-managed-policies",
        "AWS's full-access policies grow without being asked",
        "write a policy of what the role does",
        ("CKV_AWS_274", "IAM.1", "iam-policy-no-statements-with-admin-access"),
        types=("aws:iam/rolePolicyAttachment:RolePolicyAttachment",),
        each=_managed,
    ),
    Policy(
        "roles-bounded",
        "whoever may make roles makes no role that may do more than the boundary lets it",
        "make the role by infra/roles.py, which gives it the boundary",
        ("permissions-boundaries",),
        types=("aws:iam/role:Role",),
        each=given("permissionsBoundary", "it has no permissions boundary"),
    ),
    Policy(
        "endpoints-restricted",
        "with stolen credentials of another account, data leaves through an endpoint that lets everybody through",
        "allow only identities and resources of the own account, by aws:PrincipalAccount and aws:ResourceAccount",
        ("endpoint-policies",),
        types=(ENDPOINT,),
        each=_endpoint,
    ),
    Policy(
        "no-secret-in-clear",
        "the state, the console and the description of a task are read by more people than may know a password",
        "make it a Pulumi secret, or hand the task an ARN of Secrets Manager",
        ("ECS.8", "ecs-no-environment-secrets"),
        whole=_in_clear,
    ),
)
