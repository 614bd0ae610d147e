"""Finds artifacts that a job takes from whatever run of a workflow made one last.

Where pull requests of forks start that workflow, anyone can make it.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.exposure.jobs import JobView
from audits.analysis.exposure.taken_artifacts import artifact_uses, is_of_any_run
from audits.analysis.exposure.ways_in import Way
from audits.model.exposure import Actor, Cut, PathNeed, PathState, WayIn
from audits.model.repository import Repository
from audits.model.settings import Need, RepositorySettings
from audits.model.workflow import Step, Workflow

_FORKS = PathNeed(
    what="whether this version of the action takes artifacts of forks", need=Need.REFERENCES
)


def any_run_ways(repo: Repository, view: JobView) -> Iterator[Way]:
    """The way into a job by an artifact that anyone's pull request may have made."""
    settings = repo.settings
    if isinstance(settings, RepositorySettings) and settings.is_public is False:
        return
    for use in artifact_uses(repo, view):
        source = use.taken.source
        if not is_of_any_run(source.step) or not _is_made_by_anyone(repo, view, source.step):
            continue
        way = Way(
            kind=WayIn.ARTIFACT,
            actor=Actor.ANYONE,
            who="anyone who opens a pull request",
            view=view,
            at=source.step.at,
            what=f"the newest artifact is taken, whoever made it, and {use.what}",
            anchor="artifact of any run",
            cut=Cut(what="take artifacts of pushes only (`event: push`)", at=source.step.at),
        )
        state = PathState.DEFAULT if use.is_sure else PathState.OPEN
        yield way.doubted(state, _FORKS)
        return


def _is_made_by_anyone(repo: Repository, view: JobView, step: Step) -> bool:
    """Whether pull requests start the workflow that a step takes the artifact of: the job's own
    where it names none.
    """
    if step.input("repo") is not None:
        return False
    given = step.input("workflow")
    named = given.value.rpartition("/")[2].lower() if given is not None else ""
    makers = [w for w in repo.workflows if _is_called(w, named)] if given else [view.workflow]
    return any(workflow.trigger("pull_request") is not None for workflow in makers)


def _is_called(workflow: Workflow, name: str) -> bool:
    own = workflow.name.value.lower() if workflow.name is not None else ""
    return bool(name) and name in {workflow.path.rpartition("/")[2].lower(), own}
