"""Colours the cells of the Repositories heat map."""

from __future__ import annotations

from collections.abc import Hashable
from math import isnan

import pandas as pd
from pandas.io.formats.style import Styler

from dashboard.frames.tables import AREA_COLUMNS
from dashboard.theme import GRADE_COLOURS

# From bad to good over the middle: orange to blue, apart for every kind of colour vision.
_STEPS = ((90.0, "A"), (75.0, "B"), (60.0, "C"), (40.0, "D"), (0.0, "F"))
_DARK_TEXT = {"B", "C", "D"}


def heat_map(frame: pd.DataFrame) -> Styler:
    """Colour grade, points and areas of these rows; what does not apply stays blank."""
    points: list[Hashable] = [name for name in ("points", *AREA_COLUMNS) if name in frame.columns]
    styler = frame.style.map(_of_points, subset=points)
    if "grade" in frame.columns:
        styler = styler.map(_of_grade, subset=["grade"])
    return styler.format(_number, subset=points)


def _number(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, (int, float)) and not isnan(value) else "n/a"


def _of_points(value: object) -> str:
    if not isinstance(value, (int, float)) or isnan(value):
        return "color: #7b8894"
    return _of_grade(next(grade for least, grade in _STEPS if value >= least))


def _of_grade(grade: object) -> str:
    if grade not in GRADE_COLOURS or grade == "-":
        return "color: #7b8894"
    text = "#14202b" if grade in _DARK_TEXT else "#ffffff"
    return f"background-color: {GRADE_COLOURS[str(grade)]}; color: {text}"
