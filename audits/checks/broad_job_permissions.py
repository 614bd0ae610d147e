"""Release job has rights that it does not use.

## Why it matters
What a job may do, everything inside it may do: each action, each tool, each package that the
build pulls in. `write-all` in a release job makes one bad dependency enough to rewrite the
repository, its tags and its releases.

## How to fix
Name the scopes that the job's steps use, and no others. A job that builds needs
`contents: read`; one that uploads to an index by trusted publishing `id-token: write`; one that
makes a GitHub release `contents: write`.

A single write scope is reported where no step of the job uses it; a known step that uses a scope
settles it, whatever stands beside it. A token with which a step logs in to a registry is used by
the steps behind it, and one that a checkout leaves behind by `git push`. Where a step is not
known, and the token is not handed to any script, that is noted without a deduction. A comment
that says what a scope is for makes the finding low. The edit takes the scope out, and is to be
reviewed; there is none where a script of the project or an unknown action is left in the job.

`write-all` in a job that takes no part in the release is of low severity. `id-token` has a
check of its own.

## Deviations
zizmor's `excessive-permissions` takes every scope that a job names for meant, and reports
`write-all` alone; here scopes count that nothing in the job uses.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.known_actions import (
    gives_token,
    hands_out_token,
    needed_scopes,
    pushes,
    scope_use,
    unknown_step,
    workflow_hands_out_token,
)
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
    JobSite,
    Level,
    Outcome,
    PermissionsState,
    Repository,
    Severity,
    Verdict,
    block,
    check,
    drop_scope,
    owned_comments,
    quoted,
    replace_block,
)

_WORKFLOW = """\
on: release
permissions: {}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
      packages: write # !
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_FIXED = _WORKFLOW.replace("      packages: write # !\n", "")
_ALL = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions: write-all # !
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_ALL_FIXED = _ALL.replace("write-all # !", "\n      id-token: write").replace(": \n", ":\n")
_UNKNOWN_STEP = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      contents: write # !
    steps:
      - uses: juniper-ci/announce@7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3 # v1.0.0
      - run: twine upload dist/*
"""
_HANDED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      contents: write
    steps:
      - run: gh release upload "$TAG" dist/* && twine upload dist/*
        env:
          GH_TOKEN: ${{ github.token }}
"""
_LOGIN = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      packages: write
    steps:
      - uses: docker/login-action@dbcb813823bdd20940b903addbd779551569679f # v4.6.0
        with: {registry: ghcr.io, password: '${{ secrets.GITHUB_TOKEN }}'}
      - run: docker buildx imagetools create -t a b
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_PUSHED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      contents: write
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - run: twine upload dist/*
      - run: git push origin HEAD:changelog
"""
_USED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      contents: write
    steps:
      - uses: softprops/action-gh-release@7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3 # v3.0.0
      - run: twine upload dist/*
"""


@check(
    area=Area.PERMISSIONS,
    severity=Severity.HIGH,
    lesson=STEP_HARDENED,
    links=(GITHUB_TOKEN, GITHUB_SECURE_USE),
    fix=FixKind.REVIEW,
    any_workflow=True,
    zizmor="excessive-permissions",
    examples=(
        Example(
            name="a scope that nothing uses",
            workflow=_WORKFLOW,
            fixed=_FIXED,
            severity=Severity.MEDIUM,
        ),
        Example(name="everything", workflow=_ALL, fixed=_ALL_FIXED, severity=Severity.HIGH),
        Example(name="a step is not known", workflow=_UNKNOWN_STEP, severity=Severity.INFO),
        Example(name="the token is handed to a script", workflow=_HANDED),
        Example(name="a scope that an action uses", workflow=_USED),
        Example(name="pushed after a login", workflow=_LOGIN),
        Example(
            name="a login, and nothing behind it",
            workflow=_LOGIN.replace("packages: write", "packages: write # !").replace(
                "docker buildx imagetools create -t a b", "echo done"
            ),
            severity=Severity.MEDIUM,
        ),
        Example(name="pushed by git after a checkout", workflow=_PUSHED),
        Example(
            name="a known scope beside one that nothing uses",
            workflow=_PUSHED.replace(
                "contents: write", "contents: write\n      packages: write # !"
            ),
            fixed=_PUSHED,
            severity=Severity.MEDIUM,
        ),
        Example(
            name="nothing said for the job",
            workflow=_FIXED.replace("    permissions:\n      id-token: write\n", ""),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def broad_job_permissions(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for ``write-all`` on a job, and for write scopes that nothing uses."""
    for site in repo.jobs():
        given = site.job.permissions
        if given.at is None:
            continue
        if given.state is PermissionsState.WRITE_ALL:
            yield Finding(
                message=f"`write-all` lets everything in `{site.job.id}` change code, releases "
                "and packages",
                at=given.at,
                job=site.job,
                anchor="write-all",
                edits=_narrowed(repo, site),
            )
            continue
        findings: list[Verdict] = list(_superfluous(repo, site)) if site.is_release_job else []
        yield from findings or [Clean(at=given.at, job=site.job)]


def _narrowed(repo: Repository, site: JobSite) -> tuple[Edit, ...]:
    scopes = needed_scopes(repo, site.workflow, site.job)
    if scopes is None:
        return ()
    return replace_block(site.workflow.source, site.job.permissions, block(scopes))


def _superfluous(repo: Repository, site: JobSite) -> Iterator[Finding]:
    job, given = site.job, site.job.permissions
    if job.uses is not None or given.at is None:
        return  # what a called workflow uses is judged there
    use = scope_use(repo, site.workflow, job)
    handed = _token_is_used(repo, site)
    for scope, level in given.scopes.items():
        if level is not Level.WRITE or scope == "id-token":
            continue
        at, writes = given.places.get(scope, given.at), use.writes(scope)
        _, said = owned_comments(site.workflow.source.text, at.line)
        if writes is None and not handed:
            yield Finding(
                message=f"`{scope}: write` may be more than `{job.id}` needs: not every step of "
                "it is known",
                at=at,
                job=job,
                anchor=scope,
                severity=Severity.INFO,
                because="what the other steps do is unknown",
                advice=f"{use.reasons[0]}.".capitalize() if use.reasons else "",
            )
        elif writes is False:
            # Somebody wrote down what it is for: that is evidence of a use.
            yield Finding(
                message=f"No step of `{job.id}` is known to use `{scope}: write`",
                at=at,
                job=job,
                anchor=scope,
                severity=Severity.LOW if said else Severity.MEDIUM,
                because="a comment says what it is for" if said else "it is one scope, not all",
                edits=() if said else _dropped(repo, site, scope),
                advice=f"Its comment: {quoted(said)}." if said else _last_look(repo, site),
            )


def _dropped(repo: Repository, site: JobSite, scope: str) -> tuple[Edit, ...]:
    """Take a scope out, where every command and action left in the job is known."""
    if unknown_step(repo, site.job):
        return ()
    return drop_scope(site.workflow.source, site.job.permissions, scope)


def _last_look(repo: Repository, site: JobSite) -> str:
    unknown = unknown_step(repo, site.job)
    if unknown:
        return f"{unknown} may use it."
    return "Nothing in the job was seen to use it: was it given for a step that is planned?"


def _token_is_used(repo: Repository, site: JobSite) -> bool:
    """Whether the token is handed to a script, to an action, or used through git."""
    own = [value.value for value in site.job.env.values()]
    inputs = [value.value for step in site.job.live_steps for value in step.inputs.values()]
    if workflow_hands_out_token(site.workflow) or hands_out_token([*own, *inputs]):
        return True
    return any(gives_token(step) or pushes(repo, step) for step in site.job.live_steps)
