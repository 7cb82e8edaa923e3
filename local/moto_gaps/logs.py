"""CloudWatch Logs' metric filters."""

from __future__ import annotations

from typing import Any

from moto.logs import models as moto_models
from moto.logs.exceptions import LimitExceededException, ResourceNotFoundException

from local.moto_gaps.reality import Reality

# moto's own types promise other things than what is put in their place here.
models: Any = moto_models

# As they are before any correction, which may be made twice.
_PUT, _DELETE = models.LogsBackend.put_metric_filter, models.LogsBackend.delete_log_group

_FILTERS_PER_GROUP = 100  # "The maximum number of metric filters that can be associated with a log group is 100."


def restore_metric_filters(reality: Reality | None) -> None:
    """A filter is put in the place of the one with its name, in a group that exists, and goes with it."""

    def put(self: Any, filter_name: str, filter_pattern: str, log_group_name: str, transformations: Any) -> None:
        if log_group_name not in self.groups:
            raise ResourceNotFoundException()
        kept = [row for row in self.filters.metric_filters if row["logGroupName"] == log_group_name]
        if filter_name not in {row["filterName"] for row in kept} and len(kept) >= _FILTERS_PER_GROUP:
            raise LimitExceededException()
        self.filters.metric_filters = [
            row
            for row in self.filters.metric_filters
            if (row["filterName"], row["logGroupName"]) != (filter_name, log_group_name)
        ]
        _PUT(self, filter_name, filter_pattern, log_group_name, transformations)

    def delete_group(self: Any, log_group_name: str) -> None:
        _DELETE(self, log_group_name)
        self.filters.metric_filters = [
            row for row in self.filters.metric_filters if row["logGroupName"] != log_group_name
        ]

    models.LogsBackend.put_metric_filter = put
    models.LogsBackend.delete_log_group = delete_group
