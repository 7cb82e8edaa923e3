"""Tags of RDS resources, which are known by their ARNs."""

from __future__ import annotations

from local.provider.rows.shared import tag_setters
from local.provider.table import Look, Out

TAGS = tag_setters("add_tags_to_resource", "remove_tags_from_resource", {"ResourceName": Out("arn")})
TAGS_LOOK = Look("list_tags_for_resource", {"ResourceName": Out("arn")}, "TagList", into="tags")
