"""Reads how many people may write to repositories, and which teams give that right.

GitHub shows it to people who may write themselves, and to Apps. By GraphQL a hundred
repositories cost one point; REST would cost each publishing repository a request.
https://docs.github.com/en/rest/collaborators/collaborators
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from audits.collect.github import queries
from audits.collect.github.batches import BatchSize, ask
from audits.collect.github.client import GitHubClient, GraphAnswer
from audits.collect.github.errors import GitHubError, GraphError, Json, unexpected
from audits.collect.github.listing import Listed
from audits.collect.github.responses import CollaboratorList, WithCollaborators, read_as
from audits.model.source import GapReason

_MAY_NOT_ASK = frozenset({"READ", "TRIAGE"})
"""Roles of people to whom GitHub shows no collaborators."""

_NOT_SHOWN = GitHubError(
    "This token may not see who may write.",
    "",
    reason=GapReason.FORBIDDEN,
    status=403,
)
_WRITING = frozenset({"WRITE", "MAINTAIN", "ADMIN"})
_PAGES = 5
_MOST = 100


class Writers(Struct, frozen=True, kw_only=True):
    """How many people may write, by whatever right, and the teams that give it; None for teams
    that are not shown.
    """

    people: int
    teams: tuple[str, ...] | None


class WriterTally(Struct, kw_only=True):
    """What was counted of one repository so far, and where the next page begins."""

    repo: Listed
    people: int = 0
    teams: set[str] = field(default_factory=set)
    teams_seen: bool = True
    cursor: str = ""
    error: GitHubError | None = None

    def add(self, page: CollaboratorList) -> None:
        """Count a page."""
        for edge in page.edges or ():
            if edge is None or edge.permission not in _WRITING:
                continue
            self.people += 1
            self.teams_seen = self.teams_seen and edge.permission_sources is not None
            for grant in edge.permission_sources or ():
                if grant is not None and grant.permission in _WRITING and grant.source is not None:
                    self.teams |= {grant.source.combined_slug} - {""}
        info = page.page_info
        self.cursor = (info.end_cursor or "") if info is not None and info.has_next_page else ""

    def result(self) -> Writers | GitHubError:
        """The count, unless it was refused or there are more people than are read."""
        if self.error is not None:
            return self.error
        if self.cursor:
            return GitHubError(
                f"More than {_PAGES * _MOST} people may see the repository: those who may write "
                "were not counted.",
                "Its page of collaborators lists them.",
            )
        teams = tuple(sorted(self.teams)) if self.teams_seen else None
        return Writers(people=self.people, teams=teams)


class WritersReader:
    """Writes and reads the part of queries that shows the people of repositories.

    Their first page is asked with the rest of the repositories' state, and costs no request.
    """

    def __init__(self, client: GitHubClient) -> None:
        self._client = client
        self._size = BatchSize(_MOST)
        self._teams = True
        self._asks = True

    def tallies(self, repos: Iterable[Listed]) -> dict[str, WriterTally]:
        """Empty tallies by node id, of the repositories whose people may be asked for."""
        return {r.node_id: WriterTally(repo=r) for r in repos if r.permission not in _MAY_NOT_ASK}

    def selection(self, tally: WriterTally | None) -> str:
        """What a query selects of a repository to count its next page; "" for nothing."""
        if tally is None or not self._asks:
            return ""
        return queries.collaborators(tally.cursor, teams=self._teams)

    def asks_less(self, error: GitHubError) -> bool:
        """Whether a query that was refused as a whole can be sent again with less in it.

        A classic token without a scope that one field needs is refused the whole query.
        """
        if error.reason is not GapReason.FORBIDDEN or not self._asks:
            return False
        if self._teams:
            self._teams = False
        else:
            self._asks = False
        return True

    def count(self, tally: WriterTally, answer: GraphAnswer | GitHubError, alias: str) -> None:
        """Count the page of one repository, or keep why there is none."""
        page = (
            answer
            if isinstance(answer, GitHubError)
            else _page_of(answer.data.get(alias), answer.errors_at(alias))
        )
        if not self._asks:
            tally.error = _NOT_SHOWN
        elif isinstance(page, GitHubError):
            tally.error = page
        else:
            tally.add(page)

    def finish(self, tallies: Iterable[WriterTally]) -> None:
        """Count the pages after the first."""
        left = list(tallies)
        for _ in range(_PAGES - 1):
            left = [tally for tally in left if tally.cursor and tally.error is None]
            for items, answer in ask(self._client, left, self._size, self._write):
                for index, tally in enumerate(items):
                    self.count(tally, answer, f"r{index}")

    def _write(self, tallies: Sequence[WriterTally]) -> str:
        parts = (
            queries.by_id(f"r{number}", tally.repo.node_id, self.selection(tally))
            for number, tally in enumerate(tallies)
        )
        return queries.batch("collaborators", parts)


def _page_of(node: Json, errors: Sequence[GraphError]) -> CollaboratorList | GitHubError:
    """The page of people in a repository's node, or why there is none."""
    try:
        shown = read_as(WithCollaborators, node).collaborators
    except GitHubError as odd:
        shown, fault = None, odd
    else:
        fault = unexpected()
    if shown is not None:
        return shown
    if not errors:
        return fault
    status = 403 if errors[0].reason is GapReason.FORBIDDEN else 200
    return GitHubError(errors[0].detail, "", reason=errors[0].reason, status=status)
