"""RDS formulas mean here what they mean there, only smaller."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import formulas
from local.formulas import FormulaError

GIB = 1024**3
NAMES = {"DBInstanceClassMemory": 64 * GIB, "DBInstanceVCPU": 8, "EndPointPort": 5432, "AllocatedStorage": 400 * GIB}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("{DBInstanceClassMemory/32768}", 2097152),
        ("LEAST({DBInstanceClassMemory/9531392},5000)", 5000),
        ("GREATEST({DBInstanceClassMemory*1024/63963136},65536)", 1100145),
        ("SUM({DBInstanceVCPU*2},1)", 17),
        ("{log(DBInstanceVCPU)*1000}", 3000),
        ("GREATEST({DBInstanceClassMemory/64371566592}, 3)", 3),
        ("{(DBInstanceVCPU+2)*3-1}", 29),
        ("{EndPointPort}", 5432),
    ],
)
def test_formulas_of_the_rds_guide_are_computed(formula: str, value: int) -> None:
    assert formulas.is_formula(formula)
    assert formulas.evaluate(formula, NAMES) == value


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("{DBInstanceClassMemry/2}", "unknown name 'DBInstanceClassMemry'"),
        ("{DBInstanceVCPU/0}", "division by zero"),
        ("LEAST({DBInstanceVCPU},", "ends too early"),
        ("{DBInstanceVCPU", "expected '}'"),
        ("{1} 2", "unexpected '2'"),
        ("{1;2}", "unexpected ';2}'"),
    ],
)
def test_a_formula_that_means_nothing_says_why(formula: str, words: str) -> None:
    with pytest.raises(FormulaError, match=words):
        formulas.evaluate(formula, NAMES)


@pytest.mark.parametrize("value", ["8192", "on", "pg_stat_statements", "least", "sum of all", ""])
def test_a_plain_value_is_no_formula(value: str) -> None:
    assert not formulas.is_formula(value)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 10**6))
def test_least_and_greatest_enclose_their_arguments(a: int, b: int, c: int) -> None:
    low = formulas.evaluate(f"LEAST({a},{b},{c})", {})
    high = formulas.evaluate(f"GREATEST({a},{b},{c})", {})
    assert low == min(a, b, c)
    assert high == max(a, b, c)
    assert formulas.evaluate(f"SUM({a},{b},{c})", {}) == a + b + c


@pytest.mark.parametrize(
    ("instance_class", "gib", "vcpus"),
    [
        ("db.t4g.micro", 1, 2),
        ("db.t4g.medium", 4, 2),
        ("db.t3.2xlarge", 32, 8),
        ("db.m6g.large", 8, 2),
        ("db.r6g.xlarge", 32, 4),
        ("db.r6g.2xlarge", 64, 8),
        ("db.r6gd.16xlarge", 512, 64),
        ("db.m7i.24xlarge", 384, 96),
    ],
)
def test_classes_have_the_memory_that_aws_documents(instance_class: str, gib: int, vcpus: int) -> None:
    assert formulas.class_memory(instance_class) == gib * GIB
    assert formulas.class_vcpus(instance_class) == vcpus


@pytest.mark.parametrize(
    "instance_class", ["r6g.large", "db.r6g", "db.q9z.large", "db.t4g.16xlarge", "db.r6g.huge", ""]
)
def test_an_unknown_class_is_refused_with_an_example(instance_class: str) -> None:
    with pytest.raises(FormulaError, match=r"db\.t4g\.medium"):
        formulas.class_memory(instance_class)


def test_scaling_caps_the_memory_and_nothing_else() -> None:
    full = formulas.variables("db.r6g.2xlarge", 5432, 400, scaled=False)
    scaled = formulas.variables("db.r6g.2xlarge", 5432, 400, scaled=True)
    assert scaled.pop("DBInstanceClassMemory") == formulas.MEMORY_CAP_MIB * 1024**2
    assert full.pop("DBInstanceClassMemory") == 64 * GIB
    assert scaled == full
