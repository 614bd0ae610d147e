"""Uploads and downloads of artifacts by GitHub's own actions."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from audits.analysis.artifact_names import ArtifactNames, file_name
from audits.model.command import Command
from audits.model.location import Location, Scalar
from audits.model.repository import Repository
from audits.model.workflow import Job, Step, Workflow

UPLOAD = "actions/upload-artifact"
DOWNLOAD = "actions/download-artifact"

FETCHERS = frozenset(
    {
        "dawidd6/action-download-artifact",
        "aochmann/actions-download-artifact",
        "bettermarks/action-artifact-download",
        "ishworkh/docker-image-artifact-download",
        "lewagon/download-artifact",
        "marcofaggian/action-download-multiple-artifacts",
    }
)
"""Actions that fetch artifacts of other runs; what they fetch is never this run's."""


class Download(Struct, frozen=True, kw_only=True):
    """One download. ``name`` and ``pattern`` are what is asked for, both empty for all.

    ``run`` and ``repository`` tell whose artifact it is, None for this run's; ``action``
    names what downloads.
    """

    step: Step
    at: Location
    action: str
    name: str = ""
    pattern: str = ""
    run: str | None = None
    repository: str | None = None


def uploads(job: Job) -> Iterator[tuple[Step, str]]:
    """The steps of a job that upload an artifact, with its name."""
    for step in job.live_steps:
        if step.uses is not None and step.uses.action in {UPLOAD, f"{UPLOAD}/merge"}:
            archived = _value(step.input("archive")) != "false"
            named = _value(step.input("name")) or "artifact"
            yield step, named if archived else file_name(_value(step.input("path")))


def uploaded_names(repo: Repository, workflow: Workflow, job: Job) -> Iterator[str]:
    """The names of artifacts that a job uploads, itself or in the workflows that it calls."""
    by_path = {each.path: each for each in repo.workflows}
    pending, seen = [job], {workflow.path}
    while pending:
        here = pending.pop()
        yield from (name for _, name in uploads(here))
        if here.uses is None or here.uses.kind != "local" or here.uses.path in seen:
            continue
        seen.add(here.uses.path)
        if (callee := by_path.get(here.uses.path)) is not None:
            pending += reversed(callee.live_jobs)


class Makers:
    """Which jobs of a workflow upload what a download takes."""

    def __init__(self, repo: Repository, workflow: Workflow) -> None:
        self.order = workflow.live_jobs
        self.jobs: dict[str, list[Job]] = {}
        for job in workflow.live_jobs:
            for name in dict.fromkeys(uploaded_names(repo, workflow, job)):
                self.jobs.setdefault(name, []).append(job)
        self.names = ArtifactNames(self.jobs)

    def of(self, download: Download) -> list[Job]:
        """The jobs whose artifact may be downloaded, in the order of the file."""
        taken = self.names.taken(download.name, download.pattern)
        made = {job for name in taken for job in self.jobs[name]}
        return [job for job in self.order if job in made]


def downloads(repo: Repository, job: Job) -> Iterator[Download]:
    """The downloads of a job, in the order of its steps."""
    for step in job.live_steps:
        if step.uses is not None:
            yield from _by_action(step, job.path)
        for command in repo.commands(step):
            if command.words[:3] == ("gh", "run", "download"):
                yield _by_command(step, command, job.path)


def _by_action(step: Step, path: str) -> Iterator[Download]:
    uses = step.uses
    if uses is None or uses.action not in {DOWNLOAD, *FETCHERS}:
        return
    run, repository = step.input("run-id", "run_id"), step.input("repository", "repo")
    yield Download(
        step=step,
        at=uses.raw.location(path),
        action=uses.slug,
        name=_value(step.input("name")),
        pattern=_value(step.input("pattern")),
        run=run.value if run is not None else "" if uses.action in FETCHERS else None,
        repository=repository.value if repository is not None else None,
    )


def _by_command(step: Step, command: Command, path: str) -> Download:
    words = [word for word in command.words[3:] if not word.startswith("-")]
    return Download(
        step=step,
        at=Location(path=path, line=command.line),
        action="gh run download",
        name=command.option("--name", "-n") or "",
        pattern=command.option("--pattern", "-p") or "",
        run=words[0] if words else "",
        repository=command.option("--repo", "-R"),
    )


def _value(scalar: Scalar | None) -> str:
    return scalar.value if scalar is not None else ""
