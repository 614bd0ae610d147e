"""Joins findings and exposure paths: findings on a path count, and waivers apply to paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from audits.analysis.literal_credentials import LiteralCredentials, credentials_of
from audits.check import CheckVerdicts
from audits.model.exposure import (
    Actor,
    Cut,
    Exposure,
    ExposurePath,
    PathState,
    WayIn,
)
from audits.model.outcome import Acceptance, AcceptanceKind
from audits.model.repository import Repository
from audits.model.score import AuditedFinding

VERDICT = "outsider-can-publish"
_NAMED_BY: Mapping[WayIn, tuple[str, ...]] = {
    WayIn.CODE: ("dangerous-trigger", "unsafe-checkout-allowed"),
    WayIn.WORDS: ("template-injection", "dangerous-trigger"),
    WayIn.AGENT: ("agent-open-to-outsiders", "dangerous-trigger"),
    WayIn.ARTIFACT: ("dangerous-trigger", "artifact-from-another-run"),
    WayIn.RUNNER: ("runner-shared-with-outsiders",),
    WayIn.MERGE: ("merge-guarded-by-actor",),
    WayIn.START: ("dangerous-trigger", "unguarded-publish-trigger"),
    WayIn.MOVABLE: (
        "unpinned-action",
        "unpinned-reusable-workflow",
        "unpinned-image",
        "unverified-download",
        "third-party-can-publish",
    ),
    WayIn.TOOL: ("unpinned-build-tool",),
    WayIn.WRITER_WORDS: ("template-injection",),
    WayIn.WRITER: ("publish-without-environment", "long-lived-token", "unprotected-environment"),
}
"""The checks that name each way in, the closest first."""

_ByFile = dict[tuple[str, str], list[AuditedFinding]]
"""Findings by the check and the file."""


def without_credentials(
    exposures: tuple[Exposure, ...], repository: Repository
) -> tuple[Exposure, ...]:
    """The exposures without the credentials that texts of the repository may hold."""
    credentials = credentials_of(repository)
    if not credentials.everywhere:
        return exposures
    return tuple(_hidden(exposure, credentials) for exposure in exposures)


def _hidden(exposure: Exposure, credentials: LiteralCredentials) -> Exposure:
    def cut(each: Cut) -> Cut:
        return replace(each, what=credentials.hide(each.what))

    def path(each: ExposurePath) -> ExposurePath:
        return replace(
            each,
            starts=credentials.hide(each.starts),
            steps=tuple(replace(s, what=credentials.hide(s.what)) for s in each.steps),
            cuts=tuple(map(cut, each.cuts)),
            needs=tuple(replace(n, what=credentials.hide(n.what)) for n in each.needs),
        )

    cheapest = exposure.cut
    if cheapest is not None:
        cheapest = replace(cheapest, cuts=tuple(map(cut, cheapest.cuts)))
    return replace(exposure, cut=cheapest, paths=tuple(map(path, exposure.paths)))


def with_findings(
    exposures: tuple[Exposure, ...], judged: Iterable[CheckVerdicts]
) -> tuple[Exposure, ...]:
    """The exposures with the finding at each way in, and what waivers accept of them."""
    verdicts: list[AuditedFinding] = []
    by_file: _ByFile = {}
    for each in judged:
        if each.check.id == VERDICT:
            verdicts += each.findings
        for found in each.findings:
            by_file.setdefault((each.check.id, found.finding.at.path), []).append(found)
    return tuple(_linked(exposure, verdicts, by_file) for exposure in exposures)


def _linked(exposure: Exposure, verdicts: list[AuditedFinding], by_file: _ByFile) -> Exposure:
    verdict = next((found for found in verdicts if _is_of(found, exposure)), None)
    whole = verdict is not None and _is_waived(verdict)
    paths = tuple(
        _with_finding(path, _at(path, by_file), verdict, whole) for path in exposure.paths
    )
    cut = exposure.cut
    if cut is not None:
        cutting = next((p.finding for p in paths if cut.cut in p.cuts and p.finding), "")
        cut = replace(cut, finding=cutting)
    return replace(exposure, paths=paths, cut=cut)


def _with_finding(
    path: ExposurePath, found: AuditedFinding | None, verdict: AuditedFinding | None, whole: bool
) -> ExposurePath:
    by_verdict = path.actor is Actor.ANYONE and path.sets_level
    named = found or (verdict if by_verdict else None)
    accepted = (whole and by_verdict) or (found is not None and _is_waived(found))
    fingerprint = named.fingerprint if named is not None else ""
    return replace(path, finding=fingerprint, accepted=accepted)


def _is_of(finding: AuditedFinding, exposure: Exposure) -> bool:
    anchor = f"{exposure.registry} {exposure.package}"
    return finding.finding.publication is exposure.publication and finding.finding.anchor == anchor


def _at(path: ExposurePath, by_file: _ByFile) -> AuditedFinding | None:
    """The finding at the way in of a path: on its line, else in its job."""
    here = path.entrance
    checks = _NAMED_BY.get(path.way_in, ())
    in_file = [f for check in checks for f in by_file.get((check, here.at.path), ())]
    on_line = next((f for f in in_file if f.finding.at.line == here.at.line), None)
    in_job = (f for f in in_file if f.finding.job is not None and f.finding.job.id == here.job)
    return on_line or next(in_job, None)


def _is_waived(finding: AuditedFinding) -> bool:
    """Whether a waiver accepts a finding; a comment in the file closes no path."""
    acceptance = finding.acceptance
    return acceptance is not None and acceptance.kind is AcceptanceKind.WAIVER


def with_waived_paths(
    judged: tuple[CheckVerdicts, ...], exposures: tuple[Exposure, ...]
) -> tuple[CheckVerdicts, ...]:
    """The judgements, where a package is accepted if each of its ways in is waived."""
    return tuple(
        replace(each, findings=tuple(_waived(f, exposures) for f in each.findings))
        if each.check.id == VERDICT and each.findings
        else each
        for each in judged
    )


def _waived(finding: AuditedFinding, exposures: tuple[Exposure, ...]) -> AuditedFinding:
    if finding.acceptance is not None and finding.acceptance.counts:
        return finding
    paths = [path for each in exposures if _is_of(finding, each) for path in _open_to_all(each)]
    if not paths or not all(path.accepted for path in paths):
        return finding
    reason = "each way in is accepted by a waiver"
    return replace(finding, acceptance=Acceptance(kind=AcceptanceKind.WAIVER, reason=reason))


def _open_to_all(exposure: Exposure) -> Iterator[ExposurePath]:
    for path in exposure.paths:
        if path.actor is Actor.ANYONE and path.sets_level and path.state is not PathState.OPEN:
            yield path
