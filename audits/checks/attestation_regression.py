"""Latest release lacks the attestation that earlier ones had.

## Why it matters
Once releases are attested, one without is what an attack looks like: a file uploaded with a
stolen token, past the workflow. It may also be harmless, a hand-made hot fix or a switch that
somebody flipped, but it must be looked at, because users who check attestations will refuse it.

## How to fix
Find out who uploaded the release, and how: compare the file with one built from the tag. If it was
a token, revoke it. Then publish a new release through the workflow.

Withdrawn releases do not count, and a release of which the index did not say whether it is
attested is never taken for one that is not.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.trusted_publishers import released_packages
from audits.checks.api import (
    PEP_740,
    PYPI_RELEASE,
    Area,
    Clean,
    Example,
    Finding,
    Need,
    Outcome,
    PackageEvidence,
    Provenance,
    PublisherKind,
    Release,
    Repository,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
    marked,
)

_MARKED = marked(PYPI_RELEASE, "uses: pypa/gh-action-pypi-publish")
_METADATA = {"pyproject.toml": '[project]\nname = "lumen"\n'}
_HIDDEN = Unseen(need=Need.INDEX, reason="the index answered 503")
_BY_WORKFLOW = Provenance(kind=PublisherKind.GITHUB, repository="orchard-labs/lumen")


def _evidence(*attested: bool | None, yanked: int = -1) -> tuple[PackageEvidence, ...]:
    """Releases, newest first: attested, not attested, or (None) not seen."""
    shown: dict[bool | None, tuple[Provenance, ...] | Unseen] = {
        True: (_BY_WORKFLOW,),
        False: (),
        None: _HIDDEN,
    }
    releases = tuple(
        Release(
            version=f"{9 - age}.0",
            uploaded=None,
            files=1,
            yanked=age == yanked,
            provenance=shown[known],
        )
        for age, known in enumerate(attested)
    )
    return (PackageEvidence(registry="pypi", name="lumen", releases=releases),)


def _example(name: str, *attested: bool | None, outcome: Outcome, yanked: int = -1) -> Example:
    return Example(
        name=name,
        workflow=_MARKED if outcome is Outcome.FAIL else PYPI_RELEASE,
        files=_METADATA,
        evidence=_evidence(*attested, yanked=yanked),
        outcome=outcome,
    )


@check(
    area=Area.TRUSTED_PUBLISHER,
    severity=Severity.HIGH,
    needs={Need.INDEX},
    links=(PEP_740,),
    examples=(
        _example("the one before was", False, True, outcome=Outcome.FAIL),
        _example("one long before was", False, None, False, True, outcome=Outcome.FAIL),
        _example("all are", True, True, outcome=Outcome.PASS),
        _example("attested from now on", True, False, outcome=Outcome.PASS),
        _example("a withdrawn one lacks it", False, True, yanked=0, outcome=Outcome.PASS),
        _example("none ever was", False, False, outcome=Outcome.NOT_APPLICABLE),
        _example("the newest was not seen", None, True, outcome=Outcome.UNKNOWN),
        _example("the earlier ones were not seen", False, None, outcome=Outcome.UNKNOWN),
        Example(
            name="the index was not asked",
            workflow=PYPI_RELEASE,
            files=_METADATA,
            outcome=Outcome.UNKNOWN,
        ),
    ),
)
def attestation_regression(repo: Repository) -> Iterator[Verdict]:
    """Compare the newest release of each package with the earlier ones."""
    for package in released_packages(repo):
        publication = package.publication
        at, job = publication.at, publication.job
        if isinstance(package.releases, Unseen):
            yield Unknown(at=at, unseen=package.releases, job=job, publication=publication)
            continue
        if not package.releases:
            continue
        newest, *earlier = package.releases
        if newest.is_attested:
            yield Clean(at=at, job=job, publication=publication)
            continue
        last = next((r for r in earlier if r.is_attested), None)
        hidden = next(
            (r.provenance for r in (newest, *earlier) if isinstance(r.provenance, Unseen)), None
        )
        if newest.is_attested is False and last is not None:
            yield Finding(
                message=f"The newest release of `{package.name}`, {newest.version}, carries no "
                f"attestation, and {last.version} before it did",
                at=at,
                job=job,
                publication=publication,
                anchor=package.name,
            )
        elif hidden is not None:
            yield Unknown(at=at, unseen=hidden, job=job, publication=publication)
