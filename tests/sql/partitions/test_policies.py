"""A policy that could not be followed is refused when it is written."""

from __future__ import annotations

from typing import LiteralString

import pytest

from tests.sql.partitions.world import Owner

_NO_CONDITION = "open_rows of app.tasks is no condition on its rows: "


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("keep = '20 days'", "keep_is_at_least_one_partition"),
        ("premake = 0", "premake_is_from_1_to_366"),
        ("premake = 367", "premake_is_from_1_to_366"),
        ("every = '1 week'", "every_is_a_day_a_month_or_a_year"),
        ("on_expiry = 'forget', open_rows = NULL", "on_expiry_is_drop_detach_or_hold_open"),
        ("open_rows = NULL", "hold_open_says_which_rows_are_open"),
        ("on_expiry = 'drop'", "hold_open_says_which_rows_are_open"),
        ("leaf_options = '{fillfactor}'", "leaf_options_are_names_with_values"),
        ("leaf_options = ARRAY['fillfactor=9) ; DROP TABLE x; --']", "leaf_options_are_names_with_values"),
        ("leaf_options = ARRAY[NULL]", "leaf_options_are_names_with_values"),
        ("prefix = 'Tasks'", "prefix_is_a_short_name"),
        ("prefix = 'notifications'", "partition_policy_prefix_key"),
        ("open_rows = 'done_at IS NULL'", f'{_NO_CONDITION}column "done_at" does not exist'),
        ("open_rows = 'status'", f"{_NO_CONDITION}argument of WHERE must be type boolean, not type character varying"),
        ("open_rows = 'status ='", f'{_NO_CONDITION}syntax error at or near ")"'),
        (
            "registry = 'app.projects'",
            "app.projects is no registry of app.tasks: there is no FOREIGN KEY (id) REFERENCES app.projects (id) "
            "ON DELETE CASCADE",
        ),
        (
            "parent = 'app.projects'",
            "app.projects is not partitioned by range of one column of type timestamptz",
        ),
    ],
)
def test_a_policy_that_could_not_be_followed_is_refused(owner: Owner, change: LiteralString, said: str) -> None:
    diagnosis = owner.refused(f"UPDATE ops.partition_policy SET {change} WHERE prefix = 'tasks'")
    assert said in (diagnosis.constraint_name, diagnosis.message_primary)
    assert diagnosis.sqlstate in ("23514", "23505")


def test_storage_parameters_of_existing_partitions_follow_the_policy(owner: Owner) -> None:
    options = (
        "SELECT DISTINCT reloptions FROM pg_class JOIN pg_inherits ON inhrelid = oid"
        " WHERE inhparent = 'app.tasks'::regclass"
    )
    assert owner.rows(options) == [(["autovacuum_vacuum_scale_factor=0.1", "autovacuum_analyze_scale_factor=0.05"],)]

    owner.do("UPDATE ops.partition_policy SET leaf_options = '{fillfactor=90}' WHERE prefix = 'tasks'")
    assert owner.rows(options) == [(["fillfactor=90"],)]
    owner.do("UPDATE ops.partition_policy SET leaf_options = '{}' WHERE prefix = 'tasks'")
    assert owner.rows(options) == [(None,)]


def test_the_policies_are_those_of_the_design(owner: Owner) -> None:
    assert owner.rows(
        "SELECT parent::text, every::text, premake, keep::text, on_expiry, registry::text FROM ops.partition_policy"
        " WHERE prefix IN ('tasks', 'notifications') ORDER BY 1"
    ) == [
        ("app.notifications", "1 mon", 6, "6 mons", "drop", None),
        ("app.tasks", "1 mon", 12, "2 years", "hold_open", "app.task_ids"),
    ]
