"""Compares the latest release's provenance with the repository and its workflows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum

from msgspec import Struct

from audits.analysis.release_provenance import (
    FileChange,
    entry_path,
    file_then,
    only_names,
    publisher_files,
    publisher_path,
    since,
)
from audits.analysis.trusted_publishers import PUBLIC_HOST, is_this_repository
from audits.model.evidence import PackageEvidence, Provenance, PublisherKind
from audits.model.publication import Publication
from audits.model.registry import Trait, registry_named
from audits.model.repository import Repository
from audits.model.score import Ladder
from audits.model.settings import Unseen
from audits.model.source import SourceFile
from audits.model.wording import and_list
from audits.workflow.parse.parse import parse_workflow

_USUAL_EVENTS = frozenset({"release", "push", "workflow_dispatch", "repository_dispatch"})
_CALLED = frozenset({"workflow_call"})

_FILE_SINCE = {
    FileChange.SAME: "that file is as it was at the release's commit {commit}",
    FileChange.CHANGED: "that file has changed since the release's commit {commit}",
    FileChange.NO_COMMIT: "the release's commit {commit} is not in the history that was read, so "
    "whether that file has changed since is not known",
    FileChange.NEVER: "the release's commit {commit} has no such file to compare with",
}
"""Half sentences on the workflow that publishes today, by what became of it since it released."""
_NOT_SEEN = "whether that file has changed since was not seen"
_NO_COMMIT = "the evidence names no commit, so whether that file has changed since is not known"

_OTHER_FILE_HERE = {FileChange.SAME: ", as it was then", FileChange.CHANGED: ", changed since"}
_OTHER_FILE_GONE = {
    FileChange.GONE: "which was there at the release's commit {commit} and is not here today: it was "
    "renamed or removed since",
    FileChange.NO_COMMIT: "which is not here today, and neither is the release's commit {commit}",
    FileChange.NEVER: "which neither the release's commit {commit} nor today's files have",
}
"""Relative clauses on another workflow of the repository that released, which is not here today."""


class StatusVerdict(Struct, frozen=True):
    """A package's status with half a sentence that says why.

    ``missing`` names the evidence that would make it certain. ``next`` is what the next release
    by a trusted publisher needs, another half sentence.
    """

    state: Ladder
    why: str
    missing: str = ""
    next: str = ""


def names_publishers(evidence: PackageEvidence) -> bool:
    """Whether the package's registry names the publisher of each release by itself."""
    registry = registry_named(evidence.registry)
    return registry is not None and Trait.NAMES_PUBLISHERS in registry.info.traits


def latest_version(evidence: PackageEvidence) -> str:
    """The latest release for a sentence; a withdrawn one is the latest only where all are."""
    latest = evidence.latest
    if latest is None:
        return ""
    return f"{latest.version} (withdrawn, like all others)" if latest.yanked else latest.version


class Kinship(IntEnum):
    """How a provenance's publisher stands to a repository, nearest first."""

    SAME = 0
    SAME_OWNER = 1
    FOREIGN = 2
    UNKNOWN = 3


class LatestRelease(Struct, frozen=True, kw_only=True):
    """The latest release as its provenance describes it.

    ``is_named``: the registry itself names the publisher, and nothing is attested. ``part``
    says how many of its files are attested, where not all are.
    """

    version: str
    provenance: tuple[Provenance, ...]
    is_named: bool = False
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
            is_named=names_publishers(evidence),
            part=f" in {attested} of its {latest.files} files" if latest and some else "",
        )

    @property
    def text(self) -> str:
        """How the registry vouches for it, up to the publisher."""
        if self.is_named:
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
        why = f"{released.text} for {publisher}"
        return StatusVerdict(Ladder.UNKNOWN, why, "the publisher of the latest release")
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
    words = "of" if released.is_named else "for"
    why = f"{released.text} {words} {whose}{note}, not for {ref} on {ref.host}"
    return StatusVerdict(Ladder.MISMATCH, why + only_names(repository, provenance))


def _own(
    repository: Repository,
    publications: tuple[Publication, ...],
    released: LatestRelease,
    provenance: Provenance,
) -> StatusVerdict:
    """A release that was attested for this repository: by today's workflow, or another one."""
    text = _vouched(repository, publications, released, provenance)
    if not provenance.workflow:
        return StatusVerdict(Ladder.ATTESTED, text, "the workflow that released it")
    matching = [p for p in publications if provenance.workflow in publisher_files(p)]
    if not matching and not _may_be(repository, publications, provenance):
        return _by_another(repository, publications, provenance, text)
    if matching and not any(_environment_fits(p, provenance) for p in matching):
        return _another_environment(repository, matching[0], provenance, text)
    why = f"{text}; {_file_since(repository, provenance)}"
    became = since(repository, provenance)
    if became in {FileChange.CHANGED, FileChange.NEVER}:
        return StatusVerdict(Ladder.OIDC, why)
    unread = "" if became is FileChange.SAME else "the workflow as it was at the latest release"
    return StatusVerdict(Ladder.ATTESTED, why, unread)


