"""The filters on PostgreSQL's log as CloudWatch takes them. Over real logs: tests/sql/test_log_metrics.py."""

from __future__ import annotations

import pytest

from infra import log_metrics
from tests.unit.infra.filter_pattern import BadPattern, matches

LINE = "2026-11-29 05:14:58 UTC:10.0.1.5(43210):platform_app@platform:[1234]:"


@pytest.mark.parametrize("row", log_metrics.TABLE, ids=lambda row: row.metric)
def test_a_pattern_is_one_that_cloudwatch_takes(row: log_metrics.LogMetric) -> None:
    assert len(row.pattern) <= 1024
    assert "%" not in row.pattern, "a log group takes five regular expressions, and there are more filters"
    assert not matches(row.pattern, f"{LINE}LOG:  connection authorized: user=platform_app database=platform")


def test_a_log_group_takes_so_many_filters() -> None:
    assert len(list(log_metrics.of("primary"))) == 14
    assert len(list(log_metrics.of("replica"))) == 10
    assert {row.metric for row in log_metrics.of("primary")} | {"RecoveryConflicts"} == log_metrics.names()


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("AuthenticationFailures", 'FATAL:  PAM authentication failed for user "platform_migrator"'),
        ("AuthenticationFailures", 'FATAL:  no pg_hba.conf entry for host "10.0.1.5", user "x", no encryption'),
        ("ConnectionSlotsExhausted", "FATAL:  remaining connection slots are reserved for rds_superuser"),
        ("Crashes", "PANIC:  could not write to log file: No space left on device"),
        ("RecoveryConflicts", "ERROR:  canceling statement due to conflict with recovery"),
        ("RecoveryConflicts", "FATAL:  terminating connection due to conflict with recovery"),
    ],
)
def test_what_only_rds_a_broken_disk_or_a_replica_says_is_counted(metric: str, message: str) -> None:
    [pattern] = [row.pattern for row in log_metrics.TABLE if row.metric == metric]
    assert matches(pattern, LINE + message)


def test_the_matcher_knows_terms_phrases_alternatives_and_exclusions() -> None:
    assert matches('"two words" term', "a term and two words")
    assert not matches('"two words" term', "a term and two  words")
    assert not matches("term", "a TERM")
    assert matches('?"one" ?other', "the other")
    assert not matches('?"one" ?other', "neither")
    assert not matches('"good" -"bad"', "good and bad")
    with pytest.raises(BadPattern, match="cannot read"):
        matches("[a, b]", "a b")
    with pytest.raises(BadPattern, match="alternatives"):
        matches('"must" ?"may"', "must")
