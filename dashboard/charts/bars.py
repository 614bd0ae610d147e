"""Bar charts of counts and means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from audits.scoring.score import grade_of
from dashboard.charts import Drawing
from dashboard.frames.exposure import MEANING, signed_level
from dashboard.theme import (
    AREAS,
    GRADE_COLOURS,
    GRADES,
    GREY,
    LADDER,
    LADDER_COLOURS,
    LADDER_MEANING,
    LEVEL_COLOURS,
    SEVERITIES,
    SEVERITY_COLOURS,
    Ink,
    plain,
    signed,
)

CHOSEN = "chosen"
"""The name of the selection that a click on a bar makes; its field is ``key``."""


def grades(counts: Mapping[str, int], ink: Ink) -> Drawing:
    """Repositories by grade, A first; those that publish nothing are left to the sentence."""
    words = [grade for grade in GRADES if grade != "-" and (grade != "?" or counts.get("?"))]
    return _bars(
        words,
        [counts.get(w, 0) for w in words],
        [GRADE_COLOURS[w] for w in words],
        "repositories",
        ink,
        keys=words,
        details=[f"grade {w}" for w in words],
    )


def ladder(counts: Mapping[str, int], ink: Ink) -> Drawing:
    """Packages by trusted-publisher status, from proven down to unknown."""
    words = [word for word in LADDER if word in LADDER[:4] or counts.get(word)]
    return _bars(
        [signed(w) for w in words],
        [counts.get(w, 0) for w in words],
        [LADDER_COLOURS[w] for w in words],
        "packages",
        ink,
        keys=words,
        details=[LADDER_MEANING[w] for w in words],
    )


def levels(counts: Mapping[str, int], ink: Ink) -> Drawing:
    """Packages by who can publish them, the least privileged first."""
    words = [word for word in MEANING if word in ("anyone", "third-party") or counts.get(word)]
    return _bars(
        [signed_level(w) for w in words],
        [counts.get(w, 0) for w in words],
        [LEVEL_COLOURS[w] for w in words],
        "packages",
        ink,
        keys=words,
        details=[MEANING[w] for w in words],
    )


def severities(counts: Mapping[str, int], ink: Ink) -> Drawing:
    """Open findings by severity, the worst first."""
    return _bars(
        [signed(w) for w in SEVERITIES],
        [counts.get(w, 0) for w in SEVERITIES],
        [SEVERITY_COLOURS[w] for w in SEVERITIES],
        "open findings",
        ink,
        keys=SEVERITIES,
        details=list(SEVERITIES),
    )


def areas(points: Mapping[str, float | None], ink: Ink, *, mean: bool = True) -> Drawing:
    """Points of each area, 0 to 100, as a mean or of one repository; n/a where none applies."""
    meaning = "mean over publishing repositories" if mean else "of the worst publication"
    known = [points.get(area) for area in AREAS]
    labels = ["n/a" if value is None else f"{value:.0f}" for value in known]
    return _bars(
        [plain(area) for area in AREAS],
        [0.0 if value is None else value for value in known],
        [colour_of(value) for value in known],
        "points of 100",
        ink,
        keys=AREAS,
        limit=100.0,
        labels=labels,
        details=["not applicable" if v is None else meaning for v in known],
    )


def colour_of(points: float | None) -> str:
    """The colour of the grade that these points are worth."""
    return GREY if points is None else GRADE_COLOURS[grade_of(points).value]


def _word_axis(ink: Ink) -> alt.Axis:
    return alt.Axis(
        ticks=False,
        domain=False,
        labelColor=ink.text,
        labelFontSize=13,
        labelPadding=8,
        labelLimit=150,
    )


def _bars(
    words: Sequence[str],
    values: Sequence[float],
    colours: Sequence[str],
    unit: str,
    ink: Ink,
    *,
    keys: Sequence[str],
    details: Sequence[str],
    labels: Sequence[str] = (),
    limit: float | None = None,
) -> Drawing:
    frame = pd.DataFrame(
        {
            "word": list(words),
            "key": list(keys),
            "value": [float(value) for value in values],
            "label": list(labels) or [f"{value:,}" for value in values],
            "meaning": list(details),
            "colour": list(colours),
        }
    )
    top = limit or max(1.0, *frame["value"])
    base = alt.Chart(frame).encode(
        y=alt.Y("word:N", sort=list(words), title=None, axis=_word_axis(ink)),
        x=alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, top * 1.15])),
        tooltip=[
            alt.Tooltip("word:N", title="status"),
            alt.Tooltip("label:N", title=unit),
            alt.Tooltip("meaning:N", title="meaning"),
        ],
    )
    numbers = base.mark_text(align="left", dx=6, fontSize=13, color=ink.text).encode(
        text=alt.Text("label:N")
    )
    return Drawing(layer=[_clickable(base), numbers], height=30 * len(frame) + 8)


def _clickable(base: alt.Chart) -> alt.Chart:
    """Bars of which a click chooses one."""
    chosen = alt.selection_point(name=CHOSEN, fields=["key"], on="click", clear="dblclick")
    bars: alt.Chart = base.mark_bar(cornerRadiusEnd=3, size=18, cursor="pointer")
    coloured: alt.Chart = bars.encode(color=alt.Color("colour:N", scale=None, legend=None))
    return coloured.add_params(chosen)
