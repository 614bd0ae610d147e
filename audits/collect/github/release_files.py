"""Reads workflow files at the commits of releases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from audits.collect.errors import BudgetSpentError
from audits.collect.github import queries
from audits.collect.github.batches import BatchSize, ask
from audits.collect.github.blobs import TextReader, TextRequest
from audits.collect.github.client import GitHubClient, GraphAnswer
from audits.collect.github.errors import GitHubError
from audits.collect.github.memory_cache import TransientMemory
from audits.collect.github.responses import Anything, GitObject, Graph, read_as
from audits.model.evidence import FileThen, ReleasedFile
from audits.model.source import Gap, GapReason

_MOST = 100


class _FileAtCommit(Graph, frozen=True, kw_only=True):
    """A commit, and a file at it."""

    commit: Anything | None = None
    then: GitObject | None = None


Found = dict[ReleasedFile, FileThen | Gap]


def read_released(
    client: GitHubClient, files: Sequence[ReleasedFile], node_id: Callable[[str], str]
) -> Found:
    """What each file was, or why GitHub did not say it; ``node_id`` is asked by ``owner/name``
    for the repository's.
    """
    found: Found = {}
    wants: list[TextRequest] = []
    of: dict[TextRequest, list[ReleasedFile]] = {}
    try:
        for items, answer in ask(client, files, BatchSize(_MOST), _write):
            for index, file in enumerate(items):
                found[file], size = _then(file, answer, f"r{index}")
                want = _want(file, found[file], size, node_id(file.slug))
                if want is not None:
                    of.setdefault(want, []).append(file)
        wants = list(of)
        for want, text in _texts(client, wants):
            for file in of[want]:
                then = found[file]
                found[file] = replace(then, text=text) if isinstance(then, FileThen) else then
    except BudgetSpentError as error:
        for file in files:
            gap = Gap(subject=str(file), reason=GapReason.RATE_LIMITED, detail=str(error))
            found.setdefault(file, gap)
    return found


def _want(file: ReleasedFile, then: FileThen | Gap, size: int, node_id: str) -> TextRequest | None:
    """What asks for the text of a file that is another today."""
    if isinstance(then, Gap) or not then.oid or then.oid == file.today or not node_id:
        return None
    return TextRequest(node_id=node_id, slug=file.slug, path=file.path, oid=then.oid, size=size)


def _texts(client: GitHubClient, wants: Sequence[TextRequest]) -> Iterator[tuple[TextRequest, str]]:
    """The texts that can be read. They serve one comparison and are not kept."""
    if wants:
        for got in TextReader(client, TransientMemory()).read(wants):
            if got.file is not None:
                yield got.want, got.file.text


def _write(files: Sequence[ReleasedFile]) -> str:
    parts = []
    for index, file in enumerate(files):
        kind = "__typename oid ... on Blob { byteSize }"
        body = " ".join(
            (
                queries.expression("commit", f"{file.commit}^{{commit}}", "__typename"),
                queries.expression("then", f"{file.commit}:{file.path}", kind),
            )
        )
        parts.append(queries.by_name(f"r{index}", file.slug, body))
    return queries.batch("released", parts)


def _then(
    file: ReleasedFile, answer: GraphAnswer | GitHubError, alias: str
) -> tuple[FileThen | Gap, int]:
    """What the file was, or why that was not seen, and its size."""
    if isinstance(answer, GitHubError):
        return answer.gap(str(file)), 0
    if errors := answer.errors_at(alias):
        return errors[0].as_gap(str(file), "Contents: read"), 0
    try:
        node = read_as(_FileAtCommit, answer.data.get(alias))
    except GitHubError as odd:
        return odd.gap(str(file)), 0
    if node.commit is None:
        return FileThen(commit_known=False), 0
    if node.then is None or node.then.typename != "Blob":
        return FileThen(), 0
    return FileThen(oid=node.then.oid), node.then.byte_size or 0
