"""What is somebody else's is refused, and taken over when that is asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.bootstrap import plan, provider
from ops.bootstrap.differences import Context, Foreign
from ops.bootstrap.names import ALIAS, ISSUER, REPOSITORIES
from ops.errors import Refused
from tests.unit.bootstrap.conftest import BUCKET, Calls, Make, client, told


def foreign_bucket() -> None:
    client("s3").create_bucket(Bucket=BUCKET)


def foreign_key() -> None:
    kms = client("kms")
    kms.create_alias(AliasName=ALIAS, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


def foreign_role() -> None:
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}  # fmt: skip  # noqa: E501
    client("iam").create_role(
        RoleName="estate-deploy",
        AssumeRolePolicyDocument=json.dumps(trust),
        Tags=[{"Key": "ManagedBy", "Value": "terraform"}],
    )


def foreign_repository() -> None:
    client("ecr").create_repository(repositoryName=REPOSITORIES[0], encryptionConfiguration={"encryptionType": "KMS"})


def foreign_policy() -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    client("iam").create_policy(PolicyName="estate-boundary", PolicyDocument=json.dumps(document))


FOREIGN = {
    BUCKET: foreign_bucket,
    ALIAS: foreign_key,
    "estate-deploy": foreign_role,
    REPOSITORIES[0]: foreign_repository,
    "estate-boundary": foreign_policy,
}


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_what_is_somebody_elses_is_refused_and_adopted_when_asked(context: Make, calls: Calls, name: str) -> None:
    FOREIGN[name]()
    calls.made.clear()
    with pytest.raises(Refused) as caught:
        plan.run(context(), dry_run=False, yes=True)
    assert calls.writing == []
    first, *_, last = caught.value.lines
    assert name in first
    assert f"--adopt {name}" in first
    assert last == "nothing was changed"
    assert plan.run(context(name), dry_run=False, yes=True)
    assert plan.plan(context()) == []


def test_all_that_is_somebody_elses_is_named_at_once(context: Make, calls: Calls) -> None:
    for make in FOREIGN.values():
        make()
    with pytest.raises(Refused) as caught:
        plan.plan(context())
    assert len(caught.value.lines) == len(FOREIGN) + 1


def test_github_is_trusted_by_the_provider_that_an_account_has(context: Make, calls: Calls) -> None:
    client("iam").create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"])
    assert ISSUER not in [row.name for row in plan.plan(context())]


class ProviderOfOthers:
    """IAM as far as an OIDC provider goes that somebody else made (moto cannot add an audience)."""

    def __init__(self, *audiences: str) -> None:
        self.audiences, self.tags = list(audiences), {"ManagedBy": "terraform"}

    def get_open_id_connect_provider(self, **request: Any) -> dict[str, Any]:
        tags = [{"Key": key, "Value": value} for key, value in self.tags.items()]
        return {"ClientIDList": self.audiences, "Tags": tags}

    def add_client_id_to_open_id_connect_provider(self, **request: Any) -> None:
        self.audiences.append(request["ClientID"])

    def tag_open_id_connect_provider(self, **request: Any) -> None:
        self.tags |= {each["Key"]: each["Value"] for each in request["Tags"]}


def with_provider(context: Context, theirs: ProviderOfOthers) -> Context:
    context.clients._made["iam"] = theirs
    return context


def test_a_provider_without_the_audience_is_refused_and_given_it_when_asked(context: Make, calls: Calls) -> None:
    theirs = ProviderOfOthers("https://github.com/acme")
    with pytest.raises(Foreign, match=f"--adopt {ISSUER}"):
        provider.differences(with_provider(context(), theirs))
    rows = provider.differences(with_provider(context(ISSUER), theirs))
    assert told(rows) == [(ISSUER, "tags", "not ours"), (ISSUER, "audiences", "https://github.com/acme")]
    for row in rows:
        row.mend()
    assert theirs.audiences == ["https://github.com/acme", "sts.amazonaws.com"]
    assert provider.differences(with_provider(context(), theirs)) == []
