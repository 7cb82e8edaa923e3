"""The reference of the configuration, made from the code: docs/configuration.md and docs/estate.schema.json. Pure.

`python -m infra.reference` writes both; a test holds them to the code.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra import estate_schema, parameters, rules, sources
from infra.config_shape import MISSING, Field, Maybe, Spec, show
from infra.config_spec import ESTATE, service
from infra.folder_spec import FOLDER, JOB, LOGIN_ROLE
from infra.parameters import Parameter
from infra.profiles import DEFAULTS, PROFILES
from infra.rules import Rule
from infra.sizing import INSTANCE_CLASSES
from infra.sources import Source

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, SCHEMA = "configuration.md", "estate.schema.json"
SERVICE = "services[]."
TOML = "service.toml: "
# A computed value is shown for a small server, a middling one and the platform's in production.
SHOWN_CLASSES = ("db.t4g.medium", "db.r6g.large", "db.r6g.2xlarge")
RULES: tuple[tuple[str, str, tuple[Rule, ...]], ...] = (
    ("The stack as a whole", "", rules.ESTATE_RULES),
    ("All services together", "", rules.CAPACITY_RULES),
    ("One service", SERVICE, rules.SERVICE_RULES),
    ("One job", f"{TOML}jobs.<name>.", rules.JOB_RULES),
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its path, what it takes, and what stands for it in each profile."""

    path: str
    field: Field
    development: object
    production: object
    within: str | None  # the section that may be left out, this key with it


def keys() -> tuple[Key, ...]:
    """Every key of a stack's configuration and of a service's folder."""
    development, production = (list(_walk(service(profile), SERVICE)) for profile in PROFILES)
    found = [Key(path, one, one.default, one.default, within) for path, one, within in _walk(ESTATE, "")]
    for (path, one, within), (_, other, _) in zip(development, production, strict=True):
        found.append(Key(path, one, one.default, other.default, within))
    for spec, prefix in ((FOLDER, TOML), (LOGIN_ROLE, f"{TOML}login_roles[]."), (JOB, f"{TOML}jobs.<name>.")):
        found += [Key(path, one, one.default, one.default, within) for path, one, within in _walk(spec, prefix)]
    return tuple(found)


def _walk(spec: Spec, prefix: str, within: str | None = None) -> Iterator[tuple[str, Field, str | None]]:
    for key, part in spec.items():
        path = f"{prefix}{key}"
        if isinstance(part, Field):
            yield path, part, within
        elif isinstance(part, Maybe):
            yield from _walk(part.spec, f"{path}.", path)
        else:
            yield from _walk(part, f"{path}.", within)


def sourced() -> tuple[tuple[str, Source], ...]:
    """Every key and rule that AWS's, PostgreSQL's or PgBouncer's documentation is the source of."""
    fields = [(key.path, key.field.source) for key in keys()]
    named = [(rule.name, rule.source) for _, _, table in RULES for rule in table]
    return tuple((name, source) for name, source in (*fields, *named) if source is not sources.OURS)


def page() -> str:
    """The reference as Markdown."""
    table = [rule for _, _, rows in RULES for rule in rows]
    documented = dict(sourced())
    switches = [key.path for key in keys() if key.path in documented and key.field.schema == {"type": "boolean"}]
    parts = [
        "# Configuration",
        _paragraph(
            "Made from the code by `python -m infra.reference`; change the code, not this page. A stack's configuration"
            " stands in `Pulumi.<stack>.yaml` under `postgres-estate:estate`, a service's roles and jobs in"
            " `sql/<service>/service.toml`. `pulumi preview` and `dbctl` read both before anything else, and name every"
            " mistake at once, a line for each: the key, its value, what is allowed, what to do."
        ),
        _paragraph(
            f"{len(keys())} keys and {len(table)} rules between them are checked, and {len(parameters.BY_NAME)}"
            f" parameters of PostgreSQL by their own ranges. {len(documented)} keys and rules have their source in the"
            f" documentation that is linked beside them, {len(switches)} of them being switches that AWS has too; the"
            " others are decisions of the estate's own. Where AWS takes more than is allowed here, the reason is given."
        ),
        _paragraph(
            "For completion and checks while typing, begin a stack's file with the line below; the YAML extensions of"
            " most editors read it. The schema is never stricter than the program, which knows more."
        ),
        "```yaml\n# yaml-language-server: $schema=docs/estate.schema.json\n```",
        "## Keys of a stack",
        _keys([key for key in keys() if not key.path.startswith((SERVICE, TOML))]),
        "## Keys of a service",
        _keys([key for key in keys() if key.path.startswith(SERVICE)]),
        "## What a profile gives",
        "Rows of `infra/profiles.py`: what a service gets without asking for it.",
        _table(
            ("key", *PROFILES, "why"),
            [(f"`{SERVICE}{key}`", *(_value(row.of(p)) for p in PROFILES), row.why) for key, row in DEFAULTS.items()],
        ),
        "## Keys of a service's folder",
        _keys([key for key in keys() if key.path.startswith(TOML)]),
        "## Rules",
        "What must hold between values. A rule is judged when all values it needs are well-formed.",
        *(part for title, at, rows in RULES for part in (f"### {title}", _rules(rows, at))),
        _paragraph(
            "Beside these: two services cannot have one name, nor two roles of a service; a service needs its folder,"
            " and one of its login roles must be `pooled`; a job's `at` fits its `every`."
        ),
        "## Parameters of PostgreSQL",
        _paragraph(
            "Values are strings in the engine's base unit, because RDS gives other spellings back changed. A *static*"
            " parameter takes effect at a reboot, a *dynamic* one at once, unless its new value is RDS's own default,"
            f" which RDS keeps for a reboot, too: {_rds_defaults()}. What is computed is shown for "
            + ", ".join(SHOWN_CLASSES)
            + " without replicas. A service's `parameters` may set what the column `a stack may set` says. Ranges are"
            " narrower than PostgreSQL's where the server would not survive the rest."
        ),
        _parameters(),
        "### Parameters that no stack may set",
        _table(("parameter", "why"), [(f"`{name}`", why) for name, why in sorted(parameters.FORBIDDEN.items())]),
    ]
    return "\n\n".join(parts) + "\n"


