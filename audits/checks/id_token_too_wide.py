"""Job that does not publish can ask for the release's identity.

## Why it matters
`id-token: write` lets everything in a job ask GitHub for a signed identity, and the identity
is that of the workflow file: a trusted publisher that is not tied to an environment takes it
from any job of that file. A build runs your build tool, its plugins and all that they install;
one of them is enough to publish in your name.

## How to fix
Give `id-token: write` to the job that publishes, and to it alone:

    jobs:
      publish:
        permissions:
          id-token: write

Jobs that only sign or attest files made elsewhere need it as well and pass. Attest in a job of
its own, after the build. Naming an environment in the publisher keeps the other jobs out, but
not the other uses of the identity. The edit moves or takes out the right, and is to be reviewed;
none takes it out where a comment says what it is for, or where a script of the project, a tool
that signs or uploads, or an unknown action is left in the job.

In a job whose actions are not all known, the severity is medium, and so it is in one that logs
in to a cloud and then runs only the cloud's own program (`aws`, `gcloud`, `az`): it needs an
identity, though not the release's. Deploy from a workflow file of its own, which has another. It
is medium, too, where every publication names an environment, and low where an action of the job
attests. Of a job that looks like a release in a way that is not known nothing is said, nor of
one that calls a workflow which was not read.

## Deviations
zizmor's `excessive-permissions` reports `id-token: write` at the top wherever a workflow has
several jobs; here only jobs without a block of their own count, and only in workflows on the way
to a release. It has no rule for jobs.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.known_actions import deploys, needed_scopes, runs_project_code, unknown_step
from audits.checks.api import (
    GITHUB_OIDC,
    GITHUB_TOKEN,
    PYPA_PUBLISH_GUIDE,
    STEP_UPLOAD_JOB,
    Area,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Job,
    JobSite,
    Level,
    Location,
    Need,
    Outcome,
    Permissions,
    PermissionsState,
    Repository,
    Role,
    Severity,
    Unknown,
    Unseen,
    UsesKind,
    Verdict,
    Workflow,
    add_to_job,
    block,
    check,
    clipped,
    drop_scope,
    owned_comments,
    quoted,
    relying_jobs,
)

_SCOPE = "id-token"
_ATTESTERS = frozenset({"actions/attest", "actions/attest-build-provenance", "actions/attest-sbom"})
_SIGNING_BUILDERS = frozenset({"slsa-framework/slsa-github-generator", "docker/github-builder"})
_IDENTITY = frozenset(
    {"cosign", "sigstore", "gitsign", "twine", "jsr", "witness", "attestation", "push", "stage"}
)
_NOT_KNOWN = "not everything that it runs is known"
_DEPLOYS = "a workflow file of its own would deploy with another identity"
_TOP = """\
on: release
permissions:
  contents: read
  id-token: write # !
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - run: python -m build
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
  publish:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_TOP_FIXED = """\
on: release
permissions:
  contents: read
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - run: python -m build
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
  publish:
    needs: build
    runs-on: ubuntu-latest
    permissions:
      contents: read
      id-token: write
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_BUILD = _TOP_FIXED.replace(
    "  build:\n", "  build:\n    permissions:\n      contents: read\n      id-token: write # !\n"
)
_BUILD_FIXED = _TOP_FIXED.replace(
    "  build:\n", "  build:\n    permissions:\n      contents: read\n"
)
_ATTEST = """\
  attest:
    needs: build
    runs-on: ubuntu-latest
    permissions:
      id-token: write
      attestations: write
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - uses: actions/attest-build-provenance@7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3 # v3.0.0
      - run: cosign sign-blob --yes dist.tar.gz > dist.sig
"""
_UNKNOWN = """\
  announce:
    needs: publish
    runs-on: ubuntu-latest
    permissions:
      id-token: write # !
    steps:
      - uses: juniper-ci/announce@7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3 # v1.0.0
"""
_DEPLOY = """\
  deploy:
    needs: publish
    runs-on: ubuntu-latest
    permissions:
      contents: read
      id-token: write # !
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - uses: aws-actions/configure-aws-credentials@7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3 # v5.0.0
        with:
          role-to-assume: arn:aws:iam::1:role/docs
      - run: aws s3 sync site s3://lumen-docs
