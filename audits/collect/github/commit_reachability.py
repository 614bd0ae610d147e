"""Decides whether a pinned commit belongs to its repository or only to a fork."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct, field

from audits.collect.github import queries
from audits.collect.github.client import GitHubClient
from audits.collect.github.errors import GitHubError
from audits.collect.github.responses import Comparison, TagList, TagRef, read_as, read_if
from audits.collect.github.rest import path_of
from audits.model.settings import Need, Unseen

_MOST_PAGES = 10
"""Of a hundred tags each; actions with more than a thousand are rare."""

_MOST_COMPARISONS = 200

_NOT_ALL = Unseen(need=Need.REFERENCES, reason="The repository has more tags than are read.")


class Tags(Struct, kw_only=True):
    """Tags of one repository by commit; ``complete`` where there are no others."""

    by_commit: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    complete: bool = True

    def add(self, tag: tuple[str, str]) -> None:
        """Take a tag in, once."""
        if tag[0] not in self.by_commit[tag[1]]:
            self.by_commit[tag[1]].append(tag[0])

    def of_commit(self, commit: str | None) -> tuple[str, ...] | Unseen:
        """The tags of a commit; `Unseen` where none was found and not all were read."""
        found = tuple(self.by_commit.get(commit or "", ()))
        return found if found or self.complete or commit is None else _NOT_ALL


def peeled(tag: TagRef) -> tuple[str, str]:
    """A tag's name and the commit it ends at, through tags of tags."""
    return tag.name, tag.target.last.oid if tag.target else ""


class TagPages:
    """Reads further pages of tags where a pinned commit is not among the newest hundred."""

    def __init__(self, client: GitHubClient) -> None:
        self._client = client

    def of(
        self,
        slug: str,
        first: TagList | None,
        *,
        hints: Sequence[tuple[str, str]],
        wanted: set[str],
    ) -> Tags:
        """The tags of a repository, read until every wanted commit is found or all are."""
        tags = Tags()
        for hint in hints:
            tags.add(hint)
        connection = first
        for page in range(_MOST_PAGES):
            for node in (connection.nodes or ()) if connection else ():
                if node is not None:
                    tags.add(peeled(node))
            info = connection.page_info if connection else None
            # a list that is not shown is not an empty one
            tags.complete = info is not None and not info.has_next_page
            if tags.complete or all(tags.by_commit.get(c) for c in wanted):
                break
            if page == _MOST_PAGES - 1 or info is None or info.end_cursor is None:
                break
            try:
                connection = self._next(slug, info.end_cursor)
            except GitHubError:
                break
        return tags

    def _next(self, slug: str, cursor: str) -> TagList | None:
        part = queries.by_name("r0", slug, queries.further_tags(cursor))
        node = self._client.graphql(queries.batch("tags", (part,))).data.get("r0")
        if not isinstance(node, dict):
            raise GitHubError("GitHub did not list further tags.", "Scan again later.")
        return read_if(TagList, node.get("refs"))


class CommitReachability:
    """Asks whether a commit is on the default branch, as REST's comparison says."""

    def __init__(self, client: GitHubClient) -> None:
        self._client = client
        self._asked = 0

    def apart(self, slug: str, release: str, commit: str) -> tuple[int | None, int | None]:
        """The commits that lead to one beyond a release, and those of the release that it lacks."""
        if not release or self._asked >= _MOST_COMPARISONS:
            return None, None
        self._asked += 1
        owner, _, name = slug.partition("/")
        path = path_of("repos", owner, name, "compare", f"{release}...{commit}")
        try:
            answer = self._client.get(path, {"per_page": 1, "page": 2})
            found = read_as(Comparison, answer.body)
        except GitHubError:
            return None, None
        return found.ahead_by, found.behind_by

    def of(self, slug: str, branch: str, commit: str, tags: Tags) -> bool | Unseen:
        """True where the commit is a tag's or on the default branch.

        A comparison that says ``identical`` or ``behind`` means that the branch contains it:
        https://docs.github.com/en/rest/commits/commits#compare-two-commits
        """
        if tags.by_commit.get(commit):
            return True
        if not branch or self._asked >= _MOST_COMPARISONS:
            return Unseen(need=Need.REFERENCES, reason="Its place in the history was not asked.")
        self._asked += 1
        owner, _, name = slug.partition("/")
        path = path_of("repos", owner, name, "compare", f"{branch}...{commit}")
        try:
            # the first page would list every changed file
            answer = self._client.get(path, {"per_page": 1, "page": 2})
            status = read_as(Comparison, answer.body).status
        except GitHubError as error:
            if error.status != 404 or not tags.complete:
                return Unseen(need=Need.REFERENCES, reason=error.message)
            return False
        if status in ("identical", "behind"):
            return True
        if status not in ("ahead", "diverged"):
            return Unseen(need=Need.REFERENCES, reason="GitHub's comparison was not understood.")
        return False if tags.complete else _NOT_ALL
