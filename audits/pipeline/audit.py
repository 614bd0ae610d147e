"""Audits a parsed repository: all checks, scores, publisher status and lesson."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cached_property, partial

from msgspec import Struct, field
from msgspec.structs import replace

from audits.analysis.exposure.search import exposures
from audits.analysis.literal_credentials import credentials_of
from audits.check import Check, CheckVerdicts
from audits.checks import all_checks
from audits.engines.zizmor_rules import ZIZMOR_RULES
from audits.faults import crash_gap
from audits.model.engine import EngineReport
from audits.model.index_hosts import IndexHosts
from audits.model.outcome import Area, EngineFinding
from audits.model.platform_facts import begun
from audits.model.repository import Repository
from audits.model.score import Audit, AuditedFinding, Grade, Result, Score
from audits.model.settings import Need
from audits.model.source import Gap, GapReason, Snapshot
from audits.pipeline.exposed import with_findings, with_waived_paths, without_credentials
from audits.pipeline.run_checks import Acceptor, accept_nothing, judge, settle
from audits.scoring.lesson import lesson_steps
from audits.scoring.policy import policy_digest
from audits.scoring.score import WEIGHTS, score
from audits.scoring.version import POLICY
from audits.suppressions.ineffective import ineffective_comments
from audits.workflow.publisher_status.status import statuses
from audits.workflow.uploaders.uploader import Uploader


class Rules(Struct, frozen=True, kw_only=True, dict=True):
    """The rules of an audit: its checks, who accepts findings, and the index that links lead to.

    ``engine`` is the version of the other analyser that is run, "" where none is. ``as_of`` is the
    day whose facts of the platform count (see `audits.model.platform_facts`); ``uploaders`` are
    those that the organization's configuration names.
    """

    index: IndexHosts
    accept: Acceptor = accept_nothing
    checks: tuple[Check, ...] = field(default_factory=all_checks)
    engine: str = ""
    uploaders: tuple[Uploader, ...] = ()
    as_of: date = field(default_factory=date.today)

    @cached_property
    def digest(self) -> str:
        """A digest of the rules: scores with the same digest can be compared."""
        return policy_digest(
            self.checks,
            engine=self.engine,
            index=self.index.base,
            begun=begun(self.as_of),
            uploaders=self.uploaders,
        )


def audit(
    repository: Repository,
    rules: Rules,
    *,
    engine: EngineReport | None = None,
    everything: Repository | None = None,
) -> Audit:
    """The audit of a repository.

    ``everything`` is the same repository read with `Breadth.ALL`: what only it shows is
    listed beside the audit and never scored.
    """
    run = partial(judge, repository=repository, index=rules.index, accept=rules.accept)
    judged = tuple(run(check) for check in rules.checks)
    exposed = with_findings(without_credentials(exposures(repository), repository), judged)
    judged = with_waived_paths(judged, exposed)
    own = tuple(j for j in judged if not j.check.on_owner)
    found = _engine_judged(engine, repository, rules)
    comments = ineffective_comments(everything or repository)
    gaps = (*repository.gaps, *comments, *(engine.gaps if engine else ()))
    gaps = (*gaps, *(_crash_gap(j) for j in judged if j.crash))
    gaps = _redacted_gaps(gaps, repository)
    packages = statuses(repository)
    all_judged = (*own, *found)
    # A copy with these gaps would work out everything a second time: it knows nothing yet.
    score_of = partial(score, repository, all_judged, gaps=gaps, rules=rules.digest)
    scored = score_of(with_acceptances=True)
    accepted = any(_is_accepted(finding) for j in all_judged for finding in j.findings)
    return Audit(
        repository=replace(repository, gaps=gaps),
        results=tuple(map(result_of, all_judged)),
        score=scored,
        strict_score=score_of(with_acceptances=False) if accepted else scored,
        statuses=packages,
        lesson=lesson_steps(own, packages, bool(repository.publications)),
        owner_results=tuple(result_of(j) for j in judged if j.check.on_owner),
        beyond=_beyond(everything, judged, rules) if everything is not None else (),
        engine=engine.summary if engine else None,
        exposure=exposed,
    )


def _redacted_gaps(gaps: Sequence[Gap], repository: Repository) -> tuple[Gap, ...]:
    """The gaps without the credentials that texts of the repository may hold."""
    hide = credentials_of(repository).hide
    return tuple(
        gap if (shown := hide(gap.detail)) == gap.detail else replace(gap, detail=shown)
        for gap in gaps
    )


def crashed_audit(snapshot: Snapshot, error: Exception, what: str) -> Audit:
    """The audit of a repository that this program failed on while doing ``what``.

    It holds that gap alone. Files and settings are left out, so that known findings stay in
    history as *not re-checked* and none counts as fixed.
    """
    gap = crash_gap(error, f"{what} {snapshot.ref}")
    bare = Snapshot(
        ref=snapshot.ref,
        branch=snapshot.branch,
        archived=snapshot.archived,
        topics=snapshot.topics,
        database_id=snapshot.database_id,
        gaps=(*snapshot.gaps, gap),
    )
    nothing = Score(points=None, grade=Grade.UNKNOWN, coverage=0.0, tier=0, policy=POLICY)
    return Audit(
        repository=Repository(snapshot=bare, gaps=bare.gaps),
        results=(),
        score=nothing,
        strict_score=nothing,
    )


def is_crashed(audit: Audit) -> bool:
    """Whether this program failed on the repository, or on a part of it."""
    return any(gap.reason is GapReason.CRASHED for gap in audit.repository.gaps)


def _engine_judged(
    report: EngineReport | None, repository: Repository, rules: Rules
) -> tuple[CheckVerdicts, ...]:
    """Another analyser's findings as results of the integrity area, scored like our own."""
    by_rule: dict[str, list[EngineFinding]] = {}
    for found in report.findings if report else ():
        by_rule.setdefault(found.rule, []).append(found)
    judged = []
    for _, findings in sorted(by_rule.items()):
        worst = max(findings, key=lambda f: f.severity)
        check = engine_check(report.engine if report else "", worst)
        raw = [f.finding for f in findings]
        settled = settle(check, raw, repository, rules.index, rules.accept)
        judged.append(CheckVerdicts(check=check, findings=settled))
    return tuple(judged)


