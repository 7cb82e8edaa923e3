"""PostgreSQL's table lock modes, weakest first, and whom each keeps waiting."""

from __future__ import annotations

from enum import IntEnum


class Mode(IntEnum):
    """A lock mode with the server's own number, so that the greater is the stronger."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    @property
    def words(self) -> str:
        """The mode as LOCK TABLE writes it."""
        return self.name.replace("_", " ")

    @property
    def blocks(self) -> str:
        """What waits while the lock is held, as far as the application notices."""
        return _BLOCKS[self]


# SHARE stops INSERT, UPDATE and DELETE; everything from there on does. Only the last stops SELECT. What the first three
# keep waiting are statements of a migration, never the application's.
_BLOCKS = {
    Mode.ACCESS_SHARE: "nothing",
    Mode.ROW_SHARE: "nothing",
    Mode.ROW_EXCLUSIVE: "nothing",
    Mode.SHARE_UPDATE_EXCLUSIVE: "other schema changes",
    Mode.SHARE: "writes",
    Mode.SHARE_ROW_EXCLUSIVE: "writes",
    Mode.EXCLUSIVE: "writes",
    Mode.ACCESS_EXCLUSIVE: "reads and writes",
}
