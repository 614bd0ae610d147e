"""Tables of the uses of an action: who runs it, and how."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from audits.model.query import ActionFilter, ActionSummary
from dashboard.frames.cells import frame_of, visible

KINDS = ("action", "reusable workflow")
"""What GitHub's rule on commit pins is about; images are not."""


def search(text: str, only: str) -> ActionFilter:
    """The filter that a search means: ``owner/repo``, part of it, or with ``@ref``."""
    name, _, ref = text.strip().partition("@")
    return ActionFilter(
        action=name.strip(),
        ref=ref.strip(),
        pinned=False if only == "not pinned" else None,
        in_release=True if only == "in releases" else None,
    )


def summary(rows: Sequence[ActionSummary]) -> pd.DataFrame:
    """One row per action, the most used first."""
    return frame_of(
        (
            {
                "action": visible(row.action),
                "kind": row.kind,
                "repositories": row.repositories,
                "uses": row.uses,
                "in releases": row.in_release,
                "pinned": round(100 * (row.uses - row.unpinned) / row.uses) if row.uses else 0,
                "refs": row.refs,
                "advisories": f"▲ {row.advisories}" if row.advisories else "",
                "newest release": visible(row.newest_release),
                "archived": row.archived,
            }
            for row in rows
        ),
        (
            "action",
            "kind",
            "repositories",
            "uses",
            "in releases",
            "pinned",
            "refs",
            "advisories",
            "newest release",
            "archived",
        ),
    )


def broken_by_pinning(rows: Sequence[ActionSummary]) -> pd.DataFrame:
    """Uses that stop once full commit pins are enforced, the most uses first."""
    loose = [row for row in rows if row.unpinned and row.kind in KINDS]
    return frame_of(
        (
            {
                "action": visible(row.action),
                "uses not pinned": row.unpinned,
                "uses": row.uses,
                "repositories": row.repositories,
            }
            for row in sorted(loose, key=lambda row: (-row.unpinned, row.action))
        ),
        ("action", "uses not pinned", "uses", "repositories"),
    )


def names(kind: str, words: Sequence[str]) -> pd.DataFrame:
    """One row per secret or runner that jobs name."""
    column = f"{kind} name"
    return frame_of(({column: visible(word)} for word in words), (column,))
