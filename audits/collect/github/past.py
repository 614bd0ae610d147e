"""Reads what an owner's repositories were on earlier days, from the commits GitHub has.

GitHub lists the commits of a branch with those that were merged into it, by the day on which
they were made: a commit of a pull request counts from its own day, not from its merge. Only
commits that changed ``.github`` are asked for. Workflows of other repositories that one calls
are not read, as what a tag or branch named on that day is not known.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import replace

from audits.collect.bounds import moment
from audits.collect.errors import BudgetSpentError, CollectError
from audits.collect.github import queries
from audits.collect.github.batches import BatchSize, ask
from audits.collect.github.client import GitHubClient, GraphAnswer
from audits.collect.github.connect import Connection
from audits.collect.github.errors import GitHubError, Json, unexpected
from audits.collect.github.files import FileReader
from audits.collect.github.listing import Listed, parse_listed
from audits.collect.github.memory_cache import TransientMemory
from audits.collect.github.rate_limits import Usage
from audits.collect.github.repositories import Choice, RepositoryPages, by_names, unreadable
from audits.collect.github.responses import PastCommits, PastRepository, read_as
from audits.collect.past import Past, PastCommit, midnight
from audits.model.cache import Memory
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot

_AT_ONCE = 25
_MOST_PAGES = 100
"""Of one repository: 10,000 commits that changed its workflows."""

NO_WORKFLOWS = ""
"""The commit of days on which a repository had nothing below ``.github``."""


class TextsOf(TransientMemory):
    """Texts of another memory, and answers that last as long as the process: what was found at
    an old commit must not be taken for what is there today.
    """

    def __init__(self, texts: Memory) -> None:
        super().__init__()
        self._shared = texts

    def known_blobs(self, oids: Iterable[str]) -> set[str]:
        """Which of these git blob ids have their text stored."""
        return self._shared.known_blobs(oids)

    def text(self, oid: str) -> str | None:
        """The stored text of a blob."""
        return self._shared.text(oid)

    def texts(self, oids: Iterable[str]) -> Mapping[str, str]:
        """The stored texts among these blobs."""
        return self._shared.texts(oids)

    def keep_texts(self, texts: Mapping[str, str]) -> None:
        """Store texts by blob id."""
        self._shared.keep_texts(texts)

    def keep_text(self, oid: str, text: str) -> None:
        """Store a blob's text."""
        self._shared.keep_text(oid, text)


class _Page(Struct, frozen=True, kw_only=True):
    """A page of a repository's commits that is still to be read."""

    listed: Listed
    cursor: str | None = None
    number: int = 1


@dataclass(kw_only=True)
class _Commits:
    """A repository's commits by time, as far as they are read; ``gap`` says why no further."""

    listed: Listed
    found: dict[datetime, str] = field(default_factory=dict)
    created: datetime | None = None
    branch: str = ""
    gap: Gap | None = None


Known = dict[RepositoryRef, _Commits]
"""The commits of repositories whose past was read."""


