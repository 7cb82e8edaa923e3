"""Protobuf structs to plain Python and back: what the engine sends is judged as plain data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

# The wire format marks special objects with this key; the second value says "this one is a secret".
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a protocol constant, the same for everyone)

UNKNOWN = rpc.UNKNOWN

# Protobuf numbers are doubles: above this whole numbers are no longer exact, so they stay floats.
EXACT_INTEGERS = 2**53

Properties = dict[str, Any]


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """The properties of a request: whole floats become ints, secrets are unwrapped, nulls left out."""
    plain = {key: _plain(value) for key, value in struct.fields.items()}
    return {key: value for key, value in plain.items() if value is not None}


def _plain(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) < EXACT_INTEGERS else number
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
            return _plain(fields["value"])
        return from_struct(value.struct_value)
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    return value.bool_value if kind == "bool_value" else value.string_value if kind == "string_value" else None


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain properties as a protobuf struct; what is None is left out."""
    struct = struct_pb2.Struct()
    struct.update({key: value for key, value in properties.items() if value is not None})
    return struct


def is_unknown(value: object) -> TypeGuard[str]:
    """Whether this value is only known after the update."""
    return isinstance(value, str) and value == UNKNOWN


def has_unknown(value: object) -> bool:
    """Whether anything in this value is only known after the update."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return is_unknown(value)