def _vouched(
    repository: Repository,
    publications: tuple[Publication, ...],
    released: LatestRelease,
    provenance: Provenance,
) -> str:
    """For which workflow a release was attested, and what is unexpected about its run."""
    others = sorted({p.workflow for p in released.provenance if p.workflow} - {provenance.workflow})
    text = f"{released.text} for {provenance.workflow or 'a workflow that it does not name'}"
    if released.is_named:
        text = f"{released.text} of this repository"
    if others:
        text += f", and in other files for {' and '.join(others)}"
    return (
        text
        + _renamed(repository, provenance)
        + _circumstances(repository, provenance, publications)
    )


def _by_another(
    repository: Repository, publications: tuple[Publication, ...], provenance: Provenance, text: str
) -> StatusVerdict:
    """Attested for a workflow of this repository that does not publish the package today."""
    names = {name for p in publications for name in publisher_files(p)}
    change = _other_file_since(repository, provenance, names)
    if not publications:
        return StatusVerdict(Ladder.UNKNOWN, f"{text}, {change}", "the workflow that released it")
    today = " or ".join(sorted(names)) or "another one"
    return StatusVerdict(
        Ladder.OIDC,
        f"{text}, {change}; the workflow that publishes today is {today}",
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
        Ladder.OIDC,
        text,
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


def _file_since(repository: Repository, provenance: Provenance) -> str:
    """What became of the workflow that publishes today, since it released; a half sentence."""
    commit = provenance.commit[:7]
    text = _FILE_SINCE.get(since(repository, provenance), _NOT_SEEN if commit else _NO_COMMIT)
    return text.format(commit=commit)


def _other_file_since(
    repository: Repository, provenance: Provenance, publishing: Iterable[str]
) -> str:
    """What became of another workflow of this repository that released; a relative clause."""
    state = since(repository, provenance)
    if repository.file(publisher_path(provenance)) is None:
        text = _OTHER_FILE_GONE.get(state, "which is not here today")
        return text.format(commit=provenance.commit[:7])
    names = and_list(sorted(publishing))
    beside = f" beside {names}" if names else ""
    return f"which is still here{beside}{_OTHER_FILE_HERE.get(state, '')}"


def _circumstances(
    repository: Repository, provenance: Provenance, publications: Iterable[Publication]
) -> str:
    """What the certificate proves of the run, where it is not what one expects of a release."""
    found = [
        *_ref(provenance.ref),
        *_event(repository, provenance, publications),
        *_called(provenance),
    ]
    if provenance.runner == "self-hosted":
        found.append("on a self-hosted runner")
    return f" (released {', '.join(found)})" if found else ""


def _ref(ref: str) -> Iterator[str]:
    if ref.startswith("refs/heads/"):
        yield f"from the branch {ref.removeprefix('refs/heads/')}"
    elif ref.startswith("refs/pull/"):
        yield f"from the pull request {ref.removeprefix('refs/pull/').partition('/')[0]}"


def _event(
    repository: Repository, provenance: Provenance, publications: Iterable[Publication]
) -> Iterator[str]:
    """The event, unless the workflow that it started names it, at that commit if it was read."""
    path = entry_path(provenance) or publisher_path(provenance)
    then = _events_then(repository, provenance, path)
    today = _events_today(repository, path, publications)
    named = today if then is None else then
    if not provenance.event or provenance.event in (named or _USUAL_EVENTS):
        return
    what = f"by the event {provenance.event}, which "
    if not named:
        yield what + "is not expected"
    else:
        yield what + ("that workflow does not name today" if then is None else "it did not name")


def _events_then(
    repository: Repository, provenance: Provenance, path: str
) -> frozenset[str] | None:
    """The events that start the workflow as it was; None where that is not known."""
    then = file_then(repository, provenance, path)
    source = repository.file(path)
    if then is None or not then.oid:
        return None
    if then.text is not None:
        source = SourceFile(path=path, text=then.text, oid=then.oid)
    elif source is None or source.oid != then.oid:
        return None
    parsed = parse_workflow(source).workflow
    return frozenset(t.event for t in parsed.triggers) - _CALLED or None if parsed else None


def _events_today(
    repository: Repository, path: str, publications: Iterable[Publication]
) -> frozenset[str]:
    """The events that start it today; none where it is only called, or not here."""
    entries = [route.entry for p in publications for route in p.routes]
    known = [w for w in (*entries, *repository.workflows) if w.path == path]
    return frozenset(t.event for w in known for t in w.triggers) - _CALLED


def _called(provenance: Provenance) -> Iterator[str]:
    """The workflow of another repository that built it, where one was called."""
    signer = provenance.build_signer.removeprefix(f"https://{PUBLIC_HOST}/")
    entry = provenance.build_config.removeprefix(f"https://{PUBLIC_HOST}/")
    if signer and entry and signer.split("/")[:2] != entry.split("/")[:2]:
        yield f"through {signer}"
