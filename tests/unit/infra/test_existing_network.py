"""A network that somebody else made: what it must be like, and what of it is used."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pulumi
import pytest

from infra import existing_network
from infra.config import ExistingNetwork
from infra.config import Network as Settings
from infra.containers import Account
from infra.existing_network import Found, Subnet, Vpc
from infra.network import Network, NetworkArgs
from tests.unit.infra import recorder
from tests.unit.infra.recorder import ACCOUNT, REGION, EchoMocks, Recording, record

HERE = Account(ACCOUNT, REGION, "aws", "amazonaws.com")
SETTINGS = Settings("10.20.0.0/16", 3, "none", 0, "estate.internal", None)
ZONES = ("eu-west-1a", "eu-west-1b", "eu-west-1c")

GOOD = Found(
    Vpc("vpc-1", ("10.20.0.0/16", "10.21.0.0/16"), True, True),
    (Subnet("subnet-1", "vpc-1", "a"), Subnet("subnet-2", "vpc-1", "b")),
    (Subnet("subnet-3", "vpc-1", "a"), Subnet("subnet-4", "vpc-1", "c")),
    "vpc-1",
)


def problems(found: Found, cidr: str = "10.20.0.0/16") -> list[str]:
    return existing_network.problems(found, cidr, "sg-1")


@pytest.mark.parametrize("cidr", GOOD.vpc.cidrs)
def test_a_network_over_two_zones_with_dns_holds_the_estate(cidr: str) -> None:
    assert problems(GOOD, cidr) == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            replace(GOOD, vpc=replace(GOOD.vpc, cidrs=("10.9.0.0/16",))),
            "network.cidr is 10.20.0.0/16, and vpc-1 has 10.9.0.0/16: give one of its ranges, since clients are let in"
            " from there",
        ),
        (
            replace(GOOD, vpc=replace(GOOD.vpc, dns_hostnames=False)),
            "vpc-1 has DNS support on and DNS hostnames off: turn both on, or neither the endpoints' names nor the"
            " private zone's resolve in it",
        ),
        (
            replace(GOOD, private=(*GOOD.private, Subnet("subnet-9", "vpc-2", "c"))),
            "private subnet subnet-9 is in vpc-2, not in vpc-1",
        ),
        (
            replace(GOOD, database=GOOD.database[:1]),
            "the database subnets span a: name subnets in 2 zones at least",
        ),
        (replace(GOOD, endpoints_group_vpc_id="vpc-2"), "security group sg-1 is in vpc-2, not in vpc-1"),
    ],
)
def test_what_stands_against_a_network_is_told_in_a_sentence(found: Found, told: str) -> None:
    assert problems(found) == [told]


def test_all_that_stands_against_a_network_is_told_at_once() -> None:
    wrong = replace(GOOD, private=(), endpoints_group_vpc_id="vpc-2")
    assert len(problems(wrong, "10.9.0.0/16")) == 3


class Somebodys(EchoMocks):
    """A VPC that somebody else made, over the zones a and c."""

    dns = True
    made: ClassVar[list[str]] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.made.append(args.typ)
        return super().new_resource(args)

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        kind = args.token.split(":")[-1]
        asked = args.args.get("id", "")
        answers: dict[str, dict[str, Any]] = {
            "getVpc": {
                "id": asked,
                "cidrBlockAssociations": [
                    {"associationId": "1", "cidrBlock": "10.20.0.0/16", "state": "associated"},
                    {"associationId": "2", "cidrBlock": "10.21.0.0/16", "state": "disassociated"},
                ],
                "enableDnsSupport": True,
                "enableDnsHostnames": self.dns,
            },
            "getSubnet": {"id": asked, "vpcId": "vpc-1", "availabilityZone": f"eu-west-1{asked[-1:]}"},
            "getSecurityGroup": {"id": asked, "vpcId": "vpc-1"},
            "getPrefixList": {"id": f"pl-of-{args.args.get('name')}"},
        }
        return answers[kind], []


EXISTING = ExistingNetwork("vpc-1", ("subnet-1a", "subnet-1c"), ("subnet-2c", "subnet-2a"), "sg-1")


@pytest.fixture
def somebodys(monkeypatch: pytest.MonkeyPatch) -> type[Somebodys]:
    """The mocks of the next recording."""
    monkeypatch.setattr(recorder, "EchoMocks", Somebodys)
    Somebodys.made.clear()
    return Somebodys


def use(settings: Settings) -> Recording:
    """What the use of an existing network asks AWS for, with its attributes as outputs."""

    def program() -> None:
        zones = tuple(pulumi.Output.from_input(zone) for zone in ZONES)
        account = pulumi.Output.from_input(HERE)
        made = Network("network", NetworkArgs("test", settings, account, zones, "arn:of:the:key", False))
        pulumi.export("private", made.private_subnet_ids)
        pulumi.export("database", made.database_subnet_ids)
        pulumi.export("zones", list(made.zones))
        pulumi.export("others", [made.vpc_id, made.endpoint_group_id, made.s3_prefix_list_id])

    return record(program)


def test_an_existing_network_is_used_by_its_ids_and_in_its_own_zones(somebodys: type[Somebodys]) -> None:
    recording = use(replace(SETTINGS, existing=EXISTING, flow_log_days=7))
    assert recording.stack_outputs == {
        "private": ["subnet-1a", "subnet-1c"],
        "database": ["subnet-2c", "subnet-2a"],
        "zones": ["eu-west-1c", "eu-west-1a"],
        "others": ["vpc-1", "sg-1", f"pl-of-com.amazonaws.{REGION}.s3"],
    }
    assert {kind for kind, _ in recording.names() if kind.startswith("aws:")} == {
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:ec2/flowLog:FlowLog",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
    }
    assert recording.one("aws:ec2/flowLog:FlowLog", "network-flow-logs").inputs["vpcId"] == "vpc-1"


def test_a_network_that_cannot_hold_the_estate_is_one_error_and_nothing_is_put_into_it(
    somebodys: type[Somebodys], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A RunError is told as it stands, without the traceback of a program that is wrong."""
    monkeypatch.setattr(somebodys, "dns", False)
    wrong = replace(EXISTING, database_subnet_ids=("subnet-1a", "subnet-2a"))
    with pytest.raises(pulumi.RunError) as refused:
        use(replace(SETTINGS, existing=wrong, cidr="10.21.0.0/16", flow_log_days=7))
    first, *lines = str(refused.value).splitlines()
    assert first == "the existing network cannot hold the estate:"
    assert [line.partition(" ")[2].split(",")[0] for line in lines] == [
        "network.cidr is 10.21.0.0/16",
        "vpc-1 has DNS support on and DNS hostnames off: turn both on",
        "the database subnets span eu-west-1a: name subnets in 2 zones at least",
    ]
    assert "aws:ec2/flowLog:FlowLog" not in somebodys.made
