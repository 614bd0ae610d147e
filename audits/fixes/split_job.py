"""Edits that split one job into a building and a publishing job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from audits.fixes.edits import add_to_job, owned_comments, replace
from audits.model.outcome import Edit
from audits.model.source import line_starts
from audits.model.workflow import Job, Step, Workflow

# The versions that the lesson uses.
_UPLOAD = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1"
_DOWNLOAD = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1"
_NAME = "build"


def split_job(workflow: Workflow, job: Job, upload: Step) -> tuple[Edit, ...]:
    """Move the steps before ``upload`` into a job of their own, and hand over ``dist/``.

    () where the job has more than steps and a time limit to copy (a matrix, variables,
    containers, outputs, a folder to work in, other jobs before it), where steps come after the
    upload, where steps refer to each other across the cut, or where the text is not laid out in
    plain blocks.
    """
    text = workflow.source.text
    moved = [step for step in job.steps if step.index < upload.index]
    if not moved or not _is_plain(workflow, job) or upload.uses is None:
        return ()
    if upload.uses.action != "pypa/gh-action-pypi-publish":
        return ()
    dash, end = _dash(text, moved[0]), _dash(text, upload)
    if end is not None:
        # Comments right above the upload belong to it, and stay with it.
        first, _ = owned_comments(text, upload.at.line)
        end = line_starts(text)[first - 1]
    start = text.rfind("\n", 0, job.span[0]) + 1
    pad = " " * (job.span[0] - start)
    if dash is None or end is None or text[start : job.span[0]].strip() or not pad:
        return ()
    if "steps." in text[end : job.span[1]] or upload is not job.steps[-1]:
        return ()
    folder = upload.input("packages-dir", "packages_dir")
    path = folder.value if folder is not None else "dist/"
    days = 7 if job.environment is not None else 1  # it may wait for an approval
    item = text[dash : text.index("-", dash)]
    head = _head_of_build(text, job, pad)
    name = _free_name(workflow)
    handed = _step(item, _UPLOAD, name, path, "if-no-files-found: error", f"retention-days: {days}")
    new = "\n".join(head) + "\n" + text[dash:end] + handed + "\n"
    needs = add_to_job(
        workflow.source, job, (f"needs: [{_NAME}]",), ("name", "runs-on", "environment", "steps")
    )
    cut = replace(workflow.source, dash, end, _step(item, _DOWNLOAD, name, path))
    return (replace(workflow.source, start, start, new), *needs, cut) if needs else ()


def _head_of_build(text: str, job: Job, pad: str) -> list[str]:
    """The lines of the new job above its steps."""
    inner = pad * 2
    head = [f"{pad}{_NAME}:", f"{inner}runs-on: {job.runs_on[0].value}"]
    if job.condition is not None:
        head.append(f"{inner}if: {text[job.condition.text.start : job.condition.text.end]}")
    if (limit := job.keys.get("timeout-minutes")) is not None and limit.scalar is not None:
        head.append(f"{inner}timeout-minutes: {limit.scalar.value}")
    return [*head, f"{inner}permissions:", f"{inner}{pad}contents: read", f"{inner}steps:"]


def _is_plain(workflow: Workflow, job: Job) -> bool:
    """Whether nothing but the steps has to be taken along."""
    taken = workflow.job(_NAME) is not None
    own = (job.needs, job.has_matrix, job.env, job.outputs, job.images, job.shell)
    more = (*own, job.working_directory, job.keys.keys() - {"timeout-minutes"})
    one_line = job.condition is None or job.condition.text.style in {"", "'", '"'}
    labels = len(job.runs_on) == 1 and not job.runner_group and "\r" not in workflow.source.text
    return not taken and not any(more) and one_line and labels and "&" not in _head(workflow, job)


def _head(workflow: Workflow, job: Job) -> str:
    """The job's text in front of its steps."""
    end = job.steps[0].span[0] if job.steps else job.span[1]
    return workflow.source.text[job.span[0] : end]


def _dash(text: str, step: Step) -> int | None:
    """The start of the line on which a step begins, if it begins a line."""
    start = text.rfind("\n", 0, step.span[0]) + 1
    return start if re.fullmatch(r" *- +", text[start : step.span[0]]) else None


def _free_name(workflow: Workflow) -> str:
    """A name for an artifact that no other upload of the run has: a second upload of a name fails.

    https://github.com/actions/upload-artifact#breaking-changes
    """
    taken = {
        name.value
        for job in workflow.jobs
        for step in job.steps
        if step.uses is not None
        and step.uses.action == "actions/upload-artifact"
        and (name := step.input("name")) is not None
    }
    return next(n for n in _names() if n not in taken)


def _names() -> Iterator[str]:
    yield "dist"
    yield from ("dist-to-publish" + (f"-{n}" if n > 1 else "") for n in count(1))


def _step(item: str, uses: str, name: str, path: str, *more: str) -> str:
    lines = [f"{item}- uses: {uses}", f"{item}  with:"]
    lines += [f"{item}    {line}" for line in (f"name: {name}", f"path: {path}", *more)]
    return "\n".join(lines) + "\n"
