"""The catalog of a database as plain data: read it, keep it as a fingerprint, and say what has drifted since."""

from schema.catalog.comparing import Change, Drift, carried_over, compare
from schema.catalog.objects import Key, Objects
from schema.catalog.reading import read
from schema.catalog.storing import Fingerprint, create, load, store
from schema.catalog.telling import documents, lines

__all__ = [
    "Change",
    "Drift",
    "Fingerprint",
    "Key",
    "Objects",
    "carried_over",
    "compare",
    "create",
    "documents",
    "lines",
    "load",
    "read",
    "store",
]
