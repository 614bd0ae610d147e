"""Content of who can publish: paths as lines and as boxes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from msgspec import Struct
from msgspec.structs import replace

from audits.analysis.exposure.sentences import LEVELS
from audits.model.exposure import PathState
from audits.model.rows import PathRow, SharedCut, TrendRow
from audits.report.phrases import count
from dashboard.frames.cells import frame_of, prose, visible

MEANING = {actor.value: words for actor, words in LEVELS.items()}
"""The levels in words, least privileged first."""

SIGNS = {"anyone": "✗", "third-party": "!", "one-writer": "○", "two-people": "✓", "unknown": "?"}
"""A sign beside each word, so that colour never says it alone."""


def signed_level(level: str, may_be: str = "") -> str:
    """A level with its sign, and a question mark where it may be worse."""
    if not level:
        return ""
    doubt = " ?" if may_be and level not in {may_be, "unknown"} else ""
    return f"{SIGNS.get(level, '')} {level}{doubt}"


def worst_first(rows: Sequence[PathRow], level: str, may_be: str) -> list[PathRow]:
    """The paths of a repository: those that its level stands on, then those that `may_be` does,
    then the rest by actor. Of equal ones the path to a package comes before that to a release.
    """

    def place(row: PathRow) -> tuple[int, int, bool]:
        known = row.sets_level and row.state != PathState.OPEN
        first = 0 if known and row.actor == level else 1 if row.actor == may_be else 2
        return first, [*MEANING].index(row.actor), not row.package

    return sorted(rows, key=place)


def without_level(row: TrendRow) -> str:
    """Of how many packages nothing is said of who can publish them; "" if there is none."""
    left = sum(row.ladders.values()) - sum(row.levels.values())
    if left <= 0:
        return ""
    return f"{count(left, 'more package has', 'more packages have')} no release that was seen."


def shared_cuts(rows: Sequence[SharedCut]) -> pd.DataFrame:
    """One row per change, with how many packages it is for."""
    columns = ("change", "packages", "closed by it alone", "repositories", "now", "then")
    return frame_of(
        (
            {
                "change": prose(row.change),
                "packages": row.packages,
                "closed by it alone": row.alone,
                "repositories": row.repositories,
                "now": signed_level(row.level),
                "then": signed_level(row.leaves),
            }
            for row in rows
        ),
        columns,
    )


KINDS = {
    "actor": "Who",
    "way-in": "Way in",
    "sink": "What it reaches",
    "start": "What starts it",
    "publish": "Publishes",
}
"""What stands over the boxes of a path, by the kind of its step."""


class PathBox(Struct, frozen=True, kw_only=True):
    """One box of a drawn path: its place from the left, what it says, and where that stands.

    ``cut`` marks the arrow that leads here as the one to cut; ``unseen`` a fact that was not
    seen.
    """

    place: int
    kind: str
    title: str
    where: str
    cut: bool = False
    unseen: bool = False


def boxes(path: PathRow) -> tuple[PathBox, ...]:
    """A path from the left to the right: who, how, what the job holds, the start, the registry."""
    cutting = path.cuts[0] if path.cuts else None
    found: list[PathBox] = []
    for place, step in enumerate(path.steps):
        here = cutting is not None and (cutting.path, cutting.line) == (step.path, step.line)
        first = here and not any(box.cut for box in found)
        found.append(
            PathBox(
                place=place,
                kind=KINDS.get(step.kind, step.kind),
                title=visible(step.what).replace("`", "'"),
                where=visible(f"{step.path}:{step.line}" + (f" ({step.job})" if step.job else "")),
                cut=first and place > 0,
            )
        )
    if cutting is not None and len(found) > 1 and not any(box.cut for box in found):
        found[1] = replace(found[1], cut=True)  # a setting is at no line: it closes the way in
    for number, need in enumerate(path.needs if path.state != "seen" else ()):
        unseen = PathBox(place=number, kind="not seen", title=prose(need), where="", unseen=True)
        found.append(unseen)
    return tuple(found)


def paths(rows: Sequence[PathRow]) -> pd.DataFrame:
    """One row per path."""
    return frame_of(
        (
            {
                "who": signed_level(row.actor),
                "package": visible(row.package),
                "registry": row.registry,
                "state": row.state,
                "holds": row.holds,
                "path": prose(" → ".join(step.what for step in row.steps)),
                "way in": visible(f"{row.way_in_path}:{row.way_in_line}"),
                "cut": prose(row.cuts[0].what) if row.cuts else "",
                "not seen": prose(", ".join(row.needs)),
                "accepted": "yes" if row.accepted else "",
                "since": row.since,
            }
            for row in rows
        ),
        (
            "who",
            "package",
            "registry",
            "state",
            "holds",
            "path",
            "way in",
            "cut",
            "not seen",
            "accepted",
            "since",
        ),
    )
