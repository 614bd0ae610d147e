"""Phrases that all outputs share."""

from __future__ import annotations

from audits.model.score import Grade, Score, ScoreStep
from audits.report.phrases import steps_to_a


def test_steps_below_a_cap_stand_together() -> None:
    steps = (
        ScoreStep(check="long-lived-token", points=84, grade=Grade.B),
        ScoreStep(check="unpinned-action", points=89, grade=Grade.B),
        ScoreStep(check="mixed-credentials", points=89, grade=Grade.B),
        ScoreStep(check="persisted-checkout-credentials", points=89, grade=Grade.B),
        ScoreStep(check="build-and-publish-in-one-job", points=98, grade=Grade.A),
    )
    score = Score(grade=Grade.C, points=74, coverage=1, tier=0, policy="v", rules="", steps=steps)
    assert steps_to_a(score) == (
        "C 74 → B 84 with long-lived-token"
        " → B 89 with unpinned-action, mixed-credentials and persisted-checkout-credentials"
        " → A 98 with build-and-publish-in-one-job"
    )
    assert "with `unpinned-action`, `mixed-credentials` and" in steps_to_a(score, code=True)
