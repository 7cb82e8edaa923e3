"""Tags and ARNs of EC2 resources."""

from __future__ import annotations

from local.provider.rows.shared import tag_list, tag_setters
from local.provider.table import Id, In, Item, Template, Whole

TAGS = tag_setters("create_tags", "delete_tags", {"Resources": [Id()]}, keys="Tags", key={"Key": Item()})


def tagged(kind: str) -> Template:
    """Tags in a create call: EC2 wants to know what they are for."""
    return [Whole({"ResourceType": kind, "Tags": In("tags", tag_list)})]


def arn(kind: str, name: str) -> str:
    """EC2 does not report the ARNs of most things; they are made of what it does report."""
    return f"glue(['arn:aws:ec2:', _region, ':', OwnerId, ':{kind}/', {name}])"