def schema() -> str:
    """The shape of `Pulumi.<stack>.yaml` as JSON Schema, for editors."""
    return json.dumps(estate_schema.document(), indent=2, ensure_ascii=False) + "\n"


def _keys(found: Sequence[Key]) -> str:
    rows = []
    for key in found:
        both = _default(key.development) + (f" where `{key.within}` is" if key.within else "")
        if key.development != key.production:
            both = f"{both}, in production {_default(key.production)}"
        rows.append((f"`{key.path}`", key.field.allowed.removeprefix("takes "), both, _source(key.field.source)))
    return _table(("key", "takes", "default", "source"), rows)


def _rules(table: Sequence[Rule], at: str) -> str:
    rows = []
    for rule in table:
        fault = rule.needs[0].removeprefix("@")
        path = fault if rule.needs[0].startswith("@") else f"{at}{fault}"
        says = f"{_plain(rule.allowed, rule)}; {_plain(rule.mend, rule)}"
        source = _source(rule.source) + (f": {rule.why}" if rule.why else "")
        rows.append((rule.name, f"`{path}`", says, source))
    return _table(("rule", "key", "message", "source"), rows)


def _plain(text: str, rule: Rule) -> str:
    """A message whose values are named instead of filled in."""
    named = {name.replace("@", "at_").replace(".", "_"): name.removeprefix("@") for name in rule.needs}
    return re.sub(r"\{(\w+)\}", lambda found: f"*{named[found[1]]}*", text)


def _parameters() -> str:
    rows = [
        (
            f"`{row.name}`",
            _parameter_value(row),
            row.unit,
            row.apply,
            "no" if row.name in parameters.FORBIDDEN else row.domain.says,
            row.why + (f"; PostgreSQL knows it since {row.since}" if row.since else ""),
        )
        for row in sorted(parameters.TABLE, key=lambda row: row.name)
    ]
    return _table(("parameter", "value", "unit", "applies", "a stack may set", "why"), rows)


def _rds_defaults() -> str:
    return ", ".join(f"`{row.name}` = `{row.rds_default}`" for row in parameters.TABLE if row.rds_default is not None)


def _parameter_value(row: Parameter) -> str:
    if row.value is None:
        return "RDS's default"
    if isinstance(row.value, str):
        return f"`{row.value}`"
    found = []
    for name in SHOWN_CLASSES:
        facts = parameters.server(INSTANCE_CLASSES[name], None, 0, tls=True, overrides={})
        found.append(row.value(facts))
    return f"`{found[0]}`" if len(set(found)) == 1 else ", ".join(f"`{value}`" for value in found)


def _default(value: object) -> str:
    return "must be given" if value is MISSING else _value(value)


def _value(value: object) -> str:
    shown: Mapping[object, str] = {None: "none"}
    if value is None or isinstance(value, bool):
        return shown.get(value, f"`{str(value).lower()}`")
    return f"`{value}`" if isinstance(value, str | int) else f"`{show(value)}`"


def _source(source: Source) -> str:
    return f"[{source.title}]({source.url})" if source.url else "our own"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    """A cell as Markdown takes it: what stands between backticks is left alone, but for the column's end."""
    parts = text.replace("|", "\\|").split("`")
    return "`".join(part if index % 2 else part.replace("<", "&lt;") for index, part in enumerate(parts))


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)


def main() -> None:
    """Writes both files."""
    DOCS.joinpath(PAGE).write_text(page(), encoding="utf-8")
    DOCS.joinpath(SCHEMA).write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
