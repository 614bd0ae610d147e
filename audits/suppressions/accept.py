"""Decides which findings are accepted: by the waiver file, a comment, or zizmor's configuration."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from audits.model.outcome import Acceptance, AcceptanceKind, Finding
from audits.model.repository import Repository
from audits.model.source import SourceFile
from audits.suppressions.comment_scope import lines_of
from audits.suppressions.comments import IgnoreComment, marks_of
from audits.suppressions.waivers import Waivers
from audits.workflow.parse.zizmor_config import PATHS, ZizmorIgnore, read_config

_WAIVED_ONLY = frozenset({"outsider-can-publish"})
"""Checks that no comment in a workflow accepts: whoever opens the path could write it too."""


class Acceptances:
    """Says about each finding whether it is accepted.

    ``rules`` names zizmor's rule of each check that has one.
    """

    def __init__(self, waivers: Waivers, rules: Mapping[str, str]) -> None:
        self.waivers = waivers
        self.rules = rules

    def __call__(self, check: str, finding: Finding, repository: Repository) -> Acceptance | None:
        """The acceptance of a finding; a waiver goes before a local one."""
        waiver = self.waivers.match(str(repository.ref), check, finding.at.path)
        if waiver is not None:
            return Acceptance(
                kind=AcceptanceKind.WAIVER,
                reason=waiver.reason,
                ticket=waiver.ticket,
                responsible=waiver.responsible,
                expires=waiver.expires,
            )
        reason = self._local_reason(check, finding, repository)
        if reason is None:
            return None
        counts = check in self.waivers.local and check not in _WAIVED_ONLY
        return Acceptance(kind=AcceptanceKind.LOCAL, reason=reason, counts=counts)

    def _local_reason(self, check: str, finding: Finding, repository: Repository) -> str | None:
        file = repository.file(finding.at.path)
        if file is None:
            return None
        reason = next(_our_reasons(file, check, finding), None)
        rule = self.rules.get(check, "")
        if reason is None and rule:
            reason = next(_zizmor_reasons(file, rule, finding, repository), None)
        return reason


class _Marks(Struct, frozen=True):
    """Comments that accept one check or rule, each line's first, and the lines in order."""

    by_line: dict[int, IgnoreComment]
    lines: list[int]

    def within(self, first: int, last: int) -> IgnoreComment | None:
        """The first comment on these lines."""
        at = bisect_left(self.lines, first)
        found = at < len(self.lines) and self.lines[at] <= last
        return self.by_line[self.lines[at]] if found else None


_NO_MARKS = _Marks({}, [])


@lru_cache(maxsize=64)
def _marks_by_name(file: SourceFile) -> dict[tuple[bool, str], _Marks]:
    """The comments of a file by whether they are zizmor's and by what they accept. One in our
    words accepts only with a reason.
    """
    found: dict[tuple[bool, str], _Marks] = {}
    for mark in marks_of(file):
        for name in mark.names if mark.is_zizmor or mark.reason else ():
            known = found.setdefault((mark.is_zizmor, name), _Marks({}, []))
            if mark.line not in known.by_line:
                known.by_line[mark.line] = mark
                known.lines.append(mark.line)
    return found


def _our_reasons(file: SourceFile, check: str, finding: Finding) -> Iterator[str]:
    """From comments at the lines at fault, and from one alone on the line above."""
    marks = _marks_by_name(file).get((False, check), _NO_MARKS)
    first = finding.at.line
    above = marks.by_line.get(first - 1)
    if above is not None and above.alone:
        yield above.reason
    if (here := marks.within(first, finding.at.end_line or first)) is not None:
        yield here.reason


def _zizmor_reasons(
    file: SourceFile, rule: str, finding: Finding, repository: Repository
) -> Iterator[str]:
    """From zizmor's comments where zizmor applies them, and from its configuration."""
    marks = _marks_by_name(file).get((True, rule))
    config = repository.file(*PATHS)
    ignores = () if config is None else _ignores(config).get(rule, ())
    if marks is None and not ignores:
        return
    spans = lines_of(rule, finding, repository)
    for span in spans:
        if marks is not None and (mark := marks.within(span.start, span.stop - 1)) is not None:
            yield mark.reason or f"a comment ignores zizmor's {rule}"
    starts = {span.start for span in spans}
    if config is not None and any(ignore.covers(finding.at.path, starts) for ignore in ignores):
        yield f"{config.path} ignores zizmor's {rule} here"


@lru_cache(maxsize=64)
def _ignores(config: SourceFile) -> dict[str, tuple[ZizmorIgnore, ...]]:
    """The entries of a configuration by rule."""
    found: dict[str, list[ZizmorIgnore]] = {}
    for ignore in read_config(config).ignores:
        found.setdefault(ignore.rule, []).append(ignore)
    return {rule: tuple(entries) for rule, entries in found.items()}
