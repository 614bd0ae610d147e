"""The trusted-publisher ladder (design section 6): what workflows say, held against what the
index saw. Pure; absence of evidence is never evidence of absence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlsplit

from audits.model.evidence import PackageEvidence
from audits.model.publication import Auth, Publication, Registry
from audits.model.repository import Repository
from audits.model.score import Ladder, PackageStatus
from audits.model.settings import Unseen
from audits.model.source import RepositoryRef
from audits.workflow.attested import Released, Verdict, judge

ReleasedFiles = Mapping[tuple[str, str], str]
"""Git blob ids of workflow files at the commits of certificates, by (commit, path)."""

_TEXT = {
    Ladder.TOKEN: "the workflow uploads with a stored token",
    Ladder.MIXED: "one path uploads with a stored token, another with a trusted publisher",
    Ladder.OIDC: "the workflow uploads with a trusted publisher",
    Ladder.UNKNOWN: "the workflow does not show how the upload proves who it is",
}


def statuses(
    repository: Repository, released: ReleasedFiles | None = None
) -> tuple[PackageStatus, ...]:
    """The state of every package that the repository publishes or that belongs to it.

    Packages of registries with trusted publishing only, production uploads only. ``released``
    tells whether a workflow has changed since a release, where it was read at that commit.
    """
    published = list(_published(repository))
    found = [
        _published_status(repository, registry, package, publications, released or {})
        for registry, package, publications in published
    ]
    names = {(registry, _compared(registry, package)) for registry, package, _ in published}
    found += _unpublished(repository, names)
    return tuple(found)


def state_in_text(publications: tuple[Publication, ...]) -> Ladder:
    """What the workflows alone say of a package's publications.

    A publication whose credential was not found leaves the state open, unless another one
    settles it: a stored token stays a stored token.
    """
    auths = {publication.auth for publication in publications}
    trusted = bool(auths & {Auth.OIDC, Auth.MIXED})
    token = bool(auths & {Auth.TOKEN, Auth.MIXED})
    if token:
        return Ladder.MIXED if trusted else Ladder.TOKEN
    return Ladder.OIDC if trusted and Auth.UNKNOWN not in auths else Ladder.UNKNOWN


def _compared(registry: str, package: str) -> str:
    """A name as its registry compares it."""
    if registry != Registry.PYPI:
        return package
    return re.sub(r"[-_.]+", "-", package).lower()


def _published(
    repository: Repository,
) -> Iterator[tuple[Registry, str, tuple[Publication, ...]]]:
    """Each package with its publications; "" for those whose package was not found."""
    named: list[tuple[Registry, str, str, Publication]] = []
    for publication in repository.publications:
        if not (publication.registry.has_trusted_publishing and publication.is_scored):
            continue
        registry = publication.registry
        named += [
            (registry, _compared(registry, package), package, publication)
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
    released: ReleasedFiles,
) -> PackageStatus:
    text = state_in_text(publications)
    keys = tuple(publication.key for publication in publications)
    if not package:
        conclusion = _Conclusion(
            text, "the package's name was not found, so the index was not asked",
            missing="the package's name",
        )  # fmt: skip
    else:
        evidence = _evidence(repository, registry, package)
        conclusion = _concluded(repository, text, publications, evidence, released)
    return PackageStatus(
        registry=registry, package=package, state=conclusion.state, publications=keys,
        why=_sentence(_TEXT[text], conclusion.why), missing=conclusion.missing,
    )  # fmt: skip


def _sentence(*parts: str) -> str:
    text = "; ".join(part for part in parts if part)
    return text[:1].upper() + text[1:] + "."


def _evidence(repository: Repository, registry: str, package: str) -> PackageEvidence | Unseen:
    """Evidence under the name as written or as the registry compares it."""
    found = repository.evidence(registry, package)
    if isinstance(found, Unseen):
        compared = repository.evidence(registry, _compared(registry, package))
        return found if isinstance(compared, Unseen) else compared
    return found


@dataclass(frozen=True, slots=True)
class _Conclusion:
    state: Ladder
    why: str
    missing: str = ""


def _concluded(
    repository: Repository,
    text: Ladder,
    publications: tuple[Publication, ...],
    evidence: PackageEvidence | Unseen,
    released: ReleasedFiles,
) -> _Conclusion:
    """The state once the index's evidence is counted in."""
    if isinstance(evidence, Unseen):
        return _Conclusion(text, f"not held against the index: {evidence.reason}", evidence.reason)
    if not evidence.exists:
        return _Conclusion(text, "the index knows no package of this name")
    if isinstance(evidence.releases, Unseen):
        reason = evidence.releases.reason
        return _Conclusion(text, f"not held against the index: {reason}", reason)
    latest = evidence.latest
    if latest is None:
        return _Conclusion(text, "the index has no release of it")
    if isinstance(latest.provenance, Unseen):
        reason = latest.provenance.reason
        why = f"whether release {latest.version} proves it was not seen: {reason}"
        return _Conclusion(text, why, reason)
    if not latest.provenance:
        return _Conclusion(text, _unattested(text, evidence), _not_known(text, evidence))
    verdict = judge(repository, publications, Released.of(evidence), released)
    return _with_verdict(text, verdict)


