"""What a parameter group becomes on this machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from local import parameters
from local.parameters import Machine, Setting

SMALL = Machine("db.r6g.2xlarge", 5432, 100, has_library=lambda name: name == "auto_explain")


def test_formulas_of_memory_are_scaled_and_those_of_connections_are_not() -> None:
    settings = parameters.render({}, SMALL).settings
    assert settings["shared_buffers"] == "8192"  # a quarter of 256 MiB in pages of 8 KiB
    assert settings["max_connections"] == "5000"


def test_explicit_numbers_are_as_given() -> None:
    assert parameters.render({"shared_buffers": "12345"}, SMALL).settings["shared_buffers"] == "12345"


def test_what_only_rds_has_is_left_out_with_the_reason() -> None:
    rendered = parameters.render({"rds.force_ssl": "1", "ssl_min_protocol_version": "TLSv1.2", "port": "1"}, SMALL)
    assert set(rendered.left_out) == {"rds.force_ssl", "ssl_min_protocol_version", "port"}
    assert not set(rendered.left_out) & set(rendered.settings)


def test_logical_replication_is_rds_way_to_say_wal_level() -> None:
    assert parameters.render({"rds.logical_replication": "1"}, SMALL).settings["wal_level"] == "logical"
    assert "wal_level" not in parameters.render({"rds.logical_replication": "0"}, SMALL).settings


def test_only_installed_libraries_are_preloaded() -> None:
    rendered = parameters.render({"shared_preload_libraries": "pg_cron,auto_explain"}, SMALL)
    assert rendered.settings["shared_preload_libraries"] == "auto_explain"
    assert rendered.left_out["shared_preload_libraries"] == "not installed here: pg_cron"
    nothing = parameters.render({"shared_preload_libraries": "pg_cron"}, SMALL)
    assert "shared_preload_libraries" not in nothing.settings


def test_a_standby_never_has_less_than_its_primary() -> None:
    machine = Machine("db.t4g.micro", 5432, 20, lambda name: True, floors={"max_connections": 900})
    assert parameters.render({"max_connections": "100"}, machine).settings["max_connections"] == "900"
    assert parameters.render({"max_connections": "1000"}, machine).settings["max_connections"] == "1000"


def test_a_dynamic_parameter_that_is_to_wait_keeps_its_live_value() -> None:
    live = {"work_mem": "1", "a": "1", "max_connections": "10"}
    wanted = {"work_mem": "2", "a": "2", "max_connections": "20", "b": "2"}
    group = {
        "work_mem": Setting("2", at_once=False),
        "a": Setting("2"),
        "max_connections": Setting("20", at_once=False),
        "b": Setting("2", at_once=False),
    }
    chosen, waiting = parameters.defer(wanted, live, group, frozenset({"work_mem", "a", "b"}))
    assert waiting
    # The static one is written: PostgreSQL itself keeps it pending.
    assert chosen == {"work_mem": "1", "a": "2", "max_connections": "20"}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), max_size=30))
def test_no_value_leaves_its_quotes(value: str) -> None:
    quoted = parameters.quote(value)
    inside = quoted[1:-1].replace("\\\\", "").replace("''", "")
    assert "'" not in inside
    assert "\\" not in inside


def test_equal_settings_are_equal_texts() -> None:
    assert parameters.configuration({"b": "2", "a": "1"}) == "a = '1'\nb = '2'\n"
