"""Computes scores from deductions for failed checks, and their coverage.

README describes the rules; `POLICY` is their version and changes whenever a number here does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from math import fsum

from msgspec import Struct
from msgspec.structs import replace

from audits.check import Check, CheckVerdicts
from audits.model.outcome import Area, Outcome, Severity
from audits.model.publication import Publication
from audits.model.repository import Repository
from audits.model.score import AreaScore, AuditedFinding, Deduction, Grade, Score, ScoreStep
from audits.model.settings import Need, Unseen
from audits.model.source import Gap, GapReason
from audits.scoring.shared_fixes import SharedFixes, shared_fixes
from audits.scoring.tally import Tally, VerdictCount
from audits.scoring.version import POLICY

WEIGHTS = {
    Severity.CRITICAL: 100.0,
    Severity.HIGH: 40.0,
    Severity.MEDIUM: 15.0,
    Severity.LOW: 5.0,
    Severity.INFO: 0.0,
}
AREA_WEIGHTS = {
    Area.PINNING: 20.0,
    Area.PERMISSIONS: 20.0,
    Area.ENVIRONMENT: 20.0,
    Area.TRUSTED_PUBLISHER: 20.0,
    Area.INTEGRITY: 20.0,
}
GRADES = ((90.0, Grade.A), (75.0, Grade.B), (60.0, Grade.C), (40.0, Grade.D), (0.0, Grade.F))
HIGH_CAPS = {1: 84.0, 2: 74.0}
MANY_HIGHS_CAP = 59.0
_NO_WORKFLOW_HIDDEN = {GapReason.UNSUPPORTED, GapReason.CRASHED, GapReason.UNRECOGNIZED}
_WHOLE = {"repository", "files", ".github", ".github/workflows"}
"""Subjects of gaps that may hide any workflow."""
_PUBLISHES = re.compile(r"publish|upload|twine|release|docker push", re.IGNORECASE)
PUBLISHER_HIGH_CAP = 74.0
CRITICAL_CAP = 39.0
LESSON_CAP = 89.0
"""While a step of the lesson that the workflow's text shows is left out: below an A."""
LEAST_COVERAGE = 0.5
"""Of the weight of all areas together; where less is known there is no grade."""
_MOST_STEPS = 12
UNSURE_CAP = 89.0
"""The most points while it is unknown whether a fault holds that caps by itself: no A."""


class _Case(Struct, frozen=True, kw_only=True):
    """What one check said about each publication that it concerns."""

    check: Check
    tallies: Mapping[Publication, Tally]
    crash: str

    @classmethod
    def of(cls, judged: CheckVerdicts, repository: Repository, with_acceptances: bool) -> _Case:
        count = VerdictCount(repository)
        for found in judged.findings:
            if with_acceptances and _counts(found):
                count.clean(found.finding)
            else:
                count.failing(found.finding, found.severity)
        for clean in judged.clean:
            count.clean(clean)
        for unknown in judged.unknown:
            count.unknown(unknown)
        return cls(check=judged.check, tallies=count.tallies(), crash=judged.crash)


class _Verdict(Struct, frozen=True, kw_only=True):
    """The result of one check for one publication; ``severity`` of its worst open finding."""

    check: Check
    outcome: Outcome
    severity: Severity = Severity.INFO
    points: float = 0.0


class _Card(Struct, frozen=True, kw_only=True, dict=True):
    """One publication's verdicts of one area."""

    publication: Publication
    verdicts: tuple[_Verdict, ...]

    @cached_property
    def points(self) -> float | None:
        if not any(v.outcome in {Outcome.PASS, Outcome.FAIL} for v in self.verdicts):
            return None
        return max(0.0, 100.0 - sum(v.points for v in self.verdicts))


def applies(area: Area, publication: Publication, repository: Repository) -> bool:
    """Whether an area is judged for a publication.

    Public registries do not trust the OIDC issuer of an Enterprise Server.
    """
    if area is Area.ENVIRONMENT:
        return publication.judges_environment
    if area is Area.TRUSTED_PUBLISHER:
        return publication.has_trusted_publishing and _may_apply(area, repository)
    return True


