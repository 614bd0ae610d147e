"""The release workflow has no name.

The first step of the lesson is to give the workflow a name.

## Why it matters

Without `name:` GitHub shows the path of the file in the list of workflows, in approval
requests of environments and in mails about failed runs. Whoever approves a release should
read what it is, not where its file lies.

## How to fix

Put a line such as `name: Release` at the top of the file. A `workflow_run` trigger of another
workflow names it by this name: look for one before you change a name.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.checks.api import (
    GITHUB_WORKFLOW_SYNTAX,
    PYPI_RELEASE_PUBLISHED,
    STEP_NAME,
    Area,
    Clean,
    Example,
    Finding,
    Location,
    Repository,
    Severity,
    Verdict,
    check,
)


@check(
    area=Area.INTEGRITY,
    severity=Severity.INFO,
    lesson=STEP_NAME,
    links=(GITHUB_WORKFLOW_SYNTAX,),
    examples=(
        Example(
            name="no name", workflow=PYPI_RELEASE_PUBLISHED.replace("\njobs", "  # !\njobs", 1)
        ),
        Example(name="an empty name", workflow="name: ''  # !\n" + PYPI_RELEASE_PUBLISHED),
        Example(name="a name", workflow="name: Release\n" + PYPI_RELEASE_PUBLISHED),
    ),
)
def unnamed_workflow(repo: Repository) -> Iterator[Verdict]:
    """Judge each release workflow."""
    for workflow in repo.release_workflows():
        at = workflow.first_key or Location(path=workflow.path)
        if workflow.name is None or not workflow.name.value.strip():
            yield Finding(message="The workflow has no `name:`", at=at, anchor="workflow name")
        else:
            yield Clean(at=at)
