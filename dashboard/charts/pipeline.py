"""The drawing of a `Pipeline`. Vega draws names as text on a canvas, so markup stays letters."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt
import pandas as pd

from dashboard.charts import Drawing
from dashboard.language import SEVERITY_COLOURS, Ink
from dashboard.pipeline import Node, Pipeline

_PITCH = 132
_BOX = 98
_WIDTHS = {1: 0.62, 2: 0.48, 3: 0.325}
_STRIPES = {
    "trigger": "#8a97a5",
    "upload": "#2a9d8f",
    "publishing job": "#1f6fb2",
    "producing job": "#69afe0",
    "other job": "#b9c2cb",
}


def drawing(pipeline: Pipeline, ink: Ink) -> Drawing:
    """Boxes from the trigger at the top to the uploads at the bottom, ways between them."""
    rows = 1 + max(node.row for node in pipeline.nodes)
    scales = (
        alt.Scale(domain=[0, 1], nice=False, zero=False),
        alt.Scale(domain=[0, rows * _PITCH], reverse=True, nice=False, zero=False),
    )
    x = alt.X("x:Q", scale=scales[0], axis=None)
    y = alt.Y("y:Q", scale=scales[1], axis=None)
    layers: list[alt.Chart] = [_ways(pipeline, ink, x, y), _boxes(pipeline, ink, x, y)]
    layers += _stripes_and_texts(pipeline, ink, x, y)
    return alt.layer(*layers).properties(height=rows * _PITCH)


def _box(node: Node) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a box, in shares of the width and in pixels."""
    width = _WIDTHS[node.columns]
    pitch = 1 / node.columns
    left = pitch * node.column + (pitch - width) / 2
    top = node.row * _PITCH + (_PITCH - _BOX) / 2
    return left, top, left + width, top + _BOX


def _ways(pipeline: Pipeline, ink: Ink, x: alt.X, y: alt.Y) -> alt.Chart:
    places = {node.id: _box(node) for node in pipeline.nodes}
    points = []
    for number, (start, end) in enumerate(pipeline.edges):
        a, b = places[start], places[end]
        x0, x1 = (a[0] + a[2]) / 2, (b[0] + b[2]) / 2
        middle = (a[3] + b[1]) / 2
        for order, (px, py) in enumerate(
            ((x0, a[3]), (x0, middle), (x1, middle), (x1, b[1]))
        ):
            points.append({"way": number, "order": order, "x": px, "y": py})
    frame = pd.DataFrame(points, columns=["way", "order", "x", "y"])
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_line(interpolate="basis", color=ink.muted, strokeWidth=1.6)
        .encode(x=x, y=y, detail="way:N", order="order:Q")
    )
    return chart


def _frame(nodes: Iterator[Node]) -> pd.DataFrame:
    table = []
    for node in nodes:
        left, top, right, bottom = _box(node)
        table.append(
            {
                "x": left, "x2": right, "y": top, "y2": bottom, "title": node.title,
                "kind": node.kind, "holds": " · ".join(node.lines), "faults": node.faults or "none",
                "checks": node.checks or "none", "stripe": _STRIPES[node.kind],
                "edge": SEVERITY_COLOURS.get(node.severity, ""),
            }
        )  # fmt: skip
    return pd.DataFrame(table)


def _boxes(pipeline: Pipeline, ink: Ink, x: alt.X, y: alt.Y) -> alt.Chart:
    frame = _frame(iter(pipeline.nodes))
    frame["edge"] = frame["edge"].replace("", ink.line)
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_rect(cornerRadius=5, fill=ink.surface, strokeWidth=1.6, opacity=1)
        .encode(
            x=x,
            x2="x2:Q",
            y=y,
            y2="y2:Q",
            stroke=alt.Stroke("edge:N", scale=None, legend=None),
            tooltip=[
                alt.Tooltip("title:N", title="name"),
                alt.Tooltip("kind:N", title="role"),
                alt.Tooltip("holds:N", title="holds"),
                alt.Tooltip("faults:N", title="open findings"),
                alt.Tooltip("checks:N", title="checks"),
            ],
        )
    )
    return chart


def _stripes_and_texts(pipeline: Pipeline, ink: Ink, x: alt.X, y: alt.Y) -> Iterator[alt.Chart]:
    frame = _frame(iter(pipeline.nodes))
    yield (
        alt.Chart(frame)
        .mark_bar(width=5, align="left", xOffset=0, cornerRadius=2)
        .encode(x=x, y=y, y2="y2:Q", color=alt.Color("stripe:N", scale=None, legend=None))
    )
    for columns in sorted({node.columns for node in pipeline.nodes}):
        lines = pd.DataFrame(
            [line for node in pipeline.nodes if node.columns == columns for line in _lines(node, ink)]
        )
        limit = alt.expr(f"max(40, width * {_WIDTHS[columns]} - 26)")
        for weight, part in lines.groupby("weight", sort=True):
            yield (
                alt.Chart(part)
                .mark_text(align="left", baseline="top", dx=14, fontSize=12.5, limit=limit,
                           fontWeight="bold" if weight == "bold" else "normal")
                .encode(x=x, y=y, text="text:N", color=alt.Color("colour:N", scale=None))
            )  # fmt: skip


def _lines(node: Node, ink: Ink) -> Iterator[dict[str, object]]:
    """Up to five lines: the name, what the box holds, and where it is weak."""
    left, top, _, _ = _box(node)
    shown = list(node.lines[:3])
    if len(node.lines) > 3:
        shown[-1] = f"{node.lines[2]} … {len(node.lines) - 3} more"
    texts = [(f"{node.title}", "bold", ink.text), *((text, "normal", ink.muted) for text in shown)]
    if node.faults:
        texts.append((node.faults, "normal", ink.text))
    for index, (text, weight, colour) in enumerate(texts):
        yield {
            "x": left, "y": top + 9 + index * 17, "text": text, "weight": weight, "colour": colour,
        }  # fmt: skip


def description(pipeline: Pipeline) -> str:
    """The drawing in words, for screen readers."""
    names = {node.id: node.title for node in pipeline.nodes}
    boxes = ". ".join(
        f"{node.title} ({node.kind}): {'; '.join((*node.lines, node.faults)).rstrip('; ')}"
        for node in pipeline.nodes
    )
    ways = ", ".join(f"{names[start]} to {names[end]}" for start, end in pipeline.edges)
    return f"Release of {pipeline.path}. {boxes}. Ways: {ways}."
