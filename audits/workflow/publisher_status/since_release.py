"""Compares a release's certificate with the workflow at its commit and now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from audits.analysis.release_provenance import (
    FileChange,
    entry_path,
    file_then,
    publisher_path,
    since,
)
from audits.analysis.trusted_publishers import PUBLIC_HOST
from audits.model.evidence import Provenance
from audits.model.publication import Publication
from audits.model.repository import Repository
from audits.model.source import SourceFile
from audits.workflow.parse.parse import parse_workflow

_USUAL_EVENTS = frozenset({"release", "push", "workflow_dispatch", "repository_dispatch"})
_CALLED = frozenset({"workflow_call"})


def short(commit: str) -> str:
    """A commit as people read it."""
    return commit[:7]


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


def file_since(repository: Repository, provenance: Provenance) -> str:
    """What became of the workflow that publishes today, since it released; a half sentence."""
    commit = short(provenance.commit)
    text = _FILE_SINCE.get(since(repository, provenance), _NOT_SEEN if commit else _NO_COMMIT)
    return text.format(commit=commit)


def other_file_since(
    repository: Repository, provenance: Provenance, publishing: Iterable[str]
) -> str:
    """What became of another workflow of this repository that released; a relative clause."""
    state = since(repository, provenance)
    if repository.file(publisher_path(provenance)) is None:
        text = _OTHER_FILE_GONE.get(state, "which is not here today")
        return text.format(commit=short(provenance.commit))
    names = " and ".join(sorted(publishing))
    beside = f" beside {names}" if names else ""
    return f"which is still here{beside}{_OTHER_FILE_HERE.get(state, '')}"


def circumstances(
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
