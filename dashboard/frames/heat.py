"""Colours the cells of the Repositories heat map."""

from __future__ import annotations

from math import isnan

from dashboard.frames.tables import AREA_COLUMNS
from dashboard.theme import GRADE_COLOURS

# From bad to good over the middle: orange to blue, apart for every kind of colour vision.
_STEPS = ((90.0, "A"), (75.0, "B"), (60.0, "C"), (40.0, "D"), (0.0, "F"))
_DARK_TEXT = {"C", "D"}
_PALE = {"A": "12%", "B": "32%"}
_BLANK = "color: #7b8894"
_POINTS = {"points", *AREA_COLUMNS}


def heat(column: str, value: object) -> str:
    """The style of a cell: grade, points and areas are coloured; what does not apply is grey."""
    if column == "grade":
        return _of_grade(value)
    return _of_points(value) if column in _POINTS else ""


def _of_points(value: object) -> str:
    if not isinstance(value, (int, float)) or isnan(value):
        return _BLANK
    return _of_grade(next(grade for least, grade in _STEPS if value >= least))


def _of_grade(grade: object) -> str:
    """What is good is pale, so that what is bad is seen first."""
    if grade not in GRADE_COLOURS or grade == "-":
        return _BLANK
    colour = GRADE_COLOURS[str(grade)]
    if grade in _PALE:
        return f"background-color: color-mix(in srgb, {colour} {_PALE[str(grade)]}, transparent)"
    text = "#14202b" if grade in _DARK_TEXT else "#ffffff"
    return f"background-color: {colour}; color: {text}"
