"""Which findings are accepted: by the reviewed file, by a comment, or in zizmor's own ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from audits.model.outcome import Acceptance, AcceptanceKind, Finding
from audits.model.repository import Repository
from audits.model.source import SourceFile
from audits.waivers import Waivers
from audits.workflow.marks import marks_of
from audits.workflow.reach_of_marks import lines_of
from audits.workflow.zizmor_config import PATHS, ZizmorIgnore, read_ignores


class Acceptances:
    """Says of each finding whether it is accepted.

    ``rules`` names zizmor's rule of each check that has one.
    """

    def __init__(self, waivers: Waivers, rules: Mapping[str, str]) -> None:
        self.waivers = waivers
        self.rules = rules

    def __call__(self, check: str, finding: Finding, repository: Repository) -> Acceptance | None:
        """The acceptance of a finding; a waiver goes before a local one."""
        waiver = self.waivers.match(str(repository.ref), check)
        if waiver is not None:
            return Acceptance(
                kind=AcceptanceKind.WAIVER, reason=waiver.reason, ticket=waiver.ticket,
                responsible=waiver.responsible, expires=waiver.expires,
            )  # fmt: skip
        reason = self._local_reason(check, finding, repository)
        if reason is None:
            return None
        counts = check in self.waivers.local
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


def _our_reasons(file: SourceFile, check: str, finding: Finding) -> Iterator[str]:
    """From comments at the lines at fault, and from one alone on the line above."""
    first = finding.at.line
    last = finding.at.end_line or first
    for mark in marks_of(file):
        above = mark.alone and mark.line == first - 1
        here = above or first <= mark.line <= last
        if not mark.is_zizmor and mark.reason and check in mark.names and here:
            yield mark.reason


def _zizmor_reasons(
    file: SourceFile, rule: str, finding: Finding, repository: Repository
) -> Iterator[str]:
    """From zizmor's comments where it would heed them, and from its configuration."""
    marks = [m for m in marks_of(file) if m.is_zizmor and rule in m.names]
    config = repository.file(*PATHS)
    ignores = [] if config is None else [i for i in _ignores(config) if i.rule == rule]
    if not marks and not ignores:
        return
    spans = lines_of(rule, finding, repository)
    for mark in marks:
        if any(mark.line in span for span in spans):
            yield mark.reason or f"a comment ignores zizmor's {rule}"
    starts = {span.start for span in spans}
    if config is not None and any(ignore.covers(finding.at.path, starts) for ignore in ignores):
        yield f"{config.path} ignores zizmor's {rule} here"


@lru_cache(maxsize=64)
def _ignores(config: SourceFile) -> tuple[ZizmorIgnore, ...]:
    return read_ignores(config)
