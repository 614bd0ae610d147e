"""Altair charts of frames and rows; pure, light or dark by the `Ink` that is passed in."""

from __future__ import annotations

from typing import Any, Literal

import altair as alt
from altair.utils.schemapi import disable_debug_mode

# Each part of a chart would be compared with Vega-Lite's schema as it is made, and the whole when
# it is drawn: a third of the time of a page with many charts. The tests compare the whole.
disable_debug_mode()


class Drawing(alt.LayerChart):
    """What a view draws: the layers of a chart, compared with Vega-Lite's schema on request."""

    def to_dict(
        self,
        validate: bool = False,
        *,
        format: Literal["vega-lite", "vega"] = "vega-lite",
        ignore: list[str] | None = None,
        context: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The chart as Vega-Lite has it."""
        return super().to_dict(validate, format=format, ignore=ignore, context=context)
