"""All the changes."""

from tests.sql.catalog.changes.change import Change
from tests.sql.catalog.changes.indexes import INDEXES_AND_CONSTRAINTS
from tests.sql.catalog.changes.others import ROUTINES_AND_THE_REST
from tests.sql.catalog.changes.partitions import PARTITIONS
from tests.sql.catalog.changes.rights import RIGHTS
from tests.sql.catalog.changes.rows import ROWS
from tests.sql.catalog.changes.tables import COLUMNS_AND_TABLES

__all__ = ["CHANGES", "Change"]

CHANGES = (
    *INDEXES_AND_CONSTRAINTS, *COLUMNS_AND_TABLES, *ROWS, *ROUTINES_AND_THE_REST, *RIGHTS, *PARTITIONS,
)  # fmt: skip
