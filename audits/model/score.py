"""Scores, grades, publisher status, and the audit that holds them for one repository."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from audits.model.engine import EngineRun
from audits.model.exposure import Exposure
from audits.model.outcome import Acceptance, Area, Finding, FixKind, Link, Outcome, Severity
from audits.model.publication import Publication
from audits.model.repository import Repository
from audits.model.settings import Unseen


class Grade(StrEnum):
    """The grade of a score: ``NONE`` where nothing is published and every workflow was read,
    ``UNKNOWN`` where nothing is known.
    """

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    F = "F"
    NONE = "-"
    UNKNOWN = "?"


class Ladder(StrEnum):
    """A package's trusted-publisher status."""

    TOKEN = "token"
    MIXED = "mixed"
    OIDC = "oidc"
    ATTESTED = "attested"
    NONE = "none"
    MANUAL = "manual"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"


class AuditedFinding(Struct, frozen=True, kw_only=True):
    """A finding as it is stored and shown: severity settled, links built, accepted or not.

    ``fingerprint`` survives line shifts and renamed steps. ``in_release`` is False for what
    only ``--all`` looks at. ``excerpt`` is the text of the line. ``fix`` is the kind of the
    finding's edits, None where there are none.
    """

    check: str
    finding: Finding
    severity: Severity
    fingerprint: str
    links: tuple[Link, ...] = ()
    acceptance: Acceptance | None = None
    in_release: bool = True
    excerpt: str = ""
    fix: FixKind | None = None


class Result(Struct, frozen=True, kw_only=True):
    """The result of one check for a repository. ``unseen`` says why where it is unknown;
    ``places`` counts what was looked at, ``failing`` what was at fault.
    """

    check: str
    area: Area
    severity: Severity
    outcome: Outcome
    findings: tuple[AuditedFinding, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    places: int = 0
    failing: int = 0
    weight: float = 0.0
    crash: str = ""


class Deduction(Struct, frozen=True, kw_only=True):
    """Points that one failed check takes from one area of one publication."""

    check: str
    area: Area
    points: float
    severity: Severity
    publication: str


class AreaScore(Struct, frozen=True, kw_only=True):
    """Points of an area, 0 to 100, of the worst scored publication; None where not applicable
    or where nothing is known. ``coverage`` is 0 to 1.
    """

    area: Area
    points: float | None
    coverage: float | None
    publication: str = ""
    deductions: tuple[Deduction, ...] = ()


class ScoreStep(Struct, frozen=True, kw_only=True):
    """The score once this check passes too, after those of the steps before."""

    check: str
    points: float
    grade: Grade


class Score(Struct, frozen=True, kw_only=True):
    """A repository's score: ``points`` None where nothing applies or is known, ``coverage``
    None where nothing is published and every workflow was read. ``cap`` says what
    held it down, "" if nothing did. ``tier`` is the highest evidence tier that was read, 0 to 3.
    ``policy`` is the version of the rules and ``rules`` a digest of them. ``steps`` lead to the
    grade A, or as far as what is known goes, the one that gains most first. ``not_counted`` are
    open findings by severity's word that concern no publication which is scored.
    """

    points: float | None
    grade: Grade
    coverage: float | None
    tier: int
    policy: str
    areas: tuple[AreaScore, ...] = ()
    cap: str = ""
    rules: str = ""
    steps: tuple[ScoreStep, ...] = ()
    not_counted: Mapping[str, int] = field(default_factory=dict)


class PackageStatus(Struct, frozen=True, kw_only=True):
    """The ladder's state of one package, with a sentence that says why."""

    registry: str
    package: str
    state: Ladder
    why: str
    publications: tuple[str, ...] = ()
    missing: str = ""


class StepState(StrEnum):
    """How far a step of the lesson is."""

    DONE = "done"
    NOT_DONE = "not done"
    NOT_SEEN = "not seen"
    NOT_APPLICABLE = "does not apply"


class LessonStep(Struct, frozen=True, kw_only=True):
    """One step of the lesson for this repository."""

    title: str
    url: str
    state: StepState
    checks: tuple[str, ...] = ()


class Audit(Struct, frozen=True, kw_only=True):
    """Everything said about one repository in one scan. ``score`` counts acceptances in,
    ``strict_score`` leaves them out. ``owner_findings`` go to the owner's card only. ``engine`` says
    which other analyser was run, None where none was asked. ``exposure`` says who can publish each
    package.
    """

    repository: Repository
    results: tuple[Result, ...]
    score: Score
    strict_score: Score
    statuses: tuple[PackageStatus, ...] = ()
    lesson: tuple[LessonStep, ...] = ()
    owner_results: tuple[Result, ...] = ()
    beyond: tuple[AuditedFinding, ...] = field(default=())
    engine: EngineRun | None = None
    exposure: tuple[Exposure, ...] = ()

    @property
    def findings(self) -> tuple[AuditedFinding, ...]:
        """All findings of release workflows, in the order of the checks."""
        return tuple(f for result in self.results for f in result.findings)

    @property
    def publications(self) -> tuple[Publication, ...]:
        """What the repository publishes."""
        return self.repository.publications
