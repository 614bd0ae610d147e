"""Finds packages that belong to a repository without a publication of it."""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.trusted_publishers import points_to
from audits.model.evidence import PackageEvidence, normalized
from audits.model.registry import Registry, registry_named
from audits.model.repository import Repository
from audits.model.score import Ladder, PackageStatus
from audits.model.settings import Unseen
from audits.workflow.publisher_status.attested import LatestRelease, judge
from audits.workflow.publisher_status.verdict import StatusVerdict, latest_version, sentence


def unpublished(
    repository: Repository, published: set[tuple[Registry, str]]
) -> Iterator[PackageStatus]:
    """Packages that the repository's metadata names and no publication of it."""
    unnamed = {registry for registry, package in published if not package}
    seen: set[tuple[str, str]] = set(published)
    for registry, name, evidence in _belonging(repository):
        key = (registry, normalized(registry, name))
        if key in seen:
            continue
        seen.add(key)
        conclusion = _unpublished_state(repository, evidence, registry in unnamed)
        yield PackageStatus(
            registry=registry,
            package=name,
            state=conclusion.state,
            why=sentence(conclusion.why),
            missing=conclusion.missing,
        )


def _belonging(
    repository: Repository,
) -> Iterator[tuple[Registry, str, PackageEvidence | Unseen]]:
    """Packages that the repository's own metadata names.

    Not every package of the index whose links lead here: an index is shared by the
    repositories of a scan, and a package that another of them publishes may well link here.
    """
    for word, names in repository.package_names.items():
        registry = registry_named(word)
        if registry is not None and registry.has_trusted_publishing:
            for name in names:
                yield registry, name, repository.evidence(registry, name)


def _unread_workflow(repository: Repository) -> str:
    """A workflow file that could not be read, or a job that is not understood, which may publish
    anything; "" if none.
    """
    for found in repository.graph.unrecognized:
        return f"how the job `{found.job.id}` of {found.workflow.path} publishes is not known"
    gaps = (*repository.gaps, *repository.snapshot.gaps)
    paths = (gap.subject for gap in gaps if gap.subject.startswith(".github/workflows"))
    return next((f"{path} could not be read" for path in paths), "")


def _unpublished_state(
    repository: Repository, evidence: PackageEvidence | Unseen, unnamed: bool
) -> StatusVerdict:
    if unnamed:
        why = "no publication names it, and one whose package was not found may publish it"
        return StatusVerdict.of(Ladder.UNKNOWN, why, "the package that a publication uploads")
    if unread := _unread_workflow(repository):
        why = f"no step that is known publishes it, and {unread}"
        return StatusVerdict.of(Ladder.UNKNOWN, why, unread)
    if isinstance(evidence, Unseen):
        return StatusVerdict.of(
            Ladder.NONE, f"no workflow publishes it to production ({evidence.reason})"
        )
    if not evidence.exists:
        return StatusVerdict.of(
            Ladder.NONE, "no workflow publishes it to production, and the index does not know it"
        )
    if isinstance(evidence.releases, Unseen) and not evidence.repository_urls:
        reason = evidence.releases.reason
        return StatusVerdict.of(
            Ladder.NONE, f"no workflow publishes it to production ({reason})", reason
        )
    if not evidence.repository_urls:
        why = "no workflow publishes it, and no links of the index's package of this name were seen"
        return StatusVerdict.of(Ladder.NONE, why, "the links of the index's package")
    if not any(points_to(url, repository.ref) for url in evidence.repository_urls):
        why = "no workflow publishes it, and the index's package of this name links elsewhere"
        return StatusVerdict.of(Ladder.NONE, why)
    return _linked_state(repository, evidence)


def _linked_state(repository: Repository, evidence: PackageEvidence) -> StatusVerdict:
    """A package whose index links lead here, while no publication was found."""
    here = "the index's links point here, and no workflow publishes the package to production"
    latest = evidence.latest
    if latest is None:
        missing = evidence.releases.reason if isinstance(evidence.releases, Unseen) else ""
        return StatusVerdict.of(Ladder.MANUAL if missing else Ladder.NONE, here, missing)
    if isinstance(latest.provenance, Unseen):
        reason = latest.provenance.reason
        state = Ladder.UNKNOWN if latest.is_attested else Ladder.MANUAL
        return StatusVerdict.of(
            state, f"{here}; who released {latest_version(evidence)} was not seen", reason
        )
    if not latest.provenance:
        return StatusVerdict.of(Ladder.MANUAL, here)
    verdict = judge(repository, (), LatestRelease.of(evidence))
    if verdict.state is Ladder.MISMATCH:
        return StatusVerdict.of(Ladder.NONE, f"no workflow here publishes it: {verdict.why}")
    return StatusVerdict.of(verdict.state, f"no publication was recognised, yet {verdict.why}")
