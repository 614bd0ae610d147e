"""Compares a release's provenance with the repository's files, then and now."""

from __future__ import annotations

from enum import StrEnum

from audits.analysis.trusted_publishers import PUBLIC_HOST, is_this_repository
from audits.model.evidence import FileThen, Provenance, PublisherKind, Release
from audits.model.publication import Publication
from audits.model.repository import Repository
from audits.model.settings import Unseen

WORKFLOWS = ".github/workflows/"


class FileChange(StrEnum):
    """What became of a workflow file since the commit that a certificate names."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"
    NEVER = "never"
    NO_COMMIT = "no commit"
    NOT_READ = "not read"


def publisher_path(provenance: Provenance) -> str:
    """The path of the workflow that the publisher names; "" where it names none."""
    return f"{WORKFLOWS}{provenance.workflow}" if provenance.workflow else ""


def entry_path(provenance: Provenance) -> str:
    """The path of the workflow that the run was started by, which may call the publisher's;
    "" where the certificate names none of the same repository.
    """
    address = provenance.build_config.partition("@")[0]
    home = f"https://{PUBLIC_HOST}/{provenance.repository}/{WORKFLOWS}"
    return address[len(home) - len(WORKFLOWS) :] if address.lower().startswith(home.lower()) else ""


def file_then(repo: Repository, provenance: Provenance, path: str) -> FileThen | None:
    """The file at the certificate's commit; None where it was not read."""
    return repo.released.get((provenance.commit, path))


def since(repo: Repository, provenance: Provenance, path: str = "") -> FileChange:
    """What became of the publisher's workflow, or of another ``path``, since the release."""
    path = path or publisher_path(provenance)
    then, now = file_then(repo, provenance, path), repo.file(path)
    if then is None:
        return FileChange.NOT_READ
    if not then.commit_known:
        return FileChange.NO_COMMIT
    if not then.oid:
        return FileChange.NEVER
    if now is None:
        return FileChange.GONE
    # Git may write other line ends into a checkout than it keeps.
    same = then.text is not None and then.text.splitlines() == now.text.splitlines()
    return FileChange.SAME if same or then.oid == now.oid else FileChange.CHANGED


def publisher_files(publication: Publication) -> frozenset[str]:
    """File names that the registry's publisher would name for a publication."""
    paths = (path.partition("@")[0] for path in publication.publisher_workflows)
    return frozenset(path.rpartition("/")[2] for path in paths)


def attested_here(repo: Repository, release: Release) -> bool | None:
    """Whether a release is attested for this repository and no other; None where that was
    not seen.
    """
    if isinstance(release.provenance, Unseen):
        return None
    return bool(release.provenance) and all(is_this_repository(repo, p) for p in release.provenance)


def only_names(repo: Repository, provenance: Provenance) -> str:
    """The reservation that two repositories of other names may be one, where ids are missing."""
    known = repo.snapshot.database_id is not None and provenance.repository_id
    if known or provenance.kind is not PublisherKind.GITHUB or repo.ref.host != PUBLIC_HOST:
        return ""
    whose = "the evidence gives no id" if not provenance.repository_id else "its id is not known"
    return f" (by name alone, as {whose}: one that was renamed since looks the same)"
