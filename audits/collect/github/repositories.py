"""First pass: lists an owner's repositories, a hundred per page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from audits.collect.errors import CollectError
from audits.collect.github import queries
from audits.collect.github.batches import BatchSize, ask
from audits.collect.github.client import GitHubClient, GraphAnswer
from audits.collect.github.errors import (
    GitHubError,
    GraphError,
    Json,
    TooHeavyError,
    unexpected,
)
from audits.collect.github.listing import Listed, parse_listed
from audits.collect.github.responses import AccountList, Light, RepositoryList, read_as, slug_of
from audits.model.source import Gap, GapReason

PAGE = 100
_LAST_TRIES = 3
_MOST_PAGES = 5_000
"""Of one owner: a list without an end is none."""


def unreadable(slug: str, errors: Sequence[GraphError]) -> Gap:
    """The gap of a repository that GitHub listed but would not describe."""
    if errors:
        return errors[0].as_gap(slug, "Metadata: read")
    return unexpected().gap(slug)


def failed_listing(slug: str, gap: Gap, node: Mapping[str, Json] | None = None) -> Listed:
    """A repository of which only the name is known, with the reason as its gap."""
    try:
        known = read_as(Light, {k: (node or {}).get(k) for k in _IDENTITY})
    except GitHubError:
        return Listed(node_id="", slug=slug, gaps=(gap,))
    return Listed(
        node_id=known.id,
        slug=slug,
        database_id=known.database_id,
        archived=known.is_archived,
        gaps=(gap,),
    )


_IDENTITY = ("id", "nameWithOwner", "databaseId", "isArchived")


class Choice(Struct, frozen=True, kw_only=True):
    """Which repositories of an owner are read."""

    archived: bool = True
    forks: bool = False

    def variables(self) -> dict[str, Json]:
        """As the query wants it: None asks for both."""
        return {
            "isArchived": None if self.archived else False,
            "isFork": None if self.forks else False,
        }


class RepositoryPages:
    """The repositories of one owner, page by page, in the order of their names."""

    def __init__(self, client: GitHubClient, owner: str, choice: Choice) -> None:
        self._client = client
        self._owner = owner
        self._choice = choice
        self._size = BatchSize(PAGE)
        self._seen: set[str] = set()
        self.total: int | None = None
        self.owner_kind = ""
        self.login = owner
        self.gaps: list[Gap] = []
        self.listed: list[Listed] = []

    def __iter__(self) -> Iterator[tuple[Listed, ...]]:
        cursor: str | None = None
        for number in range(_MOST_PAGES + 1):
            name, connection, answer = self._page(cursor)
            nodes = connection.nodes or ()
            found = self._skipped(nodes) if name == "names" else self._listed(nodes, answer)
            new = tuple(repo for repo in found if self._is_new(repo))
            self.listed += [_short(repo) for repo in new]
            yield new
            info = connection.page_info
            if info is None or not info.has_next_page:
                break
            if number == _MOST_PAGES or info.end_cursor in (None, cursor) or (nodes and not new):
                self.gaps.append(_list_gap("GitHub's list of repositories does not end."))
                break
            cursor = info.end_cursor
        left = (self.total or 0) - len(self._seen) - len(self.gaps)
        if left > 0:
            self.gaps.append(
                _list_gap(f"GitHub counts {left} more than it listed; the list changed.")
            )

    def kind(self) -> str:
        """``Organization`` or ``User``, by the cheapest query."""
        variables = self._choice.variables() | {"login": self._owner, "first": 1, "after": None}
        self._connection(self._client.graphql(queries.document("names"), variables))
        return self.owner_kind

    def _is_new(self, repo: Listed) -> bool:
        """Whether it was not on an earlier page: a rename meanwhile moves it to a later one."""
        key = repo.node_id or repo.slug
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _page(self, cursor: str | None) -> tuple[str, RepositoryList, GraphAnswer]:
        """The next page as large as GitHub can serve; at the end, one name without its files."""
        tries = 0
        while True:
            name = "repositories" if tries < _LAST_TRIES or self._size.size > 1 else "names"
            variables = self._choice.variables()
            variables |= {"login": self._owner, "first": self._size.size, "after": cursor}
            try:
                answer = self._client.graphql(queries.document(name), variables)
            except TooHeavyError:
                tries += 1
                if name == "names" and tries > 2 * _LAST_TRIES:
                    raise
                self._size.failed(self._size.size)
                self._client.pacer.wait(self._client.pacer.limits.backoff, "GitHub has trouble")
                continue
            if name == "repositories":
                self._size.worked()
            return name, self._connection(answer), answer

    def _connection(self, answer: GraphAnswer) -> RepositoryList:
        owner = answer.data.get("repositoryOwner")
        if owner is None or (isinstance(owner, dict) and owner.get("repositories") is None):
            detail = answer.errors[0].detail if answer.errors else ""
            raise CollectError(
                f"GitHub shows no account {self._owner!r} to this token.",
                detail or "Check the spelling, and the token's owner.",
            )
        account = read_as(AccountList, owner)
        self.owner_kind, self.login = account.typename, account.login
        if account.repositories.total_count is not None:
            self.total = account.repositories.total_count
        return account.repositories

    def _skipped(self, nodes: Sequence[Json]) -> list[Listed]:
        """The one repository of a page that GitHub cannot serve: its name alone."""
        detail = "GitHub ran out of time describing this repository. Scan it alone, later."
        gap = Gap(subject="repository", reason=GapReason.UNAVAILABLE, detail=detail)
        return [found for node in nodes if (found := self._failed(node, gap)) is not None]

    def _failed(self, node: Json, gap: Gap) -> Listed | None:
        """A repository of which only the name is known; None, and a gap, where not even that."""
        slug = slug_of(node.get("nameWithOwner")) if isinstance(node, dict) else ""
        if slug:
            return failed_listing(slug, gap, node)
        self.gaps.append(unexpected().gap("a repository of the list"))
        return None

    def _listed(self, nodes: Sequence[Json], answer: GraphAnswer) -> list[Listed]:
        found: list[Listed | None] = []
        again: list[tuple[str, str]] = []
        for index, node in enumerate(nodes):
            errors = answer.errors_at("repositoryOwner", "repositories", "nodes", index)
            if node is None:
                self._hidden(errors)
            elif errors and isinstance(node, dict) and (slug := slug_of(node.get("nameWithOwner"))):
                # a part that is null by an error looks like a file that is not there
                again.append((str(node.get("id")), slug))
            else:
                found.append(self._parsed(node))
        return [repo for repo in (*found, *by_ids(self._client, again)) if repo is not None]

    def _parsed(self, node: Json) -> Listed | None:
        try:
            return parse_listed(node)
        except GitHubError as odd:
            return self._failed(node, odd.gap("repository"))

    def _hidden(self, errors: Sequence[GraphError]) -> None:
        error = (
            errors[0]
            if errors
            else GraphError(reason=GapReason.FORBIDDEN, detail="This token may not see it.")
        )
        self.gaps.append(error.as_gap("a repository of the list", "Metadata: read"))


def _short(repo: Listed) -> Listed:
    """A repository without its files, so that a long list stays small."""
    return Listed(node_id=repo.node_id, slug=repo.slug, public=repo.public)


def _list_gap(said: str) -> Gap:
    return Gap(subject="list", reason=GapReason.UNAVAILABLE, detail=f"{said} Scan again.")


def by_ids(client: GitHubClient, wanted: Sequence[tuple[str, str]]) -> Iterator[Listed]:
    """Repositories by (node id, name), each as it is or with the reason why not."""

    def write(items: Sequence[tuple[str, str]]) -> str:
        parts = (queries.by_id(f"r{i}", node, "...Light") for i, (node, _) in enumerate(items))
        return queries.batch("chosen", parts)

    for items, answer in ask(client, wanted, BatchSize(25), write):
        yield from _chosen([slug for _, slug in items], answer)


def by_names(client: GitHubClient, slugs: Sequence[str]) -> Iterator[Listed]:
    """Repositories by ``owner/name``, old names included, each once or as a gap."""

    def write(items: Sequence[str]) -> str:
        parts = (queries.by_name(f"r{i}", slug, "...Light") for i, slug in enumerate(items))
        return queries.batch("chosen", parts)

    for items, answer in ask(client, slugs, BatchSize(PAGE), write):
        yield from _chosen(items, answer)


def _chosen(slugs: Sequence[str], answer: GraphAnswer | GitHubError) -> Iterator[Listed]:
    for index, slug in enumerate(slugs):
        if isinstance(answer, GitHubError):
            yield failed_listing(slug, answer.gap("repository"))
            continue
        node = answer.data.get(f"r{index}")
        errors = answer.errors_at(f"r{index}")
        if not isinstance(node, dict) or "id" not in node:
            yield failed_listing(slug, unreadable("repository", errors))
            continue
        parts = (e.as_gap(str(e.path[1]) if len(e.path) > 1 else "repository") for e in errors)
        try:
            found = parse_listed(node)
        except GitHubError as odd:
            found = failed_listing(
                slug_of(node.get("nameWithOwner")) or slug, odd.gap("repository"), node
            )
        yield replace(found, gaps=(*parts, *found.gaps))