def _may_apply(area: Area, repository: Repository) -> bool:
    """Whether an area is judged for any publication of the repository."""
    return area is not Area.TRUSTED_PUBLISHER or not repository.ref.is_enterprise_server


def score(
    repository: Repository,
    judged: Iterable[CheckVerdicts],
    *,
    with_acceptances: bool,
    gaps: Sequence[Gap] | None = None,
    rules: str = "",
) -> Score:
    """The score of a repository under `POLICY`.

    ``with_acceptances`` leaves out findings that a waiver, or a local acceptance that counts,
    accepts. ``gaps`` are the repository's with those of its audit; its own where None. ``rules``
    is the digest of the rules, see `audits.scoring.policy`. Points are 0 to 100, coverage 0 to 1.
    """
    scored = tuple(j for j in judged if j.check.scored and not j.check.on_owner)
    # What has no outcome here takes no part in any number.
    applicable = (j for j in scored if j.outcome is not Outcome.NOT_APPLICABLE)
    cases = tuple(_Case.of(j, repository, with_acceptances) for j in applicable)
    publications = repository.scored_publications
    cards = {area: _cards(area, publications, repository, cases) for area in Area}
    unread = _not_seen(repository, publications, repository.gaps if gaps is None else gaps)
    applying = {area: unread if _may_apply(area, repository) else 0 for area in Area}
    areas = tuple(_area_score(area, cards[area], scored, applying[area]) for area in Area)
    open_ = (f for j in scored for f in j.findings if not (with_acceptances and _counts(f)))
    sheet = ScoreInput.of(cards, _outside(cases, publications), shared_fixes(repository, open_))
    points, cap = sheet.score()
    coverage = _coverage(cards.values(), unread, scored)
    grade = Grade.UNKNOWN if repository.graph.unrecognized else grade_of(points, coverage)
    return Score(
        points=points,
        grade=grade,
        areas=areas,
        cap=cap,
        policy=POLICY,
        rules=rules,
        coverage=coverage,
        tier=tier_of(repository),
        steps=tuple(_as_far_as_known(step, grade) for step in _steps(sheet)),
        not_counted=_not_counted(scored, repository, with_acceptances),
    )


def _as_far_as_known(step: ScoreStep, grade: Grade) -> ScoreStep:
    """A step with a grade only where there is one: a fix does not show what was not seen."""
    return replace(step, grade=grade) if grade is Grade.UNKNOWN else step


def _coverage(
    cards: Iterable[Iterable[_Card]], unread: int, scored: Sequence[CheckVerdicts]
) -> float | None:
    """The share of weights whose outcome is known; None where nothing applies. Each publication
    that may be in what was not read counts as one of which every outcome is unknown.
    """
    verdicts = (v for of_area in cards for card in of_area for v in card.verdicts)
    known, applicable = _weights(verdicts)
    applicable += unread * sum(WEIGHTS[j.check.severity] for j in scored)
    return known / applicable if applicable else (0.0 if unread else None)


def _not_seen(
    repository: Repository, publications: tuple[Publication, ...], gaps: Sequence[Gap]
) -> int:
    """How many publications may be in what was not read or not understood."""
    unread = sum(1 for gap in gaps if _hides_a_workflow(repository, gap))
    unread += len({job.uses.raw.value for job in repository.graph.hidden_calls if job.uses})
    unread += len(repository.graph.unrecognized)
    if not publications and any(_is_unread(repository, gap) for gap in gaps):
        return max(unread, 1)
    return unread


def _cards(
    area: Area,
    publications: Iterable[Publication],
    repository: Repository,
    cases: Iterable[_Case],
) -> tuple[_Card, ...]:
    of_area = [case for case in cases if case.check.area is area]
    return tuple(
        _Card(
            publication=publication,
            verdicts=tuple(_verdict(publication, case) for case in of_area),
        )
        for publication in publications
        if applies(area, publication, repository)
    )


