"""Counts failing, passing and unknown places of a check for each publication."""

from __future__ import annotations

from msgspec import Struct

from audits.model.outcome import Severity, Verdict
from audits.model.publication import Publication
from audits.model.repository import Repository


class Tally(Struct, kw_only=True):
    """Places that fail and that are clean, the worst fault, and whether any is unknown."""

    failing: int = 0
    clean: int = 0
    unknown: bool = False
    severity: Severity = Severity.INFO

    def joined(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            failing=self.failing + other.failing,
            clean=self.clean + other.clean,
            unknown=self.unknown or other.unknown,
            severity=max(self.severity, other.severity),
        )


class VerdictCount:
    """Counts verdicts of one check on a repository.

    Thousands of them may concern the same hundreds of publications: they are counted before
    they are handed out to each.
    """

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._together: dict[int, tuple[tuple[Publication, ...], Tally]] = {}

    def _of(self, verdict: Verdict) -> Tally:
        publications = self.repository.concerned(verdict)
        known = self._together.get(id(publications))
        if known is None:
            known = self._together[id(publications)] = (publications, Tally())
        return known[1]

    def failing(self, verdict: Verdict, severity: Severity) -> None:
        """A place at fault."""
        tally = self._of(verdict)
        tally.failing += 1
        tally.severity = max(tally.severity, severity)

    def clean(self, verdict: Verdict) -> None:
        """A place in order, or one whose fault is accepted."""
        self._of(verdict).clean += 1

    def unknown(self, verdict: Verdict) -> None:
        """A place that could not be judged."""
        self._of(verdict).unknown = True

    def tallies(self) -> dict[Publication, Tally]:
        """The result for each publication that a verdict concerns."""
        found: dict[Publication, Tally] = {}
        for publications, tally in self._together.values():
            for publication in publications:
                held = found.get(publication)
                found[publication] = held.joined(tally) if held is not None else tally
        return found
