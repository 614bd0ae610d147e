"""Reports ignore comments that suppress nothing, each as a gap."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from itertools import islice

from audits.checks import all_checks
from audits.engines.zizmor_rules import KEPT_RULES
from audits.model.repository import Breadth, Repository
from audits.model.source import Gap, GapReason, SourceFile
from audits.suppressions.comments import IgnoreComment, marks_of

_MOST = 20
"""Comments that are named of one file; once these are corrected, the next run names the others."""
_LONGEST_NAME = 60


@cache
def known_checks() -> frozenset[str]:
    """The ids that a waiver or a comment may name: our checks and the engine's rules."""
    return frozenset(check.id for check in all_checks()) | {f"zizmor/{rule}" for rule in KEPT_RULES}


def ineffective_comments(repository: Repository) -> tuple[Gap, ...]:
    """A gap for each comment that gives no reason, names no check, or one that does not exist.

    The comment is the subject and not its file: the file was read, so that nothing of it is
    hidden, and what the comment leaves open is shown anyway.
    """
    return tuple(gap for file in _files(repository) for gap in islice(_gaps(file), _MOST))


def _files(repository: Repository) -> Iterator[SourceFile]:
    """The files that findings may be in."""
    everything = repository.breadth is Breadth.ALL
    yield from (workflow.source for workflow in repository.release_workflows())
    for action in repository.actions:
        if everything or action.path in repository.graph.release_paths:
            yield action.source
    for file in repository.snapshot.files:
        folder, _, name = file.path.rpartition("/")
        if folder != ".github/workflows" and name not in {"action.yml", "action.yaml"}:
            yield file


def _gaps(file: SourceFile) -> Iterator[Gap]:
    for mark in marks_of(file):
        why = "" if mark.is_zizmor else _fault(mark)
        if why:
            yield Gap(
                subject=f"comment in {file.path}",
                reason=GapReason.INVALID,
                line=mark.line,
                optional=True,
                detail=f"{file.path}, line {mark.line}: the comment accepts nothing{why}",
            )


def _fault(mark: IgnoreComment) -> str:
    """The rest of the sentence on a comment, with what to write; "" for one that is right."""
    form = "# release-audit: ignore[{}] and the reason".format
    known = mark.names & known_checks()
    unknown = sorted(mark.names - known)
    if not mark.names:
        return f", as it names no check: write '{form('CHECK')}'"
    if not mark.reason:
        return f", as it gives no reason: write '{form(', '.join(sorted(known)) or 'CHECK')}'"
    if not unknown:
        return ""
    name = unknown[0][:_LONGEST_NAME]
    near = get_close_matches(name, sorted(known_checks()), n=1)
    advice = f"write {near[0]!r}" if near else "write a name that 'release-audit explain' lists"
    return f" for {name!r}, as there is no such check: {advice}"
