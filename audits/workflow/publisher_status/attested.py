"""Compares the latest release's provenance with the repository's workflows."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from msgspec import Struct

from audits.analysis.release_provenance import (
    FileChange,
    only_names,
    publisher_files,
    publisher_path,
    since,
)
from audits.analysis.trusted_publishers import PUBLIC_HOST, is_this_repository
from audits.model.evidence import PackageEvidence, Provenance, PublisherKind
from audits.model.publication import Publication
from audits.model.registry import Registry
from audits.model.repository import Repository
from audits.model.score import Ladder
from audits.model.settings import Unseen
from audits.workflow.publisher_status.since_release import (
    circumstances,
    file_since,
    other_file_since,
)
from audits.workflow.publisher_status.verdict import StatusVerdict, latest_version


class Kinship(IntEnum):
    """How a provenance's publisher stands to a repository, nearest first."""

    SAME = 0
    SAME_OWNER = 1
    FOREIGN = 2
    UNKNOWN = 3


class LatestRelease(Struct, frozen=True, kw_only=True):
    """The latest release as its provenance describes it. ``part`` says how many of its files are
    attested, where not all are.
    """

    version: str
    provenance: tuple[Provenance, ...]
    registry: str = Registry.PYPI.value
    part: str = ""

    @classmethod
    def of(cls, evidence: PackageEvidence) -> LatestRelease:
        """The latest release of a package; no provenance where none was seen."""
        latest = evidence.latest
        seen = latest.provenance if latest else ()
        attested = latest.attested_files if latest else None
        some = latest is not None and attested is not None and 0 < attested < latest.files
        return cls(
            version=latest_version(evidence),
            provenance=() if isinstance(seen, Unseen) else seen,
            registry=evidence.registry,
            part=f" in {attested} of its {latest.files} files" if latest and some else "",
        )

    @property
    def text(self) -> str:
        """How the registry vouches for it, up to the publisher."""
        if self.registry == Registry.CRATES.value:
            return f"release {self.version} came from a trusted publisher"
        return f"release {self.version} is attested{self.part}"


def kinship(repository: Repository, provenance: Provenance) -> Kinship:
    """Whether a publisher is this repository, another of its owner, or foreign.

    Ids survive a change of name or owner, and a name may be given away: where both ids are
    known they decide, and names only where one is not.
    """
    if provenance.kind is PublisherKind.OTHER:
        return Kinship.UNKNOWN
    ref = repository.ref
    if not ref.is_known and not is_this_repository(repository, provenance):
        return Kinship.UNKNOWN
    if provenance.kind is not PublisherKind.GITHUB or ref.host not in {PUBLIC_HOST, ""}:
        return Kinship.FOREIGN
    if not provenance.repository:
        return Kinship.UNKNOWN
    owner = provenance.repository.lower().partition("/")[0]
    same_owner = owner == ref.owner.lower()
    if is_this_repository(repository, provenance):
        return Kinship.SAME
    return Kinship.SAME_OWNER if same_owner else Kinship.FOREIGN


def judge(
    repository: Repository, publications: tuple[Publication, ...], released: LatestRelease
) -> StatusVerdict:
    """The state of a release with provenance; the worst of its publishers counts."""
    by_kin = sorted(
        ((kinship(repository, p), p) for p in released.provenance), key=lambda pair: -pair[0]
    )
    foreign = [(kin, p) for kin, p in by_kin if kin in {Kinship.FOREIGN, Kinship.SAME_OWNER}]
    if foreign:
        return _mismatch(repository, released, *foreign[0])
    if by_kin[0][0] is Kinship.UNKNOWN:
        worst = by_kin[0][1]
        publisher = "a publisher of a kind that is not known here"
        if worst.kind is PublisherKind.GITHUB:
            publisher = "a publisher that names no repository"
        if worst.repository and not repository.ref.is_known:
            publisher = f"{worst.repository}, and the repository has no remote"
        return StatusVerdict(
            state=Ladder.UNKNOWN,
            missing="the publisher of the latest release",
            why=f"{released.text} for {publisher}",
        )
    verdicts = [_own(repository, publications, released, p) for p in released.provenance]
    return next((v for v in verdicts if v.state is not Ladder.ATTESTED), verdicts[0])


def _mismatch(
    repository: Repository, released: LatestRelease, kin: Kinship, provenance: Provenance
) -> StatusVerdict:
    ref = repository.ref
    named = provenance.repository or "a publisher without a name"
    whose = f"the {provenance.kind.value} publisher {named}"
    if provenance.kind is PublisherKind.GITHUB:
        whose = f"{named} on {PUBLIC_HOST}"
    note = "" if kin is Kinship.FOREIGN else ", another repository of this owner"
    if provenance.repository.lower() == str(ref).lower() and ref.host == PUBLIC_HOST:
        note = (
            f", which was repository {provenance.repository_id} then and is another one, "
            f"{repository.snapshot.database_id}, today"
        )
    words = "of" if released.registry == Registry.CRATES.value else "for"
    why = f"{released.text} {words} {whose}{note}, not for {ref} on {ref.host}"
    return StatusVerdict(state=Ladder.MISMATCH, why=why + only_names(repository, provenance))


