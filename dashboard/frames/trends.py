"""Long tables of an owner's history, one row per scan and series."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from audits.model.causes import cause_words
from audits.model.query import FixTime
from audits.model.rows import ScoreChange, TrendRow
from dashboard.frames.cells import frame_of, visible
from dashboard.theme import AREAS, SEVERITIES, plain


def points(rows: Sequence[TrendRow]) -> pd.DataFrame:
    """Mean points and coverage (both of 100) of each scan, with what changed beside them."""
    return frame_of(
        (
            {
                "at": row.at,
                "scan": row.scan,
                "points": row.points,
                "coverage": round(row.coverage * 100, 1),
                "changed": changed(row),
            }
            for row in rows
        ),
        ("at", "scan", "points", "coverage", "changed"),
    )


def points_and_coverage(rows: Sequence[TrendRow]) -> pd.DataFrame:
    """The same as one row per scan and series."""
    frame = points(rows)
    return frame.melt(["at", "changed"], ["points", "coverage"], "series", "value").dropna()


def changed(row: TrendRow) -> str:
    """What besides the repositories changed since the scan before: policy, token rights."""
    words = {
        "policy": "rules changed",
        "platform": "GitHub or a registry changed",
        "token": "token rights changed",
    }
    return ", ".join(words.get(word, word) for word in row.changed)


def areas(rows: Sequence[TrendRow]) -> pd.DataFrame:
    """Mean points by area and scan; areas that did not apply have no line."""
    return frame_of(
        (
            {"at": row.at, "series": plain(area), "value": value, "changed": changed(row)}
            for row in rows
            for area in AREAS
            if (value := row.areas.get(area)) is not None
        ),
        ("at", "series", "value", "changed"),
    )


def open_by_severity(rows: Sequence[TrendRow]) -> pd.DataFrame:
    """Open findings by severity and scan."""
    return frame_of(
        (
            {"at": row.at, "series": severity, "value": row.open.get(severity, 0)}
            for row in rows
            for severity in SEVERITIES
        ),
        ("at", "series", "value"),
    )


def open_of_check(rows: Sequence[TrendRow], check: str) -> pd.DataFrame:
    """Open findings of one check by scan."""
    return frame_of(
        ({"at": row.at, "series": check, "value": row.checks.get(check, 0)} for row in rows),
        ("at", "series", "value"),
    )


def flow(rows: Sequence[TrendRow]) -> pd.DataFrame:
    """New findings up and fixed ones down, by scan; the first scan is the starting point."""
    return frame_of(
        (
            {"at": row.at, "series": series, "value": value, "count": abs(value)}
            for row in rows[1:]
            for series, value in (("new", row.new), ("fixed", -row.fixed))
        ),
        ("at", "series", "value", "count"),
    )


def time_to_fix(rows: Sequence[FixTime]) -> pd.DataFrame:
    """Days from first seen to fixed, by check."""
    return frame_of(
        (
            {
                "check": row.check,
                "fixed": row.fixed,
                "median days": None if row.median_days is None else round(row.median_days, 1),
                "mean days": round(row.mean_days, 1),
                "longest days": round(row.longest_days, 1),
                "how": ", ".join(f"{word} {number}" for word, number in row.how.items()),
                "open": row.open,
                "oldest open": round(row.oldest_open_days, 1),
            }
            for row in rows
        ),
        (
            "check",
            "fixed",
            "median days",
            "mean days",
            "longest days",
            "how",
            "open",
            "oldest open",
        ),
    )


def compare(before: TrendRow, after: TrendRow) -> pd.DataFrame:
    """Two scans side by side; a number that either does not have is left open."""
    pairs: list[tuple[str, float | None, float | None]] = [
        ("mean points", before.points, after.points),
        ("coverage, %", before.coverage * 100, after.coverage * 100),
        ("repositories", before.repositories, after.repositories),
        ("publishing repositories", before.publishing, after.publishing),
    ]
    pairs += [(f"{plain(a)} points", before.areas.get(a), after.areas.get(a)) for a in AREAS]
    pairs += [(f"open {s}", before.open.get(s, 0), after.open.get(s, 0)) for s in SEVERITIES]
    table = [
        {"what": what, "before": _round(old), "after": _round(new), "change": _change(old, new)}
        for what, old, new in pairs
    ]
    return pd.DataFrame(table, columns=["what", "before", "after", "change"])


def _round(value: float | None) -> str:
    return "not known" if value is None else f"{value:,.1f}".removesuffix(".0")


def _change(old: float | None, new: float | None) -> str:
    if old is None or new is None:
        return "not known"
    return "no change" if old == new else f"{new - old:+,.1f}".removesuffix(".0")


def score_changes(rows: Sequence[ScoreChange]) -> pd.DataFrame:
    """Changes of scores with their cause, newest first."""
    return frame_of(
        (
            {
                "at": row.at,
                "owner": visible(row.owner),
                "repository": visible(row.repository),
                "before": row.before,
                "after": row.after,
                "grade": f"{row.grade_before or '-'} → {row.grade_after or '-'}",
                "change": _difference(row),
                "cause": cause_of(row),
                "checks": ", ".join(row.checks),
            }
            for row in sorted(rows, key=lambda row: row.at, reverse=True)
        ),
        ("at", "owner", "repository", "before", "after", "grade", "change", "cause", "checks"),
    )


def cause_of(change: ScoreChange) -> str:
    """The causes of a change in words; a change over several scans may have several."""
    return ", ".join(dict.fromkeys(map(cause_words, change.cause.split("; "))))


def _difference(row: ScoreChange) -> float | None:
    if row.before is None or row.after is None:
        return None
    return round(row.after - row.before, 1)
