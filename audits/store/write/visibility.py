"""Records what an audit could evaluate: only what was looked for again counts as fixed."""

from __future__ import annotations

from msgspec import Struct

from audits.model.outcome import Outcome
from audits.model.registry import Registry
from audits.model.repository import Breadth
from audits.model.score import Audit, Result
from audits.model.source import Gap, GapReason


class Visibility(Struct, frozen=True, kw_only=True):
    """What one audit evaluated: ``checks`` that ran, those that saw all of their places
    (``seen``) and those that crashed. ``everything``: all workflows were read.
    """

    everything: bool
    checks: frozenset[str]
    seen: frozenset[str]
    crashed: frozenset[str]
    gaps: tuple[Gap, ...]

    def would_see(self, check: str, path: str, in_release: bool) -> bool:
        """Whether the audit would have found a fault again, so that its absence means fixed: the
        check ran to the end and saw all of its places, and the file was read.
        """
        if any(covers(gap, path) for gap in self.gaps):
            return False
        if in_release and any(map(_hides_a_release, self.gaps)):
            return False
        if not in_release:
            return self.everything and check not in self.crashed
        if check not in self.checks:
            family, slash, _ = check.partition("/")
            return bool(slash) and any(known.startswith(f"{family}/") for known in self.checks)
        return check in self.seen


def visibility_of(audit: Audit, gaps: tuple[Gap, ...]) -> Visibility:
    """What an audit evaluated, given all its gaps."""
    results = (*audit.results, *audit.owner_results)
    return Visibility(
        everything=audit.repository.breadth is Breadth.ALL,
        checks=frozenset(result.check for result in results),
        seen=frozenset(result.check for result in results if saw_everything(result)),
        crashed=frozenset(result.check for result in results if result.crash),
        gaps=gaps,
    )


def saw_everything(result: Result) -> bool:
    """Whether a check saw all that it has to see."""
    return result.outcome is not Outcome.UNKNOWN and not result.unseen and not result.crash


_REGISTRIES = frozenset(registry.value for registry in Registry)
"""The words before the colon in the subjects of gaps from `audits.collect.index`."""
_REFUSED = frozenset({GapReason.FORBIDDEN, GapReason.UNAVAILABLE, GapReason.RATE_LIMITED})


def _hides_a_release(gap: Gap) -> bool:
    """Whether a file was refused that may be part of a release: without a script or an action
    that uploads, its workflow looks as if it published nothing. A gap of an index hides no file:
    checks that need it are unknown by themselves.
    """
    word, colon, _ = gap.subject.partition(":")
    if colon and word in _REGISTRIES:
        return False
    return gap.reason in _REFUSED and not gap.optional and not gap.permission


def covers(gap: Gap, path: str) -> bool:
    """Whether a gap hides a file: it is the gap's subject or lies below it. A job that is not
    understood hides nothing: its file was read.
    """
    if gap.reason is GapReason.UNRECOGNIZED:
        return False
    return path == gap.subject or path.startswith(gap.subject.rstrip("/") + "/")
