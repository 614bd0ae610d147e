"""Scores: the arithmetic of the rules in README, and its three laws over generated repositories."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from audits.check import CheckVerdicts
from audits.checks import all_checks
from audits.model.engine import EngineReport
from audits.model.location import Location
from audits.model.outcome import (
    Acceptance,
    AcceptanceKind,
    Area,
    Clean,
    EngineFinding,
    Finding,
    Outcome,
    Severity,
)
from audits.model.repository import Repository
from audits.model.score import Grade, Score
from audits.model.settings import (
    ActionsPolicy,
    EnvironmentSettings,
    OwnerSettings,
    RepositorySettings,
    Unseen,
)
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules, audit
from audits.pipeline.run_checks import judge
from audits.scoring.score import grade_of, score
from audits.workflow.repository import read_repository
from tests.generated import (
    BESIDE,
    INDEX,
    OTHER,
    UNSEEN,
    Shape,
    repositories,
    repository,
    settings_facts,
    shapes,
)

CHECKS = all_checks()
BOUNDED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def judged(repo: Repository) -> tuple[CheckVerdicts, ...]:
    return tuple(judge(check, repo, INDEX) for check in CHECKS)


def points(repo: Repository, results: tuple[CheckVerdicts, ...]) -> float:
    found = score(repo, results, with_acceptances=True).points
    return -1.0 if found is None else found


def share(found: Score) -> float:
    """The coverage; all is known of what publishes nothing."""
    return 1.0 if found.coverage is None else found.coverage


def _in_order(finding: Finding) -> Clean:
    """The place of a finding, once it is fixed."""
    return Clean(
        at=finding.at, job=finding.job, publication=finding.publication, concerns=finding.concerns
    )


@BOUNDED
@given(repositories)
def test_fixing_one_check_never_lowers_a_score(repo: Repository) -> None:
    results = judged(repo)
    before = points(repo, results)
    for index, result in enumerate(results):
        if result.outcome is Outcome.FAIL:
            clean = tuple(_in_order(f.finding) for f in result.findings)
            fixed = replace(result, findings=(), clean=(*result.clean, *clean), unknown=())
            after = points(repo, (*results[:index], fixed, *results[index + 1 :]))
            assert after >= before


@BOUNDED
@given(repositories)
def test_fixing_one_place_never_lowers_a_score(repo: Repository) -> None:
    results = judged(repo)
    before = points(repo, results)
    for index, result in enumerate(results):
        for found in result.findings:
            rest = tuple(f for f in result.findings if f is not found)
            clean = _in_order(found.finding)
            fixed = replace(result, findings=rest, clean=(*result.clean, clean))
            assert points(repo, (*results[:index], fixed, *results[index + 1 :])) >= before


def hidden(found: RepositorySettings | None, facts: frozenset[str]) -> RepositorySettings | None:
    if found is None or facts == {"all"}:
        return None
    return replace(found, **dict.fromkeys(facts, UNSEEN))


@BOUNDED
@given(
    shapes,
    settings_facts,
    st.sets(
        st.sampled_from(
            ["environments", "tag_rulesets", "latest_release_immutable", "actions", "secret_names"]
        )
    ).map(frozenset)
    | st.just(frozenset({"all"})),
)
def test_hiding_evidence_makes_nothing_pass_and_raises_no_coverage(
    shape: Shape, found: RepositorySettings | None, facts: frozenset[str]
) -> None:
    seen = repository(shape, found)
    less = repository(shape, hidden(found, facts))
    for before, after in zip(judged(seen), judged(less), strict=True):
        if before.outcome in {Outcome.FAIL, Outcome.UNKNOWN}:
            assert after.outcome is not Outcome.PASS, before.check.id
    known = share(score(seen, judged(seen), with_acceptances=True))
    assert share(score(less, judged(less), with_acceptances=True)) <= known + 1e-9


@BOUNDED
@given(repositories, st.sets(st.sampled_from([check.id for check in CHECKS])))
def test_waiving_never_lowers_a_score_and_changes_no_coverage(
    repo: Repository, waived: set[str]
) -> None:
    accepted = Acceptance(kind=AcceptanceKind.WAIVER, reason="known")

    def accept(check: str, finding: Finding, repository: Repository) -> Acceptance | None:
        return accepted if check in waived else None

    found = audit(repo, Rules(index=INDEX, accept=accept))
    assert (found.score.points or 0) >= (found.strict_score.points or 0)
    assert found.score.coverage == pytest.approx(found.strict_score.coverage)
    plain = audit(repo, Rules(index=INDEX))
    assert found.strict_score == plain.score


@BOUNDED
@given(repositories)
def test_a_workflow_that_cannot_be_read_never_raises_coverage(repo: Repository) -> None:
    gap = Gap(subject=".github/workflows/release.yml", reason=GapReason.FORBIDDEN, detail="x")
    without = replace(repo.snapshot, files=(), gaps=(gap,))
    less = read_repository(without, channel=INDEX.channel_of)
    before = score(repo, judged(repo), with_acceptances=True)
    after = score(less, judged(less), with_acceptances=True)
    assert share(after) <= share(before)
    assert after.points is None


LESSON = """name: Release
on:
  release:
    types:
      - published
