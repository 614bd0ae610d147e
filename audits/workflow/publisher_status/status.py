"""Computes each package's trusted-publisher status from workflows and the index."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from audits.analysis.trusted_publishers import points_to
from audits.model.evidence import PackageEvidence, normalized
from audits.model.publication import Auth, Publication
from audits.model.registry import Registry, registry_named
from audits.model.repository import Repository
from audits.model.score import Ladder, PackageStatus
from audits.model.settings import Unseen
from audits.workflow.publisher_status.provenance import (
    LatestRelease,
    StatusVerdict,
    judge,
    latest_version,
    names_publishers,
)

_TEXT = {
    Ladder.TOKEN: "the workflow uploads with a stored token",
    Ladder.MIXED: "one path uploads with a stored token, another with a trusted publisher",
    Ladder.OIDC: "the workflow uploads with a trusted publisher",
    Ladder.UNKNOWN: "the workflow does not show how the upload proves who it is",
}


def statuses(repository: Repository) -> tuple[PackageStatus, ...]:
    """The status of every package that the repository publishes, or that its metadata names.

    Only production uploads count, and only registries with trusted publishing.
    """
    published = list(_published(repository))
    found = [
        _published_status(repository, registry, package, publications)
        for registry, package, publications in published
    ]
    names = {(registry, normalized(registry, package)) for registry, package, _ in published}
    found += _unpublished(repository, names)
    return tuple(found)


def state_in_text(publications: tuple[Publication, ...]) -> Ladder:
    """What the workflows alone say about a package's publications.

    A publication whose credential was not found leaves the state open, unless another one
    settles it: a stored token stays a stored token.
    """
    auths = {publication.auth for publication in publications}
    trusted = bool(auths & {Auth.OIDC, Auth.MIXED})
    token = bool(auths & {Auth.TOKEN, Auth.MIXED})
    if token:
        return Ladder.MIXED if trusted else Ladder.TOKEN
    return Ladder.OIDC if trusted and Auth.UNKNOWN not in auths else Ladder.UNKNOWN


def _published(
    repository: Repository,
) -> Iterator[tuple[Registry, str, tuple[Publication, ...]]]:
    """Each package with its publications; "" for those whose package was not found."""
    named: list[tuple[Registry, str, str, Publication]] = []
    for publication in repository.publications:
        if not (publication.has_trusted_publishing and publication.is_scored):
            continue
        registry = publication.registry
        named += [
            (registry, normalized(registry, package), package, publication)
            for package in publication.packages or ("",)
        ]
    order = list(dict.fromkeys((entry[0], entry[1]) for entry in named))
    named.sort(key=lambda entry: order.index((entry[0], entry[1])))
    for (registry, _), group in groupby(named, key=lambda entry: (entry[0], entry[1])):
        entries = list(group)
        yield registry, entries[0][2], tuple(dict.fromkeys(entry[3] for entry in entries))


def _published_status(
    repository: Repository,
    registry: Registry,
    package: str,
    publications: tuple[Publication, ...],
) -> PackageStatus:
    text = state_in_text(publications)
    keys = tuple(publication.key for publication in publications)
    if not package:
        conclusion = StatusVerdict(
            text,
            "the package's name was not found, so the index was not asked",
            "the package's name",
        )
    else:
        evidence = repository.evidence(registry, package)
        conclusion = _concluded(repository, text, publications, evidence)
    return PackageStatus(
        registry=registry,
        package=package,
        state=conclusion.state,
        publications=keys,
        why=_sentence(_TEXT[text], conclusion.why),
        missing=conclusion.missing,
    )


def _concluded(
    repository: Repository,
    text: Ladder,
    publications: tuple[Publication, ...],
    evidence: PackageEvidence | Unseen,
) -> StatusVerdict:
    """The state that the workflows (``text``) and the index's evidence lead to together."""
    if isinstance(evidence, Unseen):
        return StatusVerdict(
            text, f"not compared with the index: {evidence.reason}", evidence.reason
        )
    if not evidence.exists:
        return StatusVerdict(text, "the index knows no package of this name")
    if isinstance(evidence.releases, Unseen):
        reason = evidence.releases.reason
        return StatusVerdict(text, f"not compared with the index: {reason}", reason)
    latest = evidence.latest
    if latest is None:
        return StatusVerdict(text, "the index has no release of it")
    if isinstance(latest.provenance, Unseen):
        reason = latest.provenance.reason
        why = f"whether release {latest_version(evidence)} proves it was not seen: {reason}"
        if latest.is_attested:
            why = f"release {latest_version(evidence)} is attested, for whom was not seen: {reason}"
        return StatusVerdict(text, why, reason)
    if not latest.provenance:
        why = _unattested(text, publications, evidence)
        return StatusVerdict(text, why, _not_known(text, evidence))
    return _with_verdict(
        text, judge(repository, publications, LatestRelease.of(evidence)), evidence
    )


