"""Rules about who may do what, and about what a file says to the session that runs it."""

from __future__ import annotations

from collections.abc import Iterator

from schema.lint.parse import Node, constant, inner, kind, label, options, qualified, unwrap, words
from schema.lint.rule import Rule
from schema.lint.step import Hit, Step

_OPENING = {
    "AT_DisableRowSecurity": "DISABLE ROW LEVEL SECURITY",
    "AT_NoForceRowSecurity": "NO FORCE ROW LEVEL SECURITY",
}


def _row_security(step: Step) -> Iterator[Hit]:
    for relation, command in step.commands(*_OPENING):
        said = _OPENING[label(command, "subtype")]
        yield Hit(relation, f"{said}: policies of {relation} no longer hold for everybody they held for")


_SILENCED = frozenset({"AT_DisableTrig", "AT_DisableTrigAll", "AT_DisableTrigUser"})


def _trigger(step: Step) -> Iterator[Hit]:
    for relation, _ in step.commands(*_SILENCED):
        yield Hit(relation, f"what the triggers of {relation} keep true is not kept until they are enabled again")


def _definer(step: Step) -> Iterator[Hit]:
    node = step.node
    if kind(node) not in ("CreateFunctionStmt", "AlterFunctionStmt"):
        return
    said = list(node.options if kind(node) == "CreateFunctionStmt" else node.actions)
    security = options(said).get("security")
    sets = [unwrap(one.def_elem.arg) for one in said if one.def_elem.defname == "set"]
    fixed = any(one.name == "search_path" and label(one, "kind") == "VAR_SET_VALUE" for one in sets)
    opened = any(
        label(one, "kind") in ("VAR_RESET", "VAR_RESET_ALL") for one in sets if one.name in ("", "search_path")
    )
    if opened or (security is not None and security.boolval and not fixed):
        name = qualified(words(node.funcname if kind(node) == "CreateFunctionStmt" else node.func.objname))
        yield Hit(
            name, f"whoever calls {name} decides, by his search_path, which functions run with its owner's rights"
        )


_TIMEOUTS = frozenset(
    {"lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"}
)
_IDENTITY = frozenset({"role", "session_authorization", "search_path"})


def _settings(node: Node) -> Iterator[str]:
    """Names of what the statement sets for its session or transaction."""
    if kind(node) == "VariableSetStmt":
        yield str(node.name).lower()
    if kind(node) == "SelectStmt":
        for call in inner(node, "FuncCall"):
            if words(call.funcname)[-1:] == ("set_config",) and call.args:
                yield (constant(call.args[0]) or "").lower()


def _timeouts(step: Step) -> Iterator[Hit]:
    for name in _settings(step.node):
        if name in _TIMEOUTS:
            yield Hit("", f"the runner has chosen {name}, and says so in its messages; here the file overrules it")


def _identity(step: Step) -> Iterator[Hit]:
    for name in _settings(step.node):
        if name in _IDENTITY:
            yield Hit("", f"{name} decides who owns what the file makes, or where: that is the runner's")


def _public(step: Step) -> Iterator[Hit]:
    node = step.node.action if kind(step.node) == "AlterDefaultPrivilegesStmt" else step.node
    if kind(node) != "GrantStmt" or not node.is_grant:
        return
    if any(label(one.role_spec, "roletype") == "ROLESPEC_PUBLIC" for one in node.grantees):
        named = [unwrap(one) for one in node.objects]
        first = next((step.facts.name(one) for one in named if kind(one) == "RangeVar"), "")
        yield Hit(first, "PUBLIC is every role of the instance, those of other services among them")


_BODY = "RETURNS integer LANGUAGE sql SECURITY DEFINER"

RULES = (
    Rule(
        "row-security-disabled",
        "danger",
        "Without row level security everybody with a grant sees every tenant's rows.",
        "change the policies instead",
        ("ALTER TABLE app.tasks DISABLE ROW LEVEL SECURITY;",),
        ("ALTER TABLE app.tasks FORCE ROW LEVEL SECURITY;",),
        _row_security,
    ),
    Rule(
        "trigger-disabled",
        "warning",
        "A disabled trigger does not run for anybody; with ALL that includes foreign keys.",
        "enable it in the same file, and allow it with that reason",
        ("ALTER TABLE app.tasks DISABLE TRIGGER touch;",),
        ("ALTER TABLE app.tasks ENABLE TRIGGER touch;",),
        _trigger,
    ),
    Rule(
        "security-definer-without-search-path",
        "warning",
        "A definer function looks up names where its caller says, with its owner's rights.",
        "SET search_path = pg_catalog, pg_temp on the function, and every other name with its schema",
        (f"CREATE FUNCTION app.one() {_BODY} AS 'SELECT 1';",),
        (f"CREATE FUNCTION app.one() {_BODY} SET search_path = pg_catalog, pg_temp AS 'SELECT 1';",),
        _definer,
    ),
    Rule(
        "sets-own-timeouts",
        "warning",
        "A file that sets its own timeouts overrules those of the runner.",
        "a header line `-- statement-timeout: 30min`; the lock_timeout is not for files to choose",
        ("SET LOCAL lock_timeout = '10min';\nALTER TABLE app.tasks ADD COLUMN level integer;",),
        ("-- statement-timeout: 30min\nALTER TABLE app.tasks ADD COLUMN level integer;",),
        _timeouts,
    ),
    Rule(
        "sets-role-or-path",
        "warning",
        "Role and search_path are the runner's: it makes everything the owner's, and names carry their schema.",
        "write names with their schema, and leave the role alone",
        ("SET LOCAL search_path = app;\nCREATE TABLE notes (id bigint);",),
        ("CREATE TABLE app.notes (id bigint);",),
        _identity,
    ),
    Rule(
        "grant-to-public",
        "warning",
        "PUBLIC is everybody, today and later.",
        "grant to the role that needs it",
        ("GRANT SELECT ON app.users TO PUBLIC;",),
        ("GRANT SELECT ON app.users TO CURRENT_USER;",),
        _public,
    ),
)