def _verdict(publication: Publication, case: _Case) -> _Verdict:
    check = case.check
    if case.crash:
        return _Verdict(check=check, outcome=Outcome.UNKNOWN)
    tally = case.tallies.get(publication)
    if tally is None:
        return _Verdict(check=check, outcome=Outcome.NOT_APPLICABLE)
    if tally.failing:
        share = tally.failing / (tally.failing + tally.clean) if check.counts_places else 1.0
        points = 0.0 if check.caps_only else WEIGHTS[tally.severity] * (0.5 + 0.5 * share)
        return _Verdict(check=check, outcome=Outcome.FAIL, severity=tally.severity, points=points)
    if tally.unknown:
        return _Verdict(check=check, outcome=Outcome.UNKNOWN)
    return _Verdict(check=check, outcome=Outcome.PASS if tally.clean else Outcome.NOT_APPLICABLE)


def _counts(found: AuditedFinding) -> bool:
    """Whether the finding is accepted in a way that counts."""
    return found.acceptance is not None and found.acceptance.counts


def _weights(verdicts: Iterable[_Verdict]) -> tuple[float, float]:
    """Σ weight of checks with a known outcome, and of applicable ones."""
    known = applicable = 0.0
    for verdict in verdicts:
        if verdict.outcome is Outcome.NOT_APPLICABLE:
            continue
        applicable += WEIGHTS[verdict.check.severity]
        if verdict.outcome is not Outcome.UNKNOWN:
            known += WEIGHTS[verdict.check.severity]
    return known, applicable


def _area_score(
    area: Area, cards: tuple[_Card, ...], judged: tuple[CheckVerdicts, ...], unread: int
) -> AreaScore:
    known, applicable = _weights(v for card in cards for v in card.verdicts)
    # What was not read may be a publication for which the area is judged.
    of_area = (j for j in judged if j.check.area is area)
    applicable += unread * sum(WEIGHTS[j.check.severity] for j in of_area)
    coverage = known / applicable if applicable else None
    judged_cards = [(card.points, card) for card in cards if card.points is not None]
    if not judged_cards:
        return AreaScore(area=area, points=None, coverage=coverage)
    points, worst = min(judged_cards, key=lambda pair: pair[0])
    key = worst.publication.key
    deductions = tuple(
        Deduction(
            check=v.check.id, area=area, points=v.points, severity=v.severity, publication=key
        )
        for v in sorted(worst.verdicts, key=lambda v: -v.points)
        if v.outcome is Outcome.FAIL
    )
    return AreaScore(
        area=area, points=points, coverage=coverage, publication=key, deductions=deductions
    )


class _Fault(Struct, frozen=True):
    """A failing or capping verdict of one card, as far as points and caps go.

    ``left_out``: a step of the lesson that the workflow's text shows is left out.
    """

    check: str
    area: Area
    severity: Severity
    points: float
    caps_only: bool = False
    left_out: bool = False
    unknown: bool = False


