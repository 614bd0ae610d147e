"""Signs, colours and order of status words.

Colour never stands alone: `signed` puts the sign before the word wherever it is shown.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from audits.report.phrases import RUNGS

Hue = Literal["blue", "yellow", "orange", "red", "violet", "gray"]

GRADES = ("A", "B", "C", "D", "F", "?", "-")
SEVERITIES = ("critical", "high", "medium", "low", "info")
AREAS = ("pinning", "permissions", "environment", "trusted-publisher", "integrity")
LADDER = tuple(rung.value for rung in RUNGS)

GREY = "#8a97a5"
GRADE_COLOURS = dict(
    zip(
        GRADES,
        ("#1f6fb2", "#69afe0", "#e6bb45", "#e08433", "#b3262e", "#6d5b8c", GREY),
        strict=True,
    )
)
SEVERITY_COLOURS = dict(
    zip(SEVERITIES, ("#9c3f92", "#b3262e", "#e08433", "#69afe0", GREY), strict=True)
)
LADDER_COLOURS = dict(
    zip(
        LADDER,
        ("#1f6fb2", "#69afe0", "#e6bb45", "#b3262e", "#9c3f92", "#c79a5b", GREY, "#b9c2cb"),
        strict=True,
    )
)
LEVEL_COLOURS = {
    "anyone": "#b3262e",
    "third-party": "#e08433",
    "one-writer": "#69afe0",
    "two-people": "#1f6fb2",
    "unknown": GREY,
}
AREA_COLOURS = dict(
    zip(AREAS, ("#1f6fb2", "#d9772b", "#8a5cb8", "#2a9d8f", "#a0743c"), strict=True)
)

SIGNS = {
    "critical": "⬢",
    "high": "▲",
    "medium": "◆",
    "low": "●",
    "info": "○",
    "pass": "✓",
    "fail": "✗",
    "unknown": "?",
    "not-applicable": "–",
    "attested": "★",
    "oidc": "●",
    "mixed": "◐",
    "token": "▲",
    "mismatch": "✗",
    "manual": "✎",
    "none": "–",
    "done": "✓",
    "not done": "✗",
    "not seen": "?",
    "does not apply": "–",
    "open": "✗",
    "not-re-checked": "?",
    "fixed": "✓",
}
BADGES: dict[str, Hue] = {
    "A": "blue",
    "B": "blue",
    "C": "yellow",
    "D": "orange",
    "F": "red",
    "critical": "violet",
    "high": "red",
    "medium": "orange",
    "low": "blue",
    "info": "gray",
    "done": "blue",
    "not done": "red",
    "attested": "blue",
    "oidc": "blue",
    "mixed": "yellow",
    "token": "red",
    "mismatch": "violet",
}
"""Colours of `st.badge` by word; any other word is grey."""

LADDER_MEANING = {rung.value: words for rung, words in RUNGS.items()}

LINK_LABELS = {
    "permalink": "The line on GitHub",
    "edit": "Edit on GitHub",
    "settings": "Settings page",
    "publisher": "Publisher form",
    "lesson": "The lesson's section",
    "documentation": "Documentation",
}
"""Labels of links by kind: a stored label could hold Markdown, these cannot."""


def signed(word: str) -> str:
    """The word with its sign in front, or alone where it has none."""
    sign = SIGNS.get(word, "")
    return f"{sign} {word}" if sign else word


def plain(word: str) -> str:
    """The word as a person reads it: ``trusted-publisher`` is shown as ``trusted publisher``."""
    return word.replace("-", " ") if len(word) > 1 else word


def percent(share: float | None) -> str:
    """A share in whole per cent; only all is 100 % and only nothing is 0 %. None is a dash."""
    if share is None:
        return "–"
    value = round(share * 100)
    if share < 1:
        value = min(value, 99)
    if share > 0:
        value = max(value, 1)
    return f"{value} %"


class Ink(Struct, frozen=True, kw_only=True):
    """The colours of a chart's text and lines on a light or dark page."""

    text: str
    muted: str
    line: str
    surface: str
    page: str
    link: str


LIGHT = Ink(
    text="#17212b",
    muted="#55646f",
    line="#c3ced8",
    surface="#f3f6f9",
    page="#ffffff",
    link="#0f5592",
)
DARK = Ink(
    text="#e6ecf2",
    muted="#a9b7c4",
    line="#3b4a58",
    surface="#19222c",
    page="#10161d",
    link="#7cbcf5",
)
