"""The OIDC provider: AWS believes what GitHub says of a job."""

from __future__ import annotations

from ops.bootstrap.differences import Context, Difference, found_or_none, tag_list, tag_map
from ops.bootstrap.names import AUDIENCE, ISSUER, TAGS
from ops.console import NOTHING

WHAT = "OIDC provider"


def differences(context: Context) -> list[Difference]:
    """What the provider lacks. An account has one for GitHub, whoever made it: one that knows our audience is used.

    No thumbprint is given: IAM holds GitHub's certificate against the authorities that it trusts itself, and pinned
    ones have only ever broken when GitHub changed its certificate.
    """
    iam, arn = context.clients.get("iam"), context.facts.provider_arn
    found = found_or_none(iam.get_open_id_connect_provider, "NoSuchEntity", OpenIDConnectProviderArn=arn)
    if found is None:
        return [
            Difference(
                WHAT,
                ISSUER,
                "provider",
                NOTHING,
                f"made, for {AUDIENCE}",
                lambda: iam.create_open_id_connect_provider(
                    Url=f"https://{ISSUER}", ClientIDList=[AUDIENCE], Tags=tag_list(TAGS)
                ),
            )
        ]
    audiences = found.get("ClientIDList", [])
    if AUDIENCE in audiences:
        return []
    rows = []
    if not context.owned(WHAT, ISSUER, tag_map(found.get("Tags", []))):
        rows.append(
            Difference(
                WHAT,
                ISSUER,
                "tags",
                "not ours",
                "ours",
                lambda: iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=tag_list(TAGS)),
            )
        )
    rows.append(
        Difference(
            WHAT,
            ISSUER,
            "audiences",
            ", ".join(audiences) or NOTHING,
            ", ".join([*audiences, AUDIENCE]),
            lambda: iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=AUDIENCE),
        )
    )
    return rows
