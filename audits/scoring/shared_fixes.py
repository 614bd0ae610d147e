"""Finds which failing checks one change closes together: those on the same paths.

A path from anyone has a finding at its way in, often one at what its job holds, and the verdict
that anyone can publish. Whoever closes the path fixes all of them, and has done one thing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from audits.analysis.exposure.search import all_paths, holds_here
from audits.analysis.exposure.unsafe_steps import is_anyones
from audits.model.exposure import ExposurePath, PathState
from audits.model.repository import Repository
from audits.model.score import AuditedFinding

_ON_PATHS = frozenset(
    {
        "agent-open-to-outsiders",
        "cache-open-to-outsiders",
        "dangerous-trigger",
        "merge-guarded-by-actor",
        "pushing-token-in-open-job",
        "runner-shared-with-outsiders",
        "template-injection",
        "unsafe-checkout-allowed",
    }
)
_VERDICT = "outsider-can-publish"


class SharedFixes(Struct, frozen=True, kw_only=True):
    """The checks that stand on each open path, without the verdict on it, and those that fail
    for nothing but such paths.
    """

    paths: frozenset[frozenset[str]] = frozenset()
    by_paths_alone: frozenset[str] = frozenset()

    def closed(self, fixed: frozenset[str]) -> frozenset[str]:
        """All checks that pass once these are fixed."""
        if not self.paths:
            return fixed
        left = [path for path in self.paths if path.isdisjoint(fixed)]
        standing = frozenset[str]().union(*left)
        followed = self.by_paths_alone - standing
        verdict = frozenset() if left else frozenset({_VERDICT})
        return fixed | followed | verdict

    def is_result(self, check: str) -> bool:
        """Whether a check fails for what others name, so that there is nothing to fix in it."""
        return check == _VERDICT and bool(self.paths) and all(self.paths)


def shared_fixes(repository: Repository, findings: Iterable[AuditedFinding]) -> SharedFixes:
    """What stands on the paths from anyone to a package that are open here and now."""
    by_check = [f for f in findings if f.check in _ON_PATHS]
    server = repository.ref.is_enterprise_server
    scored = repository.scored_publications
    paths = {
        (path.entrance, path.drain): path
        for publication, several in all_paths(repository).items()
        for path in (several if publication in scored else ())
        if is_anyones(path) and path.state is not PathState.OPEN and holds_here(path, server)
    }
    by_place = _by_place(by_check)
    sets = frozenset(_standing(by_place, path) for path in paths.values())
    others = {f.check for f in by_check if f.finding.concerns is None}
    return SharedFixes(paths=sets, by_paths_alone=frozenset[str]().union(*sets) - others)


def _by_place(findings: Iterable[AuditedFinding]) -> Mapping[object, set[str]]:
    """The checks that fail at each place, and in each job of a file."""
    found = defaultdict[object, set[str]](set)
    for each in findings:
        at, job = each.finding.at, each.finding.job
        found[at].add(each.check)
        found[at.path, job.id if job is not None else ""].add(each.check)
    return found


def _standing(by_place: Mapping[object, set[str]], path: ExposurePath) -> frozenset[str]:
    """The checks that name the way in of a path, or what its job holds."""
    steps = (path.entrance, path.drain)
    places = [place for step in steps for place in (step.at, (step.at.path, step.job))]
    return frozenset[str]().union(*(by_place.get(place, ()) for place in places))