class GitHubPast:
    """The past of an owner's repositories, or of those that ``names`` lists, on GitHub, with one
    credential: where the connection has several, the first that is for this owner.

    ``known`` are commits that other credentials have read; what this one reads is added.
    ``shown`` are the repositories that it was shown, as lower-cased ``owner/name``.
    """

    def __init__(
        self,
        owner: str,
        connection: Connection,
        memory: Memory,
        *,
        choice: Choice | None = None,
        names: Sequence[str] = (),
        known: Known | None = None,
    ) -> None:
        self._owner = owner
        connection = connection.apart(owner)[0]
        self.client: GitHubClient = connection.client(owner)
        self.name = connection.credential.description
        self.shown: set[str] = set()
        self._has_token = connection.credential.secret is not None
        self._choice = choice or Choice()
        self._names = tuple(names)
        self._reader = FileReader(self.client, TextsOf(memory), called=False)
        self._listed: Known = {} if known is None else known
        self._gaps: list[Gap] = []

    @property
    def source(self) -> str:
        """What is read, for people."""
        return f"GitHub: the past of {self._owner}"

    @property
    def usage(self) -> Usage:
        """The requests to GitHub so far."""
        return self.client.pacer.usage

    def gaps(self) -> tuple[Gap, ...]:
        """What concerns no single repository; complete once `pasts` has ended."""
        return tuple(dict.fromkeys(self._gaps))

    def pasts(self, days: Sequence[date], read: Container[str] = ()) -> Iterator[Past]:
        """The past of every repository but those of ``read``, lower-cased ``owner/name``.
        CollectError where nothing can be read.
        """
        if not self._has_token:
            raise CollectError(
                "GitHub answers no GraphQL query without a token.",
                "Set RELEASE_AUDIT_TOKEN, or rebuild from clones by --folder.",
            )
        for page in self._pages():
            self.shown |= {repo.slug.lower() for repo in page if repo.node_id}
            commits = {
                repo.slug: _Commits(listed=repo) for repo in page if repo.slug.lower() not in read
            }
            since = midnight(days[0]).strftime("%Y-%m-%dT%H:%M:%SZ")
            self._read(commits, since)
            for each in commits.values():
                ref = self._ref(each.listed)
                self._listed[ref] = each
                yield _past(ref, each, days)

    def _pages(self) -> Iterator[Sequence[Listed]]:
        if self._names:
            yield tuple(by_names(self.client, self._names))
            return
        pages = RepositoryPages(self.client, self._owner, self._choice)
        yield from pages
        self._gaps += pages.gaps

    def _ref(self, repo: Listed) -> RepositoryRef:
        return RepositoryRef(owner=repo.owner, name=repo.name, host=self.client.host)

    def _read(self, commits: Mapping[str, _Commits], since: str) -> None:
        """Fill in the commits of repositories, page by page."""
        for each in commits.values():
            if not each.listed.node_id:
                each.gap = next(iter(each.listed.gaps), unexpected().gap("repository"))
        pages = [_Page(listed=c.listed) for c in commits.values() if c.gap is None]
        size = BatchSize(_AT_ONCE)

        def write(items: Sequence[_Page]) -> str:
            parts = (
                queries.by_id(f"r{i}", p.listed.node_id, queries.past(p.cursor, since))
                for i, p in enumerate(items)
            )
            return queries.batch("past", parts)

        while pages:
            further: list[_Page] = []
            for items, answer in ask(self.client, pages, size, write):
                for index, page in enumerate(items):
                    more = _take(commits[page.listed.slug], page, answer, f"r{index}")
                    further += [more] if more is not None else []
            pages = further

    def snapshots(self, wanted: Sequence[tuple[RepositoryRef, str]]) -> Iterator[Snapshot]:
        """The repositories at these commits."""
        found: dict[tuple[RepositoryRef, str], Snapshot] = {}
        asked = [pair for pair in wanted if pair[1] != NO_WORKFLOWS]
        try:
            for part in self._at(asked):
                found |= part
        except BudgetSpentError as error:
            self._gaps.append(Gap(subject="past", reason=error_reason(error), detail=str(error)))
            raise
        for ref, commit in wanted:
            empty = Snapshot(ref=ref, branch=self._listed[ref].branch or "main")
            yield found.get((ref, commit), empty)

    def _at(
        self, wanted: Sequence[tuple[RepositoryRef, str]]
    ) -> Iterator[dict[tuple[RepositoryRef, str], Snapshot]]:
        def write(items: Sequence[tuple[RepositoryRef, str]]) -> str:
            parts = (
                queries.by_id(f"r{i}", self._listed[ref].listed.node_id, queries.then(commit))
                for i, (ref, commit) in enumerate(items)
            )
            return queries.batch("then", parts)

        for items, answer in ask(self.client, wanted, BatchSize(_AT_ONCE), write):
            listed = [
                self._then(ref, commit, answer, f"r{index}")
                for index, (ref, commit) in enumerate(items)
            ]
            yield dict(zip(items, self._reader.read(listed), strict=True))

    def _then(
        self, ref: RepositoryRef, commit: str, answer: GraphAnswer | GitHubError, alias: str
    ) -> Listed:
        """A repository as it was at a commit; a gap on all of it where GitHub does not say."""
        known = self._listed[ref]
        bare = Listed(node_id=known.listed.node_id, slug=known.listed.slug, branch=known.branch)
        if isinstance(answer, GitHubError):
            return replace(bare, gaps=(answer.gap("repository"),))
        node, errors = answer.data.get(alias), answer.errors_at(alias)
        if errors or not isinstance(node, dict):
            return replace(bare, gaps=(unreadable("repository", errors),))
        try:
            found = parse_listed(node)
        except GitHubError as odd:
            return replace(bare, gaps=(odd.gap("repository"),))
        when = next((at for at, oid in known.found.items() if oid == commit), None)
        return replace(found, slug=bare.slug, commit=commit, committed_at=when, branch=known.branch)