permissions: {}
jobs:
  build_package:
    name: Build the package
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - name: Set up Python
        uses: actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0
        with:
          python-version: "3.12"
      - name: Install the build tool
        run: |
          pip install --upgrade pip
          pip install --upgrade hatch
      - name: Build
        run: hatch build
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
        with:
          path: dist/
          name: dist.zip
          if-no-files-found: error
          retention-days: 1
  publish_release_to_pypi:
    name: Publish release to PyPI
    needs: [build_package]
    runs-on: ubuntu-latest
    environment:
      name: pypi
      url: https://pypi.example/p/lumen
    permissions:
      contents: read
      id-token: write
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
        with:
          name: dist.zip
          path: dist/
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
DEPENDABOT = """version: 2
updates:
  - package-ecosystem: github-actions
    directory: /
    schedule:
      interval: weekly
"""


def lesson_repository(
    found: RepositorySettings | None, text: str = LESSON, beside: str = ""
) -> Repository:
    files = {
        ".github/workflows/release.yml": text,
        ".github/dependabot.yml": DEPENDABOT,
        "pyproject.toml": '[project]\nname = "lumen"\n',
    }
    if beside:
        files[OTHER] = beside
    sources = tuple(SourceFile.of(path, body.encode()) for path, body in files.items())
    owner = OwnerSettings(
        login="orchard-labs", actions=UNSEEN, immutable_releases=UNSEEN, secret_names=UNSEEN
    )
    ref = RepositoryRef(owner="orchard-labs", name="lumen")
    snapshot = Snapshot(ref=ref, files=sources, settings=found, owner_settings=owner)
    return read_repository(snapshot, channel=INDEX.channel_of)


def as_github_makes_it(tier: int) -> RepositorySettings | None:
    """Settings nobody changed: an environment that guards nothing, no rules."""
    if tier == 0:
        return None
    policy = ActionsPolicy(
        default_token_write=False, can_approve_pull_requests=False, sha_pinning_required=False
    )
    secrets: tuple[str, ...] | Unseen = () if tier > 2 else UNSEEN
    environment = EnvironmentSettings(name="pypi", secret_names=secrets)
    return RepositorySettings(
        environments={"pypi": environment},
        tag_rulesets=(),
        latest_release_immutable=False,
        actions=policy if tier > 1 else UNSEEN,
        secret_names=secrets,
        organization_secret_names=secrets,
    )


