"""Invented audits in numbers: as much as a publishing repository has, no two quite alike."""

from __future__ import annotations

from datetime import date
from hashlib import sha1, sha256
from random import Random

from msgspec.structs import replace

from audits.checks import all_checks
from audits.model.evidence import PackageEvidence, Provenance, PublisherKind, Release
from audits.model.exposure import (
    Actor,
    Cut,
    Exposure,
    ExposurePath,
    Holds,
    PathState,
    PathStep,
    Sink,
    WayIn,
)
from audits.model.location import Location, Scalar
from audits.model.outcome import Area, Finding, Link, Outcome, Severity
from audits.model.publication import Auth, Channel, Publication
from audits.model.registry import Registry
from audits.model.repository import ReleaseGraph, Repository
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
    ScoreStep,
    StepState,
)
from audits.model.settings import Need, Unseen
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.model.uses import Uses, UsesKind
from audits.model.workflow import Job, Role, Step, Workflow
from audits.scoring.score import grade_of

RULES = [
    check
    for check in all_checks()
    if check.scored and not check.on_owner and check.severity < Severity.CRITICAL
][:60]
"""What a repository is said to be judged by."""
CHECKS = tuple(check.id for check in RULES)
ACTIONS = tuple(f"action-{n}" for n in range(400))
HIDDEN = Unseen(need=Need.SETTINGS, reason="not readable", permission="Administration: read")
_FILES = 4
_USES = 14
_OUTCOMES = (Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.UNKNOWN)
_AREAS = tuple(Area)


def invented(
    owner: str, number: int, *, edits: int = 0, pushes: int = 0, releases: int = 0
) -> Audit:
    """The n-th repository after so many edits of its workflow, pushes and releases.

    An edit shifts the lines and fixes, adds or brings back a finding; a push changes the
    commit alone; a release changes what the package index says.
    """
    noise = Random(number)  # noqa: S311 - repeatable, nothing secret
    name = f"project-{number:05d}"
    sha = sha1(f"{number} {edits} {pushes}".encode(), usedforsecurity=False).hexdigest()
    workflow, job = _workflow(noise, name, edits)
    others = tuple(_file(noise, f".github/workflows/w{n}.yml", name, 0) for n in range(1, _FILES))
    published = _publication(workflow, job, name, edits, number)
    snapshot = Snapshot(
        ref=RepositoryRef(owner=owner, name=name),
        commit=sha,
        files=(workflow.source, *others),
        topics=("python", f"team-{number % 30}"),
        database_id=number + 1,
    )
    graph = ReleaseGraph(
        publications=(published,),
        roles={job: Role.PUBLISHING},
        release_jobs=frozenset({job}),
        release_paths=frozenset({workflow.path}),
    )
    proof = _evidence(owner, name, releases)
    repository = Repository(
        snapshot=snapshot, workflows=(workflow,), graph=graph, index={("pypi", name): proof}
    )
    return _audited(noise, repository, published, edits, number)


def _file(noise: Random, path: str, name: str, edits: int) -> SourceFile:
    lines = [f"# {name} after {edits} edits", "jobs:"]
    words = noise.randbytes(45 * 6).hex()
    for n in range(45):
        word = words[12 * n : 12 * n + 12]
        lines.append(f"      - name: Step {n} of {word}\n        run: python -m tool --do {word}")
    return SourceFile.of(path, "\n".join(lines).encode())


def _workflow(noise: Random, name: str, edits: int) -> tuple[Workflow, Job]:
    source = _file(noise, ".github/workflows/release.yml", name, edits)
    steps = []
    for n in range(_USES):
        action = noise.choice(ACTIONS)
        line = 10 + 3 * n + edits
        text = f"invented/{action}@v{n % 4 + 1}"
        raw = Scalar(value=text, line=line, column=9, start=0, end=len(text))
        uses = Uses(
            kind=UsesKind.REMOTE, raw=raw, owner="invented", repo=action, ref=f"v{n % 4 + 1}"
        )
        at = Location(path=source.path, line=line)
        steps.append(Step(index=n, at=at, span=(0, 1), uses=uses))
    at = Location(path=source.path, line=8)
    job = Job(id="publish", path=source.path, at=at, span=(0, 9), steps=tuple(steps))
    return Workflow(source=source, jobs=(job,)), job


def _evidence(owner: str, name: str, releases: int) -> PackageEvidence:
    proof = Provenance(
        kind=PublisherKind.GITHUB,
        repository=f"{owner}/{name}",
        workflow="release.yml",
        environment="pypi",
        ref=f"refs/tags/v{releases}",
    )
    release = Release(version=f"{releases}.0", uploaded=None, files=2, provenance=(proof,))
    return PackageEvidence(registry="pypi", name=name, releases=(release,))


def _finding(
    owner: str, name: str, sha: str, check: str, n: int, severity: Severity, edits: int
) -> AuditedFinding:
    path, line = ".github/workflows/release.yml", 10 + 3 * n + edits
    base = f"https://github.com/{owner}/{name}"
    places = (
        ("permalink", f"{base}/blob/{sha}/{path}#L{line}"),
        ("edit", f"{base}/edit/main/{path}"),
        ("settings", f"{base}/settings/environments"),
        ("lesson", "https://lesson.example/trusted-publishing.html#step-4"),
        ("documentation", f"https://docs.example/actions/reference/{check}"),
    )
    return AuditedFinding(
        check=check,
        severity=severity,
        fingerprint=sha256(f"{name} {check} {n}".encode()).hexdigest()[:16],
        excerpt=f"      - uses: invented/action-{n}@v{n % 4 + 1}",
        finding=Finding(
            message=f"`invented/action-{n}` follows the tag v{n % 4 + 1}, which can be moved.",
            at=Location(path=path, line=line),
        ),
        links=tuple(Link(kind=kind, label=kind.title(), url=url) for kind, url in places),
    )