def error_reason(error: CollectError) -> GapReason:
    """Why something could not be asked."""
    return error.reason if isinstance(error, GitHubError) else GapReason.RATE_LIMITED


def _take(
    commits: _Commits, page: _Page, answer: GraphAnswer | GitHubError, alias: str
) -> _Page | None:
    """Take in a page of commits; returns the next one that is to be read."""
    if isinstance(answer, GitHubError):
        commits.gap = answer.gap("repository")
        return None
    node, errors = answer.data.get(alias), answer.errors_at(alias)
    if errors or not isinstance(node, dict):
        commits.gap = unreadable("repository", errors)
        return None
    try:
        return _understood(commits, page, node)
    except GitHubError as odd:
        commits.gap = odd.gap("repository")
        return None


def _understood(commits: _Commits, page: _Page, node: Json) -> _Page | None:
    found = read_as(PastRepository, node)
    commits.created = moment(found.created_at)
    branch = found.default_branch_ref
    if branch is None or branch.target is None or branch.target.history is None:
        return None  # nothing was ever committed
    commits.branch = branch.name
    _keep(commits, branch.target.before)
    _keep(commits, branch.target.history)
    info = branch.target.history.page_info
    if info is None or not info.has_next_page:
        return None
    if info.end_cursor in (None, page.cursor) or page.number >= _MOST_PAGES:
        said = (
            "More commits changed its workflows than are read. Ask for a shorter past by --since."
        )
        commits.gap = Gap(subject="repository", reason=GapReason.TOO_LARGE, detail=said)
        return None
    return _Page(listed=page.listed, cursor=info.end_cursor, number=page.number + 1)


def _keep(commits: _Commits, found: PastCommits | None) -> None:
    for commit in (found.nodes or ()) if found is not None else ():
        when = moment(commit.committed_date) if commit is not None else None
        if commit is None or when is None:
            raise unexpected()
        # Newest first: of commits of one second the first is the newest.
        commits.found.setdefault(when, commit.oid)


def _past(ref: RepositoryRef, commits: _Commits, days: Sequence[date]) -> Past:
    """The commit of each day on which the repository existed."""
    if commits.gap is not None:
        return Past(ref=ref, commits={}, gaps=dict.fromkeys(days, commits.gap))
    times = sorted(commits.found)
    begun = min(filter(None, (commits.created, *times[:1])), default=None)
    found: dict[date, PastCommit] = {}
    for day in days:
        place = bisect_right(times, midnight(day))
        if place:
            found[day] = PastCommit(commit=commits.found[times[place - 1]])
        elif begun is not None and begun <= midnight(day) and commits.branch:
            found[day] = PastCommit(commit=NO_WORKFLOWS)
    return Past(ref=ref, commits=found, gaps={})
