"""What jobs hand each other: uploads and downloads of artifacts, by GitHub's own actions."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from audits.model.artifact_names import file_name, may_take
from audits.model.command import Command
from audits.model.place import Location, Scalar
from audits.model.repository import Repository
from audits.model.workflow import Job, Step, Workflow

UPLOAD = "actions/upload-artifact"
DOWNLOAD = "actions/download-artifact"

# Actions that fetch artifacts of other runs; what they fetch is never this run's.
_FETCHERS = frozenset(
    {
        "dawidd6/action-download-artifact",
        "aochmann/actions-download-artifact",
        "bettermarks/action-artifact-download",
        "ishworkh/docker-image-artifact-download",
        "lewagon/download-artifact",
        "marcofaggian/action-download-multiple-artifacts",
    }
)
_DEEPEST = 10


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

    def takes(self, uploaded: str) -> bool:
        """Whether an artifact of this name is downloaded; what is computed may match."""
        return may_take(uploaded, self.name, self.pattern)


def uploads(job: Job) -> Iterator[tuple[Step, str]]:
    """The steps of a job that upload an artifact, with its name."""
    for step in job.live_steps:
        if step.uses is not None and step.uses.action in {UPLOAD, f"{UPLOAD}/merge"}:
            archived = _value(step.input("archive")) != "false"
            named = _value(step.input("name")) or "artifact"
            yield step, named if archived else file_name(_value(step.input("path")))


def uploaded_names(repo: Repository, workflow: Workflow, job: Job, depth: int = 0) -> Iterator[str]:
    """The names of artifacts that a job uploads, itself or in the workflow that it calls."""
    yield from (name for _, name in uploads(job))
    if job.uses is None or job.uses.kind != "local" or depth > _DEEPEST:
        return
    for callee in repo.workflows:
        if callee.path == job.uses.path and callee is not workflow:
            for inner in callee.live_jobs:
                yield from uploaded_names(repo, callee, inner, depth + 1)


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
    if uses is None or uses.action not in {DOWNLOAD, *_FETCHERS}:
        return
    run, repository = step.input("run-id", "run_id"), step.input("repository", "repo")
    yield Download(
        step=step,
        at=uses.raw.location(path),
        action=uses.slug,
        name=_value(step.input("name")),
        pattern=_value(step.input("pattern")),
        run=run.value if run is not None else "" if uses.action in _FETCHERS else None,
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