def _with_verdict(text: Ladder, verdict: StatusVerdict, evidence: PackageEvidence) -> StatusVerdict:
    """A release's verdict beside the text. A token in the workflow is seen, whatever the last
    release was; an unclear text stays unclear unless the release names that very workflow.
    """
    with_token = text in {Ladder.TOKEN, Ladder.MIXED}
    if verdict.state is Ladder.MISMATCH:
        return verdict
    if verdict.state is Ladder.ATTESTED and not evidence.is_trusted:
        return _with_provenance_alone(text, verdict, evidence)
    if verdict.state is Ladder.ATTESTED and with_token:
        why = f"{verdict.why}, so that a trusted path exists beside the token"
        return StatusVerdict(Ladder.MIXED, why, verdict.missing)
    if with_token or (verdict.state is Ladder.OIDC and text is Ladder.UNKNOWN):
        return StatusVerdict(text, verdict.why, verdict.missing)
    why = "; ".join(part for part in (verdict.why, verdict.next) if part)
    return StatusVerdict(verdict.state, why, verdict.missing)


def _with_provenance_alone(
    text: Ladder, verdict: StatusVerdict, evidence: PackageEvidence
) -> StatusVerdict:
    """A registry takes provenance with a token too, so that it proves the workflow and not how
    the upload was authorized: that is up to the workflow's text.
    """
    account = evidence.trusted_publisher is False
    why = verdict.why
    if account:
        why += "; the registry names an account for that upload, and no trusted publisher"
    if text is Ladder.OIDC:
        return StatusVerdict(verdict.state, why, verdict.missing)
    if not account:
        why += "; provenance comes with tokens too"
    return StatusVerdict(text, why, "how the latest release was uploaded")


def _unattested(
    text: Ladder, publications: tuple[Publication, ...], evidence: PackageEvidence
) -> str:
    """What an absent attestation means, which is never that a token was used."""
    version = latest_version(evidence)
    if names_publishers(evidence):
        return f"the registry says that release {version} did not come from a trusted publisher"
    if evidence.trusted_publisher and text is not Ladder.TOKEN:
        return f"the index says that release {version} came from a trusted publisher, unattested"
    earlier = _earlier_attested(evidence)
    before = f", though {earlier} was" if earlier else ""
    why = f"release {version} is not attested{before}, which proves nothing about its upload"
    if text is Ladder.MIXED:
        return f"{why}: the token and the trusted publisher are both possible"
    # npm makes none for private repositories, so that only PyPI's absence tells anything.
    makes = evidence.registry == Registry.PYPI.value and all(p.attests for p in publications)
    if text is Ladder.OIDC and makes:
        why += ": the present workflow makes attestations, so the release came before it did "
        return why + "so, or by a token or another tool"
    return why


def _not_known(text: Ladder, evidence: PackageEvidence) -> str:
    if text is Ladder.TOKEN or evidence.trusted_publisher is not None:
        return ""
    return "how the latest release was uploaded"


def _earlier_attested(evidence: PackageEvidence) -> str:
    releases = () if isinstance(evidence.releases, Unseen) else evidence.releases
    return next((r.version for r in releases if r.is_attested and r is not evidence.latest), "")


def _unpublished(
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
            why=_sentence(conclusion.why),
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
        return StatusVerdict(Ladder.UNKNOWN, why, "the package that a publication uploads")
    if unread := _unread_workflow(repository):
        why = f"no step that is known publishes it, and {unread}"
        return StatusVerdict(Ladder.UNKNOWN, why, unread)
    if isinstance(evidence, Unseen):
        return StatusVerdict(
            Ladder.NONE, f"no workflow publishes it to production ({evidence.reason})"
        )
    if not evidence.exists:
        return StatusVerdict(
            Ladder.NONE, "no workflow publishes it to production, and the index does not know it"
        )
    if isinstance(evidence.releases, Unseen) and not evidence.repository_urls:
        reason = evidence.releases.reason
        return StatusVerdict(
            Ladder.NONE, f"no workflow publishes it to production ({reason})", reason
        )
    if not evidence.repository_urls:
        why = "no workflow publishes it, and no links of the index's package of this name were seen"
        return StatusVerdict(Ladder.NONE, why, "the links of the index's package")
    if not any(points_to(url, repository.ref) for url in evidence.repository_urls):
        why = "no workflow publishes it, and the index's package of this name links elsewhere"
        return StatusVerdict(Ladder.NONE, why)
    return _linked_state(repository, evidence)


def _linked_state(repository: Repository, evidence: PackageEvidence) -> StatusVerdict:
    """A package whose index links lead here, while no publication was found."""
    here = "the index's links point here, and no workflow publishes the package to production"
    latest = evidence.latest
    if latest is None:
        missing = evidence.releases.reason if isinstance(evidence.releases, Unseen) else ""
        return StatusVerdict(Ladder.MANUAL if missing else Ladder.NONE, here, missing)
    if isinstance(latest.provenance, Unseen):
        reason = latest.provenance.reason
        state = Ladder.UNKNOWN if latest.is_attested else Ladder.MANUAL
        return StatusVerdict(
            state, f"{here}; who released {latest_version(evidence)} was not seen", reason
        )
    if not latest.provenance:
        return StatusVerdict(Ladder.MANUAL, here)
    verdict = judge(repository, (), LatestRelease.of(evidence))
    if verdict.state is Ladder.MISMATCH:
        return StatusVerdict(Ladder.NONE, f"no workflow here publishes it: {verdict.why}")
    return StatusVerdict(verdict.state, f"no publication was recognised, yet {verdict.why}")


def _sentence(*parts: str) -> str:
    """One sentence of half sentences; a reason among them may be a whole one, with its full stop."""
    text = "; ".join(part.removesuffix(".") for part in parts if part).replace(".)", ")")
    return text[:1].upper() + text[1:] + "."
