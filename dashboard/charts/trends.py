"""Charts over scans: lines and bars; a single scan is a point."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from dashboard.charts import Drawing
from dashboard.theme import AREA_COLOURS, SEVERITIES, SEVERITY_COLOURS, Ink, plain

AREA_SERIES = {plain(area): colour for area, colour in AREA_COLOURS.items()}
_SCANNED, _REBUILT = "a scan", "rebuilt from commits: files alone, no settings"
_SOME_DAYS = pd.Timedelta(days=3)
"""Scans within these may stand on one day of the axis."""
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4])


def lines(
    frame: pd.DataFrame,
    ink: Ink,
    *,
    unit: str,
    colours: Mapping[str, str],
    marks: pd.DataFrame | None = None,
    top: float | None = None,
    past: pd.DataFrame | None = None,
) -> Drawing:
    """Series over scans. ``marks`` are moments at which something besides the repositories
    changed (columns ``at``, ``changed``): a step in a line there has another cause. ``past`` are
    the same series as rebuilt from commits: thin lines and hollow points, joined to no scan, as
    they rest on other evidence.
    """
    both = _both(frame, past)
    words = [word for word in colours if word in set(both["series"])]
    scale = alt.Scale(domain=alt.Undefined if top is None else [0, top])
    base = alt.Chart(both).encode(
        x=_time(ink, both["at"]),
        y=alt.Y("value:Q", title=unit, axis=_value_axis(ink), scale=scale),
        color=_colour(words, colours, ink),
        tooltip=[
            alt.Tooltip("series:N", title="series"),
            alt.Tooltip("at:T", title="scan", format="%e %b %Y %H:%M"),
            alt.Tooltip("value:Q", title=unit, format=",.1~f"),
            alt.Tooltip("source:N", title="from"),
        ],
    )
    scanned, rebuilt = (base.transform_filter(alt.datum.source == s) for s in (_SCANNED, _REBUILT))
    dashes = _dashes(words)
    thick = scanned.mark_line(strokeWidth=2.2).encode(strokeDash=dashes)
    layers: list[alt.Chart] = [thick, scanned.mark_point(filled=True, size=42, opacity=1)]
    if past is not None and not past.empty:  # an empty layer is a picture without a name
        thin = rebuilt.mark_line(strokeWidth=1.2, opacity=0.6).encode(strokeDash=dashes)
        layers = [thin, rebuilt.mark_point(filled=False, size=26, opacity=0.8), *layers]
    if marks is not None and not marks.empty:
        layers = [*_cause_marks(marks, ink), *layers]
    return alt.layer(*layers).properties(height=260)


def _colour(words: list[str], colours: Mapping[str, str], ink: Ink) -> alt.Color:
    return alt.Color(
        "series:N",
        title=None,
        sort=words,
        scale=alt.Scale(domain=words, range=[colours[word] for word in words]),
        legend=None if len(words) == 1 else _legend(ink),
    )


def _both(frame: pd.DataFrame, past: pd.DataFrame | None) -> pd.DataFrame:
    """Scans and what was rebuilt, distinguished by the column ``source``."""
    scans = frame.assign(source=_SCANNED)
    if past is None or past.empty:
        return scans
    return pd.concat([past.assign(source=_REBUILT), scans], ignore_index=True)


def _dashes(words: list[str]) -> alt.StrokeDash:
    scale = alt.Scale(domain=words, range=list(_DASHES[: len(words)]))
    return alt.StrokeDash("series:N", sort=words, legend=None, scale=scale)


def _cause_marks(marks: pd.DataFrame, ink: Ink) -> list[alt.Chart]:
    rule = (
        alt.Chart(marks)
        .mark_rule(color=ink.muted, strokeDash=[3, 3])
        .encode(
            x="at:T",
            tooltip=[
                alt.Tooltip("changed:N", title="since the scan before"),
                alt.Tooltip("at:T", title="scan", format="%e %b %Y"),
            ],
        )
    )
    return [rule]


def stacked(frame: pd.DataFrame, ink: Ink, *, unit: str) -> Drawing:
    """Open findings of each severity, one bar a scan."""
    words = list(SEVERITIES)
    shown = frame.assign(rank=frame["series"].map({word: i for i, word in enumerate(words)}))
    chart: alt.Chart = (
        alt.Chart(shown)
        .mark_bar(size=_bar_size(frame))
        .encode(
            x=_time(ink, frame["at"]),
            y=alt.Y("sum(value):Q", title=unit, axis=_value_axis(ink)),
            color=alt.Color(
                "series:N",
                title=None,
                sort=words,
                scale=alt.Scale(domain=words, range=[SEVERITY_COLOURS[w] for w in words]),
                legend=_legend(ink),
            ),
            order=alt.Order("rank:Q"),
            tooltip=[
                alt.Tooltip("series:N", title="severity"),
                alt.Tooltip("value:Q", title=unit, format=","),
                alt.Tooltip("at:T", title="scan", format="%e %b %Y"),
            ],
        )
        .properties(height=260)
    )
    return chart


def flow(frame: pd.DataFrame, ink: Ink) -> Drawing:
    """New findings above the line, fixed ones below it."""
    words = ["new", "fixed"]
    bars = (
        alt.Chart(frame)
        .mark_bar(size=_bar_size(frame))
        .encode(
            x=_time(ink, frame["at"]),
            y=alt.Y("value:Q", title="new (up), fixed (down)", axis=_value_axis(ink)),
            color=alt.Color(
                "series:N",
                title=None,
                scale=alt.Scale(domain=words, range=["#d9772b", "#1f6fb2"]),
                legend=_legend(ink),
            ),
            tooltip=[
                alt.Tooltip("series:N", title="what"),
                alt.Tooltip("count:Q", title="findings", format=","),
                alt.Tooltip("at:T", title="scan", format="%e %b %Y"),
            ],
        )
    )
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=ink.muted).encode(y="zero:Q")
    return alt.layer(bars, zero).properties(height=220)


def _bar_size(frame: pd.DataFrame) -> int:
    """Width in pixels, so that a year of nightly scans does not overlap too much."""
    return max(2, min(26, 620 // max(1, frame["at"].nunique())))


def _time(ink: Ink, moments: pd.Series[pd.Timestamp]) -> alt.X:
    """Scans along the width, with room for half a bar at either end; with the hour where days
    alone would look the same.
    """
    close = bool(len(moments)) and moments.max() - moments.min() < _SOME_DAYS
    axis = alt.Axis(
        format="%e %b %H:%M" if close else "%e %b %y",
        labelColor=ink.muted,
        grid=False,
        labelOverlap=True,
        tickCount=6,
        domainColor=ink.line,
        tickColor=ink.line,
    )
    return alt.X("at:T", title=None, axis=axis, scale=alt.Scale(padding=16))


def _value_axis(ink: Ink) -> alt.Axis:
    return alt.Axis(
        labelColor=ink.muted,
        titleColor=ink.muted,
        titleFontWeight="normal",
        gridColor=ink.line,
        gridOpacity=0.6,
        format=",~r",
        tickCount=5,
        tickMinStep=1,
        domain=False,
    )


def _legend(ink: Ink) -> alt.Legend:
    return alt.Legend(
        orient="bottom",
        labelColor=ink.text,
        labelFontSize=12,
        columns=3,
        symbolType="circle",
        symbolStrokeWidth=0,
        symbolSize=90,
        direction="horizontal",
    )
