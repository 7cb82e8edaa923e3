"""From tables to the text of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from drawing import legend, svg
from drawing.lines import Chosen, anchor, choose
from drawing.measure import Sheet, box, marks, measure
from drawing.model import Table
from drawing.page import Page, compose
from drawing.palette import EDGE, LINES, MARKS, PAPER, SOFT, STYLE, tones

_MARGIN = 24
_TITLE = 62


def draw(service: str, tables: Sequence[Table]) -> str:
    """The whole SVG. The same tables give the same text."""
    chosen = choose(tables)
    references = {table.full_name: _references(table) for table in tables}
    signs = {
        (table.full_name, column.name): marks(column, references[table.full_name].get(column.name))
        for table in tables
        for column in table.columns
    }
    sheets = {
        table.full_name: measure(
            table,
            chosen.chips,
            max((len(signs[table.full_name, column.name]) for column in table.columns), default=2),
        )
        for table in tables
    }
    page = _composed(tables, chosen, sheets)
    width = max(page.width, 640)
    body = _frames(tables, chosen, sheets, references, page)
    used = {name for row in signs.values() for name in row}
    below = _TITLE + page.height + 22
    explained, high = legend.draw(legend.items(tables, chosen, used), 0, below + 22, width)
    foot = svg.text(0, below + 22 + high + 4, legend.row_security(tables), "s")
    return _document(
        service, _counts(tables), width, below + high + 34, body + legend.rule(0, below, width) + explained + foot
    )


def _references(table: Table) -> dict[str, bool]:
    """Columns of foreign keys; true where a line or chip leaves."""
    found: dict[str, bool] = {}
    for key in table.keys:
        speaking = table.columns[anchor(table, key)].name
        for name in key.columns:
            found[name] = found.get(name, False) or name == speaking
    return found


def _composed(tables: Sequence[Table], chosen: Chosen, sheets: dict[str, Sheet]) -> Page:
    schemas = sorted({table.schema for table in tables})
    return compose(
        {
            schema: (
                [box(table, sheets[table.full_name]) for table in tables if table.schema == schema],
                [line.link for line in chosen.lines if line.link.source.partition(".")[0] == schema],
            )
            for schema in schemas
        }
    )


def _frames(
    tables: Sequence[Table],
    chosen: Chosen,
    sheets: dict[str, Sheet],
    references: dict[str, dict[str, bool]],
    page: Page,
) -> str:
    by_name = {table.full_name: table for table in tables}
    colours = tones(table.schema for table in tables)
    line_of = {line.link: line for line in chosen.lines}
    parts: list[str] = []
    for frame in page.frames:
        tone = colours[frame.schema]
        parts.append(svg.frame(frame, tone))
        targets = sorted({wire.link.target for wire in frame.wires})
        lines = {target: LINES[index % len(LINES)] for index, target in enumerate(targets)}
        parts.append(svg.wires([(wire, line_of[wire.link]) for wire in frame.wires], tone.frame, lines))
        for placed in frame.boxes:
            table = by_name[placed.name]
            chips = {row: targets for (name, row), targets in chosen.chips.items() if name == placed.name}
            parts.append(svg.box(table, sheets[placed.name], placed, references[placed.name], chips, colours))
    return f'<g transform="translate(0 {_TITLE})">\n' + "\n".join(parts) + "\n</g>\n"


def _counts(tables: Sequence[Table]) -> str:
    views = sum(table.materialized for table in tables)
    schemas = len({table.schema for table in tables})
    counted = [(len(tables) - views, "table"), (views, "materialized view")]
    words = ", ".join(f"{number} {word}{'' if number == 1 else 's'}" for number, word in counted if number)
    return f"{words or 'no table'} in {schemas} schema{'' if schemas == 1 else 's'}"


def _document(service: str, counts: str, width: int, height: int, body: str) -> str:
    whole = (width + 2 * _MARGIN, height + _MARGIN)
    name = escape(service)
    definitions = "".join(f'<g id="{mark}">{drawn}</g>' for mark, drawn in MARKS.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole[0]} {whole[1]}" width="{whole[0]}"'
        f' height="{whole[1]}" role="img">\n'
        f"<title>Tables of {name}</title>\n<desc>{counts}, with columns and foreign keys</desc>\n"
        f"<style>\n{STYLE}\n</style>\n<defs>{definitions}</defs>\n"
        f'<rect x=".5" y=".5" width="{whole[0] - 1}" height="{whole[1] - 1}" rx="14" fill="{PAPER}" stroke="{EDGE}"/>\n'
        f'<g transform="translate({_MARGIN} 0)">\n'
        f"{svg.text(0, 42, service, 'h')}"
        f'<text class="s" x="{len(service) * 13.5 + 14:g}" y="42" style="fill:{SOFT}">{counts}</text>\n'
        f"{body}</g>\n</svg>\n"
    )
