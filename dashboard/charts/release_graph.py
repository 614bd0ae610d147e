"""Draws a release graph with Vega, whose canvas text cannot contain markup."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt
import pandas as pd
from msgspec import Struct

from dashboard.charts import Drawing
from dashboard.release_graph import GraphBox, Pipeline
from dashboard.theme import SEVERITY_COLOURS, Ink

_LINE = 18
_PADDING = 10
_GAP = 34
_SHOWN = 3
_WIDTHS = {1: 0.66, 2: 0.48, 3: 0.325}
_STRIPES = {
    "trigger": "#8a97a5",
    "upload": "#2a9d8f",
    "publishing job": "#1f6fb2",
    "producing job": "#69afe0",
    "other job": "#b9c2cb",
}


class _Box(Struct, frozen=True, kw_only=True):
    """Where a box is: left and right as shares of the width, top and bottom in pixels."""

    node: GraphBox
    left: float
    right: float
    top: int
    bottom: int

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def drawing(pipeline: Pipeline, ink: Ink) -> Drawing:
    """Boxes from the trigger at the top to the uploads at the bottom, ways between them."""
    boxes = _laid_out(pipeline)
    height = max(box.bottom for box in boxes) + 4
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, 1], nice=False, zero=False), axis=None)
    down = alt.Scale(domain=[0, height], reverse=True, nice=False, zero=False)
    y = alt.Y("y:Q", scale=down, axis=None)
    layers = [
        *_ways(pipeline, boxes, ink, x, y),
        *_boxes(boxes, ink, x, y),
        *_texts(boxes, ink, x, y),
    ]
    view = alt.ViewConfig(stroke=None)
    plain = alt.Config(font="Source Sans, sans-serif", padding=0, view=view)
    return Drawing(layer=layers, height=height, config=plain)


def _laid_out(pipeline: Pipeline) -> list[_Box]:
    """Every row as tall as its fullest box."""
    boxes = []
    top = 4
    for row in range(1 + max(node.row for node in pipeline.nodes)):
        nodes = [node for node in pipeline.nodes if node.row == row]
        bottom = top + 2 * _PADDING + _LINE * max(len(_lines_of(node)) for node in nodes)
        for node in nodes:
            width, pitch = _WIDTHS[node.columns], 1 / node.columns
            left = pitch * node.column + (pitch - width) / 2
            boxes.append(_Box(node=node, left=left, right=left + width, top=top, bottom=bottom))
        top = bottom + _GAP
    return boxes


def _lines_of(node: GraphBox) -> list[tuple[str, str]]:
    """The lines of a box, each with how it is written: the name, what it holds, its faults."""
    shown = list(node.lines[:_SHOWN])
    if len(node.lines) > _SHOWN:
        shown[-1] = f"{shown[-1]} … {len(node.lines) - _SHOWN} more"
    lines = [(node.title, "name"), *((text, "held") for text in shown)]
    return [*lines, (node.faults, "fault")] if node.faults else lines


def _ways(
    pipeline: Pipeline, boxes: list[_Box], ink: Ink, x: alt.X, y: alt.Y
) -> Iterator[alt.Chart]:
    places = {box.node.id: box for box in boxes}
    points, tips = [], []
    for number, (start, end) in enumerate(pipeline.edges):
        a, b = places[start], places[end]
        bend = b.top - _GAP / 2
        way = ((a.middle, a.bottom), (a.middle, bend), (b.middle, bend), (b.middle, b.top - 5))
        for order, (px, py) in enumerate(way):
            points.append({"way": number, "order": order, "x": px, "y": py})
        tips.append({"x": b.middle, "y": b.top - 6})
    lines = alt.Chart(pd.DataFrame(points, columns=["way", "order", "x", "y"]))
    yield lines.mark_line(interpolate="basis", color=ink.muted, strokeWidth=1.6).encode(
        x=x, y=y, detail=alt.Detail("way:N"), order=alt.Order("order:Q")
    )
    heads = alt.Chart(pd.DataFrame(tips, columns=["x", "y"]))
    yield heads.mark_point(
        shape="triangle-down", filled=True, size=70, color=ink.muted, opacity=1
    ).encode(x=x, y=y)


def _frame(boxes: list[_Box], ink: Ink) -> pd.DataFrame:
    """One box a row, with what its tooltip shows."""
    return pd.DataFrame(
        [
            {
                "x": box.left,
                "x2": box.right,
                "y": box.top,
                "y2": box.bottom,
                "title": box.node.title,
                "kind": box.node.kind,
                "holds": " · ".join(box.node.lines),
                "faults": box.node.faults or "none",
                "stripe": _STRIPES[box.node.kind],
                "edge": SEVERITY_COLOURS.get(box.node.severity, ink.line),
            }
            for box in boxes
        ]
    )


def _boxes(boxes: list[_Box], ink: Ink, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    frame = _frame(boxes, ink)
    tooltip = [
        alt.Tooltip("title:N", title="name"),
        alt.Tooltip("kind:N", title="role"),
        alt.Tooltip("holds:N", title="holds"),
        alt.Tooltip("faults:N", title="open findings"),
    ]
    yield (
        alt.Chart(frame)
        .mark_rect(cornerRadius=5, fill=ink.surface, strokeWidth=1.6, opacity=1)
        .encode(
            x=x,
            x2=alt.X2("x2:Q"),
            y=y,
            y2=alt.Y2("y2:Q"),
            tooltip=tooltip,
            stroke=alt.Stroke("edge:N", scale=None, legend=None),
        )
    )
    yield (
        alt.Chart(frame)
        .mark_bar(width=5, align="left", xOffset=1, cornerRadius=2)
        .encode(x=x, y=y, y2=alt.Y2("y2:Q"), color=alt.Color("stripe:N", scale=None, legend=None))
    )


def _texts(boxes: list[_Box], ink: Ink, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    """The lines of text, cut where their box ends: one layer for each width and weight."""
    colours = {"name": ink.text, "held": ink.muted, "fault": ink.text}
    table = pd.DataFrame(
        [
            {
                "x": box.left,
                "y": box.top + _PADDING + index * _LINE,
                "text": text,
                "colour": colours[style],
                "columns": box.node.columns,
                "weight": "bold" if style == "name" else "normal",
            }
            for box in boxes
            for index, (text, style) in enumerate(_lines_of(box.node))
        ]
    )
    for (columns, weight), part in table.groupby(["columns", "weight"], sort=True):
        yield (
            alt.Chart(part)
            .mark_text(
                align="left",
                baseline="top",
                dx=16,
                fontSize=13.5,
                fontWeight="bold" if weight == "bold" else "normal",
                limit=alt.expr(f"max(40, width * {_WIDTHS[int(str(columns))]} - 28)"),
            )
            .encode(x=x, y=y, text=alt.Text("text:N"), color=alt.Color("colour:N", scale=None))
        )
