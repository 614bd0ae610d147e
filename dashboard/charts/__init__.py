"""Altair charts of frames and rows; pure, light or dark by the `Ink` that is passed in."""

from __future__ import annotations

import altair as alt

Drawing = alt.Chart | alt.LayerChart | alt.FacetChart
"""What a view draws; `altair.layer` does not say which it makes."""
