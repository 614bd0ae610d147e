"""Draws a path as boxes from people to the registry, the arrow to cut drawn as a gap."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import altair as alt
import pandas as pd

from dashboard.charts import Drawing
from dashboard.frames.exposure import PathBox
from dashboard.theme import Ink

_WIDTH, _HEIGHT, _GAP = 1.0, 1.0, 0.28
_WRAP = 30
_ROW = 100
"""Letters that fit side by side into all boxes of a path, on a screen of usual width."""
_MOST_LINES = 5


def path_picture(boxes: Sequence[PathBox], ink: Ink) -> Drawing:
    """The picture: seen steps in one row, facts that were not seen dashed below them."""
    steps = [box for box in boxes if not box.unseen]
    unseen = [box for box in boxes if box.unseen][: len(steps)]
    wrap = min(_WRAP, _ROW // max(len(steps), 1))
    frame = pd.DataFrame(
        [_rectangle(box, 1.0, wrap) for box in steps]
        + [_rectangle(box, 0.0, wrap) for box in unseen]
    )
    arrows = pd.DataFrame([_arrow(box) for box in steps[1:]])
    base = alt.Chart(frame)
    scale = alt.Scale(domain=[-0.01, max(len(steps), 1) * (_WIDTH + _GAP) - _GAP + 0.01])
    x = alt.X("left:Q", axis=None, scale=scale)
    y_scale = alt.Scale(domain=[-0.05 if unseen else 0.95, 1.95])
    shapes = base.mark_rect(cornerRadius=6, fill=ink.surface).encode(
        x=x,
        x2=alt.X2("right:Q"),
        y=alt.Y("bottom:Q", axis=None, scale=y_scale),
        y2=alt.Y2("top:Q"),
        stroke=alt.StrokeValue(ink.line),
        strokeDash=alt.condition("datum.unseen", alt.value([4, 3]), alt.value([0])),
        tooltip=[alt.Tooltip("kind:N"), alt.Tooltip("title:N"), alt.Tooltip("where:N")],
    )
    layers: list[alt.Chart] = [shapes, *_texts(base, ink, x, y_scale)]
    if not arrows.empty:
        layers[1:1] = _arrows(arrows, ink, scale, y_scale)
    height = 260 if unseen else 132
    config = alt.Config(view=alt.ViewConfig(stroke=None))
    return Drawing(layer=layers, height=height, config=config)


def _texts(base: alt.Chart, ink: Ink, x: alt.X, y_scale: alt.Scale) -> tuple[alt.Chart, alt.Chart]:
    """What stands in the boxes: the kind of the step, small, and the step."""
    y = alt.Y("top:Q", axis=None, scale=y_scale)
    kinds = base.mark_text(
        align="left", baseline="top", dx=10, dy=9, fontSize=11, color=ink.muted
    ).encode(x=x, y=y, text=alt.Text("kind:N"))
    words = base.mark_text(
        align="left",
        baseline="top",
        dx=10,
        dy=27,
        fontSize=12,
        lineHeight=15,
        lineBreak="\n",
        color=ink.text,
    ).encode(x=x, y=y, text=alt.Text("lines:N"))
    return kinds, words


def _arrows(
    arrows: pd.DataFrame, ink: Ink, scale: alt.Scale, y_scale: alt.Scale
) -> tuple[alt.Chart, alt.Chart]:
    """The arrows between the boxes, with their signs."""
    lines = (
        alt.Chart(arrows)
        .mark_rule(strokeWidth=2, color=ink.muted)
        .encode(
            x=alt.X("start:Q", axis=None, scale=scale),
            x2=alt.X2("end:Q"),
            y=alt.Y("y:Q", axis=None, scale=y_scale),
            strokeDash=alt.condition("datum.cut", alt.value([2, 6]), alt.value([0])),
        )
    )
    marks = (
        alt.Chart(arrows)
        .mark_text(fontSize=16, color=ink.text, dy=-11)
        .encode(
            x=alt.X("middle:Q", axis=None, scale=scale),
            y=alt.Y("y:Q", axis=None, scale=y_scale),
            text=alt.Text("sign:N"),
        )
    )
    return lines, marks


def _rectangle(box: PathBox, bottom: float, wrap: int) -> dict[str, object]:
    left = box.place * (_WIDTH + _GAP)
    lines = textwrap.wrap(box.title, wrap)[:_MOST_LINES]
    return {
        "left": left,
        "right": left + _WIDTH,
        "bottom": bottom,
        "top": bottom + _HEIGHT * 0.9,
        "kind": box.kind,
        "title": box.title,
        "where": box.where,
        "lines": "\n".join(lines),
        "unseen": box.unseen,
    }


def _arrow(box: PathBox) -> dict[str, object]:
    start = box.place * (_WIDTH + _GAP) - _GAP
    return {
        "start": start,
        "end": start + _GAP,
        "middle": start + _GAP / 2,
        "y": 1.45,
        "cut": box.cut,
        "sign": "✂" if box.cut else "→",
    }