@pytest.mark.parametrize("tier", [0, 1, 2, 3])
def test_the_lesson_earns_an_a_at_every_tier(tier: int) -> None:
    found = audit(lesson_repository(as_github_makes_it(tier)), Rules(index=INDEX))
    assert found.score.grade is Grade.A
    assert found.score.tier == tier


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "unpinned-action"),
        (" # v1.14.2", "", "missing-version-comment"),
        ("permissions: {}\n", "", "default-token-permissions"),
        ("permissions: {}\n", "permissions: write-all\n", "broad-workflow-permissions"),
        (
            "        with:\n          persist-credentials: false\n",
            "",
            "persisted-checkout-credentials",
        ),
        (
            "    environment:\n      name: pypi\n      url: https://pypi.example/p/lumen\n",
            "",
            "publish-without-environment",
        ),
        ("      url: https://pypi.example/p/lumen\n", "", "environment-without-url"),
        ("      id-token: write\n", "", "oidc-not-granted"),
        ("    types:\n      - published\n", "", "release-trigger-type"),
        ("          if-no-files-found: error\n", "", "unchecked-artifact"),
        ("          retention-days: 1\n", "", "unbounded-artifact"),
        ("name: Release\n", "", "unnamed-workflow"),
        ("      - name: Build\n        run", "      - run", "unnamed-step"),
    ],
)
def test_each_step_of_the_lesson_left_out_is_named(old: str, new: str, check: str) -> None:
    assert old in LESSON
    text = LESSON.replace(old, new, 1)
    if check == "default-token-permissions":
        text = text.replace("    permissions:\n      contents: read\n    steps", "    steps", 1)
    found = audit(lesson_repository(None, text), Rules(index=INDEX))
    assert check in {f.check for f in found.findings}
    assert check not in {
        f.check for f in audit(lesson_repository(None), Rules(index=INDEX)).findings
    }


def test_grades_begin_where_the_design_says() -> None:
    assert [grade_of(p) for p in (90, 89.9, 75, 60, 40, 39.9, None)] == [
        Grade.A,
        Grade.B,
        Grade.B,
        Grade.C,
        Grade.D,
        Grade.F,
        Grade.NONE,
    ]


def test_a_repository_that_publishes_nothing_is_not_applicable() -> None:
    ref = RepositoryRef(owner="orchard-labs", name="notes")
    found = audit(read_repository(Snapshot(ref=ref), channel=INDEX.channel_of), Rules(index=INDEX))
    assert (found.score.points, found.score.grade, found.score.coverage) == (None, Grade.NONE, None)


def test_areas_that_do_not_apply_leave_the_weights() -> None:
    text = LESSON.replace(
        "- uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2",
        "- uses: docker/build-push-action@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v6.1.0\n"
        "        with: {push: true}",
    )
    found = audit(lesson_repository(None, text), Rules(index=INDEX)).score
    left_out = {a.area for a in found.areas if a.points is None}
    assert {Area.ENVIRONMENT, Area.TRUSTED_PUBLISHER} <= left_out
    assert found.grade is Grade.A


@pytest.mark.parametrize("tier", [0, 1, 3])
def test_the_lessons_checklist_is_done_as_far_as_the_text_shows(tier: int) -> None:
    found = audit(lesson_repository(as_github_makes_it(tier)), Rules(index=INDEX))
    states = {step.title: step.state.value for step in found.lesson}
    assert states.pop("Enable trusted publishing on the index") == "not seen"
    assert set(states.values()) == {"done"}, found.lesson


@BOUNDED
@given(shapes, settings_facts)
def test_hiding_a_workflow_makes_nothing_pass_and_raises_no_coverage(
    shape: Shape, found: RepositorySettings | None
) -> None:
    seen = repository(shape, found)
    gap = Gap(subject=OTHER, reason=GapReason.FORBIDDEN, detail="x")
    rest = tuple(file for file in seen.snapshot.files if file.path != OTHER)
    hidden = replace(seen.snapshot, files=rest, gaps=(gap,))
    less = read_repository(hidden, channel=INDEX.channel_of)
    known = share(score(seen, judged(seen), with_acceptances=True))
    after = score(less, judged(less), with_acceptances=True)
    assert share(after) <= known + 1e-9


def test_an_unrecognized_publication_leaves_no_grade() -> None:
    found = audit(lesson_repository(None, LESSON, BESIDE["unrecognized"]), Rules(index=INDEX)).score
    assert found.grade is Grade.UNKNOWN
    assert found.points is not None
    assert all(step.grade is Grade.UNKNOWN for step in found.steps), "no fix shows the rest"


def test_below_half_known_there_is_no_grade_and_the_points_stay() -> None:
    assert grade_of(95.0, 0.49) is Grade.UNKNOWN
    assert grade_of(95.0, 0.5) is Grade.A


