"""Phrases that all outputs share."""

from __future__ import annotations

from msgspec.structs import replace

from audits.analysis.exposure.sentences import EXPLANATION, LEVELS, doubted_level
from audits.model.exposure import Actor
from audits.model.score import Grade, Ladder, Score, ScoreStep
from audits.report.phrases import RUNGS, steps_head, steps_to_a
from audits.report.tables.packages import PACKAGES
from dashboard.frames.exposure import MEANING
from dashboard.theme import LADDER, LADDER_MEANING


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
    capped = replace(score, points=84.0, grade=Grade.B)
    assert steps_to_a(capped).startswith("B 84 → B 89 with long-lived-token, unpinned-action,")
    assert steps_to_a(replace(capped, steps=steps[:1])) == "B 84 → B 84 with long-lived-token"
    assert steps_head(score) == "Steps to A"
    assert steps_head(replace(score, grade=Grade.UNKNOWN)) == "Steps, of what is known"


def test_every_status_and_level_has_one_wording_that_every_output_reads() -> None:
    assert set(RUNGS) == set(Ladder)
    assert set(LEVELS) == set(Actor)
    described = {column.name: column.description for column in PACKAGES.columns}
    for column, words in (("state", RUNGS), ("level", LEVELS)):
        assert all(f"{word}: {meaning}" in described[column] for word, meaning in words.items())
    assert {rung: RUNGS[Ladder(rung)] for rung in LADDER} == LADDER_MEANING
    assert list(MEANING.values()) == list(LEVELS.values())
    assert all(meaning in EXPLANATION for meaning in LEVELS.values())


def test_a_level_in_doubt_has_one_wording() -> None:
    assert doubted_level("unknown", "one-writer") == "one-writer or two-people"
    assert doubted_level("unknown", "third-party") == "unknown, perhaps third-party"
    assert doubted_level("one-writer", "third-party") == "one-writer, perhaps third-party"
    assert doubted_level("anyone", "anyone", accepted=True) == "anyone (accepted)"
