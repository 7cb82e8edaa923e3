"""Which regions of AWS there are, by the list that botocore brings along; nobody is asked."""

from __future__ import annotations

import difflib
from functools import cache

import botocore
from botocore.loaders import create_loader
from botocore.regions import EndpointResolver

from infra.config_shape import Problem, either
from infra.names import is_region

LATELY = f"where AWS opened it lately: raise boto3 and botocore ({botocore.__version__}) in requirements-dev.txt"
"""A region that botocore does not know is refused, though AWS may have it: a typing error is found here before anything
is tried, and on AWS in the middle of it; new are one or two regions a year, and a newer botocore knows them."""


@cache
def known() -> tuple[str, ...]:
    """The regions with RDS, of every partition."""
    # Not by a session: it would look for the caller's profile, which an offline preview has no use for.
    regions = EndpointResolver(create_loader().load_data("endpoints"))
    partitions = regions.get_available_partitions()
    return tuple(sorted(code for name in partitions for code in regions.get_available_endpoints("rds", name)))


def problem(key: str, value: object) -> Problem | None:
    """What is wrong with a region's code; None for one that there is."""
    if value in known():
        return None
    # Several, since us-esat-1 is as near to us-west-1; and near ones alone: eu-frankfurt-1 does not mean eu-north-1.
    word = value.lower()[:80] if isinstance(value, str) else ""
    near = difflib.get_close_matches(word, known(), cutoff=0.8)
    mends = [f"did you mean {either(near)}?" if near else "write one such as us-east-1"]
    if isinstance(value, str) and is_region(value):
        mends.append(LATELY)
    return Problem(key, value, "takes the code of an AWS region that has RDS", "; ".join(mends))
