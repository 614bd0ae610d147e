"""Reads called workflows and composite actions in other repositories of the owner."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import asdict

from audits.collect import paths
from audits.collect.github import queries
from audits.collect.github.batches import BatchSize, ask
from audits.collect.github.blobs import TextReader, TextRequest
from audits.collect.github.client import GitHubClient, GraphAnswer
from audits.collect.github.errors import GitHubError
from audits.collect.github.responses import GitObject, RepositoryNode, read_as, read_if
from audits.model.cache import Memory, kept_as, kept_text
from audits.model.source import Gap, GapReason, SourceFile

_DEPTH = 4
"""Levels of calls that are followed."""

_MOST = 100
_COMMIT = re.compile(r"[0-9a-fA-F]{40}")


class Callee(Struct, frozen=True, order=True):
    """What a ``uses:`` of another repository names, as it is written."""

    slug: str
    path: str
    ref: str

    @property
    def key(self) -> str:
        """The key in `Snapshot.remote_files`."""
        path = f"/{self.path}" if self.path else ""
        return f"{self.slug}{path}@{self.ref}"

    @property
    def is_pinned(self) -> bool:
        """Whether its text can never change."""
        return _COMMIT.fullmatch(self.ref) is not None

    def candidates(self) -> tuple[str, ...]:
        """The files that it may be: a workflow, or one of the two names of an action."""
        if self.path.endswith((".yml", ".yaml")):
            return (self.path,)
        return paths.action_files(self.path)


class CalleeReader:
    """Reads callees once for all repositories that call them."""

    def __init__(self, client: GitHubClient, memory: Memory, texts: TextReader, owner: str) -> None:
        self._client = client
        self._memory = memory
        self._texts = texts
        self._owner = owner.lower()
        self._key = client.memory_key(f":callees:{self._owner}")
        self._found: dict[Callee, SourceFile | Gap] = {}
        self._recalled = False
        self._used: set[Callee] = set()

    def read(
        self, callers: Iterable[tuple[SourceFile, ...]]
    ) -> list[tuple[dict[str, SourceFile], tuple[Gap, ...]]]:
        """For each caller's files: the files that they call elsewhere, and what is missing."""
        calls = [{c for f in files for c in self._calls(f.text)} for files in callers]
        self._follow({c for chosen in calls for c in chosen})
        return [self._result(chosen) for chosen in calls]

    def files(self, callees: Iterable[Callee]) -> dict[Callee, SourceFile | Gap]:
        """What these name, of whatever owner, and nothing of what is called there."""
        wanted = set(callees)
        if missing := sorted(wanted - self._found.keys()):
            self._fetch(missing)
        return {callee: self._found[callee] for callee in wanted if callee in self._found}

    def _calls(self, text: str) -> Iterator[Callee]:
        for slug, path, ref in paths.remote_references(text):
            if slug.partition("/")[0].lower() == self._owner and "${{" not in ref:
                yield Callee(slug, path, ref)

    def _below(self, callee: Callee) -> Iterator[Callee]:
        """What a callee calls itself: its local workflows are in its own repository.

        Local actions of its steps are looked for in the caller's checkout, and so not here.
        """
        file = self._found.get(callee)
        if isinstance(file, SourceFile):
            yield from self._calls(file.text)
            for path in filter(paths.is_workflow, paths.local_references(file.text)):
                yield Callee(callee.slug, path, callee.ref)

    def _result(self, calls: set[Callee]) -> tuple[dict[str, SourceFile], tuple[Gap, ...]]:
        files: dict[str, SourceFile] = {}
        gaps: list[Gap] = []
        seen = set(calls)
        level = sorted(calls)
        for _ in range(_DEPTH):
            for callee in level:
                found = self._found.get(callee)
                if isinstance(found, SourceFile):
                    files[callee.key] = found
                elif found is not None:
                    gaps.append(found)
            level = sorted({c for callee in level for c in self._below(callee)} - seen)
            seen.update(level)
        return files, tuple(gaps)

    def _follow(self, calls: set[Callee]) -> None:
        asked = calls
        if not self._recalled:
            # asking for the last scan's callees at once keeps an unchanged scan at one request
            self._recalled = True
            asked = calls | self._recall()
        size = len(self._used)
        self._used |= calls
        level = asked
        for _ in range(_DEPTH):
            missing = sorted(level - self._found.keys())
            if missing:
                self._fetch(missing)
            level = {c for callee in level for c in self._below(callee)} - level
        if len(self._used) > size:
            moving = [
                _Moving(slug=c.slug, path=c.path, ref=c.ref)
                for c in sorted(self._used)
                if not c.is_pinned
            ]
            body = kept_text(list[_Moving], moving)
            stored = self._memory.answer(self._key)
            if moving and (stored is None or stored[1] != body):
                self._memory.keep_answer(self._key, "", body)

    def _recall(self) -> set[Callee]:
        stored = self._memory.answer(self._key)
        kept = kept_as(list[_Moving], stored[1]) if stored else None
        return {Callee(slug=m.slug, path=m.path, ref=m.ref) for m in kept or ()}

    def _pinned_key(self, callee: Callee) -> str:
        return self._client.memory_key(f":callee:{callee.key.lower()}")

    def _fetch(self, callees: Sequence[Callee]) -> None:
        wants: list[tuple[Callee, TextRequest]] = []
        unknown: list[Callee] = []
        for callee in callees:
            stored = self._memory.answer(self._pinned_key(callee)) if callee.is_pinned else None
            kept = kept_as(_Pinned, stored[1]) if stored else None
            if kept is None:
                unknown.append(callee)
            else:
                wants.append((callee, TextRequest(**asdict(kept))))
        wants.extend(self._located(unknown))
        by_want: dict[TextRequest, list[Callee]] = {}
        for callee, want in sorted(wants, key=lambda pair: pair[1].node_id):
            by_want.setdefault(want, []).append(callee)
        for got in self._texts.read(list(by_want)):
            for callee in by_want[got.want]:
                self._found[callee] = got.file or _missing(callee, got.gap)

    def _located(self, callees: Sequence[Callee]) -> Iterator[tuple[Callee, TextRequest]]:
        """Where each callee's text is; those that are nowhere are noted as gaps."""

        def write(items: Sequence[Callee]) -> str:
            parts = []
            for i, callee in enumerate(items):
                fields = "__typename oid ... on Blob { byteSize }"
                body = " ".join(
                    queries.expression(f"t{n}", f"{callee.ref}:{path}", fields)
                    for n, path in enumerate(callee.candidates())
                )
                parts.append(queries.by_name(f"r{i}", callee.slug, f"id nameWithOwner {body}"))
            return queries.batch("callees", parts)

        for items, answer in ask(self._client, callees, BatchSize(_MOST), write):
            for index, callee in enumerate(items):
                found = self._place(callee, answer, f"r{index}")
                if isinstance(found, TextRequest):
                    yield callee, found
                else:
                    self._found[callee] = found

    def _place(
        self, callee: Callee, answer: GraphAnswer | GitHubError, alias: str
    ) -> TextRequest | Gap:
        if isinstance(answer, GitHubError):
            return _missing(callee, answer.gap(callee.key))
        node = answer.data.get(alias)
        if errors := answer.errors_at(alias):
            return _missing(callee, errors[0].as_gap(callee.key, "Contents: read"))
        if not isinstance(node, dict):
            return _missing(callee, None)
        try:
            place = read_as(RepositoryNode, node)
            candidates = [
                read_if(GitObject, node.get(f"t{number}"))
                for number, _ in enumerate(callee.candidates())
            ]
        except GitHubError as odd:
            return _missing(callee, odd.gap(callee.key))
        for path, value in zip(callee.candidates(), candidates, strict=True):
            if value is not None and value.typename == "Blob":
                want = TextRequest(
                    node_id=place.id,
                    slug=place.name_with_owner,
                    path=path,
                    oid=value.oid,
                    size=value.byte_size or 0,
                )
                if callee.is_pinned:
                    at = _Pinned(
                        node_id=want.node_id,
                        slug=want.slug,
                        path=want.path,
                        oid=want.oid,
                        size=want.size,
                    )
                    text = kept_text(_Pinned, at)
                    self._memory.keep_answer(self._pinned_key(callee), "", text)
                return want
        return _missing(callee, None)


class _Moving(Struct, frozen=True, array_like=True):
    """A callee whose text may change."""

    slug: str
    path: str
    ref: str


class _Pinned(Struct, frozen=True, array_like=True):
    """Where the text of a callee is that can never change."""

    node_id: str
    slug: str
    path: str
    oid: str
    size: int


def _missing(callee: Callee, gap: Gap | None) -> Gap:
    detail = "No such file at this ref, or the token may not read that repository."
    return Gap(
        subject=callee.key,
        reason=gap.reason if gap else GapReason.NOT_FOUND,
        detail=gap.detail if gap else detail,
        permission=gap.permission if gap else "Contents: read",
    )
