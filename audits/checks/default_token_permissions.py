"""Neither workflow nor job declares permissions for its token.

## Why it matters
Without `permissions:` a job's token has whatever the repository's or the organization's default
gives: in older ones, the right to write to everything, code and releases included. Every action
and every script of the job can use it. The default is a setting that somebody can change
without touching the workflow.

## How to fix
Give nothing to the workflow, and each job what it needs, as the lesson does:

    permissions: {} # no permissions to the token at global level
    jobs:
      build:
        permissions:
          contents: read # this job only needs read access

The edit is offered where every step of the jobs concerned is an action whose needs are known,
or a script that does not get the token; it gives a job what those actions can use. Other jobs
are yours to judge: start with `contents: read` and see what the log asks for.

Where the repository's default could be read and is read-only, the severity is low.

## Deviations
zizmor's `excessive-permissions` also reports `read-all`, `write-all` and single scopes; here
those are checks of their own. Workflows that are only called are left out, as for its regular
users: their token is limited by the caller's.
Its pedantic persona also reports the top of workflows with
one job, or whose jobs all say for themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from audits.analysis.known_actions import needed_scopes
from audits.checks.api import (
    GITHUB_SECURE_USE,
    GITHUB_TOKEN,
    STEP_HARDENED,
    ActionsPolicy,
    Area,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Job,
    Level,
    Location,
    Need,
    Outcome,
    PermissionsState,
    Repository,
    RepositorySettings,
    SettingsPage,
    Severity,
    Unseen,
    Verdict,
    Workflow,
    add_to_job,
    add_to_workflow,
    block,
    check,
    relying_jobs,
)

# Scopes that an action uses only where an input asks for it.
_ON_REQUEST = frozenset({"discussions"})
_TWO_JOBS = """\
name: Release # !
on: release
jobs:
  build: # !
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - run: pip install build==1.3.0 && python -m build
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
  publish: # !
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - run: twine upload dist/*
"""
_FIXED = """\
name: Release
on: release
permissions: {}

jobs:
  build:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - run: pip install build==1.3.0 && python -m build
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
  publish:
    needs: build
    runs-on: ubuntu-latest
    permissions: {}
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - run: twine upload dist/*
"""
_ONE_JOB = """\
name: Release
on: release
jobs:
  publish: # !
    runs-on: ubuntu-latest
    steps:
      - run: twine upload dist/*
"""
_EACH_JOB = _ONE_JOB.replace("publish: # !", "publish:\n    permissions:")
_CALLED = _ONE_JOB.replace("on: release", "on: workflow_call").replace(" # !", "")


def _settings(*, write: bool) -> RepositorySettings:
    unseen = Unseen(need=Need.ADMINISTRATION, reason="not part of the example")
    policy = ActionsPolicy(
        default_token_write=write, can_approve_pull_requests=unseen, sha_pinning_required=unseen
    )
    return RepositorySettings(
        environments=unseen,
        tag_rulesets=unseen,
        latest_release_immutable=unseen,
        actions=policy,
        secret_names=unseen,
        organization_secret_names=unseen,
    )


@check(
    area=Area.PERMISSIONS,
    severity=Severity.MEDIUM,
    sharpened_by={Need.ADMINISTRATION},
    lesson=STEP_HARDENED,
    links=(GITHUB_TOKEN, GITHUB_SECURE_USE),
    fix=FixKind.SAFE,
    zizmor="excessive-permissions",
    any_workflow=True,
    counts_places=True,
    examples=(
        Example(name="two jobs", workflow=_TWO_JOBS, fixed=_FIXED, severity=Severity.MEDIUM),
        Example(name="one job", workflow=_ONE_JOB),
        Example(
            name="the default is read-only",
            workflow=_ONE_JOB,
            settings=_settings(write=False),
            severity=Severity.LOW,
        ),
        Example(
            name="the default may write",
            workflow=_ONE_JOB,
            settings=_settings(write=True),
            severity=Severity.MEDIUM,
        ),
        Example(name="at both levels", workflow=_FIXED),
        Example(name="an empty block is a block", workflow=_EACH_JOB),
        Example(name="only called", workflow=_CALLED, outcome=Outcome.NOT_APPLICABLE),
    ),
)
def default_token_permissions(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for the workflow and for each job that leave the token to the default."""
    for workflow in repo.release_workflows():
        if workflow.is_only_called or not workflow.live_jobs:
            continue
        relying = relying_jobs(workflow)
        absent = workflow.permissions.state is PermissionsState.ABSENT
        blocks = _blocks(repo, workflow) if absent else {}
        # A single job is reported once, at the job.
        if absent and relying and len(workflow.jobs) > 1:
            at = workflow.first_key or Location(path=workflow.path)
            yield _finding(repo, at, None, "The workflow", _everything(repo, workflow, blocks))
        for job in workflow.live_jobs:
            if absent and job in relying:
                scopes = blocks.get(job)
                edits = _job_edits(repo, job, scopes) if scopes is not None else ()
                yield _finding(repo, job.at, job, f"The job `{job.id}`", edits)
            else:
                yield Clean(at=job.at, job=job)


def _blocks(repo: Repository, workflow: Workflow) -> dict[Job, Mapping[str, Level]]:
    """What each job without permissions needs, as far as that is known."""
    found: dict[Job, Mapping[str, Level]] = {}
    for job in relying_jobs(workflow):
        scopes = needed_scopes(repo, workflow, job)
        if scopes is not None:
            found[job] = {s: level for s, level in scopes.items() if s not in _ON_REQUEST}
    return found


def _job_edits(repo: Repository, job: Job, scopes: Mapping[str, Level]) -> tuple[Edit, ...]:
    source = repo.file(job.path)
    return () if source is None else add_to_job(source, job, block(scopes))


def _everything(
    repo: Repository, workflow: Workflow, blocks: dict[Job, Mapping[str, Level]]
) -> tuple[Edit, ...]:
    """Nothing for the workflow and a block for each job; () unless all of them are known."""
    of_jobs = [_job_edits(repo, job, scopes) for job, scopes in blocks.items()]
    if len(of_jobs) < len(relying_jobs(workflow)) or not all(of_jobs):
        return ()
    above = add_to_workflow(workflow.source, block({}))
    return (*above, *(edit for edits in of_jobs for edit in edits)) if above else ()


def _finding(
    repo: Repository, at: Location, job: Job | None, who: str, edits: tuple[Edit, ...]
) -> Finding:
    settings = repo.settings
    policy = settings.actions if isinstance(settings, RepositorySettings) else settings
    write = policy.default_token_write if isinstance(policy, ActionsPolicy) else policy
    message = f"{who} declares no permissions: the default applies to its token"
    because = ""
    if write is True:
        message += ", which lets it write"
    elif write is False:
        message += ", which is read-only today"
        because = "the repository's default is read-only today"
    return Finding(
        message=f"{message}.",
        at=at,
        job=job,
        edits=edits,
        because=because,
        severity=Severity.LOW if write is False else None,
        anchor="permissions",
        settings_page=SettingsPage.ACTIONS,
    )