class ScoreInput(Struct, frozen=True, kw_only=True, dict=True):
    """What points and caps are computed from: the faults of each publication in each area.

    ``outside`` are critical faults that concern no scored publication: they cap all the same,
    as the repository that holds the release is at stake. ``shared`` says which checks one change
    fixes together.
    """

    cards: frozenset[tuple[Area, frozenset[_Fault]]]
    outside: frozenset[_Fault] = frozenset()
    shared: SharedFixes = SharedFixes()

    @classmethod
    def of(
        cls,
        cards: Mapping[Area, tuple[_Card, ...]],
        outside: frozenset[_Fault],
        shared: SharedFixes,
    ) -> ScoreInput:
        """The sheet of all cards on which something is known."""
        return cls(
            cards=frozenset(
                (area, frozenset(map(_fault, filter(_matters, card.verdicts))))
                for area, of_area in cards.items()
                for card in of_area
                if card.points is not None
            ),
            outside=outside,
            shared=shared,
        )

    @classmethod
    def of_deductions(
        cls, areas: Iterable[Area], lost: Iterable[Deduction], checks: Mapping[str, Check]
    ) -> ScoreInput:
        """The sheet of the worst publication of each area, from what is kept of a score: the
        areas that have points, and what each lost. ``checks`` are the known ones by id.
        """
        faults: dict[Area, set[_Fault]] = {area: set() for area in areas}
        for each in lost:
            check = checks.get(each.check)
            fault = _Fault(
                each.check,
                each.area,
                each.severity,
                each.points,
                caps_only=check is not None and check.caps_only,
                left_out=check is not None and _is_left_out(check, each.severity),
            )
            faults.get(each.area, set()).add(fault)
        return cls(cards=frozenset((area, frozenset(of)) for area, of in faults.items()))

    def score(self, fixed: frozenset[str] = frozenset()) -> tuple[float | None, str]:
        """The points under the caps once these checks pass, and what holds them down."""
        worst: dict[Area, float] = {}
        for area, faults in self.cards:
            # Exact whatever the order: sets of texts have another one in each process.
            lost = fsum([f.points for f in faults if f.check not in fixed])
            worst[area] = min(worst.get(area, 100.0), max(0.0, 100.0 - lost))
        total = sum(AREA_WEIGHTS[area] for area in worst)
        if not total:
            return None, ""
        points = fsum(AREA_WEIGHTS[area] * value for area, value in worst.items()) / total
        left = [f for f in self._faults if f.check not in fixed]
        caps = list(_caps(left, [f for f in self.outside if f.check not in fixed]))
        if not caps or min(caps)[0] >= points:
            return round(points, 1), ""
        limit, why = min(caps)
        return limit, f"capped at {limit:.0f} by {why}"

    @cached_property
    def _faults(self) -> frozenset[_Fault]:
        return frozenset(fault for _, faults in self.cards for fault in faults)

    def steps(self) -> Iterator[ScoreStep]:
        """The checks to fix for an A, the one that gains most first, and what each leads to."""
        faults = (f for f in (*self._faults, *self.outside) if not f.unknown)
        mildest_first = sorted(faults, key=lambda f: (f.severity, f.points))
        open_ = {f.check: f for f in mildest_first if not self.shared.is_result(f.check)}
        fixed: frozenset[str] = frozenset()
        points, _ = self.score()
        while open_ and points is not None and points < GRADES[0][0] and len(fixed) < _MOST_STEPS:
            best = max(open_.values(), key=partial(self._gain, fixed=fixed)).check
            fixed = self.shared.closed(fixed | {best})
            open_ = {name: fault for name, fault in open_.items() if name not in fixed}
            points, _ = self.score(fixed)
            if points is not None:
                yield ScoreStep(check=best, points=points, grade=grade_of(points))

    def _gain(self, fault: _Fault, fixed: frozenset[str]) -> tuple[float, Severity, float, str]:
        """How much it gains to fix a check after others, and what decides between equals."""
        points, _ = self.score(self.shared.closed(fixed | {fault.check}))
        return points or 0.0, fault.severity, fault.points, fault.check


@lru_cache(maxsize=512)
def _steps(sheet: ScoreInput) -> tuple[ScoreStep, ...]:
    """The steps of a sheet; many repositories have the same faults."""
    return tuple(sheet.steps())


def _matters(verdict: _Verdict) -> bool:
    failing = verdict.outcome is Outcome.FAIL
    return failing or (verdict.check.caps_only and verdict.outcome is Outcome.UNKNOWN)


def _fault(verdict: _Verdict) -> _Fault:
    return _Fault(
        verdict.check.id,
        verdict.check.area,
        verdict.severity,
        verdict.points,
        caps_only=verdict.check.caps_only,
        left_out=_is_left_out(verdict.check, verdict.severity),
        unknown=verdict.outcome is Outcome.UNKNOWN,
    )


