"""Package is released by hand.

## Why it matters
The package's links on the index lead to this repository, and no workflow here publishes it. The
releases are then uploaded from somebody's computer, with a token or a password that can be stolen
there, from a state of the code that nobody else saw.

## How to fix
Let a workflow publish. In a checkout,

    release-audit init

writes the lesson's hardened workflow for the package's own build backend, and lists what is left to
you, as links: the environment, the form that registers the trusted publisher, the rules on tags.

This is shown beside the score and never counted: the package may well be published from another
repository, or on purpose by hand.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.trusted_publishers import points_to
from audits.checks.api import (
    LESSON,
    PYPA_PUBLISH_GUIDE,
    STEP_NAME,
    Area,
    Clean,
    Example,
    Finding,
    Location,
    Need,
    Outcome,
    PackageEvidence,
    Registry,
    Release,
    Repository,
    SettingsPage,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
    normalized,
)

_REGISTRY = Registry.PYPI.value
_METADATA_FILES = ("pyproject.toml", "setup.cfg", "setup.py")

_MARKED = {"pyproject.toml": '[project] # !\nname = "Lumen"\n'}
_CLEAN = {"pyproject.toml": '[project]\nname = "Lumen"\n'}
_PUBLISHING = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""


def _evidence(
    *urls: str, exists: bool = True, attested: bool = False
) -> tuple[PackageEvidence, ...]:
    files = 2 if attested else 0
    release = Release(version="2.0", uploaded=None, files=2, attested_files=files)
    package = PackageEvidence(
        registry=_REGISTRY,
        name="lumen",
        releases=(release,) if exists else (),
        exists=exists,
        repository_urls=urls,
    )
    return (package,)


_OURS = "https://github.com/Orchard-Labs/lumen.git"


@check(
    area=Area.TRUSTED_PUBLISHER,
    severity=Severity.LOW,
    needs={Need.INDEX},
    scored=False,
    lesson=STEP_NAME,
    links=(PYPA_PUBLISH_GUIDE, LESSON),
    examples=(
        Example(name="no workflow publishes", files=_MARKED, evidence=_evidence(_OURS)),
        Example(
            name="a page below the repository",
            files=_MARKED,
            evidence=_evidence("https://other.example/x", f"{_OURS.removesuffix('.git')}/issues"),
        ),
        Example(
            name="a workflow publishes it",
            workflow=_PUBLISHING,
            files=_CLEAN,
            evidence=_evidence(_OURS),
        ),
        Example(
            name="links elsewhere",
            files=_CLEAN,
            evidence=_evidence("https://github.com/orchard-labs/lumen-core"),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="never released",
            files=_CLEAN,
            evidence=_evidence(_OURS, exists=False),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the newest release is attested",
            files=_CLEAN,
            evidence=_evidence(_OURS, attested=True),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="a workflow that cannot be read",
            workflow="on: [release\njobs:\n",
            files=_CLEAN,
            evidence=_evidence(_OURS),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="the index did not answer",
            files=_CLEAN,
            evidence=(
                PackageEvidence(
                    registry=_REGISTRY,
                    name="lumen",
                    releases=Unseen(need=Need.INDEX, reason="the index answered 503"),
                ),
            ),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="a called workflow that was not read",
            workflow="on: release\njobs:\n  release:\n    secrets: inherit\n"
            "    uses: far-away/pipelines/.github/workflows/publish.yml@v1\n",
            files=_CLEAN,
            evidence=_evidence(_OURS),
            outcome=Outcome.UNKNOWN,
        ),
        Example(name="the index was not asked", files=_CLEAN, outcome=Outcome.UNKNOWN),
        Example(name="no package at all", outcome=Outcome.NOT_APPLICABLE),
    ),
)
def manual_release(repo: Repository) -> Iterator[Verdict]:
    """Look at each package that the repository's metadata declares."""
    publications = [p for p in repo.publications if p.is_scored and p.registry is Registry.PYPI]
    published = {normalized(_REGISTRY, name) for p in publications for name in p.packages}
    unnamed = any(not p.packages for p in publications)
    file = repo.file(*_METADATA_FILES)
    at = Location(path=file.path if file else "")
    for name in repo.package_names.get(_REGISTRY, ()):
        if unnamed or normalized(_REGISTRY, name) in published:
            yield Clean(at=at)
            continue
        evidence = repo.evidence(_REGISTRY, name)
        unseen = _not_seen(evidence) or _unread_workflow(repo)
        if isinstance(evidence, PackageEvidence) and not _may_be_released_here(repo, evidence):
            continue
        if unseen is not None:
            yield Unknown(at=at, unseen=unseen)
        else:
            yield Finding(
                message=f"`{name}` is on the index, its links lead here, and no workflow of this "
                "repository publishes it; `release-audit init` writes a workflow that does",
                at=at,
                anchor=name,
                settings_page=SettingsPage.PUBLISHER,
            )


def _not_seen(evidence: PackageEvidence | Unseen) -> Unseen | None:
    """Why it was not seen whether the package was released at all."""
    if isinstance(evidence, Unseen):
        return evidence
    return evidence.releases if isinstance(evidence.releases, Unseen) else None


def _may_be_released_here(repo: Repository, evidence: PackageEvidence) -> bool:
    """Whether the package's links lead here and its newest release names no workflow, or its
    releases were not seen.
    """
    if isinstance(evidence.releases, Unseen):
        return evidence.exists
    latest = evidence.latest
    leads_here = any(points_to(url, repo.ref) for url in evidence.repository_urls)
    return evidence.exists and leads_here and latest is not None and not latest.is_attested


def _unread_workflow(repo: Repository) -> Unseen | None:
    """A workflow that was not read, or a job that is not understood: it may publish the package."""
    for found in repo.graph.unrecognized:
        reason = f"how the job `{found.job.id}` of {found.workflow.path} publishes is not known"
        return Unseen(need=Need.WORKFLOW, reason=reason)
    for job in repo.graph.hidden_calls:
        if job.uses is not None:
            reason = f"{job.uses.raw.value} was not read"
            return Unseen(need=Need.WORKFLOW, reason=reason)
    for gap in repo.gaps:
        if gap.subject.startswith(".github/workflows/"):
            return Unseen(need=Need.WORKFLOW, reason=f"{gap.subject} could not be read")
    return None
