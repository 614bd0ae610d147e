"""Computes each package's trusted-publisher status from workflows and the index."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from audits.model.evidence import PackageEvidence, normalized
from audits.model.publication import Auth, Publication
from audits.model.registry import Registry
from audits.model.repository import Repository
from audits.model.score import Ladder, PackageStatus
from audits.model.settings import Unseen
from audits.workflow.publisher_status.attested import LatestRelease, judge
from audits.workflow.publisher_status.unpublished import unpublished
from audits.workflow.publisher_status.verdict import StatusVerdict, latest_version, sentence

_TEXT = {
    Ladder.TOKEN: "the workflow uploads with a stored token",
    Ladder.MIXED: "one path uploads with a stored token, another with a trusted publisher",
    Ladder.OIDC: "the workflow uploads with a trusted publisher",
    Ladder.UNKNOWN: "the workflow does not show how the upload proves who it is",
}


def statuses(repository: Repository) -> tuple[PackageStatus, ...]:
    """The state of every package that the repository publishes or that belongs to it.

    Packages of registries with trusted publishing only, production uploads only.
    """
    published = list(_published(repository))
    found = [
        _published_status(repository, registry, package, publications)
        for registry, package, publications in published
    ]
    names = {(registry, normalized(registry, package)) for registry, package, _ in published}
    found += unpublished(repository, names)
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
        conclusion = StatusVerdict.of(
            text,
            "the package's name was not found, so the index was not asked",
            missing="the package's name",
        )
    else:
        evidence = repository.evidence(registry, package)
        conclusion = _concluded(repository, text, publications, evidence)
    return PackageStatus(
        registry=registry,
        package=package,
        state=conclusion.state,
        publications=keys,
        why=sentence(_TEXT[text], conclusion.why),
        missing=conclusion.missing,
    )


def _concluded(
    repository: Repository,
    text: Ladder,
    publications: tuple[Publication, ...],
    evidence: PackageEvidence | Unseen,
) -> StatusVerdict:
    """The state once the index's evidence is counted in."""
    if isinstance(evidence, Unseen):
        return StatusVerdict.of(
            text, f"not compared with the index: {evidence.reason}", evidence.reason
        )
    if not evidence.exists:
        return StatusVerdict.of(text, "the index knows no package of this name")
    if isinstance(evidence.releases, Unseen):
        reason = evidence.releases.reason
        return StatusVerdict.of(text, f"not compared with the index: {reason}", reason)
    latest = evidence.latest
    if latest is None:
        return StatusVerdict.of(text, "the index has no release of it")
    if isinstance(latest.provenance, Unseen):
        reason = latest.provenance.reason
        why = f"whether release {latest_version(evidence)} proves it was not seen: {reason}"
        if latest.is_attested:
            why = f"release {latest_version(evidence)} is attested, for whom was not seen: {reason}"
        return StatusVerdict.of(text, why, reason)
    if not latest.provenance:
        why = _unattested(text, publications, evidence)
        return StatusVerdict.of(text, why, _not_known(text, evidence))
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
        return StatusVerdict.of(Ladder.MIXED, why, verdict.missing)
    if with_token or (verdict.state is Ladder.OIDC and text is Ladder.UNKNOWN):
        return StatusVerdict.of(text, verdict.why, verdict.missing)
    why = "; ".join(part for part in (verdict.why, verdict.next) if part)
    return StatusVerdict.of(verdict.state, why, verdict.missing)


def _with_provenance_alone(
    text: Ladder, verdict: StatusVerdict, evidence: PackageEvidence
) -> StatusVerdict:
    """Provenance of a registry that takes it with a token too: it proves the workflow, and not
    how the upload was authorized, of which the text has to tell.
    """
    account = evidence.trusted_publisher is False
    why = verdict.why
    if account:
        why += "; the registry names an account for that upload, and no trusted publisher"
    if text is Ladder.OIDC:
        return StatusVerdict.of(verdict.state, why, verdict.missing)
    if not account:
        why += "; provenance comes with tokens too"
    return StatusVerdict.of(text, why, "how the latest release was uploaded")


def _unattested(
    text: Ladder, publications: tuple[Publication, ...], evidence: PackageEvidence
) -> str:
    """What an absent attestation means, which is never that a token was used."""
    version = latest_version(evidence)
    if evidence.registry == Registry.CRATES.value:
        return f"the registry says that release {version} did not come from a trusted publisher"
    if evidence.trusted_publisher and text is not Ladder.TOKEN:
        return f"the index says that release {version} came from a trusted publisher, unattested"
    earlier = _earlier_attested(evidence)
    before = f", though {earlier} was" if earlier else ""
    why = f"release {version} is not attested{before}, which proves nothing about its upload"
    if text is Ladder.MIXED:
        return f"{why}: the token and the trusted publisher are both possible"
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