"""
_NO_TOKEN = "on: release\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps:\n"


@check(
    area=Area.PERMISSIONS,
    severity=Severity.HIGH,
    lesson=STEP_UPLOAD_JOB,
    links=(GITHUB_OIDC, GITHUB_TOKEN, PYPA_PUBLISH_GUIDE),
    fix=FixKind.REVIEW,
    zizmor="excessive-permissions",
    any_workflow=True,
    examples=(
        Example(name="at the top", workflow=_TOP, fixed=_TOP_FIXED, severity=Severity.HIGH),
        Example(
            name="in the job that builds",
            workflow=_BUILD,
            fixed=_BUILD_FIXED,
            severity=Severity.HIGH,
        ),
        Example(
            name="in a job of an action that is not known",
            workflow=_TOP_FIXED + _UNKNOWN,
            severity=Severity.MEDIUM,
        ),
        Example(
            name="in a job that deploys to a cloud with the cloud's program",
            workflow=_TOP_FIXED + _DEPLOY,
            severity=Severity.MEDIUM,
        ),
        Example(
            name="in a job that deploys to a cloud with a script of the project",
            workflow=_TOP_FIXED + _DEPLOY.replace("aws s3", "./deploy.sh"),
            severity=Severity.HIGH,
        ),
        Example(
            name="in a job that runs the program of another cloud than it has logged in to",
            workflow=_TOP_FIXED + _DEPLOY.replace("aws s3", "gcloud storage"),
            severity=Severity.HIGH,
        ),
        Example(
            name="in a job that logs in to a cloud to sign",
            workflow=_TOP_FIXED
            + _DEPLOY.replace(" # !", "").replace(
                "aws s3 sync site s3:", "cosign sign-blob --key awskms:"
            ),
        ),
        Example(
            name="in the job that builds, where the publishing job names an environment",
            workflow=_BUILD.replace(
                "    needs: build\n", "    needs: build\n    environment: pypi\n"
            ),
            severity=Severity.MEDIUM,
        ),
        Example(
            name="in the job that builds and attests",
            workflow=_BUILD.replace(
                "      - uses: actions/upload-artifact",
                "      - uses: actions/attest-build-provenance@7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3"
                " # v3.0.0\n      - uses: actions/upload-artifact",
            ),
            severity=Severity.LOW,
        ),
        Example(
            name="in the call of a workflow that was not read",
            workflow=_TOP_FIXED + "  sign:\n    permissions: {id-token: write}\n"
            "    uses: juniper-ci/build/.github/workflows/sign.yml@v1\n",
            outcome=Outcome.UNKNOWN,
        ),
        Example(name="in the publishing job", workflow=_TOP_FIXED),
        Example(name="in a job that only attests", workflow=_TOP_FIXED + _ATTEST),
        Example(
            name="nowhere",
            workflow=_NO_TOKEN + "      - run: twine upload dist/*\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def id_token_too_wide(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for ``id-token: write`` shared by jobs, or held by one that runs code."""
    shared = set()
    on_the_way = repo.graph.release_paths
    for workflow in (w for w in repo.release_workflows() if w.path in on_the_way):
        given = workflow.permissions
        relying = relying_jobs(workflow)
        if _grants(given) and len(relying) > 1 and given.at is not None:
            shared |= set(relying)
            yield Finding(
                message="`id-token: write` at the top lets every job ask for the release's "
                "identity",
                at=given.places[_SCOPE],
                anchor="top",
                edits=_to_publishers(repo, workflow),
            )
    # The identity of a workflow file that takes no part in a release is not the release's.
    for site in (site for site in repo.jobs() if site.workflow.path in on_the_way):
        granting = _block_of(site)
        if granting is not None and site.job not in shared:
            yield _judged(repo, site, granting)


def _grants(given: Permissions) -> bool:
    return given.state is PermissionsState.MAP and given.level(_SCOPE) is Level.WRITE


def _block_of(site: JobSite) -> Permissions | None:
    """The block that gives a job the right: its own, or the workflow's."""
    own = site.job.permissions
    if own.state is PermissionsState.ABSENT:
        own = site.workflow.permissions
    return own if _grants(own) else None


