"""The package is published from a self-hosted runner.

A publication should run on a machine that GitHub makes for it and throws away afterwards.

## Why it matters

A self-hosted runner keeps its disk between jobs. Whatever ran there before, a test of somebody's
pull request included, can leave something behind that waits for the publishing job and takes
its identity or its token, or changes the package on its way.

## How to fix

Run the publishing job on `runs-on: ubuntu-latest`; with the package handed over as an artifact
it needs nothing that only your own machine has. Builds may stay where they are.

Runner groups and labels of your own may be larger machines of GitHub or machines of your own:
the workflow does not tell. The signing certificate of a release that was attested for this workflow
does, so the answer comes with the evidence of the package index. Without it, or where the workflow
has changed since that release, it is unknown.

## Deviations
zizmor's `self-hosted-runner` tells its auditors of every job on such a runner, and of groups and
expressions that may be one. Here only the job that publishes counts, and what may be such a
runner is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.release_provenance import FileChange, publisher_files, since
from audits.analysis.runners import labels_of
from audits.analysis.trusted_publishers import is_this_repository
from audits.checks.api import (
    GITHUB_SECURE_USE,
    GITHUB_SELF_HOSTED,
    Area,
    Clean,
    Example,
    Finding,
    Job,
    Location,
    Need,
    Outcome,
    PackageEvidence,
    Provenance,
    Publication,
    PublisherKind,
    Release,
    Repository,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
)

_WORKFLOW = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: %s
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_PROJECT = '[project]\nname = "lumen"\n'


def _attested(
    runner: str, owner: str = "orchard-labs", workflow: str = "release.yml"
) -> tuple[PackageEvidence, ...]:
    made = Provenance(
        kind=PublisherKind.GITHUB, repository=f"{owner}/lumen", workflow=workflow, runner=runner
    )
    release = Release(version="1.0", uploaded=None, files=1, provenance=(made,))
    return (PackageEvidence(registry="pypi", name="lumen", releases=(release,)),)


@check(
    area=Area.INTEGRITY,
    severity=Severity.MEDIUM,
    needs={Need.WORKFLOW},
    sharpened_by={Need.INDEX},
    links=(GITHUB_SELF_HOSTED, GITHUB_SECURE_USE),
    milder_in_other_jobs=False,
    zizmor="self-hosted-runner",
    examples=(
        Example(name="by its label", workflow=_WORKFLOW % "[self-hosted, linux]  # !"),
        Example(name="a machine of GitHub", workflow=_WORKFLOW % "ubuntu-latest"),
        Example(name="one behind GitHub's firewall", workflow=_WORKFLOW % "ubuntu-24.04-firewall"),
        Example(
            name="a label of one's own", workflow=_WORKFLOW % "big-box", outcome=Outcome.UNKNOWN
        ),
        Example(name="a group", workflow=_WORKFLOW % "{group: builders}", outcome=Outcome.UNKNOWN),
        Example(
            name="a label of one's own, and the release proves whose machine it is",
            workflow=_WORKFLOW % "big-box  # !",
            files={"pyproject.toml": _PROJECT},
            evidence=_attested("self-hosted"),
        ),
        Example(
            name="a label of one's own that is GitHub's",
            workflow=_WORKFLOW % "big-box",
            files={"pyproject.toml": _PROJECT},
            evidence=_attested("github-hosted"),
        ),
        Example(
            name="a label of one's own, and the release of another repository",
            workflow=_WORKFLOW % "big-box",
            files={"pyproject.toml": _PROJECT},
            evidence=_attested("github-hosted", owner="stranger"),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="a label of one's own, and the release by another workflow",
            workflow=_WORKFLOW % "big-box",
            files={"pyproject.toml": _PROJECT},
            evidence=_attested("github-hosted", workflow="nightly.yml"),
            outcome=Outcome.UNKNOWN,
        ),
    ),
)
def self_hosted_publisher(repo: Repository) -> Iterator[Verdict]:
    """Judge the machine of each publication."""
    for publication in repo.publications:
        job = publication.job
        if publication.called is not None and not job.runs_on:
            continue
        labels = list(labels_of(job))
        at = labels[0].scalar.location(job.path) if labels else job.at
        claim = _claimed(repo, publication)
        if any(label.text.lower() == "self-hosted" for label in labels):
            yield _finding(publication, at, "The publication runs on a self-hosted runner")
        elif labels and not job.runner_group and all(label.is_hosted for label in labels):
            yield Clean(at=at, publication=publication)
        elif claim == "self-hosted":
            message = (
                "The latest release was published from a self-hosted runner, as it is attested"
            )
            yield _finding(publication, at, message)
        elif claim == "github-hosted":
            yield Clean(at=at, publication=publication)
        else:
            yield Unknown(at=at, publication=publication, unseen=_unseen(job))


def _finding(publication: Publication, at: Location, message: str) -> Finding:
    anchor = " ".join(label.value for label in publication.job.runs_on)
    return Finding(message=message, at=at, publication=publication, anchor=anchor)


def _claimed(repo: Repository, publication: Publication) -> str:
    """The worst that the latest releases of a publication's packages say about their runner."""
    files = publisher_files(publication)
    claims = set()
    for package in publication.packages:
        evidence = repo.evidence(publication.registry, package)
        latest = None if isinstance(evidence, Unseen) else evidence.latest
        for made in latest.provenance if latest and isinstance(latest.provenance, tuple) else ():
            own = is_this_repository(repo, made) and (not files or made.workflow in files)
            if own and since(repo, made) is not FileChange.CHANGED:
                claims.add(made.runner)
    return next((claim for claim in ("self-hosted", "github-hosted") if claim in claims), "")


def _unseen(job: Job) -> Unseen:
    name = job.runner_group or " ".join(label.value for label in job.runs_on) or "the runner"
    return Unseen(
        need=Need.INDEX,
        reason=f"whose machine `{name}` is shows only in the attestation of a release",
    )
