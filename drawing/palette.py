"""Colours, marks and the style sheet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PAPER, INK, SOFT, EDGE = "#ffffff", "#1e293b", "#64748b", "#cbd5e1"


@dataclass(frozen=True, slots=True)
class Tone:
    """The colours of a schema."""

    frame: str
    border: str
    header: str
    title: str


# Schemas take them in alphabetical order: a new schema may change another's colour, a new table none.
TONES = (
    Tone("#f1f6fc", "#9dbbdd", "#cfe1f5", "#1d4a7a"),
    Tone("#f2f8f3", "#9cc5a5", "#d0e9d5", "#1f5a31"),
    Tone("#fdf6ee", "#dfb98a", "#f8e2c5", "#7a4a12"),
    Tone("#f7f3fb", "#bda5d8", "#e5d9f3", "#4f2f7a"),
    Tone("#fcf3f5", "#dca5b3", "#f6d8df", "#7d2640"),
    Tone("#f1f8f8", "#93c4c6", "#cbe8e9", "#175558"),
    Tone("#f6f6f4", "#b9b8ad", "#e3e2da", "#4c4b40"),
)
# Bundles take them in turn: dark enough for a thin line, and unlike their neighbours.
LINES = ("#2563a8", "#b4542a", "#2f7d4f", "#7c4aa5", "#a8325a", "#0e7a80", "#8a6d0f")

SANS = "system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"
MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"

STYLE = f"""\
text{{font-family:{MONO};font-size:11px;fill:{INK};white-space:pre}}
.s{{font-family:{SANS};font-size:12px}}
.h{{font-family:{SANS};font-size:22px;font-weight:700}}
.f{{font-family:{SANS};font-size:15px;font-weight:700}}
.t{{font-size:12px;font-weight:700}}
.n,.q{{fill:{SOFT}}}
.q{{font-style:italic}}
.c{{font-size:9.5px;text-anchor:middle}}
.w{{fill:none;stroke-width:1.5;stroke-linecap:round}}
.o{{fill:none;stroke-width:3.6}}"""

# Drawn rather than written: a letter looks different in every font. Each around (0, 0).
MARKS = {
    "primary": '<path d="M.4 0H5.6M3.1 0v2.7M5.4 0v2.2" fill="none" stroke="#b7860b" stroke-width="1.5"/>'
    '<circle cx="-2.3" r="2.6" fill="#fff3cd" stroke="#b7860b" stroke-width="1.5"/>',
    "unique": '<path d="M0-5L5 0L0 5L-5 0z" fill="#6b5bb5"/>',
    "partly": '<path d="M0-4.5L4.5 0L0 4.5L-4.5 0z" fill="#fff" stroke="#9a8fcc" stroke-width="1.2"/>',
    "key": '<path d="M-5 0H4.2M.8-3.2L4.4 0L.8 3.2" fill="none" stroke="#2563a8" stroke-width="1.6"/>',
    "part": '<path d="M-5 0H4.2M.8-3.2L4.4 0L.8 3.2" fill="none" stroke="#a9c3e0" stroke-width="1.4"/>',
    "generated": '<path d="M-4-2H4M-4 2H4" fill="none" stroke="#2f7d4f" stroke-width="1.6"/>',
}


def tones(schemas: Iterable[str]) -> dict[str, Tone]:
    """A tone for each schema."""
    return {schema: TONES[index % len(TONES)] for index, schema in enumerate(sorted(set(schemas)))}
