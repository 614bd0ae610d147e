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
or a script that does not get the token; it gives a job what those actions can use, and nothing
that the default does not give: never an identity. It is safe where a job only reads, or where
the repository's default was read; else it is to be reviewed, since the default may be read-only
and the steps that write without effect today. Other jobs are yours to judge: the finding names
the step that is not known; start with `contents: read` and see what the log asks for.

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

from msgspec import Struct

from audits.analysis.known_actions import scope_use
from audits.checks.api import (
    GITHUB_SECURE_USE,
    GITHUB_TOKEN,
    PYPI_UPLOAD,
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
    and_list,
    block,
    check,
    marked,
    relying_jobs,
)

_SCOPE = "id-token"
# What an attestation takes beside the identity; without that it cannot be made.
_WITH_IDENTITY = frozenset({_SCOPE, "attestations", "artifact-metadata"})
# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions
_RESTRICTED = frozenset({"contents", "packages"})
"""Scopes that the read-only default can read; of others it gives nothing."""


class _Grant(Struct, frozen=True):
    """The scopes that a job is to be given, None where that is unknown, and how sure it is."""

    scopes: Mapping[str, Level] | None
    fix: FixKind | None = None
    advice: str = ""


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
_ONE_JOB = marked(PYPI_UPLOAD, "publish:")
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
        grants = {job: _grant(repo, workflow, job) for job in relying} if absent else {}
        # A single job is reported once, at the job.
        if absent and relying and len(workflow.jobs) > 1:
            at = workflow.first_key or Location(path=workflow.path)
            edits = _everything(repo, workflow, grants)
            yield _finding(repo, at, None, "The workflow", edits, _worst(grants))
        for job in workflow.live_jobs:
            if job in grants:
                edits = _job_edits(repo, job, grants[job].scopes)
                yield _finding(repo, job.at, job, f"The job `{job.id}`", edits, grants[job])
            else:
                yield Clean(at=job.at, job=job)


def _grant(repo: Repository, workflow: Workflow, job: Job) -> _Grant:
    """What a job uses of what it has today."""
    use = scope_use(repo, workflow, job)
    only_git = use.doubtful == {"contents"} and not use.all_doubtful
    if use.reasons and not only_git:
        return _Grant(None, advice=f"What `{job.id}` needs is not known: {use.reasons[0]}.")
    barred = _WITH_IDENTITY if _SCOPE in use.used else frozenset[str]()
    wanted = {scope: level for scope, level in use.used.items() if scope not in barred}
    write = _default_may_write(repo)
    if write is False:
        return _Grant({scope: Level.READ for scope in wanted if scope in _RESTRICTED})
    beyond = [s for s, v in wanted.items() if v is Level.WRITE or s not in _RESTRICTED]
    if only_git:
        return _Grant(wanted, FixKind.REVIEW, f"{use.reasons[0]}: does it?")
    if write is True or not beyond:
        return _Grant(wanted)
    named = and_list(f"`{scope}: {wanted[scope].value}`" for scope in beyond)
    advice = f"Does the repository's default give `{job.id}` {named} today? If not, leave it out."
    return _Grant(wanted, FixKind.REVIEW, advice)


def _default_may_write(repo: Repository) -> bool | None:
    """Whether the repository's default token may write; None where that was not read."""
    settings = repo.settings
    policy = settings.actions if isinstance(settings, RepositorySettings) else settings
    write = policy.default_token_write if isinstance(policy, ActionsPolicy) else policy
    return None if isinstance(write, Unseen) else write


def _worst(grants: Mapping[Job, _Grant]) -> _Grant:
    """The grant that holds for all jobs together: the least sure one."""
    unknown = [grant for grant in grants.values() if grant.scopes is None]
    review = [grant for grant in grants.values() if grant.fix is FixKind.REVIEW]
    return next(iter((*unknown, *review)), _Grant({}))


def _job_edits(repo: Repository, job: Job, scopes: Mapping[str, Level] | None) -> tuple[Edit, ...]:
    source = repo.file(job.path)
    return () if source is None or scopes is None else add_to_job(source, job, block(scopes))


def _everything(
    repo: Repository, workflow: Workflow, grants: Mapping[Job, _Grant]
) -> tuple[Edit, ...]:
    """Nothing for the workflow and a block for each job; () unless all of them are known."""
    of_jobs = [_job_edits(repo, job, grant.scopes) for job, grant in grants.items()]
    if not all(of_jobs):
        return ()
    above = add_to_workflow(workflow.source, block({}))
    return (*above, *(edit for edits in of_jobs for edit in edits)) if above else ()


def _finding(
    repo: Repository,
    at: Location,
    job: Job | None,
    who: str,
    edits: tuple[Edit, ...],
    grant: _Grant,
) -> Finding:
    write = _default_may_write(repo)
    message = f"{who} declares no permissions: the default applies to its token"
    because = ""
    if write is True:
        message += ", which lets it write"
    elif write is False:
        message += ", which is read-only today"
        because = "the repository's default is read-only today"
    return Finding(
        message=message,
        at=at,
        job=job,
        edits=edits,
        fix=grant.fix,
        advice=grant.advice,
        because=because,
        severity=Severity.LOW if write is False else None,
        anchor="permissions",
        settings_page=SettingsPage.ACTIONS,
    )
