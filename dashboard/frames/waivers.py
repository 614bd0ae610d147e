"""Content of the Waivers view: what is accepted, by whom, until when, and what accepts nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import pandas as pd

from audits.model.rows import WaiverRow
from audits.suppressions.waivers import WARN_BEFORE, Waiver
from dashboard.frames.cells import frame_of, visible
from dashboard.theme import signed

ORDER = (
    "expires",
    "check",
    "repository",
    "file",
    "responsible",
    "reason",
    "severity",
    "places",
    "accepted by",
    "ticket",
)


def ending(
    rows: Iterable[WaiverRow], day: date, within: timedelta = WARN_BEFORE
) -> list[WaiverRow]:
    """Those that end within 30 days of a day."""
    until = (day + within).isoformat()
    return [row for row in rows if row.expires and row.expires <= until]


def table(rows: Sequence[WaiverRow]) -> pd.DataFrame:
    """One row per acceptance."""
    return frame_of(
        (
            {
                "check": row.check,
                "severity": signed(row.severity),
                "owner": visible(row.owner),
                "repository": visible(row.repository),
                "file": visible(row.path),
                "places": row.findings,
                "accepted by": row.acceptance if row.counts else f"{row.acceptance}, not counted",
                "responsible": visible(row.responsible),
                "reason": visible(row.reason),
                "ticket": visible(row.ticket),
                "expires": row.expires,
            }
            for row in rows
        ),
        ("owner", *ORDER),
    )


def entries(waivers: Iterable[Waiver]) -> pd.DataFrame:
    """One row per entry of the waiver file."""
    return frame_of(
        (
            {
                "line": waiver.line,
                "check": visible(waiver.check),
                "repositories": visible(waiver.repository),
                "files": visible(waiver.path) or "every file",
                "responsible": visible(waiver.responsible),
                "reason": visible(waiver.reason),
                "ticket": visible(waiver.ticket),
                "expires": waiver.expires.isoformat(),
            }
            for waiver in waivers
        ),
        ("line", "check", "repositories", "files", "responsible", "reason", "ticket", "expires"),
    )
