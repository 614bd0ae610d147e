"""Two scans compared: repositories, packages, owners and groups, with what moved between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from audits.model.query import Direction
from audits.model.rows import PackageMove, ScoreChange, TrendRow
from audits.scoring.score import grade_of
from dashboard.frames.cells import frame_of, visible
from dashboard.frames.exposure import MEANING, signed_level
from dashboard.frames.trends import cause_of
from dashboard.theme import LADDER, signed

_WORDS = {
    Direction.FELL: "fell",
    Direction.ROSE: "rose",
    Direction.OTHER: "came, left, began publishing or stopped it",
}


def sentence(before: TrendRow, after: TrendRow, moved: Mapping[Direction, int]) -> str:
    """What became of the grade and of how many repositories."""
    grades = [
        f"{grade_of(row.points).value}{'' if row.points is None else f' {row.points:.1f}'}"
        for row in (before, after)
    ]
    whole = (
        f"Grade {grades[0]} → {grades[1]}."
        if grades[0] != grades[1]
        else f"Grade {grades[1]}, unchanged."
    )
    parts = [f"{number:,} {_WORDS[way]}" for way, number in moved.items() if number]
    if not parts:
        return f"{whole} No repository's score changed."
    return f"{whole} Of the repositories, {', '.join(parts)}."


def repositories(rows: Sequence[ScoreChange]) -> pd.DataFrame:
    """One row per repository: its grade and points then and now, and why they differ."""
    columns = ("owner", "repository", "grade", "before", "after", "change", "cause", "checks", "at")
    frame = frame_of(
        (
            {
                "owner": visible(row.owner),
                "repository": visible(row.repository),
                "grade": f"{row.grade_before or 'not known'} → {row.grade_after or 'gone'}",
                "before": row.before,
                "after": row.after,
                "change": None
                if row.before is None or row.after is None
                else round(row.after - row.before, 1),
                "cause": cause_of(row) or ("first scanned" if not row.grade_before else "left"),
                "checks": ", ".join(row.checks),
                "at": row.at,
            }
            for row in rows
        ),
        columns,
    )
    return frame.astype({"before": float, "after": float, "change": float})


def packages(rows: Sequence[PackageMove]) -> pd.DataFrame:
    """One row per package, those that can be published more easily, or less provenly, first."""
    return frame_of(
        (
            {
                "owner": visible(row.owner),
                "package": visible(row.package),
                "registry": row.registry,
                "repository": visible(row.repository),
                "status": _step(row.state_before, row.state_after, signed),
                "who can publish": _step(row.level_before, row.level_after, signed_level),
            }
            for row in sorted(rows, key=_worse_first)
        ),
        ("owner", "package", "registry", "repository", "status", "who can publish"),
    )


def _step(before: str, after: str, say: Callable[[str], str]) -> str:
    if before == after:
        return say(after)
    return f"{say(before) or 'not known'} → {say(after) or 'not known'}"


def _worse_first(row: PackageMove) -> tuple[int, int, str, str]:
    easier = _steps_down(list(MEANING), row.level_after, row.level_before)
    lower = _steps_down(list(LADDER), row.state_before, row.state_after)
    return (easier, lower, row.owner, row.package)


def _steps_down(words: list[str], better: str, worse: str) -> int:
    """How far the second word is before the first; 0 where either is not known."""
    known = better in words and worse in words
    return words.index(better) - words.index(worse) if known else 0
