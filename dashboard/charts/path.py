"""Draws a path as boxes from people to the registry, the arrow to cut drawn as a gap."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import altair as alt
import pandas as pd

from dashboard.frames.exposure import PathBox
from dashboard.theme import Ink

_WIDTH, _HEIGHT, _GAP = 1.0, 1.0, 0.28
_WRAP = 28
_ROW = 96
"""So many letters stand side by side in all boxes of a path, on a screen of a usual width."""
_MOST_LINES = 5


def path_picture(boxes: Sequence[PathBox], ink: Ink) -> alt.LayerChart:
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
    scale = alt.Scale(domain=[-0.05, max(len(steps), 1) * (_WIDTH + _GAP)])
    x = alt.X("left:Q", axis=None, scale=scale)
    y_scale = alt.Scale(domain=[-0.1 if unseen else 0.9, 2.1])
    shapes = base.mark_rect(cornerRadius=4, fillOpacity=0.08, fill=ink.text).encode(
        x=x,
        x2="right:Q",
        y=alt.Y("bottom:Q", axis=None, scale=y_scale),
        y2="top:Q",
        stroke=alt.value(ink.text),
        strokeDash=alt.condition("datum.unseen", alt.value([4, 3]), alt.value([0])),
        tooltip=["kind:N", "title:N", "where:N"],
    )
    words = base.mark_text(
        align="left",
        baseline="top",
        dx=6,
        dy=6,
        fontSize=11,
        lineHeight=13,
        lineBreak="\n",
        color=ink.text,
    ).encode(x=x, y=alt.Y("top:Q", axis=None, scale=y_scale), text="lines:N")
    if arrows.empty:
        return alt.LayerChart(layer=[shapes, words], height=170)
    lines, marks = _arrows(arrows, ink, scale, y_scale)
    return alt.LayerChart(layer=[shapes, lines, marks, words], height=230 if unseen else 150)


def _arrows(
    arrows: pd.DataFrame, ink: Ink, scale: alt.Scale, y_scale: alt.Scale
) -> tuple[alt.Chart, alt.Chart]:
    """The arrows between the boxes, with their signs."""
    lines = (
        alt.Chart(arrows)
        .mark_rule(strokeWidth=2, color=ink.text)
        .encode(
            x=alt.X("start:Q", axis=None, scale=scale),
            x2="end:Q",
            y=alt.Y("y:Q", axis=None, scale=y_scale),
            strokeDash=alt.condition("datum.cut", alt.value([2, 6]), alt.value([0])),
        )
    )
    marks = (
        alt.Chart(arrows)
        .mark_text(fontSize=14, color=ink.text, dy=-10)
        .encode(
            x=alt.X("middle:Q", axis=None, scale=scale),
            y=alt.Y("y:Q", axis=None, scale=y_scale),
            text="sign:N",
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
        "lines": "\n".join((box.kind.upper(), *lines)),
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
