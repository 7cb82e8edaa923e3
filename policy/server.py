"""Policies over what PostgreSQL itself is set to, in the instances' parameter groups. Pure."""

from __future__ import annotations

from policy.core import NOT_LOCAL, Finding, Graph, GraphCheck, Policy, Resource
from policy.judge import INSTANCE, PARAMETERS, known, refers, siblings


def parameter(graph: Graph, instance: Resource, name: str) -> tuple[object, bool]:
    """What an instance's parameter group sets a parameter to, None where it does not; and whether that is certain."""
    link = instance.get("parameterGroupName")
    if known(link):
        groups = [group for group in graph.of(PARAMETERS) if refers(link, group)]
    else:
        groups = list(siblings(graph, instance, PARAMETERS))
    for group in groups:
        rows = group.get("parameters", [])
        if not known(rows):
            return None, False
        for row in rows:
            if not known(row) or not known(row.get("name")):
                return None, False
            if row.get("name") == name:
                return row.get("value"), known(row.get("value"))
    return None, bool(groups) or known(link)


def parameters_hold(holds: dict[str, tuple[object, ...]], wrong: str) -> GraphCheck:
    """A check that each instance's parameter group sets these parameters to one of these values."""

    def check(graph: Graph) -> list[Finding]:
        found = []
        for instance in graph.of(INSTANCE):
            for name, allowed in holds.items():
                value, certain = parameter(graph, instance, name)
                if not certain:
                    found.append(Finding(instance, f"parameter {name}", unknown=True))
                elif value not in allowed:
                    said = "not set" if value is None else f"{value}"
                    found.append(Finding(instance, wrong.format(name=name, value=said)))
        return found

    return check


def _statements_logged(graph: Graph) -> list[Finding]:
    found = []
    for instance in graph.of(INSTANCE):
        value, certain = parameter(graph, instance, "log_min_duration_statement")
        if not certain:
            found.append(Finding(instance, "parameter log_min_duration_statement", unknown=True))
        elif value in (None, "-1"):
            found.append(Finding(instance, "log_min_duration_statement is off: no slow statement is ever logged"))
        value, certain = parameter(graph, instance, "log_connections")
        if certain and value not in ("1", "on", "true"):
            found.append(Finding(instance, "log_connections is off: nobody can say who was connected"))
    return found


POLICIES: tuple[Policy, ...] = (
    Policy(
        "statements-logged",
        "a slow statement that nobody logged cannot be found afterwards",
        "leave log_min_duration_statement and log_connections on",
        ("CKV2_AWS_30",),
        whole=_statements_logged,
    ),
    Policy(
        "tls-forced",
        "a client that may connect without TLS will, one day, and send a password in the clear",
        "set tls: required",
        ("CKV2_AWS_69", "RDS.38", "rds-postgres-instance-encrypted-in-transit"),
        NOT_LOCAL,
        whole=parameters_hold(
            {"rds.force_ssl": ("1", 1)}, "its parameter {name} is {value}: it takes connections without TLS"
        ),
    ),
    Policy(
        "passwords-scram",
        "an md5 verifier can be used as the password itself",
        "set password_encryption: scram-sha-256",
        ("password-encryption",),
        whole=parameters_hold(
            {"password_encryption": ("scram-sha-256",)}, "its parameter {name} is {value}, not scram-sha-256"
        ),
    ),
)