def _results(
    noise: Random, repository: Repository, published: Publication, edits: int, number: int
) -> tuple[list[Result], list[Deduction]]:
    ref, sha = repository.ref, repository.snapshot.commit
    failing = noise.sample(CHECKS, 14)
    open_ = set(failing[edits % 3 :])
    results: list[Result] = []
    lost: list[Deduction] = []
    key = published.key
    for n, rule in enumerate(RULES):
        check, area, severity = rule.id, rule.area, rule.severity
        found: tuple[AuditedFinding, ...] = ()
        outcome = _OUTCOMES[(n + number) % 7 % 3]
        if check in open_:
            found = (_finding(ref.owner, ref.name, sha, check, n, severity, edits),)
            outcome = Outcome.FAIL
            lost.append(
                Deduction(
                    check=check,
                    area=area,
                    points=3.0 * severity,
                    severity=severity,
                    publication=key,
                )
            )
        results.append(
            Result(
                check=check,
                area=area,
                severity=severity,
                outcome=outcome,
                findings=found,
                places=3,
                unseen=(HIDDEN,) if outcome is Outcome.UNKNOWN else (),
                failing=len(found),
                weight=15.0,
            )
        )
    return results, lost


def _publication(workflow: Workflow, job: Job, name: str, edits: int, number: int) -> Publication:
    return Publication(
        workflow=workflow,
        job=job,
        step=3,
        at=Location(path=workflow.path, line=40 + edits),
        registry=Registry.PYPI if number % 5 else Registry.NPM,
        channel=Channel.PRODUCTION,
        mechanism="pypa/gh-action-pypi-publish",
        auth=Auth.TOKEN if number % 2 else Auth.OIDC,
        packages=(name,),
        publisher_workflows=(workflow.path,),
    )


def _exposure(published: Publication, name: str, edits: int, number: int) -> Exposure:
    """Who can publish it: an edit of the workflow closes it to outsiders."""
    actor = Actor.ANYONE if number % 40 == 0 else Actor.THIRD_PARTY
    level = Actor.ONE_WRITER if edits % 3 or number % 4 else actor
    kinds = ("actor", "way-in", "sink", "start", "publish")
    steps = tuple(
        PathStep(kind=kind, what=f"the {kind} of {name}", at=published.at, job="publish")
        for kind in kinds
    )
    path = ExposurePath(
        id=sha256(f"{name} {level}".encode()).hexdigest()[:16],
        actor=level,
        state=PathState.SEEN,
        holds=Holds.NOW,
        way_in=WayIn.MOVABLE,
        sink=Sink.PUBLISHES,
        starts="a tag",
        steps=steps,
        cuts=(Cut(what="pin the action", at=published.at),),
    )
    return Exposure(
        publication=published,
        package=name,
        level=level,
        may_be=level,
        as_of=date(2025, 1, 1),
        paths=(path,),
        counts=((level, 1),),
    )


def _lesson_step(number: int) -> LessonStep:
    return LessonStep(
        title=f"Step {number} of the lesson",
        url=f"https://lesson.example/#{number}",
        state=StepState.DONE,
        checks=(CHECKS[number],),
    )


def _steps(points: float, lost: list[Deduction]) -> tuple[ScoreStep, ...]:
    """The check that gains most, where the grade is no A yet."""
    if grade_of(points) is Grade.A or not lost:
        return ()
    worst = max(lost, key=lambda each: each.points)
    reached = points + worst.points / len(_AREAS)
    return (ScoreStep(check=worst.check, points=reached, grade=grade_of(reached)),)


def _audited(
    noise: Random, repository: Repository, published: Publication, edits: int, number: int
) -> Audit:
    ref = repository.ref
    results, lost = _results(noise, repository, published, edits, number)
    areas = tuple(
        AreaScore(
            area=area,
            points=max(0.0, 100 - sum(d.points for d in lost if d.area is area)),
            coverage=0.8,
            deductions=tuple(d for d in lost if d.area is area),
        )
        for area in _AREAS
    )
    points = max(sum(area.points or 0 for area in areas) / len(areas) - number % 45, 0.0)
    score = Score(
        points=points,
        grade=grade_of(points),
        coverage=0.8,
        tier=1,
        policy="1",
        areas=areas,
        steps=_steps(points, lost),
    )
    status = PackageStatus(
        registry="pypi",
        package=ref.name,
        state=(Ladder.TOKEN, Ladder.OIDC, Ladder.ATTESTED, Ladder.MIXED)[number % 4],
        publications=(published.key,),
        why="The workflow uploads with a stored token.",
    )
    return Audit(
        repository=repository,
        results=tuple(results),
        score=score,
        strict_score=replace(score),
        statuses=(status,),
        lesson=tuple(map(_lesson_step, range(10))),
        exposure=(_exposure(published, ref.name, edits, number),),
    )
