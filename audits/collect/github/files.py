"""Selects and reads the files of listed repositories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from audits.collect import paths
from audits.collect.further_files import MOST_BYTES, Leads
from audits.collect.github.blobs import TextAnswer, TextReader, TextRequest
from audits.collect.github.callees import CalleeReader
from audits.collect.github.client import GitHubClient
from audits.collect.github.errors import GitHubError
from audits.collect.github.listing import SYMLINK, Listed, cut_short, too_large, unsupported
from audits.collect.github.responses import TreeEntry, WholeTree, read_as
from audits.collect.github.rest import Answers, path_of
from audits.model.cache import Memory, kept_as, kept_text
from audits.model.code_owners import PLACES
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot, SourceFile


class _LookedUp(Struct):
    """What look-ups in one tree found: files by path with id and size, None for none, and what
    folders hold.
    """

    files: dict[str, tuple[str, int] | None] = field(default_factory=dict)
    folders: dict[str, tuple[TreeEntry, ...]] = field(default_factory=dict)


_ROUNDS = 5
"""A local action may use another one, and so on; as deep as in a folder."""


class _RepositoryReading:
    """What is known of one repository while it is read."""

    def __init__(self, repo: Listed) -> None:
        self.repo = repo
        self.files: dict[str, SourceFile] = {}
        self.gaps: list[Gap] = list(repo.gaps)
        self.looked_up = _LookedUp()
        self.complete = True
        self.leads = Leads()
        self.known: dict[str, TreeEntry] = {}
        self.led_to: set[str] = set()
        self.unread: list[Gap] = []
        self._followed: set[str] = set()
        self._list("", repo.top)

    def want(self, path: str, oid: str = "", size: int = 0) -> TextRequest:
        """What asks for one file of this repository."""
        return TextRequest(
            node_id=self.repo.node_id,
            slug=self.repo.slug,
            path=path,
            oid=oid,
            size=size,
            commit="" if oid else self.repo.commit,
        )

    def _list(self, folder: str, entries: Iterable[TreeEntry]) -> None:
        """What a folder holds, for what workflows may lead to."""
        names = {entry.name: entry.type == "tree" for entry in entries}
        self.leads.listed(folder, names)
        self.known.update((f"{folder}/{e.name}".lstrip("/"), e) for e in entries)

    def take(self, got: TextAnswer) -> None:
        """Keep what was read, or why it was not."""
        path = got.want.path
        if got.gap is not None:
            self._missed(got, got.gap)
            self.complete &= got.gap.reason is GapReason.INVALID
        if got.want.is_folder:
            self._list(path, got.entries)
            if got.gap is None:
                self.looked_up.folders[path] = got.entries
            return
        size = len(got.file.text.encode("utf-8", "replace")) if got.file else 0
        if got.file is not None and path in self.led_to and size > MOST_BYTES:
            self.unread.append(too_large(path, size))
        elif got.file is not None and size > paths.most_bytes(path):
            self.gaps.append(replace(too_large(path, size), optional=paths.is_code_owners(path)))
        elif got.file is not None:
            self.files[path] = got.file
        if got.want.commit and got.gap is None:
            self.looked_up.files[path] = (got.file.oid, size) if got.file else None
        if got.renamed_to and not any(g.subject == "repository" for g in self.gaps):
            detail = f"It was renamed to {got.renamed_to} while it was read. Scan again."
            self.gaps.append(Gap(subject="repository", reason=GapReason.NOT_FOUND, detail=detail))

    def _missed(self, got: TextAnswer, gap: Gap) -> None:
        """Keep why something was not read, with what was not asked for apart."""
        path = got.want.path
        if path in self.led_to or got.want.is_folder:
            self.unread.append(gap)
        else:
            optional = gap.optional or paths.is_code_owners(path)
            self.gaps.append(replace(gap, optional=optional))

    def first_wants(self) -> Iterator[TextRequest]:
        """The listed files, and packages one folder down."""
        for entry in self.repo.entries:
            yield self.want(entry.path, entry.oid, entry.size)
        if self.repo.has_workflows and self.repo.commit:
            for folder in self.repo.folders:
                yield self.want(f"{folder}/{paths.PACKAGE_FILE}")
        yield from self._owners_in_docs()

    def _owners_in_docs(self) -> Iterator[TextRequest]:
        """CODEOWNERS in the one place whose folder is not listed, where neither other has it."""
        first, second, last = PLACES
        docs = self.known.get("docs")
        seen = {e.path for e in self.repo.entries} | {gap.subject for gap in self.repo.gaps}
        is_folder = docs is not None and docs.type == "tree" and self.repo.commit
        if is_folder and seen.isdisjoint((first, second)):
            yield self.want(last)

    def local_wants(self) -> Iterator[TextRequest]:
        """Composite actions that texts name and that are not where they usually are."""
        for file in tuple(self.files.values()):
            if not (
                paths.is_workflow(file.path) or file.path.endswith(("action.yml", "action.yaml"))
            ):
                continue
            for directory in paths.local_references(file.text):
                if directory.endswith((".yml", ".yaml")) or "${{" in directory:
                    continue
                candidates = paths.action_files(directory)
                if not any(c in self.files or c in self.looked_up.files for c in candidates):
                    yield from map(self.want, candidates)

    def more_wants(self) -> Iterator[TextRequest]:
        """What the files that were read so far lead to."""
        yield from self.local_wants()
        yield from self.further_wants()

    def further_wants(self) -> Iterator[TextRequest]:
        """The scripts, task files and packages that the texts lead to."""
        if not self.repo.has_workflows or not self.repo.commit:
            return
        for path in sorted(self.files.keys() - self._followed):
            self.leads.take(path, self.files[path].text)
        self._followed.update(self.files)
        found = self.leads.further()
        for path in found.files:
            if path not in self.files:
                self.led_to.add(path)
                yield from self._script(path)
        for folder in found.folders:
            yield replace(self.want(folder), is_folder=True)

    def _script(self, path: str) -> Iterator[TextRequest]:
        """What asks for a file that may be there."""
        entry = self.known.get(path)
        if entry is None:
            yield self.want(path)
        elif entry.type != "blob" or entry.mode == SYMLINK:
            what = "a submodule" if entry.type != "blob" else "a symbolic link"
            self.unread.append(unsupported(path, what))
        elif entry.size > MOST_BYTES:
            self.unread.append(too_large(path, entry.size))
        else:
            yield self.want(path, entry.oid, entry.size)

    def recall(self, want: TextRequest, known: _LookedUp) -> Iterator[TextRequest]:
        """The rest of a look-up, with what an earlier one found."""
        if want.is_folder and want.path in known.folders:
            self.take(TextAnswer(want=want, entries=known.folders[want.path]))
        elif want.is_folder or want.path not in known.files:
            yield want
        elif (found := known.files[want.path]) is None:
            self.looked_up.files[want.path] = None
        else:
            self.looked_up.files[want.path] = found
            yield self.want(want.path, *found)

    def snapshot(self, host: str) -> Snapshot:
        """What was read, without called files and settings."""
        repo = self.repo
        return Snapshot(
            ref=RepositoryRef(owner=repo.owner, name=repo.name, host=host),
            commit=repo.commit,
            committed_at=repo.committed_at,
            branch=repo.branch or "main",
            archived=repo.archived,
            files=tuple(self.files[path] for path in sorted(self.files)),
            topics=repo.topics,
            gaps=tuple(dict.fromkeys(self.gaps)),
            unread=tuple(dict.fromkeys(self.unread)),
            database_id=repo.database_id,
        )


class FileReader:
    """Turns listed repositories into snapshots, many at a time. ``called`` says whether to read
    the workflows of other repositories that they call, as these are today.
    """

    def __init__(self, client: GitHubClient, memory: Memory, *, called: bool = True) -> None:
        self._called = called
        self._client = client
        self._memory = memory
        self._texts = TextReader(client, memory)
        self._answers = Answers()
        self._callees: dict[str, CalleeReader] = {}

    def read(self, listed: Sequence[Listed]) -> Iterator[Snapshot]:
        """The snapshot of each, in order; what fails becomes a gap of its own repository."""
        readings = {repo.node_id or repo.slug: _RepositoryReading(repo) for repo in listed}
        for reading in readings.values():
            reading.gaps += self._unproven(reading.repo)
        wants = [w for r in readings.values() for w in r.first_wants()]
        self._answers = Answers()
        self._answers.load(self._memory, [self._key(r.repo) for r in readings.values()])
        for _ in range(_ROUNDS):
            for got in self._texts.read(self._recalled(readings, wants)):
                readings[got.want.node_id].take(got)
            wants = list(dict.fromkeys(w for r in readings.values() for w in r.more_wants()))
            if not wants:
                break
        for reading in readings.values():
            self._remember(reading)
        self._answers.flush(self._memory)
        yield from self._with_callees(list(readings.values()))

    def _unproven(self, repo: Listed) -> Iterator[Gap]:
        """The folders of which not all was shown, as REST says about those that are in doubt."""
        for path, folder in repo.doubtful:
            place = path_of("repos", repo.owner, repo.name, "git", "trees", folder.oid)
            try:
                whole = read_as(WholeTree, self._client.get(place).body)
            except GitHubError:
                yield cut_short(path)
                continue
            shown = {(e.name, e.oid) for e in folder.entries}
            if whole.truncated or any((e.path, e.sha) not in shown for e in whole.tree):
                yield cut_short(path)

    def _key(self, repo: Listed) -> str:
        return self._client.memory_key(f":looked-up:{repo.node_id}")

    def _recalled(
        self, readings: dict[str, _RepositoryReading], wants: Iterable[TextRequest]
    ) -> list[TextRequest]:
        """The wants, with what an earlier scan found at the same tree instead of look-ups."""
        chosen: list[TextRequest] = []
        trees: dict[str, _LookedUp] = {}
        for want in wants:
            reading = readings[want.node_id]
            if not want.is_look_up:
                chosen.append(want)
                continue
            if want.node_id not in trees:
                stored = self._answers.get(self._key(reading.repo))
                same = stored is not None and stored[0] == reading.repo.root
                kept = kept_as(_LookedUp, stored[1]) if stored and same else None
                trees[want.node_id] = kept or _LookedUp()
            chosen += reading.recall(want, trees[want.node_id])
        return chosen

    def _remember(self, reading: _RepositoryReading) -> None:
        """Keep what look-ups found: the same tree gives the same answer forever."""
        found = reading.looked_up
        if not (found.files or found.folders) or not reading.complete:
            return
        key, body = self._key(reading.repo), kept_text(_LookedUp, found)
        stored = self._answers.get(key)
        if stored is None or stored[:2] != (reading.repo.root, body):
            self._answers.written[key] = (reading.repo.root, body)

    def _with_callees(self, readings: list[_RepositoryReading]) -> Iterator[Snapshot]:
        by_owner: dict[str, list[_RepositoryReading]] = {}
        for reading in readings:
            by_owner.setdefault(reading.repo.owner.lower(), []).append(reading)
        called: dict[int, dict[str, SourceFile]] = {}
        for owner, group in by_owner.items() if self._called else ():
            reader = self._callees.setdefault(
                owner, CalleeReader(self._client, self._memory, self._texts, owner)
            )
            results = reader.read([_callers(r) for r in group])
            for reading, (files, gaps) in zip(group, results, strict=True):
                called[id(reading)] = files
                reading.gaps.extend(gaps)
        for reading in readings:
            snapshot = reading.snapshot(self._client.host)
            snapshot.remote_files.update(called.get(id(reading), {}))
            yield snapshot


def _callers(reading: _RepositoryReading) -> tuple[SourceFile, ...]:
    """The files that can call others."""
    return tuple(
        f
        for f in reading.files.values()
        if paths.is_workflow(f.path) or f.path.endswith(("action.yml", "action.yaml"))
    )
