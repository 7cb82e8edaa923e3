"""Rows of IAM, which has no regions."""

from __future__ import annotations

from local.provider.compare import document, unordered
from local.provider.rows.shared import tag_list, tag_setters
from local.provider.table import Added, Autoname, Call, Id, In, Item, Look, Out, Removed, Row, words

DETACH = (
    Call(
        "delete_role_policy",
        {"RoleName": Id(), "PolicyName": Item("name")},
        each=Removed("inlinePolicies", by="name"),
        tolerate=words("NoSuchEntity"),
    ),
    Call(
        "detach_role_policy",
        {"RoleName": Id(), "PolicyArn": Item()},
        each=Removed("managedPolicyArns"),
        tolerate=words("NoSuchEntity"),
    ),
)

ROLE = Row(
    urn_type="aws:iam/role:Role",
    service="iam",
    regional=False,
    create=(
        Call(
            "create_role",
            {
                "RoleName": In("name"),
                "AssumeRolePolicyDocument": In("assumeRolePolicy"),
                "Path": In("path"),
                "Description": In("description"),
                "MaxSessionDuration": In("maxSessionDuration"),
                "PermissionsBoundary": In("permissionsBoundary"),
                "Tags": In("tags", tag_list),
            },
        ),
    ),
    id="response.Role.RoleName",
    setters=(
        Call("update_assume_role_policy", {"RoleName": Id(), "PolicyDocument": In("assumeRolePolicy")}),
        Call(
            "update_role",
            {"RoleName": Id(), "Description": In("description"), "MaxSessionDuration": In("maxSessionDuration")},
            whole=True,
        ),
        Call(
            "put_role_permissions_boundary",
            {"RoleName": Id(), "PermissionsBoundary": In("permissionsBoundary")},
        ),
        Call("delete_role_permissions_boundary", {"RoleName": Id()}, removed="permissionsBoundary"),
        *DETACH,
        Call(
            "put_role_policy",
            {"RoleName": Id(), "PolicyName": Item("name"), "PolicyDocument": Item("policy")},
            each=Added("inlinePolicies", by="name"),
        ),
        Call("attach_role_policy", {"RoleName": Id(), "PolicyArn": Item()}, each=Added("managedPolicyArns")),
        *tag_setters("tag_role", "untag_role", {"RoleName": Id()}),
    ),
    read=(
        Look("get_role", {"RoleName": Id()}, "Role"),
        Look("list_role_tags", {"RoleName": Id()}, "Tags", into="tags"),
        Look("list_attached_role_policies", {"RoleName": Id()}, "AttachedPolicies[].PolicyArn", into="attached"),
    ),
    delete=(*DETACH, Call("delete_role", {"RoleName": Id()})),
    outputs={
        "arn": "Arn",
        "uniqueId": "RoleId",
        "createDate": "to_string(CreateDate)",
        "tagsAll": "tag_map(tags)",
    },
    observed={
        "name": "RoleName",
        "assumeRolePolicy": "json(AssumeRolePolicyDocument)",
        "path": "Path",
        "description": "Description",
        "maxSessionDuration": "MaxSessionDuration",
        "permissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn",
        "managedPolicyArns": "attached",
        "tags": "tag_map(tags)",
    },
    required=words("assumeRolePolicy"),
    force_new=words("name path"),
    # Policies may be attached by resources of their own; only a role that lists them speaks for them.
    sticky=words("inlinePolicies managedPolicyArns"),
    client_side=words("forceDetachPolicies"),
    defaults={"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False},
    canonical={"assumeRolePolicy": document, "managedPolicyArns": unordered},
    autoname=Autoname(longest=64),
)

ROLE_POLICY = Row(
    urn_type="aws:iam/rolePolicy:RolePolicy",
    service="iam",
    regional=False,
    create=(
        Call(
            "put_role_policy",
            {"RoleName": In("role"), "PolicyName": In("name"), "PolicyDocument": In("policy")},
        ),
    ),
    id="join(':', [inputs.role, inputs.name])",
    setters=(
        Call(
            "put_role_policy",
            {"RoleName": Id(":", 0), "PolicyName": Id(":", 1), "PolicyDocument": In("policy")},
        ),
    ),
    read=(Look("get_role_policy", {"RoleName": Id(":", 0), "PolicyName": Id(":", 1)}, "@"),),
    delete=(Call("delete_role_policy", {"RoleName": Id(":", 0), "PolicyName": Id(":", 1)}),),
    observed={"role": "RoleName", "name": "PolicyName", "policy": "json(PolicyDocument)"},
    required=words("role policy"),
    force_new=words("role name"),
    canonical={"policy": document},
    autoname=Autoname(longest=128),
)

ROLE_POLICY_ATTACHMENT = Row(
    urn_type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    service="iam",
    regional=False,
    create=(Call("attach_role_policy", {"RoleName": In("role"), "PolicyArn": In("policyArn")}),),
    id="join('/', [inputs.role, inputs.policyArn])",
    read=(
        Look(
            "list_attached_role_policies",
            {"RoleName": Out("role", otherwise=Id("/", 0, splits=1))},
            "AttachedPolicies[?PolicyArn==$arn] | [0]",
            where={"arn": Out("policyArn", otherwise=Id("/", 1, splits=1))},
        ),
    ),
    delete=(Call("detach_role_policy", {"RoleName": Out("role"), "PolicyArn": Out("policyArn")}),),
    observed={"policyArn": "PolicyArn"},
    required=words("role policyArn"),
    force_new=words("role policyArn"),
    sticky=words("role"),
)

ROWS = (ROLE, ROLE_POLICY, ROLE_POLICY_ATTACHMENT)
