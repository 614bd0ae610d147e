"""Whether the latest release's provenance names this repository's workflow, and if not, whose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from audits.model.evidence import PackageEvidence, Provenance, PublisherKind
from audits.model.publication import Publication
from audits.model.publishers import is_this_repository
from audits.model.repository import Repository
from audits.model.score import Ladder
from audits.model.settings import Unseen

_PUBLIC_HOST = "github.com"
_USUAL_EVENTS = frozenset({"release", "push", "workflow_dispatch", "repository_dispatch", ""})


class Kinship(IntEnum):
    """How a provenance's publisher stands to a repository, nearest first."""

    SAME = 0
    SAME_OWNER = 1
    FOREIGN = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The latest release as its provenance tells of it."""

    version: str
    provenance: tuple[Provenance, ...]

    @classmethod
    def of(cls, evidence: PackageEvidence) -> Released:
        """The latest release of a package; no provenance where none was seen."""
        latest = evidence.latest
        if latest is None or isinstance(latest.provenance, Unseen):
            return cls(version=latest.version if latest else "", provenance=())
        return cls(version=latest.version, provenance=latest.provenance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A state of the ladder with half a sentence that says why."""

    state: Ladder
    why: str
    missing: str = ""

    @classmethod
    def of(cls, state: Ladder, why: str, missing: str = "") -> Verdict:
        """A verdict, written short."""
        return cls(state=state, why=why, missing=missing)


def sentence(*parts: str) -> str:
    """One sentence of these half sentences."""
    text = "; ".join(part for part in parts if part)
    return text[:1].upper() + text[1:] + "."


def kinship(repository: Repository, provenance: Provenance) -> Kinship:
    """Whether a publisher is this repository, another of its owner, or foreign.

    Ids survive a change of name or owner, and a name may be given away: where both ids are
    known they decide, and names only where one is not.
    """
    if provenance.kind is PublisherKind.OTHER:
        return Kinship.UNKNOWN
    ref = repository.ref
    if provenance.kind is not PublisherKind.GITHUB or ref.host != _PUBLIC_HOST:
        return Kinship.FOREIGN
    if not provenance.repository:
        return Kinship.UNKNOWN
    owner = provenance.repository.lower().partition("/")[0]
    same_owner = owner == ref.owner.lower()
    if is_this_repository(repository, provenance):
        return Kinship.SAME
    return Kinship.SAME_OWNER if same_owner else Kinship.FOREIGN


def judge(
    repository: Repository,
    publications: tuple[Publication, ...],
    released: Released,
    files: Mapping[tuple[str, str], str],
) -> Verdict:
    """The state that a release with provenance comes to; the worst of its publishers counts."""
    by_kin = sorted(
        ((kinship(repository, p), p) for p in released.provenance), key=lambda pair: -pair[0]
    )
    foreign = [(kin, p) for kin, p in by_kin if kin in {Kinship.FOREIGN, Kinship.SAME_OWNER}]
    if foreign:
        return _mismatch(repository, released.version, *foreign[0])
    if by_kin[0][0] is Kinship.UNKNOWN:
        return Verdict(
            state=Ladder.UNKNOWN, missing="the publisher of the latest release",
            why=f"release {released.version} is attested by a publisher that is not known here",
        )  # fmt: skip
    verdicts = [
        _own(repository, publications, released.version, provenance, files)
        for provenance in released.provenance
    ]
    return next((v for v in verdicts if v.state is not Ladder.ATTESTED), verdicts[0])


def _mismatch(
    repository: Repository, version: str, kin: Kinship, provenance: Provenance
) -> Verdict:
    ref = repository.ref
    named = provenance.repository or "a publisher without a name"
    whose = f"the {provenance.kind.value} publisher {named}"
    if provenance.kind is PublisherKind.GITHUB:
        whose = f"{named} on {_PUBLIC_HOST}"
    note = "" if kin is Kinship.FOREIGN else ", another repository of this owner"
    if provenance.repository.lower() == str(ref).lower() and ref.host == _PUBLIC_HOST:
        note = (
            f", which was repository {provenance.repository_id} then and is another one, "
            f"{repository.snapshot.database_id}, today"
        )
    why = f"release {version} was attested for {whose}{note}, not for {ref} on {ref.host}"
    return Verdict(state=Ladder.MISMATCH, why=why)


def _own(
    repository: Repository,
    publications: tuple[Publication, ...],
    version: str,
    provenance: Provenance,
    files: Mapping[tuple[str, str], str],
) -> Verdict:
    """A release that was attested for this repository: by today's workflow, or another one."""
    said = f"release {version} is attested for {provenance.workflow or 'a workflow'}"
    said += _renamed(repository, provenance) + _circumstances(provenance, publications)
    if not provenance.workflow:
        return Verdict(state=Ladder.ATTESTED, why=said, missing="the workflow that released it")
    matching = [p for p in publications if provenance.workflow in _file_names(p)]
    if not matching and not _may_be(repository, publications, provenance.workflow):
        why = f"{said}, and the workflow that publishes today is another one"
        return Verdict(state=Ladder.OIDC if publications else Ladder.UNKNOWN, why=why)
    if matching and not any(_environment_fits(p, provenance) for p in matching):
        why = (
            f"{said} with the environment {provenance.environment}, and the workflow names "
            "another one today"
        )
        return Verdict(state=Ladder.OIDC, why=why)
    if _changed(repository, provenance, files):
        why = f"{said}, and that file has changed since"
        return Verdict(state=Ladder.OIDC, why=why)
    return Verdict(state=Ladder.ATTESTED, why=said)


def _file_names(publication: Publication) -> set[str]:
    """File names that the registry's publisher would name for a publication."""
    paths = publication.publisher_workflows
    return {path.partition("@")[0].rpartition("/")[2] for path in paths}


def _may_be(repository: Repository, publications: Iterable[Publication], workflow: str) -> bool:
    """Whether a workflow of the repository may hold a publication that was not recognised, or
    one whose publisher's file cannot be told.
    """
    open_ended = [p for p in publications if not p.publisher_workflows]
    exists = any(w.path.rpartition("/")[2] == workflow for w in repository.workflows)
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


def _changed(
    repository: Repository, provenance: Provenance, files: Mapping[tuple[str, str], str]
) -> bool:
    path = f".github/workflows/{provenance.workflow}"
    then = files.get((provenance.commit, path))
    now = repository.file(path)
    return then is not None and now is not None and then != now.oid


def _renamed(repository: Repository, provenance: Provenance) -> str:
    same = provenance.repository.lower() == str(repository.ref).lower()
    return "" if same else f" of {provenance.repository}, as this repository was called then"


def _circumstances(provenance: Provenance, publications: Iterable[Publication]) -> str:
    """What the certificate proves of the run, where it is not what one expects of a release."""
    found = []
    if provenance.ref.startswith("refs/heads/"):
        found.append(f"from the branch {provenance.ref.removeprefix('refs/heads/')}")
    triggers = {t.event for p in publications for route in p.routes for t in route.triggers}
    unexpected = provenance.event not in (triggers or _USUAL_EVENTS)
    if provenance.event and unexpected:
        found.append(f"by the event {provenance.event}, which is not expected")
    if provenance.runner == "self-hosted":
        found.append("on a self-hosted runner")
    return f" (released {', '.join(found)})" if found else ""
