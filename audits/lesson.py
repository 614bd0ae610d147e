"""The lesson's steps in the lesson's order, and how far a repository is with each."""

from __future__ import annotations

from collections.abc import Iterable

from audits.checks import constants
from audits.model.links import lesson_link
from audits.model.outcome import Outcome
from audits.model.score import LessonStep, StepState
from audits.score import Judged

_FIRST = ("step-0-create-a-release-workflow", "Create a release workflow")
STEPS = (
    (constants.STEP_NAME, "Name the workflow"),
    (constants.STEP_TRIGGERS, "Add triggers to the workflow"),
    (constants.STEP_JOBS, "Configure the jobs in the workflow"),
    (constants.STEP_SECURE, "Secure the workflow: pin, name, update"),
    (constants.STEP_ARTIFACT, "Upload the built artifact"),
    (constants.STEP_UPLOAD_JOB, "Upload from a job of its own, in an environment"),
    (constants.STEP_PUBLISHER, "Enable trusted publishing on the index"),
    (constants.STEP_HARDENED, "Scope permissions to each job"),
)
"""Anchors of the lesson's headings with what each step asks for; checks name the anchor."""


def lesson_steps(judged: Iterable[Judged], publishes: bool) -> tuple[LessonStep, ...]:
    """How far a repository is with each step that a check looks at.

    A step is not done if one of its checks fails, not seen if none has an answer or one is
    unknown, done otherwise. Without a publication only the first step can be told.
    """
    found = [_step(*_FIRST, StepState.DONE if publishes else StepState.NOT_DONE, ())]
    known = tuple(judged)
    for anchor, title in STEPS:
        of_step = tuple(j for j in known if j.check.lesson == anchor)
        if of_step:
            failing = tuple(j.check.id for j in of_step if j.outcome is Outcome.FAIL)
            found.append(_step(anchor, title, _state(of_step), failing))
    return tuple(found)


def _step(anchor: str, title: str, state: StepState, failing: tuple[str, ...]) -> LessonStep:
    url = lesson_link(constants.LESSON, anchor)
    return LessonStep(title=title, url=url, state=state, checks=failing)


def _state(judged: tuple[Judged, ...]) -> StepState:
    outcomes = {j.outcome for j in judged}
    if Outcome.FAIL in outcomes:
        return StepState.NOT_DONE
    seen = Outcome.PASS in outcomes and Outcome.UNKNOWN not in outcomes
    return StepState.DONE if seen else StepState.NOT_SEEN
