"""Builds the repositories of examples, and tells which lines they mark."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec.structs import replace

from audits.check import MARK, Example
from audits.model.index_hosts import IndexHosts
from audits.model.repository import Repository
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.workflow.repository import read_repository

INDEX = IndexHosts.of("https://pypi.example/simple/")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
_MARK = re.compile(rf"[ \t]*{re.escape(MARK)}$", re.MULTILINE)

Line = tuple[str, int]


def unmarked(text: str) -> str:
    """The text without marks."""
    return _MARK.sub("", text)


def texts(example: Example) -> dict[str, str]:
    """All files of an example, marks included."""
    own = {example.path: example.workflow} if example.workflow else {}
    return {**own, **example.files}


def marked_lines(files: Mapping[str, str]) -> set[Line]:
    """The places that an example marks."""
    return {
        (path, number)
        for path, text in files.items()
        for number, line in enumerate(text.split("\n"), 1)
        if line.rstrip().endswith(MARK)
    }


def repository_of(example: Example, files: Mapping[str, str] | None = None) -> Repository:
    """The repository that an example describes, or the same with other files."""
    ref = RepositoryRef(owner="orchard-labs", name="lumen", host=example.host)
    sources = tuple(
        SourceFile.of(path, unmarked(text).encode())
        for path, text in sorted((texts(example) if files is None else files).items())
    )
    snapshot = Snapshot(
        ref=ref,
        commit=COMMIT,
        files=sources,
        settings=example.settings,
        owner_settings=example.owner_settings,
        database_id=4242,
    )
    given: dict[str, object] = {}
    if example.references is not None:
        given["references"] = {(r.slug.lower(), r.ref): r for r in example.references}
    if example.evidence is not None:
        given["index"] = {(e.registry, e.name): e for e in example.evidence}
    repository = read_repository(
        snapshot,
        channel=INDEX.channel_of,
        advisories=example.advisories,
        index_hosts=INDEX,
        as_of=example.as_of,
        **given,  # type: ignore[arg-type]
    )
    if example.images is None:
        return repository
    return replace(repository, images={i.reference: i for i in example.images})
