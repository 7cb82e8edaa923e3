"""One statement as a rule sees it: its tree, the database before it, and what its file has done so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from schema.lint.catalog import Catalog
from schema.lint.modes import Mode
from schema.lint.parse import Node, constant, definition, kind, label, qualified, unwrap, words


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier statements of the same file have done, as far as its transaction still holds on to it."""

    transactional: bool = True
    held: tuple[tuple[str, Mode], ...] = ()
    """Locks stronger than ROW EXCLUSIVE on relations that were there before, in the order they were taken."""
    tables: frozenset[str] = frozenset()
    """Those of them that meet the application's writes: tables, partitions counted as their parent."""
    announced: dict[str, Mode] = field(default_factory=dict)
    """What the first LOCK TABLE named."""
    order_told: bool = False
    not_validated: frozenset[tuple[str, str]] = frozenset()
    """Constraints, by table and name, that the file itself added NOT VALID."""
    enum_values: tuple[tuple[str, str], ...] = ()
    """Type and value of every ADD VALUE to a type that was there before."""
    enums: frozenset[str] = frozenset()
    """Types that the file makes itself; their values may be used at once."""

    def after(self, step: Step, order_told: bool) -> Past:
        """The past of the next statement."""
        strong = [
            (name, mode)
            for name, mode in step.locks.items()
            if mode > Mode.ROW_EXCLUSIVE and not step.facts.is_new(name)
        ]
        announced = self.announced
        if kind(step.node) == "LockStmt" and not self.held:
            announced = dict(strong)
        return replace(
            self,
            held=(*self.held, *strong),
            tables=self.tables | {step.root(name) for name in step.meeting_traffic()},
            announced=announced,
            order_told=self.order_told or order_told,
            not_validated=self.not_validated | set(_not_validated(step)),
            enum_values=(*self.enum_values, *self._added_values(step)),
            enums=self.enums | _made_enums(step.node),
        )

    def _added_values(self, step: Step) -> Iterator[tuple[str, str]]:
        if kind(step.node) == "AlterEnumStmt" and step.node.new_val and not step.node.old_val:
            name = qualified(words(step.node.type_name))
            if name not in self.enums:
                yield name, str(step.node.new_val)

    def exclusive(self) -> list[str]:
        """Relations that nobody else can read until the file is done."""
        return list(dict.fromkeys(name for name, mode in self.held if mode == Mode.ACCESS_EXCLUSIVE))


def _made_enums(node: Node) -> set[str]:
    return {qualified(words(node.type_name))} if kind(node) == "CreateEnumStmt" else set()


@dataclass(frozen=True, slots=True)
class Step:
    """A statement on its way through the rules."""

    node: Node
    facts: Catalog
    """Before the statement."""
    past: Past
    locks: dict[str, Mode]

    def exists(self, relation: str) -> bool:
        """Whether others may be using the relation."""
        return not self.facts.is_new(relation)

    def meeting_traffic(self) -> dict[str, Mode]:
        """Locks on tables in use that conflict with INSERT, UPDATE and DELETE, as SHARE and all stronger ones do.

        What is weaker waits for no traffic, so it cannot deadlock with it.
        """
        return {
            name: mode
            for name, mode in self.locks.items()
            if mode >= Mode.SHARE and self.exists(name) and self.is_table(name)
        }

    def is_table(self, name: str) -> bool:
        """Whether a relation has rows of its own, as far as is known."""
        known = self.facts.relation(name)
        return known is None or known.kind in ("r", "p", "m", "f")

    def root(self, name: str) -> str:
        """The topmost parent: partitions are locked with it, always in the same order."""
        known = self.facts.relation(name)
        return self.root(known.parent) if known and known.parent else name

    def partitions(self, relation: str) -> str:
        """The partitions of a table that others may be using, in words; empty when it has none."""
        known = [name for name in self.facts.children(relation) if self.exists(name)]
        if known:
            return f"all {len(known)} of its partitions"
        return "" if self.facts.complete else "all of its partitions"

    def commands(self, *subtypes: str) -> Iterator[tuple[str, Node]]:
        """Subcommands of ALTER TABLE of these kinds, with the table, when the table was there before."""
        if kind(self.node) != "AlterTableStmt" or label(self.node, "objtype") not in ("OBJECT_TABLE", "OBJECT_MATVIEW"):
            return
        relation = self.facts.name(self.node.relation)
        if not self.exists(relation):
            return
        for one in self.node.cmds:
            command = unwrap(one)
            if label(command, "subtype") in subtypes:
                yield relation, command

    def constraints(self, *types: str) -> Iterator[tuple[str, Node]]:
        """Table constraints that the statement adds, with the table; a column's own are not among them."""
        for relation, command in self.commands("AT_AddConstraint"):
            constraint = definition(command)
            if label(constraint, "contype") in types:
                yield relation, constraint

    def new_columns(self) -> Iterator[tuple[str, Node]]:
        """Definitions of the columns that the statement adds, with the table."""
        for relation, command in self.commands("AT_AddColumn"):
            yield relation, definition(command)


def _not_validated(step: Step) -> Iterator[tuple[str, str]]:
    for relation, constraint in step.constraints("CONSTR_CHECK", "CONSTR_FOREIGN", "CONSTR_NOTNULL"):
        if constraint.skip_validation:
            yield relation, str(constraint.conname)


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule found what it looks for."""

    relation: str
    why: str
    safe: str = ""
    """What to write instead, when it depends on the case; empty: what the rule says."""


def is_true(node: Node | None) -> bool:
    """Whether a condition is there for show: WHERE true, WHERE 1 = 1, and what AND and OR make of these."""
    if node is None:
        return False
    if kind(node) == "BoolExpr":
        every = label(node, "boolop") == "AND_EXPR"
        parts = [is_true(unwrap(one)) for one in node.args]
        return label(node, "boolop") != "NOT_EXPR" and (all(parts) if every else any(parts))
    if kind(node) == "A_Expr" and words(node.name) == ("=",) and node.HasField("lexpr"):
        left = constant(node.lexpr)
        return left is not None and left == constant(node.rexpr)
    return constant(node) in ("true", "t")
