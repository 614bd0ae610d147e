"""Long tables of an owner's history, one row per scan and series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise

import pandas as pd

from audits.model.causes import cause_words
from audits.model.query import FixTime
from audits.model.rows import ScoreChange, TrendRow
from audits.model.wording import and_list
from audits.report.phrases import count
from dashboard.frames.cells import frame_of, visible
from dashboard.frames.exposure import MEANING
from dashboard.theme import AREAS, GRADES, LADDER, SEVERITIES, plain


def leads_to(rows: Sequence[TrendRow]) -> dict[int, str]:
    """For each scan the two that a click on it compares, as ``before-after``; "" for the first."""
    found = {rows[0].scan: ""} if rows else {}
    return found | {after.scan: f"{before.scan}-{after.scan}" for before, after in pairwise(rows)}


Numbers = Callable[[TrendRow], Mapping[str, float | None]]


def over_time(
    rows: Sequence[TrendRow], numbers: Numbers, keys: Mapping[int, str] | None = None
) -> pd.DataFrame:
    """One line a scan and series; a number that a scan does not know has none. ``keys`` are what
    a click on a scan leads to.
    """
    return frame_of(
        (
            {
                "at": row.at,
                "series": word,
                "value": float(value),
                "key": (keys or {}).get(row.scan, ""),
            }
            for row in rows
            for word, value in numbers(row).items()
            if value is not None
        ),
        ("at", "series", "value", "key"),
    )


def points(row: TrendRow) -> dict[str, float | None]:
    """Mean points, coverage in per cent, and the mean points of each area."""
    return {
        "mean": row.points,
        "coverage": round(row.coverage * 100, 1) if row.publishing else None,
        **{area: row.areas.get(area) for area in AREAS},
    }


def severities(row: TrendRow) -> dict[str, float | None]:
    """Open findings by severity."""
    return {word: row.open.get(word, 0) for word in SEVERITIES}


def rungs(row: TrendRow) -> dict[str, float | None]:
    """Packages by trusted-publisher status; nothing where no package is known."""
    return {word: row.ladders.get(word, 0) for word in LADDER} if row.ladders else {}


def levels(row: TrendRow) -> dict[str, float | None]:
    """Packages by who can publish them; nothing where no package is known."""
    return {word: row.levels.get(word, 0) for word in MEANING} if row.levels else {}


def grades(row: TrendRow) -> dict[str, float | None]:
    """Repositories by grade; those that publish nothing have none."""
    return {word: row.grades.get(word, 0) for word in GRADES if word != "-"}


def failing_checks(rows: Sequence[TrendRow]) -> list[str]:
    """The checks that some repository fails in any of these scans: those that fail most often as
    of the last one first.
    """
    found = {check for row in rows for check, number in row.checks.items() if number}
    return sorted(found, key=lambda check: (-rows[-1].checks.get(check, 0), check))


def of_check(check: str) -> Numbers:
    """Repositories that fail one check."""
    return lambda row: {check: row.checks.get(check, 0)}


_SHORT = {"policy": "rules", "platform": "GitHub", "token": "token"}
"""Of the first thing that changed, a word that fits beside a line."""


def marks(rows: Sequence[TrendRow]) -> pd.DataFrame:
    """The scans between which and the one before something besides the repositories changed."""
    return frame_of(
        (
            {"at": row.at, "changed": words, "word": _SHORT.get(row.changed[0], row.changed[0])}
            for row in rows
            if (words := changed(row))
        ),
        ("at", "changed", "word"),
    )


def changed(row: TrendRow) -> str:
    """What besides the repositories changed since the scan before: policy, token rights."""
    words = {
        "policy": "rules changed",
        "platform": "GitHub or a registry changed",
        "token": "token rights changed",
    }
    return ", ".join(words.get(word, word) for word in row.changed)


_BY_DAY, _BY_WEEK = timedelta(days=22), timedelta(days=800)
"""Up to so long a history is added up by day, or by week; a longer one by month."""


def bin_words(rows: Sequence[TrendRow]) -> str:
    """What `flow` adds up by: day, week or month."""
    span = rows[-1].at - rows[0].at
    return "day" if span <= _BY_DAY else "week" if span <= _BY_WEEK else "month"


def _bin(at: datetime, words: str) -> tuple[datetime, datetime]:
    """The day, week (from Monday) or month of a moment: its beginning, and that of the next."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if words == "day":
        return day, day + timedelta(days=1)
    if words == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=7)
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def flow(rows: Sequence[TrendRow]) -> pd.DataFrame:
    """New findings up and fixed ones down, added up by day, week or month; the first scan is the
    starting point. ``key`` are the scans before and at the end of a bar.
    """
    columns = ("at", "until", "middle", "last", "series", "value", "count", "key")
    if len(rows) < 2:
        return frame_of((), columns)
    words = bin_words(rows)
    before = {after.scan: earlier.scan for earlier, after in pairwise(rows)}
    made = []
    for (start, end), group in groupby(rows[1:], key=lambda row: _bin(row.at, words)):
        mine = list(group)
        key = f"{before[mine[0].scan]}-{mine[-1].scan}"
        new, fixed = sum(row.new for row in mine), sum(row.fixed for row in mine)
        gap = (end - start) * 0.12
        place = {"at": start + gap, "until": end - gap, "middle": start + (end - start) / 2}
        for series, value in (("new", new), ("fixed", -fixed)):
            number = {"series": series, "value": value, "count": abs(value), "key": key}
            made.append({**place, "last": mine[-1].at, **number})
    return frame_of(made, columns)


