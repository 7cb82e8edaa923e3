"""The example's story on a plain server of each major: every step goes as it says."""

from __future__ import annotations

from examples.platform_app import story
from examples.platform_app.stage import Stage
from tests.e2e.example_steps import STEPS


def test_every_step_goes_as_the_story_has_it(stage: Stage) -> None:
    assert [(row.step, row.whom, row.result) for row in story.tell(stage.pools)] == STEPS


def test_another_day_in_the_same_database_goes_the_same_way(stage: Stage) -> None:
    first, second = story.tell(stage.pools), story.tell(stage.pools)
    assert first == second
