"""Invented audits, built from the model alone: what a scan would hand to the store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from audits.model.evidence import (
    AdvisoryList,
    PackageEvidence,
    Provenance,
    PublisherKind,
    Release,
    ResolvedRef,
)
from audits.model.location import Location, Scalar
from audits.model.outcome import (
    Acceptance,
    AcceptanceKind,
    Area,
    Finding,
    Link,
    Outcome,
    Severity,
)
from audits.model.publication import Auth, Channel, Publication
from audits.model.registry import Registry
from audits.model.repository import NO_INDEX, NO_REFERENCES, Breadth, ReleaseGraph, Repository
from audits.model.score import (
    AreaScore,
    Audit,
    AuditedFinding,
    Deduction,
    Grade,
    Ladder,
    LessonStep,
    PackageStatus,
    Result,
    Score,
    StepState,
)
from audits.model.settings import Need, RepositorySettings, Unseen
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot, SourceFile
from audits.model.uses import Uses, UsesKind
from audits.model.workflow import Job, Role, Step, Workflow

OWNER = "orchard-labs"
POLICY = "1"
FIRST_NIGHT = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
PATH = ".github/workflows/release.yml"
PINS, TOKEN = "unpinned-action", "long-lived-token"
NEEDS_ADMIN = Unseen(
    need=Need.ADMINISTRATION, reason="secrets are hidden", permission="Administration: read"
)


def night(number: int) -> datetime:
    """When the n-th nightly scan begins."""
    return FIRST_NIGHT + timedelta(days=number)


def commit(number: int) -> str:
    """An invented commit id."""
    return f"{number:040x}"


def fault(
    name: str,
    *,
    check: str = PINS,
    line: int = 7,
    severity: Severity = Severity.HIGH,
    path: str = PATH,
    accepted: bool = False,
    sha: str = "",
    in_release: bool = True,
    advisories: tuple[str, ...] = (),
) -> AuditedFinding:
    """A finding whose fingerprint is ``name``."""
    waiver = Acceptance(
        kind=AcceptanceKind.WAIVER, reason="being moved", responsible="release team", ticket="R-7"
    )
    url = f"https://github.com/{OWNER}/lumen/blob/{sha}/{path}#L{line}"
    return AuditedFinding(
        check=check,
        severity=severity,
        fingerprint=name,
        excerpt=f"- uses: {name}@v4",
        finding=Finding(
            message=f"{name} is not pinned",
            at=Location(path=path, line=line),
            advisories=advisories,
        ),
        links=(Link(kind="permalink", label="line", url=url),),
        acceptance=waiver if accepted else None,
        in_release=in_release,
    )


def result(
    check: str,
    *found: AuditedFinding,
    outcome: Outcome | None = None,
    area: Area = Area.PINNING,
    unseen: tuple[Unseen, ...] = (),
) -> Result:
    """A result: failing with findings, passing without, unless said otherwise."""
    settled = outcome or (Outcome.FAIL if found else Outcome.PASS)
    return Result(
        check=check,
        area=area,
        severity=Severity.HIGH,
        outcome=settled,
        findings=found,
        unseen=unseen,
        places=len(found) + 1,
        failing=len(found),
        weight=40.0,
    )


def _scalar(value: str, line: int = 9) -> Scalar:
    return Scalar(value=value, line=line, column=9, start=0, end=len(value))


def workflow(text: str, *, line: int = 9, ref: str = "v4") -> tuple[Workflow, Job]:
    """A workflow with one job that uses one action."""
    at = Location(path=PATH, line=line)
    raw = _scalar(f"actions/checkout@{ref}", line)
    uses = Uses(kind=UsesKind.REMOTE, raw=raw, owner="actions", repo="checkout", ref=ref)
    step = Step(index=0, at=at, span=(0, 1), uses=uses)
    job = Job(id="publish", path=PATH, at=at, span=(0, 9), steps=(step,))
    return Workflow(source=SourceFile.of(PATH, text.encode()), jobs=(job,)), job


def evidence(version: str = "1.0", *, attested: bool = True) -> PackageEvidence:
    """What an index says of the package ``lumen``."""
    proof = Provenance(
        kind=PublisherKind.GITHUB,
        repository=f"{OWNER}/lumen",
        workflow="release.yml",
        environment="pypi",
        ref=f"refs/tags/v{version}",
        event="release",
    )
    release = Release(
        version=version, uploaded=night(0), files=2, provenance=(proof,) if attested else ()
    )
    return PackageEvidence(registry="pypi", name="lumen", releases=(release,), seen_at=night(0))


def score(points: float | None, *, tier: int = 1, policy: str = POLICY, rules: str = "a1") -> Score:
    """A score whose pinning area has these points."""
    grade = Grade.NONE if points is None else Grade.A if points >= 90 else Grade.C
    lost = (
        ()
        if points is None or points == 100
        else (
            Deduction(
                check=PINS,
                area=Area.PINNING,
                points=100 - points,
                severity=Severity.HIGH,
                publication=f"{PATH}:publish:0",
            ),
        )
    )
    areas = tuple(
        AreaScore(
            area=area,
            points=points if area is Area.PINNING else 100.0,
            coverage=1.0,
            deductions=lost if area is Area.PINNING else (),
        )
        for area in Area
    )
    return Score(
        points=points, grade=grade, coverage=0.9, tier=tier, policy=policy, areas=areas, rules=rules
    )


def publication(name: str, flow: Workflow, job: Job, line: int) -> Publication:
    """The upload of one package by one job, with a stored token."""
    return Publication(
        workflow=flow,
        job=job,
        step=0,
        at=Location(path=PATH, line=line),
        registry=Registry.PYPI,
        channel=Channel.PRODUCTION,
        auth=Auth.TOKEN,
        mechanism="pypa/gh-action-pypi-publish",
        packages=(name,),
    )


def graph_of(published: Publication) -> ReleaseGraph:
    """The graph of a release that is that one job."""
    return ReleaseGraph(
        publications=(published,),
        roles={published.job: Role.PUBLISHING},
        release_jobs=frozenset({published.job}),
        release_paths=frozenset({PATH}),
    )


NAMED = LessonStep(
    title="Name the workflow",
    url="https://lesson.example/#1",
    state=StepState.DONE,
    checks=("unnamed-workflow",),
)


def status_of(published: Publication, *, attested: bool) -> PackageStatus:
    """The ladder's state of the package that a publication uploads."""
    return PackageStatus(
        registry="pypi",
        package=published.packages[0],
        publications=(published.key,),
        state=Ladder.ATTESTED if attested else Ladder.TOKEN,
        why="a stored token uploads it",
    )


