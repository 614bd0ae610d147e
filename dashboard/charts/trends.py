"""Charts over scans: small multiples above one time axis, and bars of new against fixed.

The bands of small multiples are placed by hand in one chart: Streamlit takes a click on a layered
chart, and on no facet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import altair as alt
import pandas as pd
from msgspec import Struct

from dashboard.charts import Drawing
from dashboard.charts.bars import CHOSEN
from dashboard.theme import Ink

SCANNED, REBUILT = "a scan", "rebuilt from commits: files alone, no settings"
_SOME_DAYS = timedelta(days=3)
"""Scans within these may stand on one day of the axis."""
_FEW_DOTS, _FEW_WORDS, _FEW_BARS = 40, 6, 16
"""More dots would merge into the line, more words and numbers into each other."""
_LINE, _TITLE = 0.6, 0.8
"""Of a band: the height of its line, and where its title stands."""
_BAND = 50
"""The height of a band in pixels."""
_AXIS = 40
"""The height of the axis with its words in pixels."""
_NEW, _FIXED = "#d9772b", "#1f6fb2"


class Band(Struct, frozen=True, kw_only=True):
    """One of the small multiples: the series ``word``, by its ``title``. ``counted`` ones begin
    at 0 and keep their number until the next scan; others have a scale of their own.
    """

    word: str
    title: str
    colour: str
    counted: bool = True


def bands(
    frame: pd.DataFrame,
    ink: Ink,
    series: Sequence[Band],
    *,
    unit: str,
    span: Sequence[datetime],
    past: pd.DataFrame | None = None,
    marks: pd.DataFrame | None = None,
) -> Drawing:
    """Each series on a line of its own, named above it, with its first and last number.

    ``frame`` has the columns ``at``, ``series``, ``value`` and ``key``, by which a click chooses
    a scan. ``span`` are the first and last moments of the axis, the same for charts side by side.
    ``marks`` are moments at which something besides the repositories changed (columns ``at``,
    ``changed``, and ``word`` for a short one): a step in a line there has another cause. ``past``
    are the same series as rebuilt from commits: thin lines on a shaded ground, joined to no
    scan, as they rest on other evidence.
    """
    both = _both(frame, past)
    shown = [band for band in series if band.word in set(both["series"])]
    placed = _placed(both, shown)
    top = len(shown) + (0.35 if _has_rows(past) or _has_rows(marks) else 0.1)
    base = _points(placed, shown, ink, unit=unit, span=span, top=top)
    layers = [_ends(ink, span)]
    if _has_rows(past):
        layers += _ground(both, top, ink)
    if _has_rows(marks):
        layers += _cause_marks(marks, top, ink)
    layers += [_baselines(shown, ink), *_lines(base, placed, shown), *_titles(placed, shown, ink)]
    layers.append(_hits(base))
    return Drawing(layer=layers, height=int(_BAND * top) + _AXIS)


def _points(
    placed: pd.DataFrame,
    shown: Sequence[Band],
    ink: Ink,
    *,
    unit: str,
    span: Sequence[datetime],
    top: float,
) -> alt.Chart:
    base: alt.Chart = alt.Chart(placed).encode(
        x=_time(ink, span),
        y=_height("y", alt.Scale(domain=[-0.12, top], nice=False)),
        color=_colours(shown),
        tooltip=[
            alt.Tooltip("title:N", title="what"),
            alt.Tooltip("at:T", title="scan", format="%e %b %Y %H:%M"),
            alt.Tooltip("value:Q", title=unit, format=",.1~f"),
            alt.Tooltip("source:N", title="from"),
        ],
    )
    return base


def _has_rows(frame: pd.DataFrame | None) -> bool:
    # An empty layer is a picture without a name.
    return frame is not None and not frame.empty


def _both(frame: pd.DataFrame, past: pd.DataFrame | None) -> pd.DataFrame:
    """Scans and what was rebuilt, distinguished by the column ``source``."""
    scans = frame.assign(source=SCANNED)
    if past is None or past.empty:
        return scans
    return pd.concat([past.assign(source=REBUILT, key=""), scans], ignore_index=True)


def _placed(both: pd.DataFrame, shown: Sequence[Band]) -> pd.DataFrame:
    """The rows with their height in the chart: the first band is at the top."""
    parts = []
    for place, band in enumerate(shown):
        mine = both[both["series"] == band.word]
        low, high = _range(mine["value"], counted=band.counted)
        base = len(shown) - 1 - place
        y = base + (mine["value"] - low) / (high - low) * _LINE
        parts.append(mine.assign(y=y, base=base, title=band.title))
    return pd.concat(parts, ignore_index=True)


def _range(values: pd.Series[float], *, counted: bool) -> tuple[float, float]:
    if counted:
        return 0.0, max(1.0, float(values.max()))
    low, high = float(values.min()), float(values.max())
    room = max(0.0, 10 - (high - low)) / 2  # at least ten points high: less is no hill
    return low - room, high + room


def _lines(base: alt.Chart, placed: pd.DataFrame, shown: Sequence[Band]) -> list[alt.Chart]:
    """Lines with a light ground under what is counted, and dots where there is room for them."""
    found: list[alt.Chart] = []
    for source, width, opacity in ((REBUILT, 1.2, 0.7), (SCANNED, 2.0, 1.0)):
        of_source = placed[placed["source"] == source]
        for counted in (True, False):
            words = [band.word for band in shown if band.counted is counted]
            if of_source[of_source["series"].isin(words)].empty:
                continue
            mine = base.transform_filter(
                alt.FieldOneOfPredicate(field="series", oneOf=words)
            ).transform_filter(alt.datum.source == source)
            way: Literal["step-after", "linear"] = "step-after" if counted else "linear"
            if counted:
                area = mine.mark_area(opacity=0.14 * opacity, interpolate=way, line=False)
                found.append(area.encode(y2=alt.Y2("base:Q")))
            found.append(mine.mark_line(strokeWidth=width, opacity=opacity, interpolate=way))
        dots = of_source["at"].nunique()
        if 0 < dots <= _FEW_DOTS:
            every = base.transform_filter(alt.datum.source == source)
            found.append(every.mark_point(filled=source == SCANNED, size=24, opacity=opacity))
    return found


def _height(field: str, scale: alt.Scale | None = None) -> alt.Y:
    """The place in the chart; every layer says so, as Vega-Lite merges no axis with none."""
    return alt.Y(f"{field}:Q", axis=None, scale=alt.Undefined if scale is None else scale)


# Altair gives these two classes no types. `altair.value` is ten times as slow: it looks for the
# class in all of Vega-Lite's schema.


def _across(place: float | str) -> alt.XValue:
    return alt.XValue(place)  # type: ignore[no-untyped-call]


def _down(place: float | str) -> alt.YValue:
    return alt.YValue(place)  # type: ignore[no-untyped-call]


def _colours(shown: Sequence[Band]) -> alt.Color:
    scale = alt.Scale(domain=[b.word for b in shown], range=[b.colour for b in shown])
    return alt.Color("series:N", scale=scale, legend=None)


def _baselines(shown: Sequence[Band], ink: Ink) -> alt.Chart:
    frame = pd.DataFrame({"y": list(range(len(shown)))})
    rules: alt.Chart = (
        alt.Chart(frame).mark_rule(color=ink.line, strokeWidth=0.8).encode(y=_height("y"))
    )
    return rules


def _titles(placed: pd.DataFrame, shown: Sequence[Band], ink: Ink) -> list[alt.Chart]:
    """The name of each band, and at its right the first and the last number of the scans."""
    rows = []
    for place, band in enumerate(shown):
        scans = placed[(placed["series"] == band.word) & (placed["source"] == SCANNED)]
        rows.append(
            {
                "y": len(shown) - 1 - place + _TITLE,
                "title": band.title,
                "numbers": moved(scans.sort_values("at")["value"].tolist()),
            }
        )
    base = alt.Chart(pd.DataFrame(rows)).encode(y=_height("y"))
    name = base.mark_text(align="left", fontSize=12.5, color=ink.text)
    number = base.mark_text(align="right", dx=-10, fontSize=12.5, fontWeight=600, color=ink.text)
    return [
        name.encode(text=alt.Text("title:N"), x=_across(0)),
        number.encode(text=alt.Text("numbers:N"), x=_across("width")),
    ]


def moved(values: Sequence[float]) -> str:
    """The first and the last of these numbers, or the one that they all begin and end with."""
    if not values:
        return ""
    first, last = (f"{value:,.1f}".removesuffix(".0") for value in (values[0], values[-1]))
    return last if first == last else f"{first} → {last}"


def _ground(both: pd.DataFrame, top: float, ink: Ink) -> list[alt.Chart]:
    """A shade behind what was rebuilt, with its name."""
    mine = both[both["source"] == REBUILT]["at"]
    frame = pd.DataFrame({"at": [mine.min()], "until": [mine.max()], "y": [-0.12], "y2": [top]})
    base = alt.Chart(frame)
    shade = base.mark_rect(color=ink.surface).encode(
        x=alt.X("at:T"), x2=alt.X2("until:T"), y=_height("y"), y2=alt.Y2("y2:Q")
    )
    words = base.mark_text(
        text="rebuilt from commits", align="left", baseline="top", dx=4, dy=1, color=ink.muted
    )
    return [shade, words.encode(x=alt.X("at:T"), y=_height("y2"))]


def _cause_marks(marks: pd.DataFrame | None, top: float, ink: Ink) -> list[alt.Chart]:
    frame = pd.DataFrame(marks).assign(y2=top)
    base = alt.Chart(frame).encode(
        x=alt.X("at:T"),
        tooltip=[
            alt.Tooltip("changed:N", title="since the scan before"),
            alt.Tooltip("at:T", title="scan", format="%e %b %Y"),
        ],
    )
    found = [base.mark_rule(color=ink.muted, strokeDash=[3, 3])]
    if len(frame) <= _FEW_WORDS:
        words = base.mark_text(align="right", baseline="top", dx=-3, dy=1, color=ink.muted)
        found.append(words.encode(text=alt.Text("word:N"), y=_height("y2")))
    return found


def _hits(base: alt.Chart) -> alt.Chart:
    """What a click on a scan hits: dots that nobody sees."""
    chosen = alt.selection_point(name=CHOSEN, fields=["key"], on="click", clear="dblclick")
    dots: alt.Chart = base.transform_filter(alt.datum.key != "").mark_point(
        filled=True, size=140, opacity=0, cursor="pointer"
    )
    return dots.add_params(chosen)


def flow(frame: pd.DataFrame, ink: Ink) -> Drawing:
    """New findings above the line, fixed ones below it, as `dashboard.frames.trends.flow`
    adds them up; a click chooses the scans at the ends of a bar.
    """
    chosen = alt.selection_point(name=CHOSEN, fields=["key"], on="click", clear="dblclick")
    base = alt.Chart(frame).encode(
        x=_time(ink, [frame["at"].min(), frame["until"].max()]),
        y=_height("value", scale=_room(frame)),
        color=_sides(),
        tooltip=[
            alt.Tooltip("series:N", title="what"),
            alt.Tooltip("count:Q", title="findings", format=","),
            alt.Tooltip("at:T", title="from", format="%e %b %Y"),
            alt.Tooltip("last:T", title="to", format="%e %b %Y"),
        ],
    )
    rects = base.mark_rect(cursor="pointer").encode(x2=alt.X2("until:T"), y2=alt.Y2Datum(0))
    bars: alt.Chart = rects.add_params(chosen)
    zero = (
        alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=ink.muted).encode(y=_height("zero"))
    )
    layers = [bars, zero, *_sums(frame, ink)]
    if frame["at"].nunique() <= _FEW_BARS:
        layers += _numbers(base, ink)
    return Drawing(layer=layers, height=210)


def _room(frame: pd.DataFrame) -> alt.Scale:
    """From the longest bar down to the longest up, with room for the words above and below."""
    most = max(1, int(frame["count"].max()))
    low, high = min(0, int(frame["value"].min())), max(0, int(frame["value"].max()))
    return alt.Scale(domain=[low - 0.3 * most, high + 0.3 * most], nice=False)


def _sides() -> alt.Color:
    scale = alt.Scale(domain=["new", "fixed"], range=[_NEW, _FIXED])
    return alt.Color("series:N", scale=scale, legend=None)


def _sums(frame: pd.DataFrame, ink: Ink) -> list[alt.Chart]:
    """What is above and what is below the line, with its sum."""
    sums = frame.groupby("series")["count"].sum()
    found = []
    sides: tuple[tuple[str, Literal["top", "bottom"], float | str], ...] = (
        ("new", "top", 0),
        ("fixed", "bottom", "height"),
    )
    for word, baseline, place in sides:
        words = pd.DataFrame({"words": [f"{'▲' if word == 'new' else '▼'} {word} {sums[word]:,}"]})
        text = alt.Chart(words).mark_text(
            align="left", baseline=baseline, fontSize=12.5, fontWeight=600, color=ink.text
        )
        found.append(text.encode(text=alt.Text("words:N"), x=_across(0), y=_down(place)))
    return found


def _numbers(base: alt.Chart, ink: Ink) -> list[alt.Chart]:
    """The number of each bar at its end."""
    found = []
    sides: tuple[tuple[str, Literal["top", "bottom"], int], ...] = (
        ("new", "bottom", -2),
        ("fixed", "top", 3),
    )
    for word, baseline, dy in sides:
        text = base.transform_filter((alt.datum.series == word) & (alt.datum["count"] > 0))
        marked = text.mark_text(baseline=baseline, dy=dy, fontSize=11)
        found.append(
            marked.encode(
                text=alt.Text("count:Q", format=","),
                x=alt.X("middle:T"),
                color=alt.ColorValue(ink.muted),
            )
        )
    return found


def _time(ink: Ink, span: Sequence[datetime]) -> alt.X:
    """Scans along the width, with the hour where days alone would look the same."""
    first, last = min(span), max(span)
    close = last - first < _SOME_DAYS
    axis = alt.Axis(
        format="%e %b %H:%M" if close else "%e %b %y",
        labelColor=ink.muted,
        grid=False,
        labelOverlap=True,
        labelFlush=True,
        tickCount=5,
        domainColor=ink.line,
        tickColor=ink.line,
    )
    scale = alt.Scale(padding=6, nice=False)
    return alt.X("at:T", title=None, axis=axis, scale=scale)


def _ends(ink: Ink, span: Sequence[datetime]) -> alt.Chart:
    """Unseen dots at both ends of the axis, which hold it: a domain of moments would be merged
    with those of other layers into one without an extent, and all scans would stand at one place.
    """
    ends = pd.DataFrame({"at": [min(span), max(span)]})
    dots: alt.Chart = alt.Chart(ends).mark_point(opacity=0).encode(x=_time(ink, span))
    return dots