def engine_check(engine: str, found: EngineFinding) -> Check:
    """A rule of another analyser in the shape of our checks."""
    known = ZIZMOR_RULES.get(found.rule)
    explained = known.text if known else f"Found by {engine}; see its documentation."
    return Check(
        id=f"{engine}/{found.rule}",
        title=found.title,
        text=f"{found.title}\n\n{explained}",
        area=Area.INTEGRITY,
        severity=found.severity,
        needs=frozenset({Need.WORKFLOW}),
        sharpened_by=frozenset(),
        lesson="",
        links=(found.url,) if found.url.startswith("https://") else (),
        examples=(),
        fix=None,
        zizmor=found.rule,
        any_workflow=True,
        milder_in_other_jobs=True,
        counts_places=False,
        scored=True,
        on_owner=False,
        caps_only=False,
        tip=False,
        judge=lambda _: iter(()),
    )


def _crash_gap(judged: CheckVerdicts) -> Gap:
    detail = f"{judged.crash}; its result is unknown; please report it with the workflow"
    return Gap(subject=judged.check.id, reason=GapReason.CRASHED, detail=detail)


def result_of(judged: CheckVerdicts) -> Result:
    """The result of one check, as it is stored and shown."""
    return Result(
        check=judged.check.id,
        area=judged.check.area,
        severity=judged.check.severity,
        outcome=judged.outcome,
        findings=judged.findings,
        unseen=tuple(dict.fromkeys(u.unseen for u in judged.unknown)),
        places=len(judged.findings) + len(judged.clean) + len(judged.unknown),
        failing=sum(not _is_accepted(finding) for finding in judged.findings),
        weight=WEIGHTS[judged.check.severity] if judged.check.scored else 0.0,
        crash=judged.crash,
    )


def _beyond(
    everything: Repository, judged: Iterable[CheckVerdicts], rules: Rules
) -> tuple[AuditedFinding, ...]:
    """The findings that only reading every workflow shows; they are never scored."""
    known = {f.fingerprint for j in judged for f in j.findings}
    found = (
        finding
        for check in rules.checks
        if check.any_workflow and not check.on_owner
        for finding in judge(check, everything, rules.index, rules.accept).findings
    )
    return tuple(replace(f, in_release=False) for f in found if f.fingerprint not in known)


def open_findings(audit: Audit) -> tuple[AuditedFinding, ...]:
    """The findings, of releases and beyond, that nothing accepts."""
    return tuple(
        finding for finding in (*audit.findings, *audit.beyond) if not _is_accepted(finding)
    )


def _is_accepted(finding: AuditedFinding) -> bool:
    """Whether a finding is accepted in a way that counts."""
    return finding.acceptance is not None and finding.acceptance.counts
