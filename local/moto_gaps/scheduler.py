"""EventBridge Scheduler as AWS keeps it. Nothing fires by itself here: `dbctl local tick` starts what is due."""

from __future__ import annotations

from typing import Any

from moto.scheduler import models as moto_models
from moto.scheduler.exceptions import ScheduleExists, ScheduleGroupNotFound, ValidationException

from local import cron
from local.moto_gaps.reality import Reality

models: Any = moto_models

_DEFAULT = "default"


def restore_schedules(reality: Reality | None) -> None:
    """Groups that exist once and keep their schedules; expressions that can be fired."""
    backend = models.EventBridgeSchedulerBackend
    create, update = backend.create_schedule, backend.update_schedule
    create_group = backend.create_schedule_group

    def create_schedule(self: Any, **settings: Any) -> Any:
        self.get_schedule_group(settings["group_name"])
        _refuse_strange(settings["schedule_expression"])
        return create(self, **settings)

    def update_schedule(self: Any, **settings: Any) -> Any:
        _refuse_strange(settings["schedule_expression"])
        schedule = update(self, **settings)
        schedule.state = schedule.state or "ENABLED"  # what UpdateSchedule is not told falls back to its default
        return schedule

    def create_schedule_group(self: Any, name: str, tags: list[dict[str, str]]) -> Any:
        if name in self.schedule_groups:
            raise ScheduleExists(name)
        return create_group(self, name, tags or [])

    def delete_schedule_group(self: Any, name: str | None) -> None:
        if (name or _DEFAULT) not in self.schedule_groups:
            raise ScheduleGroupNotFound(name or _DEFAULT)
        if (name or _DEFAULT) == _DEFAULT:
            raise ValidationException("Schedule group default can not be deleted.")
        group = self.schedule_groups.pop(name)
        self.tagger.delete_all_tags_for_resource(group.arn)

    backend.create_schedule = create_schedule
    backend.update_schedule = update_schedule
    backend.create_schedule_group = create_schedule_group
    backend.delete_schedule_group = delete_schedule_group


def _refuse_strange(expression: str) -> None:
    """AWS refuses what is no expression; the local cloud, what it could not fire."""
    try:
        cron.parse(expression)
    except cron.NotUnderstood as reason:
        raise ValidationException(f"Invalid Schedule Expression {expression}. ({reason})") from None