def _caps(faults: list[_Fault], outside: list[_Fault]) -> Iterator[tuple[float, str]]:
    """The caps for what is open, each with its reason."""
    for fault in faults:
        if fault.caps_only and fault.unknown:
            yield UNSURE_CAP, f"the unknown answer of {fault.check}"
        elif fault.caps_only:
            yield CRITICAL_CAP, f"the open finding {fault.check}"
    own = [f for f in faults if not f.caps_only]
    if any(f.severity is Severity.CRITICAL for f in own):
        yield CRITICAL_CAP, "an open critical finding"
    elif outside:
        yield CRITICAL_CAP, "an open critical finding beside what is scored"
    bad = {f.check: f for f in own if f.severity is Severity.HIGH}
    if bad:
        words = "one failing check" if len(bad) == 1 else f"{len(bad)} failing checks"
        yield HIGH_CAPS.get(len(bad), MANY_HIGHS_CAP), f"{words} of high severity"
    if any(f.area is Area.TRUSTED_PUBLISHER for f in bad.values()):
        yield PUBLISHER_HIGH_CAP, "an open high finding on the trusted publisher"
    left_out = sorted({f.check for f in own if f.left_out})
    if left_out:
        yield LESSON_CAP, f"what the lesson asks for and is left out: {', '.join(left_out)}"


def _is_left_out(check: Check, severity: Severity) -> bool:
    """Whether a step of the lesson that the workflow's text shows is left out: the check needs
    nothing else, and fails as it is declared, at medium or above.
    """
    in_the_text = bool(check.lesson) and not check.tip and check.needs <= {Need.WORKFLOW}
    return in_the_text and severity >= max(check.severity, Severity.MEDIUM)


def _outside(cases: Iterable[_Case], scored: tuple[Publication, ...]) -> frozenset[_Fault]:
    """Critical faults of publications that are not scored."""
    if not scored:
        return frozenset()
    return frozenset(
        _Fault(case.check.id, case.check.area, tally.severity, 0.0)
        for case in cases
        for publication, tally in case.tallies.items()
        if tally.failing and tally.severity is Severity.CRITICAL and not case.check.caps_only
        if publication not in scored
    )


def _not_counted(
    judged: Iterable[CheckVerdicts], repository: Repository, with_acceptances: bool
) -> dict[str, int]:
    """Open findings by severity that concern no publication which is scored, worst first."""
    scored = set(repository.scored_publications)
    found = Counter(
        finding.severity
        for each in judged
        for finding in each.findings
        if scored.isdisjoint(repository.concerned(finding.finding))
        if not (with_acceptances and _counts(finding))
    )
    return {severity.label: found[severity] for severity in sorted(found, reverse=True)}


def grade_of(points: float | None, coverage: float | None = None) -> Grade:
    """The grade of a number of points; without any, whether nothing applies or is known. Where
    less than `LEAST_COVERAGE` is known there is none, whatever the points.
    """
    if points is None:
        return Grade.NONE if coverage is None else Grade.UNKNOWN
    if coverage is not None and coverage < LEAST_COVERAGE:
        return Grade.UNKNOWN
    return next(grade for least, grade in GRADES if points >= least)


def tier_of(repository: Repository) -> int:
    """The highest tier of evidence that was read, 0 to 3."""
    settings = repository.snapshot.settings
    if settings is None:
        return 0
    facts = (settings.environments, settings.actions, settings.secret_names)
    return max(
        (tier for tier, fact in enumerate(facts, 1) if not isinstance(fact, Unseen)), default=0
    )


def _hides_a_workflow(repository: Repository, gap: Gap) -> bool:
    """Whether a publication may stand where we could not read.

    What is not valid YAML GitHub most likely cannot run either, so it counts only where its
    text speaks of publishing.
    """
    if not gap.subject.startswith(".github/workflows") or gap.reason in _NO_WORKFLOW_HIDDEN:
        return False
    file = repository.file(gap.subject)
    broken = gap.reason is GapReason.INVALID and file is not None
    return not broken or (file is not None and _speaks_of_publishing(file.text))


@lru_cache(maxsize=64)
def _speaks_of_publishing(text: str) -> bool:
    return _PUBLISHES.search(text) is not None


def _is_unread(repository: Repository, gap: Gap) -> bool:
    """Whether a gap is on the repository as a whole, or on a workflow that was not read whole."""
    if gap.optional:
        return False
    if gap.subject in _WHOLE or _hides_a_workflow(repository, gap):
        return True
    if not gap.subject.startswith(".github/workflows/"):
        return False
    is_parsed = any(workflow.path == gap.subject for workflow in repository.workflows)
    return not is_parsed or gap.reason not in _NO_WORKFLOW_HIDDEN