def _known(references: Iterable[ResolvedRef]) -> dict[tuple[str, str], ResolvedRef]:
    return {(found.slug, found.ref): found for found in references}


def _results(*found: AuditedFinding) -> tuple[Result, ...]:
    return result(PINS, *found), result(TOKEN, area=Area.TRUSTED_PUBLISHER)


def audit(
    name: str = "lumen",
    *found: AuditedFinding,
    results: tuple[Result, ...] | None = None,
    sha: str = commit(1),
    text: str = "on: release\n",
    line: int = 9,
    settings: RepositorySettings | None = None,
    points: float | None = 60.0,
    tier: int = 1,
    policy: str = POLICY,
    rules: str = "a1",
    gaps: tuple[Gap, ...] = (),
    index: PackageEvidence | None = None,
    references: tuple[ResolvedRef, ...] = (),
    breadth: Breadth = Breadth.RELEASE,
    beyond: tuple[AuditedFinding, ...] = (),
    owner_results: tuple[Result, ...] = (),
    advisories: AdvisoryList | None = None,
    github_id: int | None = None,
) -> Audit:
    """An audit of a repository that publishes one package with one job."""
    flow, job = workflow(text, line=line)
    published = publication(name, flow, job, line)
    snapshot = _snapshot(name, sha, flow.source, settings, gaps, github_id)
    scored = score(points, tier=tier, policy=policy, rules=rules)
    return Audit(
        repository=_repository(snapshot, flow, published, breadth, references, advisories, index),
        score=scored,
        strict_score=scored,
        owner_results=owner_results,
        results=_results(*found) if results is None else results,
        lesson=(NAMED,),
        beyond=beyond,
        statuses=(status_of(published, attested=index is not None),),
    )


def _repository(
    snapshot: Snapshot,
    flow: Workflow,
    published: Publication,
    breadth: Breadth,
    references: tuple[ResolvedRef, ...],
    advisories: AdvisoryList | None,
    index: PackageEvidence | None,
) -> Repository:
    return Repository(
        snapshot=snapshot,
        workflows=(flow,),
        graph=graph_of(published),
        breadth=breadth,
        references=_known(references) or NO_REFERENCES,
        advisories=advisories,
        index={("pypi", index.name): index} if index else NO_INDEX,
    )


def _snapshot(
    name: str,
    sha: str,
    source: SourceFile,
    settings: RepositorySettings | None,
    gaps: tuple[Gap, ...],
    github_id: int | None,
) -> Snapshot:
    return Snapshot(
        ref=RepositoryRef(owner=OWNER, name=name),
        commit=sha,
        committed_at=night(0),
        files=(source,),
        settings=settings,
        gaps=gaps,
        topics=("python", "science"),
        database_id=github_id,
    )


def gap(subject: str = PATH, reason: GapReason = GapReason.FORBIDDEN) -> Gap:
    """A gap of one file."""
    return Gap(
        subject=subject, reason=reason, detail="Ask for access.", permission="Contents: read"
    )
