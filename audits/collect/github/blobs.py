"""Second pass: reads file texts that the store lacks, each content once."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from urllib.parse import quote

from msgspec import Struct

from audits.collect.github import queries
from audits.collect.github.batches import BatchSize, ask
from audits.collect.github.client import GitHubClient, GraphAnswer
from audits.collect.github.errors import GitHubError, unexpected
from audits.collect.github.responses import (
    BlobOrTree,
    EncodedBlob,
    TreeEntry,
    read_as,
    read_if,
    slug_of,
)
from audits.model.cache import Memory, kept_as, kept_text
from audits.model.source import Gap, GapReason, SourceFile

MOST_TEXTS = 300
MOST_BYTES = 1_500_000
"""Of one query: GitHub has ten seconds for each, and answers of megabytes take them."""

_CUT_AT = 500_000
"""GraphQL cuts texts at 512,000 bytes; longer ones are read by REST at once."""

_LOOK_UP_WEIGHT = 500
_MOST_BINARY = 5000
_SHA1_LENGTH = 40


class TextRequest(Struct, frozen=True, kw_only=True):
    """One text to read: by ``oid`` where it is known, else at ``commit:path``; or the names in
    a folder there.
    """

    node_id: str
    slug: str
    path: str
    oid: str = ""
    size: int = 0
    commit: str = ""
    is_folder: bool = False

    @property
    def is_look_up(self) -> bool:
        """Whether it is not known to exist."""
        return not self.oid

    @property
    def key(self) -> str:
        """What makes two wants the same text."""
        return self.oid or f"{self.node_id}:{self.commit}:{self.path}"


class TextAnswer(Struct, frozen=True, kw_only=True):
    """What became of a want: a file, a folder's ``entries``, a gap, or neither where there is
    no such file.
    """

    want: TextRequest
    entries: tuple[TreeEntry, ...] = ()
    file: SourceFile | None = None
    gap: Gap | None = None
    renamed_to: str = ""


class TextReader:
    """Reads texts through the memory, and keeps there what it reads."""

    def __init__(self, client: GitHubClient, memory: Memory) -> None:
        self._client = client
        self._memory = memory
        self._size = BatchSize(MOST_TEXTS)
        self._binary_key = client.memory_key(":not-text")
        stored = memory.answer(self._binary_key)
        known = kept_as(list[str], stored[1]) if stored else None
        self._binary: dict[str, None] = dict.fromkeys(known or ())

    def read(self, wants: Sequence[TextRequest]) -> Iterator[TextAnswer]:
        """What became of each want; several wants of one blob are one request."""
        known = self._memory.texts({w.oid for w in wants if w.oid})
        missing: dict[str, list[TextRequest]] = {}
        for want in wants:
            if want.oid in self._binary:
                yield self._not_text(want, want.oid)
            elif (text := known.get(want.oid)) is not None:
                yield TextAnswer(
                    want=want, file=SourceFile(path=want.path, text=text, oid=want.oid)
                )
            else:
                missing.setdefault(want.key, []).append(want)
        for got in self._fetch([same[0] for same in missing.values()]):
            yield got
            for want in missing[got.want.key][1:]:
                yield _share(got, want)

    def _fetch(self, wants: Sequence[TextRequest]) -> Iterator[TextAnswer]:
        for want in wants:
            if want.size > _CUT_AT:
                got = self._by_rest(want, want.oid)
                self._keep([got])
                yield got
        again: list[TextRequest] = []
        for got in self._batches([want for want in wants if want.size <= _CUT_AT]):
            # GitHub gives up on parts of a large answer: those are worth asking for once more
            if got.gap is not None and got.gap.reason is GapReason.UNAVAILABLE:
                again.append(got.want)
            else:
                yield got
        yield from self._batches(again)

    def _batches(self, wants: Sequence[TextRequest]) -> Iterator[TextAnswer]:
        batches = ask(
            self._client,
            wants,
            self._size,
            _write,
            heaviest=MOST_BYTES,
            weight=lambda w: _LOOK_UP_WEIGHT if w.is_look_up else w.size,
        )
        for items, answer in batches:
            if isinstance(answer, GitHubError):
                yield from (TextAnswer(want=want, gap=answer.gap(want.path)) for want in items)
                continue
            found = [self._got(w, answer, alias, index) for alias, index, w in _aliases(items)]
            self._keep(found)
            yield from found

    def _keep(self, found: Sequence[TextAnswer]) -> None:
        """Hand texts to the memory, hundreds in one transaction."""
        if texts := {got.file.oid: got.file.text for got in found if got.file}:
            self._memory.keep_texts(texts)

    def _got(self, want: TextRequest, answer: GraphAnswer, alias: str, index: str) -> TextAnswer:
        node = answer.data.get(alias)
        errors = answer.errors_at(alias, index)
        if not isinstance(node, dict) or not node:
            detail = "The repository was deleted or hidden while it was read. Scan again."
            return TextAnswer(
                want=want, gap=Gap(subject=want.path, reason=GapReason.NOT_FOUND, detail=detail)
            )
        if errors:
            return TextAnswer(want=want, gap=errors[0].as_gap(want.path, "Contents: read"))
        slug = slug_of(node.get("nameWithOwner")) or want.slug
        renamed = slug if slug.lower() != want.slug.lower() else ""
        value = node.get(index)
        if value is None and want.is_look_up:
            return TextAnswer(want=want, renamed_to=renamed)
        try:
            got = self._blob(want, read_if(BlobOrTree, value))
        except GitHubError as odd:
            got = TextAnswer(want=want, gap=odd.gap(want.path))
        return TextAnswer(
            want=want, file=got.file, entries=got.entries, gap=got.gap, renamed_to=renamed
        )

    def _blob(self, want: TextRequest, value: BlobOrTree | None) -> TextAnswer:
        if want.is_folder:
            return TextAnswer(want=want, entries=value.entries if value is not None else ())
        if value is None or value.typename != "Blob":
            if want.is_look_up:
                return TextAnswer(want=want)
            raise unexpected()
        oid = value.oid or want.oid
        if value.is_binary and not value.is_truncated:
            return self._not_text(want, oid)
        if value.text is not None and not value.is_truncated:
            # a lone surrogate is no character of UTF-8, so the id differs as it should
            file = SourceFile.of(want.path, value.text.encode("utf-8", "replace"))
            if file.oid == oid:
                return TextAnswer(want=want, file=file)
        # cut short, or in another encoding, which GraphQL converts: the id says so
        return self._by_rest(want, oid)

    def _not_text(self, want: TextRequest, oid: str) -> TextAnswer:
        """The gap of a file that is no text; it is not read again by the next scan."""
        if oid not in self._binary:
            self._binary[oid] = None
            newest = list(self._binary)[-_MOST_BINARY:]
            self._memory.keep_answer(self._binary_key, "", kept_text(list[str], newest))
        detail = "The file is no UTF-8 text. Save it as UTF-8."
        return TextAnswer(
            want=want, gap=Gap(subject=want.path, reason=GapReason.INVALID, detail=detail)
        )

    def _by_rest(self, want: TextRequest, oid: str) -> TextAnswer:
        owner, _, name = want.slug.partition("/")
        path = f"/repos/{quote(owner, safe='')}/{quote(name, safe='')}/git/blobs/{quote(oid)}"
        try:
            found = read_as(EncodedBlob, self._client.get(path).body)
            content = base64.b64decode(found.content)
            file = SourceFile.of(want.path, content)
        except GitHubError as error:
            return TextAnswer(want=want, gap=error.gap(want.path, "Contents: read"))
        except UnicodeDecodeError:
            return self._not_text(want, oid)
        except ValueError:
            return TextAnswer(want=want, gap=unexpected().gap(want.path))
        if len(oid) == _SHA1_LENGTH and file.oid != oid:
            return TextAnswer(want=want, gap=unexpected().gap(want.path))
        return TextAnswer(want=want, file=file)


def _share(got: TextAnswer, want: TextRequest) -> TextAnswer:
    """What another want of the same blob gets."""
    file = got.file and SourceFile(path=want.path, text=got.file.text, oid=got.file.oid)
    gap = got.gap and Gap(
        subject=want.path,
        reason=got.gap.reason,
        detail=got.gap.detail,
        permission=got.gap.permission,
    )
    return TextAnswer(want=want, file=file, gap=gap)


def _aliases(items: Iterable[TextRequest]) -> Iterator[tuple[str, str, TextRequest]]:
    """Each want with the aliases of its repository and of itself."""
    for number, (_, group) in enumerate(groupby(items, key=lambda w: w.node_id)):
        for index, want in enumerate(group):
            yield f"r{number}", f"t{index}", want


def _write(items: Sequence[TextRequest]) -> str:
    parts: list[str] = []
    bodies: Mapping[str, list[tuple[str, TextRequest]]]
    bodies = {}
    for alias, index, want in _aliases(items):
        bodies.setdefault(alias, []).append((index, want))
    for alias, chosen in bodies.items():
        selections = (
            queries.expression(i, f"{w.commit}:{w.path}", "...Text")
            if w.is_look_up
            else queries.blob(i, w.oid)
            for i, w in chosen
        )
        body = " ".join(("nameWithOwner", *selections))
        parts.append(queries.by_id(alias, chosen[0][1].node_id, body))
    return queries.batch("texts", parts)
