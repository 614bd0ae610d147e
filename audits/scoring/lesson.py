"""The lesson's steps in order, and a repository's progress in each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from audits.check import CheckVerdicts
from audits.checks import constants
from audits.fixes.links import lesson_link
from audits.model.outcome import Outcome, Severity
from audits.model.registry import registry_named
from audits.model.score import Ladder, LessonStep, PackageStatus, StepState
from audits.model.settings import Need

_FIRST = ("step-0-create-a-release-workflow", "Create a release workflow")
STEPS = (
    (constants.STEP_NAME, "Name the workflow"),
    (constants.STEP_TRIGGERS, "Add triggers to the workflow"),
    (constants.STEP_JOBS, "Configure the jobs in the workflow"),
    (constants.STEP_SECURE, "Secure the workflow: pin, name, update"),
    (constants.STEP_ARTIFACT, "Upload the built artifact"),
    (constants.STEP_UPLOAD_JOB, "Upload from a separate job, in an environment"),
    (constants.STEP_PUBLISHER, "Enable trusted publishing on the index"),
    (constants.STEP_HARDENED, "Scope permissions to each job"),
)
"""Anchors of the lesson's headings with what each step asks for; checks name the anchor."""

_IN_THE_TEXT = frozenset({Need.WORKFLOW})
_ONE_JOB = "build-and-publish-in-one-job"
"""The check on another step that finds whether there is an artifact to hand over at all."""
_NOT_PROVEN = {Ladder.ATTESTED, Ladder.OIDC, Ladder.UNKNOWN}


def lesson_steps(
    judged: Iterable[CheckVerdicts], statuses: Sequence[PackageStatus], publishes: bool
) -> tuple[LessonStep, ...]:
    """How far a repository is with each step that a check looks at.

    What the lesson asks of the workflow's text is judged from the text: a step is not done if
    one of its checks fails that takes points, or all of them fail, not seen if none has an
    answer, and does not apply if none of them does. It is done otherwise, and names the checks that
    fail and are only notes. Its one step on the index itself is done only where the index proves it
    for every package that a workflow here publishes, and does not apply where no registry of theirs
    has trusted publishers. Without a publication only the first step is known.
    """
    found = [_step(*_FIRST, StepState.DONE if publishes else StepState.NOT_DONE, ())]
    by_anchor: dict[str, list[CheckVerdicts]] = {}
    for each in judged:
        if each.check.lesson and each.check.needs <= _IN_THE_TEXT:
            by_anchor.setdefault(each.check.lesson, []).append(each)
        if each.check.id == _ONE_JOB and _is_left_out(each):
            by_anchor.setdefault(constants.STEP_ARTIFACT, []).append(each)
    for anchor, title in STEPS:
        of_step = by_anchor.get(anchor)
        if of_step:
            failing = tuple(j.check.id for j in of_step if _is_left_out(j))
            state = _state(of_step)
            if anchor == constants.STEP_PUBLISHER and state is StepState.DONE:
                state = _state_on_the_index(statuses)
            found.append(_step(anchor, title, state, failing))
    return tuple(found)


def _step(anchor: str, title: str, state: StepState, failing: tuple[str, ...]) -> LessonStep:
    url = lesson_link(constants.LESSON, anchor)
    return LessonStep(title=title, url=url, state=state, checks=failing)


def _state(judged: Sequence[CheckVerdicts]) -> StepState:
    left_out = [j for j in judged if _is_left_out(j)]
    known = [j for j in judged if j.outcome in {Outcome.PASS, Outcome.FAIL}]
    if any(j.check.severity > Severity.INFO for j in left_out) or (known and left_out == known):
        return StepState.NOT_DONE
    if known:
        return StepState.DONE
    unknown = any(j.outcome is Outcome.UNKNOWN for j in judged)
    return StepState.NOT_SEEN if unknown else StepState.NOT_APPLICABLE


def _is_left_out(judged: CheckVerdicts) -> bool:
    """Whether a check fails as it is declared: milder cases go beyond what the lesson asks."""
    severities = (found.finding.severity for found in judged.findings)
    return any(s is None or s >= judged.check.severity for s in severities)


def _has_trusted_publishers(word: str) -> bool:
    registry = registry_named(word)
    return registry is not None and registry.info.trusted is not None


def _state_on_the_index(statuses: Sequence[PackageStatus]) -> StepState:
    states = {
        status.state
        for status in statuses
        if status.publications and _has_trusted_publishers(status.registry)
    }
    if not states:
        return StepState.NOT_APPLICABLE
    if states == {Ladder.ATTESTED}:
        return StepState.DONE
    return StepState.NOT_SEEN if states <= _NOT_PROVEN else StepState.NOT_DONE
