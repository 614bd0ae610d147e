"""Why our checks and zizmor's rules differ at a place: the deviations of the checks, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from audits.model.repository import Repository
from tests.engines.agreement import Said, Spot


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A finding of one side only; ``near`` are all findings of the repository."""

    repository: Repository
    spot: Spot
    path: str
    ours: Said | None
    theirs: Said | None
    near: frozenset[Spot]

    @property
    def line(self) -> str:
        """The line it stands on."""
        file = self.repository.file(self.path)
        return file.text.split("\n")[self.spot.line - 1] if file else ""


REASONS: tuple[tuple[str, str, Callable[[Difference], bool]], ...] = ()
"""Rule, reason, and whether it holds for a difference."""


def reason_of(difference: Difference) -> str:
    """The first reason that holds, "" if none does."""
    rule = difference.spot.rule
    return next((why for of, why, holds in REASONS if of == rule and holds(difference)), "")
