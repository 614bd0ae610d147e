"""Workflow gives all of its jobs rights that one of them needs.

## Why it matters
`permissions:` at the top holds for every job without a block of its own. With `write-all` or
`contents: write` there, the job that builds your package, and every tool it installs, can
change your code, your tags and your releases. A build needs none of that.

## How to fix
Take the rights from the top and give them to the one job that uses them:

    permissions: {}
    jobs:
      build:
        permissions:
          contents: read
      release-notes:
        permissions:
          contents: write

Silent where every job that relies on a scope uses it. It is medium where one job relies on a scope
and no step of it uses that, and low where no job relies on it.

The edit does that: jobs whose steps are all known get what those can use of what the workflow
gave, others get all of that, for you to review. `read-all` is of medium severity, and so are scopes that
cannot change code, packages or releases; `id-token` has a check of its own.

## Deviations
zizmor's `excessive-permissions` counts all jobs of a workflow, here only those that rely on the
block count: a scope must be shared by two of them, one of which may not use it, or be given to one
that does not use it; with none it is low. It tells
only pedantic users about workflows that are called, or have one job; here they count.
It reports `read-all` in a job, too, which can change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audits.analysis.known_actions import needed_scopes, scope_use
from audits.checks.api import (
    GITHUB_SECURE_USE,
    GITHUB_TOKEN,
    STEP_HARDENED,
    Area,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Job,
    Level,
    Outcome,
    PermissionsState,
    Repository,
    Severity,
    Verdict,
    Workflow,
    and_list,
    check,
    move_to_jobs,
    relying_jobs,
)

# What zizmor's rule of the same meaning says about each scope; scopes it does not know are medium.
_HIGH = frozenset(
    {
        "actions",
        "attestations",
        "contents",
        "deployments",
        "issues",
        "packages",
        "pages",
        "pull-requests",
    }
)
_LOW = frozenset({"models", "statuses"})
_JOBS = """\
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - run: pip install build==1.3.0 && python -m build
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
  publish:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - uses: softprops/action-gh-release@7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3 # v3.0.0
      - run: twine upload dist/*
"""
_SHARED = f"""\
on: release
permissions:
  contents: write # !
  statuses: read
{_JOBS}"""
_FIXED = """\
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
    permissions:
      contents: write
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - uses: softprops/action-gh-release@7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3 # v3.0.0
      - run: twine upload dist/*
"""
_RANK = (Level.NONE, Level.READ, Level.WRITE)
_BROAD = {PermissionsState.WRITE_ALL, PermissionsState.READ_ALL}
_ALL = f"on: release\npermissions: write-all # !\n{_JOBS}"
_READ = f"on: release\npermissions: read-all # !\n{_JOBS}"
_ONE = """\
on: release
permissions:
  contents: write # !
  id-token: write
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_ONE_FIXED = """\
on: release
permissions: {}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_USED = """\
on: release
permissions:
  contents: write
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: softprops/action-gh-release@7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3 # v3.0.0
      - run: twine upload dist/*
"""
_NONE = "on: release\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps:\n"


@check(
    area=Area.PERMISSIONS,
    severity=Severity.HIGH,
    lesson=STEP_HARDENED,
    links=(GITHUB_TOKEN, GITHUB_SECURE_USE),
    fix=FixKind.REVIEW,
    zizmor="excessive-permissions",
    any_workflow=True,
    examples=(
        Example(name="shared", workflow=_SHARED, severity=Severity.HIGH),
        Example(
            name="everything",
            workflow=_ALL,
            fixed=_FIXED.replace("permissions: {}", "permissions: {}", 1),
            severity=Severity.HIGH,
        ),
        Example(name="reading everything", workflow=_READ, severity=Severity.MEDIUM),
        Example(
            name="a scope that changes no code",
            workflow=_SHARED.replace("contents", "security-events"),
            severity=Severity.MEDIUM,
        ),
        Example(
            name="one job inherits what it does not use",
            workflow=_ONE,
            fixed=_ONE_FIXED,
            severity=Severity.MEDIUM,
        ),
        Example(name="one job relies on it, and uses it", workflow=_USED),
        Example(
            name="all jobs that rely on it use it",
            workflow=_USED + _USED.partition("jobs:\n")[2].replace("publish:", "again:"),
        ),
        Example(
            name="one scope, and no job relies on it",
            workflow=_FIXED.replace("permissions: {}", "permissions: {packages: write} # !", 1),
            severity=Severity.LOW,
        ),
        Example(
            name="everything, and no job relies on it",
            workflow=_FIXED.replace("permissions: {}", "permissions: write-all # !", 1),
            fixed=_FIXED,
            severity=Severity.LOW,
        ),
        Example(name="nothing at the top", workflow=_FIXED),
        Example(
            name="not said",
            workflow=_NONE + "      - run: twine upload dist/*\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def broad_workflow_permissions(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each right at the top of a workflow that several jobs share."""
    for workflow in repo.release_workflows():
        given = workflow.permissions
        if given.at is None or not workflow.live_jobs:
            continue
        findings: list[Verdict] = list(_findings(repo, workflow))
        yield from findings or [Clean(at=given.at)]


def _findings(repo: Repository, workflow: Workflow) -> Iterator[Finding]:
    given, relying = workflow.permissions, relying_jobs(workflow)
    if given.at is None:
        return
    if not relying:
        yield from _waiting(workflow)
        return
    if given.state is PermissionsState.WRITE_ALL:
        yield Finding(
            message="`write-all` at the top lets every job change code, releases and packages",
            at=given.at,
            anchor="write-all",
            edits=_moved(repo, workflow),
            advice=_advice(repo, workflow),
        )
    elif given.state is PermissionsState.READ_ALL:
        yield Finding(
            message="`read-all` at the top lets every job read what it has no need of",
            at=given.at,
            anchor="read-all",
            edits=_moved(repo, workflow),
            advice=_advice(repo, workflow),
            severity=Severity.MEDIUM,
            because="nothing can be changed with it",
        )
    elif len(relying) == 1:
        yield from _inherited(repo, workflow, relying[0])
    else:
        yield from _shared(repo, workflow, relying)


def _shared(repo: Repository, workflow: Workflow, relying: Sequence[Job]) -> Iterator[Finding]:
    """Scopes that several jobs get, of which not all are known to use them."""
    given = workflow.permissions
    shown = [f"`{job.id}`" for job in relying[:3]]
    jobs = and_list([*shown, "others"] if len(relying) > 3 else shown)
    for scope, level in given.scopes.items():
        if given.at is None or level is not Level.WRITE or scope == "id-token":
            continue
        if all(scope_use(repo, workflow, job).writes(scope) for job in relying):
            continue
        severity, because = _severity(scope)
        yield Finding(
            message=f"`{scope}: write` at the top is shared by the jobs {jobs}",
            at=given.places.get(scope, given.at),
            anchor=scope,
            severity=severity,
            because=because,
            edits=_moved(repo, workflow),
            advice=_advice(repo, workflow),
        )


def _inherited(repo: Repository, workflow: Workflow, job: Job) -> Iterator[Finding]:
    """Scopes that the one job which relies on the block gets and does not use."""
    given, use = workflow.permissions, scope_use(repo, workflow, job)
    for scope, level in given.scopes.items():
        if given.at is None or level is not Level.WRITE or scope == "id-token":
            continue
        if use.writes(scope) is False:
            yield Finding(
                message=f"`{job.id}` inherits `{scope}: write` from the top, and no step of it "
                "uses that",
                at=given.places.get(scope, given.at),
                anchor=scope,
                severity=Severity.MEDIUM,
                because="one job has it",
                edits=_moved(repo, workflow),
                advice=_advice(repo, workflow),
            )


def _waiting(workflow: Workflow) -> Iterator[Finding]:
    """Rights at the top on which no job relies today."""
    given = workflow.permissions
    broad = given.state in _BROAD
    scopes = [s for s, v in given.scopes.items() if v is Level.WRITE]
    if given.at is None or not (broad or scopes):
        return
    said = given.state.value if broad else ": write`, `".join(scopes) + ": write"
    yield Finding(
        message=f"A job that is added without permissions of its own gets `{said}` from the top",
        at=given.at,
        anchor=given.state if broad else " ".join(scopes),
        severity=Severity.LOW,
        because="every job has a block of its own",
        edits=move_to_jobs(workflow.source, workflow, {}),
    )


def _severity(scope: str) -> tuple[Severity | None, str]:
    if scope in _HIGH:
        return None, ""
    if scope in _LOW:
        return Severity.LOW, "the scope cannot change what is released"
    return Severity.MEDIUM, "the scope cannot change code, packages or releases"


def _advice(repo: Repository, workflow: Workflow) -> str:
    """Which job keeps all rights, since what it needs is not known; else what is left to see."""
    for job in relying_jobs(workflow):
        if reasons := scope_use(repo, workflow, job).reasons:
            return f"What `{job.id}` needs is not known: {reasons[0]}."
    return "Do steps of these jobs ask GitHub for more than the actions' own pages say?"


def _moved(repo: Repository, workflow: Workflow) -> tuple[Edit, ...]:
    """Give each job its own block: what its steps use of what the workflow gave, or else all
    of that.

    Where that is all or nothing, and some job is not known, there is no edit.
    """
    blocks = {}
    given = workflow.permissions
    for job in relying_jobs(workflow):
        needed = needed_scopes(repo, workflow, job)
        if needed is None and given.state is not PermissionsState.MAP:
            return ()
        if needed is None:
            use = scope_use(repo, workflow, job)
            unused = {s for s in given.scopes if s != "id-token" and use.writes(s) is False}
            blocks[job] = {
                scope: Level.READ if scope in unused and level is Level.WRITE else level
                for scope, level in given.scopes.items()
            }
            continue
        has = {scope: given.level(scope) or Level.NONE for scope in needed}
        blocks[job] = {
            scope: min(level, has[scope], key=_RANK.index) for scope, level in needed.items()
        }
    return move_to_jobs(workflow.source, workflow, blocks)
