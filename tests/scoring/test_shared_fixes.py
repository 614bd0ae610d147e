"""A change that closes a path is one step to an A, however many checks name the path; what
stands on a path to a release counts in its score, and what leads nowhere does not.
"""

from __future__ import annotations

from audits.model.outcome import Severity
from audits.model.score import Audit
from audits.pipeline.audit import Rules, audit
from tests.analysis.exposure.repositories import (
    DAY,
    INDEX,
    OTHER,
    RELEASE,
    RELEASE_FILE,
    job,
    repository,
)

TITLE = "- run: echo '${{ github.event.issue.title }}'"
BODY = "- run: echo '${{ github.event.issue.body }}'"


def audited(*others: str) -> Audit:
    named = {OTHER.replace("other", f"other{n}"): text for n, text in enumerate(others)}
    return audit(repository({RELEASE_FILE: RELEASE, **named}), Rules(index=INDEX, as_of=DAY))


def open_checks(found: Audit) -> dict[str, Severity]:
    return {f.check: f.severity for f in found.findings if f.severity >= Severity.HIGH}


def steps(found: Audit) -> list[str]:
    return [step.check for step in found.score.steps]


def test_the_way_in_of_a_path_counts_as_if_it_stood_in_the_release() -> None:
    found = audited(job("issues", TITLE))
    assert open_checks(found) == {
        "outsider-can-publish": Severity.CRITICAL,
        "template-injection": Severity.HIGH,
    }
    deducted = {d.check for area in found.score.areas for d in area.deductions}
    assert "template-injection" in deducted


def test_code_of_outsiders_beside_the_release_is_critical() -> None:
    comment = job("issue_comment", "- run: gh pr checkout 1 && make")
    assert open_checks(audited(comment)) == {
        "dangerous-trigger": Severity.CRITICAL,
        "outsider-can-publish": Severity.CRITICAL,
    }


def test_what_leads_nowhere_does_not_count() -> None:
    found = audited(job("issues", TITLE, rights="issues: write"))
    assert not {f.check for f in found.findings} & {"dangerous-trigger", "template-injection"}
    assert found.score.points == audited().score.points


def test_one_change_is_one_step() -> None:
    found = audited(job("issues", TITLE))
    assert steps(found) == ["template-injection"]
    assert found.score.steps[-1].points == audited().score.points


def test_two_paths_by_different_checks_are_two_steps() -> None:
    merge = job(
        "pull_request_target",
        '- run: gh pr merge --auto "$URL"',
        rights="contents: write, pull-requests: write",
        more="if: github.actor == 'dependabot[bot]'",
    )
    found = audited(job("issues", BODY), merge)
    assert "merge-guarded-by-actor" in steps(found)
    assert len(steps(found)) == 2
    assert found.score.steps[-1].points == audited().score.points