def test_a_critical_fault_of_a_private_channel_caps_and_is_reported_as_not_counted() -> None:
    text = BESIDE["private channel"]
    found = audit(lesson_repository(None, LESSON, text), Rules(index=INDEX)).score
    assert found.points is not None
    assert found.points <= 39.0
    assert "beside what is scored" in found.cap or "outsider" in found.cap
    assert found.not_counted["critical"] >= 1


def test_an_engines_finding_is_scored_like_our_own() -> None:
    repo = lesson_repository(None)
    plain = audit(repo, Rules(index=INDEX)).score
    for severity, least in ((Severity.MEDIUM, 0.0), (Severity.HIGH, 1.0)):
        at = Location(path=".github/workflows/release.yml", line=1)
        finding = EngineFinding(
            rule="github-env",
            title="x",
            severity=severity,
            url="https://docs.example/",
            finding=Finding(message="x", at=at, severity=severity),
        )
        report = EngineReport(engine="zizmor", findings=(finding,))
        found = audit(repo, Rules(index=INDEX), engine=report).score
        assert found.points is not None
        assert plain.points is not None
        assert found.points < plain.points - least


def test_the_steps_lead_to_an_a() -> None:
    text = LESSON.replace("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7").replace(
        "permissions: {}\n", ""
    )
    text = text.replace("    permissions:\n      contents: read\n    steps", "    steps", 1)
    found = audit(lesson_repository(None, text), Rules(index=INDEX)).score
    assert found.grade is not Grade.A
    assert {step.check for step in found.steps} >= {"unpinned-action", "default-token-permissions"}
    assert found.steps[-1].grade is Grade.A
    points = [step.points for step in found.steps]
    assert points == sorted(points)
    assert audit(lesson_repository(None), Rules(index=INDEX)).score.steps == ()


@pytest.mark.parametrize("bot", [True, False])
@pytest.mark.parametrize("tier", [0, 1, 2, 3])
@pytest.mark.parametrize("guarded", [True, False])
def test_the_lesson_earns_an_a_with_and_without_bot_and_protection(
    bot: bool, tier: int, guarded: bool
) -> None:
    settings = as_github_makes_it(tier)
    if guarded and settings is not None:
        environment = EnvironmentSettings(
            name="pypi",
            reviewers=1,
            prevent_self_review=True,
            admins_can_bypass=False,
            ref_patterns=("tag:v*",),
            secret_names=() if tier > 2 else UNSEEN,
        )
        settings = replace(settings, environments={"pypi": environment})
    repo = lesson_repository(settings)
    if not bot:
        kept = tuple(f for f in repo.snapshot.files if "dependabot" not in f.path)
        repo = read_repository(replace(repo.snapshot, files=kept), channel=INDEX.channel_of)
    assert audit(repo, Rules(index=INDEX)).score.grade is Grade.A


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7"),
        (
            "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1\n"
            "        with:\n          persist-credentials: false\n",
            "@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0\n",
        ),
        ("    environment:\n      name: pypi\n      url: https://pypi.example/p/lumen\n", ""),
        ("      id-token: write\n", ""),
        (
            "gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2\n",
            "gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2\n"
            "        with: {password: '${{ secrets.INDEX }}'}\n",
        ),
    ],
)
def test_a_step_of_the_lesson_that_the_text_shows_takes_the_a(old: str, new: str) -> None:
    assert old in LESSON
    found = audit(lesson_repository(None, LESSON.replace(old, new, 1)), Rules(index=INDEX)).score
    assert found.grade is not Grade.A
    assert found.steps


STEPS_OF_TIES = """
from audits.model.outcome import Area, Severity
from audits.model.score import Deduction
from audits.scoring.score import ScoreInput

lost = [
    Deduction(check=f"{area.value}-{number}", area=area, severity=severity, points=points, publication="")
    for area in Area
    for number in range(8)
    for severity, points in ((Severity.HIGH, 40 / 3), (Severity.MEDIUM, 15 * 0.7))
    if (number + len(area.value)) % 3 or severity is Severity.HIGH
]
sheet = ScoreInput.of_deductions(Area, lost, {})
print([(step.check, step.points) for step in sheet.steps()])
"""


def test_steps_are_the_same_in_every_process() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", STEPS_OF_TIES],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(1, 7)
    }
    assert len(found) == 1
    assert "pinning-" in found.pop()
