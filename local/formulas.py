"""The formulas of RDS parameter groups, and the memory of instance classes that they speak of.

RDS documents: expressions in braces over variables, and the functions GREATEST, LEAST, SUM and log.
Results are whole numbers. A value without a brace or function is not a formula and stays as it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

# A formula means "a share of this machine". Locally that machine is a small one: a share of 64 GiB would
# not fit here, a quarter of this cap does, several times over.
MEMORY_CAP_MIB = 256

_GIB = 1024**3
_MIB = 1024**2

# GiB for each vCPU by the family's letter; from the EC2 instance type pages.
_GIB_PER_VCPU = {"m": 4, "r": 8, "x": 16, "c": 2}
# Burstable classes do not follow that rule: GiB by size, as documented for t3 and t4g.
_BURSTABLE_GIB = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16, "2xlarge": 32}
_BURSTABLE_VCPU = {"xlarge": 4, "2xlarge": 8}
_CLASS = re.compile(r"db\.(?P<family>[a-z]+)(?P<generation>\d)[a-z]*(-\w+)?\.(?P<size>\w+)")


class FormulaError(ValueError):
    """The text of a formula cannot be understood or computed."""


def class_memory(instance_class: str) -> int:
    """The memory of an instance class in bytes; RDS itself takes a little of it, which is left out here."""
    family, size = _parts(instance_class)
    if family == "t":
        return _BURSTABLE_GIB[size] * _GIB
    return _GIB_PER_VCPU[family] * class_vcpus(instance_class) * _GIB


def class_vcpus(instance_class: str) -> int:
    """The vCPUs of an instance class."""
    family, size = _parts(instance_class)
    if family == "t":
        return _BURSTABLE_VCPU.get(size, 2)
    multiple = re.fullmatch(r"(\d+)xlarge", size)
    return int(multiple[1]) * 4 if multiple else {"medium": 1, "large": 2, "xlarge": 4}[size]


def _parts(instance_class: str) -> tuple[str, str]:
    match = _CLASS.fullmatch(instance_class)
    size = match["size"] if match else ""
    family = match["family"][0] if match else ""
    known = size in _BURSTABLE_GIB if family == "t" else re.fullmatch(r"(medium|large|xlarge|\d+xlarge)", size)
    if not known or (family != "t" and family not in _GIB_PER_VCPU):
        raise FormulaError(
            f"Invalid DB Instance class: {instance_class}. Expected db.<family>.<size>, such as db.t4g.medium "
            f"or db.r6g.2xlarge, of the families t, {', '.join(_GIB_PER_VCPU)}."
        )
    return family, size


def variables(instance_class: str, port: int, storage_gib: int, *, scaled: bool) -> dict[str, int]:
    """What a formula may speak of. Scaled: the memory that this machine gives instead of the class's own."""
    memory = class_memory(instance_class)
    return {
        "DBInstanceClassMemory": min(memory, MEMORY_CAP_MIB * _MIB) if scaled else memory,
        "DBInstanceVCPU": class_vcpus(instance_class),
        "EndPointPort": port,
        "AllocatedStorage": storage_gib * _GIB,
    }


_FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "GREATEST": max,
    "LEAST": min,
    "SUM": sum,
    "LOG": lambda values: math.log2(values[0]),
}
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|([{}()*/+,-]))")


def is_formula(value: str) -> bool:
    """Whether a parameter's value is a formula and not the value itself."""
    return "{" in value or re.match(r"\s*(GREATEST|LEAST|SUM)\s*\(", value, re.IGNORECASE) is not None


def evaluate(formula: str, names: Mapping[str, int]) -> int:
    """The whole number that a formula stands for."""
    return math.floor(_Parser(formula, names).result())


class _Parser:
    """Recursive descent: sum of products of numbers, names, calls and brackets (round or curly)."""

    def __init__(self, text: str, names: Mapping[str, int]) -> None:
        self._text = text
        self._names = {name.lower(): value for name, value in names.items()}
        self._tokens: list[str] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._error(f"unexpected {text[position:]!r}")
            self._tokens.append(match[0].strip())
            position = match.end()
        self._tokens.append("")  # the end

    def result(self) -> float:
        value = self._sum()
        if self._tokens[0]:
            raise self._error(f"unexpected {self._tokens[0]!r}")
        return value

    def _take(self, *allowed: str) -> str:
        if self._tokens[0] in allowed:
            return self._tokens.pop(0)
        return ""

    def _expect(self, wanted: str) -> None:
        if not self._take(wanted):
            raise self._error(f"expected {wanted!r} before {self._tokens[0] or 'the end'!r}")

    def _sum(self) -> float:
        value = self._product()
        while sign := self._take("+", "-"):
            value += self._product() if sign == "+" else -self._product()
        return value

    def _product(self) -> float:
        value = self._atom()
        while sign := self._take("*", "/"):
            factor = self._atom()
            if sign == "/" and factor == 0:
                raise self._error("division by zero")
            value = value * factor if sign == "*" else value / factor
        return value

    def _atom(self) -> float:
        for opening, closing in ("{}", "()"):
            if self._take(opening):
                value = self._sum()
                self._expect(closing)
                return value
        token = self._tokens.pop(0)
        if token[:1].isdigit():
            return float(token)
        if token.upper() in _FUNCTIONS:
            return self._call(token)
        if token.lower() in self._names:
            return self._names[token.lower()]
        raise self._error(f"unknown name {token!r}" if token else "it ends too early")

    def _call(self, name: str) -> float:
        self._expect("(")
        arguments = [self._sum()]
        while self._take(","):
            arguments.append(self._sum())
        self._expect(")")
        return _FUNCTIONS[name.upper()](arguments)

    def _error(self, what: str) -> FormulaError:
        return FormulaError(f"Formula {self._text!r}: {what}.")