_PACE, _WEEK, _LONG = timedelta(days=90), timedelta(days=7), timedelta(days=3 * 365)


def pace(rows: Sequence[TrendRow], number: Callable[[TrendRow], int], one: str, many: str) -> str:
    """How many are left, and when none is at the pace of the last 90 days. Nothing is forecast
    from less than a week, nor further than three years ahead.
    """
    left = number(rows[-1])
    if not left:
        return f"No {one}."
    start = next(row for row in rows if row.at >= rows[-1].at - _PACE)
    was, span = number(start), rows[-1].at - start.at
    since = count(left, one, many)
    if span < _WEEK:
        return f"{since}."
    since += f", {was:,} on {start.at.day} {start.at:%b %Y}" if was != left else ""
    if was <= left:
        words = "more, not fewer" if was < left else f"as many as {span.days} days before"
        return f"{since}: {words}."
    rest = span * (left / (was - left))
    if rest > _LONG:
        return f"{since}: at this pace some are left for more than three years."
    return f"{since}: at this pace none is left in {rows[-1].at + rest:%B %Y}."


def time_to_fix(rows: Sequence[FixTime]) -> pd.DataFrame:
    """Days from first seen to fixed, by check: what is open for longest first."""
    return frame_of(
        (
            {
                "check": row.check,
                "fixed": row.fixed,
                "median days": None if row.median_days is None else round(row.median_days, 1),
                "mean days": round(row.mean_days, 1) if row.fixed else None,
                "longest days": round(row.longest_days, 1) if row.fixed else None,
                "how": ", ".join(f"{word} {number}" for word, number in row.how.items()),
                "open": row.open,
                "oldest open, days": round(row.oldest_open_days, 1) if row.open else None,
            }
            for row in sorted(rows, key=lambda row: (-row.oldest_open_days, -row.open, row.check))
        ),
        (
            "check",
            "fixed",
            "median days",
            "mean days",
            "longest days",
            "how",
            "open",
            "oldest open, days",
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
    return and_list(dict.fromkeys(map(cause_words, change.cause.split("; "))))


def _difference(row: ScoreChange) -> float | None:
    if row.before is None or row.after is None:
        return None
    return round(row.after - row.before, 1)
