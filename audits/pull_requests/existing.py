"""Reads what is there: pull requests of earlier runs, branches, and whether one may write."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from msgspec import Struct, field
from msgspec.structs import replace

from audits.collect.github.client import GitHubClient
from audits.collect.github.errors import GitHubError
from audits.collect.github.responses import Row, read_as
from audits.model.proposal import BRANCHES
from audits.model.source import GapReason

# As `hidden_mark` writes it.
_MARK = re.compile(r"<!-- release-audit ([\w/-]{1,100}):((?: [0-9a-zA-Z:_.-]{1,100})*) -->")
_BOTS = ("dependabot/github_actions/", "renovate/")
_MOST_PAGES = 5
_MOST_CHARACTERS = 70_000


class _PushRights(Row, frozen=True, kw_only=True):
    push: bool = False


class Destination(Row, frozen=True, kw_only=True):
    """``GET /repos/{owner}/{repo}``, as far as it says whether one may write there; ``scopes``
    are those of a classic token, of which alone the answer's headers tell.
    """

    default_branch: str
    full_name: str = ""
    scopes: str = ""
    archived: bool = False
    disabled: bool = False
    fork: bool = False
    permissions: _PushRights = field(default_factory=_PushRights)

    @property
    def may_change_workflows(self) -> bool:
        """False where the token is known to lack the right."""
        scopes = [scope.strip() for scope in self.scopes.split(",")]
        return "repo" not in scopes or "workflow" in scopes


class _PullHead(Row, frozen=True, kw_only=True):
    ref: str = ""
    sha: str = ""


class PullRequest(Row, frozen=True, kw_only=True):
    """One element of ``GET /repos/{owner}/{repo}/pulls``."""

    number: int
    state: str
    html_url: str = ""
    merged_at: str | None = None
    body: str | None = None
    head: _PullHead = field(default_factory=_PullHead)

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self.state == "open"

    @property
    def is_declined(self) -> bool:
        """Whether it was closed and not merged."""
        return self.state == "closed" and self.merged_at is None

    @property
    def fingerprints(self) -> frozenset[str]:
        """The findings that it named by its hidden mark, as `short_names` gives them."""
        found = _MARK.findall((self.body or "")[:_MOST_CHARACTERS])
        return frozenset(word for _, words in found for word in words.split())


class _RefTarget(Row, frozen=True, kw_only=True):
    sha: str


class _BranchRef(Row, frozen=True, kw_only=True):
    object: _RefTarget


class _CommitText(Row, frozen=True, kw_only=True):
    message: str = ""


class Earlier(Struct, frozen=True, kw_only=True):
    """What earlier runs, and update bots, proposed in one repository."""

    requests: tuple[PullRequest, ...] = ()
    bots: tuple[PullRequest, ...] = ()

    def of(self, topic: str) -> tuple[PullRequest, ...]:
        """The requests of one topic, newest first."""
        branch = f"{BRANCHES}/{topic}"
        return tuple(each for each in self.requests if each.head.ref == branch)

    @property
    def declined(self) -> frozenset[str]:
        """The findings of requests that were closed and not merged, by their short names."""
        sets = (each.fingerprints for each in self.requests if each.is_declined)
        return frozenset().union(*sets)


def earlier(client: GitHubClient, slug: str, topics: Iterable[str]) -> Earlier:
    """The pull requests from the branches of these topics, in all states, and those of update
    bots that are open. GitHubError where they cannot be read.
    """
    owner = slug.partition("/")[0]
    found: list[PullRequest] = []
    for topic in dict.fromkeys(topics):
        query = {"state": "all", "head": f"{owner}:{BRANCHES}/{topic}", "per_page": 100}
        found += read_as(list[PullRequest], client.get(f"/repos/{slug}/pulls", query).body)
    bots = [each for each in _open(client, slug) if each.head.ref.startswith(_BOTS)]
    return Earlier(requests=tuple(found), bots=tuple(bots))


class _ChangedPath(Row, frozen=True, kw_only=True):
    filename: str


def changed_paths(client: GitHubClient, slug: str, number: int) -> frozenset[str]:
    """The files that a request changes, of the first five hundred."""
    found: set[str] = set()
    for page in range(1, _MOST_PAGES + 1):
        query = {"per_page": 100, "page": page}
        answer = client.get(f"/repos/{slug}/pulls/{number}/files", query)
        rows = read_as(list[_ChangedPath], answer.body)
        found.update(row.filename for row in rows)
        if len(rows) < 100:
            break
    return frozenset(found)


def _open(client: GitHubClient, slug: str) -> list[PullRequest]:
    found: list[PullRequest] = []
    for page in range(1, _MOST_PAGES + 1):
        query = {"state": "open", "per_page": 100, "page": page}
        rows = read_as(list[PullRequest], client.get(f"/repos/{slug}/pulls", query).body)
        found += rows
        if len(rows) < 100:
            break
    return found


def destination(client: GitHubClient, slug: str) -> Destination:
    """Where a pull request would go."""
    answer = client.get(f"/repos/{slug}")
    scopes = str(answer.headers.get("x-oauth-scopes", ""))[:2000]
    return replace(read_as(Destination, answer.body), scopes=scopes)


def tip(client: GitHubClient, slug: str, branch: str) -> str:
    """The commit of a branch; "" where there is none, by a token that could see it."""
    try:
        path = f"/repos/{slug}/git/ref/heads/{quote(branch, safe='/')}"
        return read_as(_BranchRef, client.get(path).body).object.sha
    except GitHubError as error:
        if error.reason is GapReason.NOT_FOUND:
            return ""
        raise


def message_of(client: GitHubClient, slug: str, commit: str) -> str:
    """The message of a commit."""
    return read_as(_CommitText, client.get(f"/repos/{slug}/git/commits/{commit}").body).message