def _own(
    repository: Repository,
    publications: tuple[Publication, ...],
    released: LatestRelease,
    provenance: Provenance,
) -> StatusVerdict:
    """A release that was attested for this repository: by today's workflow, or another one."""
    text = _vouched(repository, publications, released, provenance)
    if not provenance.workflow:
        return StatusVerdict.of(Ladder.ATTESTED, text, "the workflow that released it")
    matching = [p for p in publications if provenance.workflow in publisher_files(p)]
    if not matching and not _may_be(repository, publications, provenance):
        return _by_another(repository, publications, provenance, text)
    if matching and not any(_environment_fits(p, provenance) for p in matching):
        return _another_environment(repository, matching[0], provenance, text)
    why = f"{text}; {file_since(repository, provenance)}"
    became = since(repository, provenance)
    if became in {FileChange.CHANGED, FileChange.NEVER}:
        return StatusVerdict.of(Ladder.OIDC, why)
    unread = "" if became is FileChange.SAME else "the workflow as it was at the latest release"
    return StatusVerdict.of(Ladder.ATTESTED, why, unread)


def _vouched(
    repository: Repository,
    publications: tuple[Publication, ...],
    released: LatestRelease,
    provenance: Provenance,
) -> str:
    """For which workflow a release was attested, and what is unexpected about its run."""
    others = sorted({p.workflow for p in released.provenance if p.workflow} - {provenance.workflow})
    text = f"{released.text} for {provenance.workflow or 'a workflow that it does not name'}"
    if released.registry == Registry.CRATES.value:
        text = f"{released.text} of this repository"
    if others:
        text += f", and in other files for {' and '.join(others)}"
    return (
        text
        + _renamed(repository, provenance)
        + circumstances(repository, provenance, publications)
    )


def _by_another(
    repository: Repository, publications: tuple[Publication, ...], provenance: Provenance, text: str
) -> StatusVerdict:
    """Attested for a workflow of this repository that does not publish the package today."""
    names = {name for p in publications for name in publisher_files(p)}
    change = other_file_since(repository, provenance, names)
    if not publications:
        return StatusVerdict.of(
            Ladder.UNKNOWN, f"{text}, {change}", "the workflow that released it"
        )
    today = " or ".join(sorted(names)) or "another one"
    return StatusVerdict(
        state=Ladder.OIDC,
        why=f"{text}, {change}; the workflow that publishes today is {today}",
        next=f"the next release fails unless a trusted publisher is registered for {today}",
    )


def _another_environment(
    repository: Repository, publication: Publication, provenance: Provenance, text: str
) -> StatusVerdict:
    """Attested for the workflow in another environment than the job names today."""
    declared = publication.environment
    name = declared.name.value if declared is not None else ""
    became = since(repository, provenance)
    when = {
        FileChange.CHANGED: ", as the file has changed since",
        FileChange.SAME: ", though that file is as it was then",
    }
    text += f" with the environment {provenance.environment}, and the job names "
    text += f"{name or 'none'} today{when.get(became, '')}"
    what = f"the environment {name}" if name else "jobs without an environment"
    return StatusVerdict(
        state=Ladder.OIDC,
        why=text,
        next=f"the next release fails unless a trusted publisher is registered for {what}",
    )


def _may_be(
    repository: Repository, publications: Iterable[Publication], provenance: Provenance
) -> bool:
    """Whether a workflow of the repository may hold a publication that was not recognised, or
    one whose publisher's file is unknown.
    """
    open_ended = [p for p in publications if not p.publisher_workflows]
    exists = repository.file(publisher_path(provenance)) is not None
    return exists and (bool(open_ended) or not list(publications))


def _environment_fits(publication: Publication, provenance: Provenance) -> bool:
    """Whether the publisher of the latest release would accept the publication's environment.

    A publisher without one accepts any; names are compared without case, as the index does.
    """
    declared = publication.environment
    if not provenance.environment or (declared is not None and declared.dynamic):
        return True
    name = declared.name.value if declared is not None else ""
    return name.lower() == provenance.environment.lower()


def _renamed(repository: Repository, provenance: Provenance) -> str:
    same = provenance.repository.lower() == str(repository.ref).lower()
    return "" if same else f" of {provenance.repository}, as this repository was called then"
