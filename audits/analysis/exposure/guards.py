"""Finds what may stop people before a job: steps that ask for their rights, and environments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from audits.analysis.conditions import text_value
from audits.analysis.exposure.jobs import JobView, PlacedStep
from audits.analysis.exposure.rules import ASKERS, PERMISSION_QUESTION
from audits.analysis.exposure.settings import EnvironmentGuard, environment_doubt
from audits.analysis.job_dependencies import needs_of
from audits.expressions.evaluate import Facts
from audits.expressions.syntax import contexts
from audits.model.exposure import PathNeed
from audits.model.publication import Route
from audits.model.repository import Repository
from audits.model.settings import Need
from audits.model.workflow import Job, Step

_PERSON = re.compile(
    r"github\.(?:actor|triggering_actor|event\.sender\.login"
    r"|event\.(?:comment|issue|pull_request|review|discussion)\.user\.login)"
    r"|(?:^|\.)author_association"
)
_OWN_PERSON = re.compile(
    r"\$\{?GITHUB_(?:TRIGGERING_)?ACTOR\b|context\.actor\b"
    r"|payload\.(?:sender|(?:comment|issue|pull_request)\.user)\.login"
    # Where the code is from: a fork is nobody's who may write.
    r"|isCrossRepository|headRepositoryOwner|headRepository\b|head\.repo\.(?:fork|full_name|owner)"
    r"|head_repository\.(?:fork|full_name|owner)"
)
_FAILS = re.compile(r"\bexit\s+[1-9$]|\bfalse\b|\bsetFailed\b|\bthrow\b|sys\.exit|\braise\b")
_COMPARES = re.compile(
    r"==|!=|\bin\b|\bcase\b|\bgrep\b|=~|includes|indexOf|-(?:eq|ne|contains|in)\b"
)


def question_before(view: JobView, last: PlacedStep) -> PathNeed | None:
    """The step before one that asks what rights somebody has, if there is one: in its job, or
    in those that the job waits for.
    """
    for placed in view.steps:
        if placed is last:
            break
        if _asks(placed.step):
            return _asked(placed.step, view.job.id)
    for above in needs_of(view.workflow).above(view.job):
        for step in above.live_steps:
            if _asks(step):
                return _asked(step, above.id)
    return None


def environments_before(
    repo: Repository, view: JobView, route: Route, facts: Facts
) -> Iterator[EnvironmentGuard]:
    """What the environments of a job that publishes nothing, and of those that it waits for,
    may ask of a run.
    """
    given = {} if route.calls else facts
    jobs = [] if repo.publications_of(view.job) else [view.job]
    jobs += needs_of(view.workflow).above(view.job)
    for caller in route.calls:
        entry = repo.workflow(caller.path)
        jobs += needs_of(entry).above(caller) if entry is not None and caller in entry.jobs else ()
    for job in jobs:
        if job.environment is not None and not _is_none(job, given):
            doubt = environment_doubt(repo, job, given)
            if doubt is not None:
                yield doubt


def _is_none(job: Job, facts: Facts) -> bool:
    """Whether the name of a job's environment comes out empty: then it has none."""
    return job.environment is not None and text_value(job.environment.name, facts) == ""


@lru_cache(maxsize=512)
def _asks(step: Step) -> bool:
    """Whether a step asks what rights somebody has, or who somebody is."""
    if step.uses is not None and step.uses.action in ASKERS:
        return True
    texts = [step.run] if step.run else []
    texts += [
        step.inputs[key] for key in step.inputs if key.lower() in {"script", "route", "query"}
    ]
    if any(PERMISSION_QUESTION.search(text.value) for text in texts):
        return True
    return any(_turns_away(text.value, step) for text in texts)


def _turns_away(script: str, step: Step) -> bool:
    """Whether a script compares who somebody is, and may fail."""
    if not (_FAILS.search(script) and _COMPARES.search(script)):
        return False
    given = (script, *(value.value for value in step.env.values()))
    names = (context.name for text in given for context in contexts(text))
    return _OWN_PERSON.search(script) is not None or any(map(_PERSON.search, names))


def _asked(step: Step, job: str) -> PathNeed:
    line = f"{step.at.path}, line {step.at.line}"
    what = f"whether the step of `{job}` that asks for rights ({line}) turns people away"
    return PathNeed(what=what, need=Need.WORKFLOW)