def _judged(repo: Repository, site: JobSite, given: Permissions) -> Verdict:
    job, at = site.job, given.places[_SCOPE]
    called = job.uses is not None and job.uses.kind is UsesKind.LOCAL
    if site.role is Role.PUBLISHING or called or repo.publications_of(job):
        # What a workflow of this repository does with the right is judged there.
        return Clean(at=at, job=job)
    unread = job in repo.graph.hidden_calls
    if unread or any(found.job is job for found in repo.graph.unrecognized):
        reason = f"`{job.id}` looks like a release, by a way that is not known"
        if unread:
            reason = f"the workflow that `{job.id}` calls was not read, and may publish"
        unseen = Unseen(need=Need.WORKFLOW, reason=reason)
        return Unknown(at=at, unseen=unseen, job=job)
    return _of_other_job(repo, site, given, at)


def _of_other_job(repo: Repository, site: JobSite, given: Permissions, at: Location) -> Verdict:
    """The verdict on a job that publishes nothing and calls nothing of this repository."""
    job = site.job
    runs = _signs_elsewhere(job) if job.uses is not None else runs_project_code(repo, job)
    deployed = runs is False and deploys(repo, job)
    if runs is False and not deployed:
        return Clean(at=at, job=job)
    needed = needed_scopes(repo, site.workflow, job)
    # A job that attests what it builds has to be split; one that is not known, looked at.
    superfluous = needed is not None and _SCOPE not in needed
    _, said = owned_comments(site.workflow.source.text, at.line)
    blocked = said or unknown_step(repo, job) or _identity_command(repo, job)
    shared = superfluous and not blocked
    edits = drop_scope(site.workflow.source, given, _SCOPE) if shared else ()
    advice = _advice(said, blocked)
    message = f"`{job.id}` publishes nothing, yet can ask for the release's identity"
    if runs:
        severity, because = _milder(repo, job)
        return Finding(
            message=f"{message}, and it runs code of the project or its tools",
            at=at,
            job=job,
            anchor=job.id,
            edits=edits,
            advice=advice,
            severity=Severity.LOW if said else severity,
            because="a comment says what it is for" if said else because,
        )
    return Finding(
        message=f"{message}; {_DEPLOYS if deployed else _NOT_KNOWN}",
        at=at,
        job=job,
        anchor=job.id,
        edits=edits,
        advice=advice,
        severity=Severity.MEDIUM,
        because="it logs in to a cloud and runs nothing of the project"
        if deployed
        else "what its actions do is unknown",
    )


def _advice(said: str, blocked: str) -> str:
    if said:
        return f"Its comment: {quoted(said)}."
    if blocked:
        return f"{blocked} may use the identity."
    return "Nothing in the job was seen to ask for an identity: does one of its tools?"


def _identity_command(repo: Repository, job: Job) -> str:
    """A command that takes the job's identity by itself, or may: registries' and signing tools."""
    for step in job.live_steps:
        for command in repo.commands(step):
            if _IDENTITY.intersection(command.words[:2]) or "publish" in command.words[1:3]:
                return f"`{clipped(command.text, 60)}`"
    return ""


def _milder(repo: Repository, job: Job) -> tuple[Severity | None, str]:
    """How much the identity of such a job is worth: it attests with it, or every publication
    asks for an environment, which the registry's publisher may demand.
    """
    actions = {step.uses.action for step in job.live_steps if step.uses is not None}
    if not actions.isdisjoint(_ATTESTERS):
        return Severity.LOW, "an action of the job attests with it"
    publications = [p for p in repo.scored_publications if p.id_token]
    if publications and all(p.environment is not None for p in publications):
        return Severity.MEDIUM, "what publishes names an environment, which this job does not have"
    return None, ""


def _signs_elsewhere(job: Job) -> bool | None:
    """Builders that are made to sign what they build, apart from the project; others are not
    known.

    https://github.com/docker/github-builder
    """
    slug = job.uses.slug if job.uses is not None else ""
    return False if slug in _SIGNING_BUILDERS else None


def _to_publishers(repo: Repository, workflow: Workflow) -> tuple[Edit, ...]:
    """Take the right from the top, and give it with the rest to the jobs that need it."""
    source, given = workflow.source, workflow.permissions
    edits = list(drop_scope(source, given, _SCOPE))
    for job in relying_jobs(workflow):
        needed = needed_scopes(repo, workflow, job) or {}
        if _SCOPE in needed or repo.publications_of(job) or job.uses is not None:
            added = add_to_job(source, job, block(given.scopes))
            if not added:
                return ()
            edits += added
    return tuple(edits)