def _with_verdict(text: Ladder, verdict: Verdict) -> _Conclusion:
    """A release's verdict beside the text. A token in the workflow is seen, whatever the last
    release was; an unclear text stays unclear unless the release names that very workflow.
    """
    with_token = text in {Ladder.TOKEN, Ladder.MIXED}
    if verdict.state is Ladder.MISMATCH:
        return _Conclusion(Ladder.MISMATCH, verdict.why, verdict.missing)
    if verdict.state is Ladder.ATTESTED and with_token:
        why = f"{verdict.why}, so that a trusted path exists beside the token"
        return _Conclusion(Ladder.MIXED, why, verdict.missing)
    if with_token or (verdict.state is Ladder.OIDC and text is Ladder.UNKNOWN):
        return _Conclusion(text, verdict.why, verdict.missing)
    return _Conclusion(verdict.state, verdict.why, verdict.missing)


def _unattested(text: Ladder, evidence: PackageEvidence) -> str:
    """What an absent attestation means, which is never that a token was used."""
    latest = evidence.latest
    version = latest.version if latest else ""
    if evidence.trusted_publisher and text is not Ladder.TOKEN:
        return f"the index says that release {version} came from a trusted publisher, unattested"
    earlier = _earlier_attested(evidence)
    before = f", though {earlier} was" if earlier else ""
    return f"release {version} is not attested{before}, which proves nothing about its upload"


def _not_known(text: Ladder, evidence: PackageEvidence) -> str:
    if text is Ladder.TOKEN or evidence.trusted_publisher:
        return ""
    return "how the latest release was uploaded"


def _earlier_attested(evidence: PackageEvidence) -> str:
    releases = () if isinstance(evidence.releases, Unseen) else evidence.releases
    return next((r.version for r in releases if r.is_attested and r is not evidence.latest), "")


def _unpublished(
    repository: Repository, published: set[tuple[Registry, str]]
) -> Iterator[PackageStatus]:
    """Packages that belong here, by the repository's metadata or the index's links, and that
    no publication of it names.
    """
    unnamed = {registry for registry, package in published if not package}
    seen: set[tuple[str, str]] = set(published)
    for registry, name, evidence in _belonging(repository):
        key = (registry, _compared(registry, name))
        if key in seen:
            continue
        seen.add(key)
        conclusion = _unpublished_state(repository, evidence, registry in unnamed)
        yield PackageStatus(
            registry=registry, package=name, state=conclusion.state,
            why=_sentence(conclusion.why), missing=conclusion.missing,
        )  # fmt: skip


def _belonging(
    repository: Repository,
) -> Iterator[tuple[Registry, str, PackageEvidence | Unseen]]:
    for word, names in repository.package_names.items():
        registry = next((r for r in Registry if r == word), None)
        if registry is not None and registry.has_trusted_publishing:
            for name in names:
                yield registry, name, _evidence(repository, registry, name)
    index = {} if isinstance(repository.index, Unseen) else repository.index
    for evidence in index.values():
        registry = next((r for r in Registry if r == evidence.registry), None)
        if registry is None or not registry.has_trusted_publishing:
            continue
        if any(points_to(url, repository.ref) for url in evidence.repository_urls):
            yield registry, evidence.name, evidence


def points_to(url: str, ref: RepositoryRef) -> bool:
    """Whether a link of a package's metadata leads to the repository or into it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    segments = parts.path.strip("/").lower().split("/")[:2]
    wanted = [ref.owner.lower(), ref.name.lower()]
    host = (parts.netloc.lower().rpartition("@")[2]).removeprefix("www.")
    return host == ref.host.lower() and [s.removesuffix(".git") for s in segments] == wanted


def _unread_workflow(repository: Repository) -> str:
    """A workflow file that could not be read, which may publish anything; "" if none."""
    gaps = (*repository.gaps, *repository.snapshot.gaps)
    return next((g.subject for g in gaps if g.subject.startswith(".github/workflows")), "")


def _unpublished_state(
    repository: Repository, evidence: PackageEvidence | Unseen, unnamed: bool
) -> _Conclusion:
    if unnamed:
        why = "no publication names it, and one whose package was not found may publish it"
        return _Conclusion(Ladder.UNKNOWN, why, "the package that a publication uploads")
    if unread := _unread_workflow(repository):
        why = f"no workflow that was read publishes it, and {unread} could not be read"
        return _Conclusion(Ladder.UNKNOWN, why, unread)
    if isinstance(evidence, Unseen):
        return _Conclusion(Ladder.NONE, f"no workflow publishes it ({evidence.reason})")
    if not evidence.exists:
        return _Conclusion(Ladder.NONE, "no workflow publishes it, and the index does not know it")
    if not any(points_to(url, repository.ref) for url in evidence.repository_urls):
        why = "no workflow publishes it, and the index's package of this name does not link here"
        return _Conclusion(Ladder.NONE, why)
    return _linked_state(repository, evidence)


def _linked_state(repository: Repository, evidence: PackageEvidence) -> _Conclusion:
    """A package whose index links lead here, while no publication was found."""
    here = "the index's links point here, and no workflow publishes the package"
    latest = evidence.latest
    if latest is None:
        missing = evidence.releases.reason if isinstance(evidence.releases, Unseen) else ""
        return _Conclusion(Ladder.MANUAL if missing else Ladder.NONE, here, missing)
    if isinstance(latest.provenance, Unseen):
        reason = latest.provenance.reason
        state = Ladder.UNKNOWN if latest.is_attested else Ladder.MANUAL
        return _Conclusion(state, f"{here}; who released {latest.version} was not seen", reason)
    if not latest.provenance:
        return _Conclusion(Ladder.MANUAL, here)
    verdict = judge(repository, (), Released.of(evidence), {})
    if verdict.state is Ladder.MISMATCH:
        return _Conclusion(Ladder.NONE, f"no workflow here publishes it: {verdict.why}")
    return _Conclusion(verdict.state, f"no publication was recognised, yet {verdict.why}")
