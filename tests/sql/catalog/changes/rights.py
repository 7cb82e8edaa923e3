"""Who may do what."""

from __future__ import annotations

from typing import Final

from tests.sql.catalog.changes.change import Change

RIGHTS: Final = (
    Change(
        "somebody may read",
        "GRANT SELECT ON zoo.houses TO zoo_keeper",
        ("added grant zoo.houses: SELECT to zoo_keeper",),
        "REVOKE SELECT ON zoo.houses FROM zoo_keeper",
    ),
    Change(
        "everybody may read",
        "GRANT SELECT ON zoo.eaters TO PUBLIC",
        ("added grant zoo.eaters: SELECT to PUBLIC",),
        "REVOKE SELECT ON zoo.eaters FROM PUBLIC",
    ),
    Change(
        "somebody may no longer read",
        "REVOKE SELECT ON zoo.animals FROM zoo_app",
        ("removed grant zoo.animals: SELECT to zoo_app",),
        "GRANT SELECT ON zoo.animals TO zoo_app",
    ),
    Change(
        "somebody may let others read",
        "GRANT SELECT ON zoo.animals TO zoo_app WITH GRANT OPTION",
        ("changed grant zoo.animals: SELECT to zoo_app",),
        "REVOKE GRANT OPTION FOR SELECT ON zoo.animals FROM zoo_app",
    ),
    Change(
        "somebody may write a column",
        "GRANT UPDATE (legs) ON zoo.animals TO zoo_app",
        ("added grant zoo.animals.legs: UPDATE to zoo_app",),
        "REVOKE UPDATE (legs) ON zoo.animals FROM zoo_app",
    ),
    Change(
        "the owner took a right from himself",
        "REVOKE TRUNCATE ON zoo.animals FROM zoo_owner",
        ("removed grant zoo.animals: TRUNCATE to zoo_owner",),
        "GRANT TRUNCATE ON zoo.animals TO zoo_owner",
    ),
    Change("the owner has every right, in so many words", "GRANT ALL ON zoo.likes TO zoo_owner", ()),
    Change(
        "everybody may call a function",
        "GRANT EXECUTE ON FUNCTION zoo.touch() TO PUBLIC",
        ("added grant zoo.touch(): EXECUTE to PUBLIC",),
        "REVOKE EXECUTE ON FUNCTION zoo.touch() FROM PUBLIC",
    ),
    Change(
        "nobody else may use a type, which everybody may by default",
        "REVOKE USAGE ON TYPE zoo.diet FROM PUBLIC",
        ("removed grant type zoo.diet: USAGE to PUBLIC",),
        "GRANT USAGE ON TYPE zoo.diet TO PUBLIC",
    ),
    Change(
        "somebody may make objects in a schema",
        "GRANT CREATE ON SCHEMA zoo TO zoo_app",
        ("added grant schema zoo: CREATE to zoo_app",),
        "REVOKE CREATE ON SCHEMA zoo FROM zoo_app",
    ),
    Change(
        "somebody may not count",
        "REVOKE USAGE ON SEQUENCE zoo.tickets FROM zoo_app",
        ("removed grant zoo.tickets: USAGE to zoo_app",),
        "GRANT USAGE ON SEQUENCE zoo.tickets TO zoo_app",
    ),
    Change(
        "not everybody may connect",
        "RESET ROLE; REVOKE CONNECT ON DATABASE zoo FROM PUBLIC",
        ("removed grant database: CONNECT to PUBLIC",),
        "GRANT CONNECT ON DATABASE zoo TO PUBLIC",
    ),
    Change(
        "everybody may call what functions will come, as PostgreSQL has it",
        "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
        ("added default privilege functions of zoo_owner: EXECUTE to PUBLIC",),
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    ),
    Change(
        "somebody may write what tables will come",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA zoo GRANT INSERT ON TABLES TO zoo_app",
        ("added default privilege tables of zoo_owner in schema zoo: INSERT to zoo_app",),
        "ALTER DEFAULT PRIVILEGES IN SCHEMA zoo REVOKE INSERT ON TABLES FROM zoo_app",
    ),
    Change(
        "nobody may read what tables will come",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM zoo_app",
        ("removed default privilege tables of zoo_owner in schema public: SELECT to zoo_app",),
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO zoo_app",
    ),
)
