"""An invented GitHub: owners, repositories and their settings, described in Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from tests.collect.github.git_objects import (
    Blob,
    Commit,
    Content,
    Tag,
    Tree,
    build_tree,
    peel,
)
from tests.collect.github.traffic import Bucket

_NUMBERS = count(1000)


@dataclass
class Environment:
    name: str
    reviewers: int = 0
    wait_minutes: int = 0
    prevent_self_review: bool = False
    admins_can_bypass: bool = True
    policy: str = ""
    """"", ``protected`` or ``custom``."""
    patterns: tuple[str, ...] = ()
    """``branch:main`` or ``tag:v*``, for a custom policy."""
    custom_rules: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    number: int = field(default_factory=lambda: next(_NUMBERS))


@dataclass
class Ruleset:
    name: str
    include: tuple[str, ...] = ("refs/tags/v*",)
    exclude: tuple[str, ...] = ()
    rules: tuple[str, ...] = ("CREATION", "DELETION", "UPDATE")
    enforcement: str = "ACTIVE"
    target: str = "TAG"
    updated: str = "2026-01-01T00:00:00Z"
    bypass: tuple[Mapping[str, object], ...] = ()
    """Actors as GraphQL gives them: ``bypassMode``, ``repositoryRoleName`` and so on."""
    approvals: int = 0
    code_owners: bool = False
    number: int = field(default_factory=lambda: next(_NUMBERS))


@dataclass
class EventPolicy:
    """An Actions policy; ``events`` are those that it lets run, None for no rule on them."""

    name: str
    events: tuple[str, ...] | None = ("pull_request_target",)
    include: tuple[str, ...] = ("~ALL",)
    exclude: tuple[str, ...] = ()
    enforcement: str = "active"
    actors: bool = False
    number: int = field(default_factory=lambda: next(_NUMBERS))


@dataclass
class Release:
    tag: str
    published: str = "2026-04-01T10:00:00Z"
    immutable: bool | None = False


@dataclass
class Policy:
    """Settings of Actions, of an organization or a repository."""

    default_write: bool = True
    can_approve: bool = False
    sha_pinning: bool | None = False
    allowed: str = "all"


@dataclass
class Machine:
    """A self-hosted runner; ``ephemeral`` is None for a version that does not say."""

    name: str
    labels: tuple[str, ...] = ("self-hosted", "linux")
    ephemeral: bool | None = False
    number: int = field(default_factory=lambda: next(_NUMBERS))


@dataclass
class RunnerGroup:
    """Runners of an organization; ``repositories`` are those that may use them, None for all."""

    name: str
    machines: tuple[Machine, ...] = ()
    repositories: tuple[str, ...] | None = None
    public: bool = True
    workflows: tuple[str, ...] | None = None
    number: int = field(default_factory=lambda: next(_NUMBERS))


@dataclass
class Person:
    """Somebody with a role in a repository: given to them alone, or by a team."""

    login: str
    role: str = "WRITE"
    team: str = ""


@dataclass
class Pull:
    """A pull request from a branch of the same repository."""

    number: int
    head: str
    title: str = ""
    body: str = ""
    draft: bool = False
    state: str = "open"
    merged: bool = False
    sha: str = ""
    url: str = ""


@dataclass
class Repo:
    """One repository. ``files`` is its default branch; ``refs`` further commits by full name."""

    name: str
    files: dict[str, Content] = field(default_factory=dict)
    environments: list[Environment] = field(default_factory=list)
    rulesets: list[Ruleset] = field(default_factory=list)
    release: Release | None = None
    secrets: tuple[str, ...] = ()
    policy: Policy = field(default_factory=Policy)
    event_policies: tuple[EventPolicy, ...] = ()
    fork_approval: str = "first_time_contributors"
    machines: tuple[Machine, ...] = ()
    people: tuple[Person, ...] = (Person("rosalind", "ADMIN"),)
    topics: tuple[str, ...] = ()
    branch: str = "main"
    archived: bool = False
    fork: bool = False
    disabled: bool = False
    private: bool = False
    empty: bool = False
    hidden: bool = False
    """No token sees it."""
    saml: bool = False
    old_names: tuple[str, ...] = ()
    pulls: list[Pull] = field(default_factory=list)
    committed: dict[str, set[str]] = field(default_factory=dict)
    restricted: str = ""
    """A pattern of branches that a ruleset lets nobody make, "" for none."""
    drafts: bool = True
    created: str = "2026-01-01T00:00:00Z"
    foreign: dict[str, Commit] = field(default_factory=dict)
    """Commits that resolve here but belong to forks."""
    owner: Owner | None = None
    number: int = field(default_factory=lambda: next(_NUMBERS))

    def __post_init__(self) -> None:
        self.refs: dict[str, Commit | Tag] = {}
        self._blobs: dict[str, Blob] = {}
        self._blobs_of: tuple[str, ...] = ()
        self.ancestors: dict[str, Commit] = {}
        if not self.empty:
            self.commit(self.files, "start")

    @property
    def id(self) -> str:
        return f"R_{self.number}"

    @property
    def slug(self) -> str:
        return f"{self.owner.login}/{self.name}" if self.owner else self.name

    @property
    def head(self) -> Commit | None:
        found = self.refs.get(f"refs/heads/{self.branch}")
        return peel(found) if found else None

    def commit(
        self, files: dict[str, Content], message: str, *, when: datetime | None = None
    ) -> Commit:
        """A new commit on the default branch with these files."""
        self.files = dict(files)
        made = Commit(build_tree(self.files), message, when or datetime(2026, 5, 1, tzinfo=UTC))
        self.refs[f"refs/heads/{self.branch}"] = made
        self.ancestors[made.oid] = made
        return made

    def change(self, path: str, content: Content) -> Commit:
        """A new commit in which one file differs."""
        return self.commit({**self.files, path: content}, f"change {path}")

    def tag(self, name: str, *, annotated: bool = False, target: Commit | None = None) -> Commit:
        """A tag on a commit, the newest unless given."""
        commit = target or self.head
        assert commit is not None
        self.refs[f"refs/tags/{name}"] = Tag(name, commit) if annotated else commit
        return commit

    def commits(self) -> Iterator[Commit]:
        yield from (peel(target) for target in self.refs.values())
        yield from self.ancestors.values()
        yield from self.foreign.values()

    def blobs(self) -> dict[str, Blob]:
        """Every blob that can be asked for by id."""
        state = tuple(commit.tree.oid for commit in self.commits())
        if state != self._blobs_of:
            self._blobs, self._blobs_of = {}, state
            for commit in self.commits():
                self._collect(commit.tree)
        return self._blobs

    def _collect(self, tree: Tree) -> None:
        for entry in tree.entries:
            if isinstance(entry.object, Blob):
                self._blobs[entry.oid] = entry.object
            elif isinstance(entry.object, Tree):
                self._collect(entry.object)

    def ref_commit(self, name: str) -> Commit | None:
        """What git finds for a revision: a tag before a branch, or a commit's id."""
        if name == "HEAD":
            return self.head
        for full in (name, f"refs/tags/{name}", f"refs/heads/{name}"):
            if full in self.refs:
                return peel(self.refs[full])
        return next((c for c in self.commits() if c.oid == name), None)


@dataclass
class Secret:
    name: str
    visibility: str = "all"
    chosen: tuple[str, ...] = ()


@dataclass
class Owner:
    login: str
    kind: str = "Organization"
    repos: list[Repo] = field(default_factory=list)
    policy: Policy = field(default_factory=Policy)
    rulesets: list[Ruleset] = field(default_factory=list)
    secrets: tuple[Secret, ...] = ()
    event_policies: tuple[EventPolicy, ...] = ()
    immutable_releases: str = "none"
    runner_groups: tuple[RunnerGroup, ...] = ()
    plan: str = "enterprise"
    number: int = field(default_factory=lambda: next(_NUMBERS))

    def __post_init__(self) -> None:
        for repo in self.repos:
            repo.owner = self

    def add(self, repo: Repo) -> Repo:
        repo.owner = self
        self.repos.append(repo)
        return repo


TIER_RIGHTS = {
    1: frozenset({"metadata", "contents", "actions"}),
    2: frozenset({"metadata", "contents", "actions", "administration", "self_hosted_runners"}),
    3: frozenset(
        [
            "metadata",
            "contents",
            "actions",
            "administration",
            "self_hosted_runners",
            "secrets",
            "environments",
        ]
    ),
}


@dataclass
class Token:
    """What one token may see. ``tier`` as in README's table of tokens; ``refused`` takes single rights away."""

    text: str
    tier: int = 3
    refused: frozenset[str] = frozenset()
    scopes: str | None = None
    role: str | None = "ADMIN"
    """The person's role in every repository; None for Apps."""
    expires: str = ""
    private: bool = True
    revoked: bool = False
    writes: frozenset[str] = frozenset()
    """Of ``contents``, ``pull_requests`` and ``workflows``, what it may change."""
    buckets: dict[str, Bucket] = field(default_factory=dict)
    """Its own limits, where they are not those of the server's only person."""

    @property
    def sees_people(self) -> bool:
        """Whether it lists who has a role: as somebody who may write, or as an App."""
        return self.role in {None, "ADMIN", "MAINTAIN", "WRITE"} and self.may("metadata")

    def may(self, right: str) -> bool:
        return right in TIER_RIGHTS[self.tier] and right not in self.refused


@dataclass
class World:
    """Everything that the loopback GitHub serves."""

    owners: list[Owner] = field(default_factory=list)
    advisories: list[dict[str, object]] = field(default_factory=list)

    def owner(self, login: str) -> Owner | None:
        return next((o for o in self.owners if o.login.lower() == login.lower()), None)

    def repositories(self) -> Iterator[Repo]:
        for owner in self.owners:
            yield from owner.repos

    def __post_init__(self) -> None:
        self._names: dict[str, Repo] = {}
        self._ids: dict[str, Repo | Ruleset] = {}

    def index(self) -> None:
        """Look everything up again: something was added, renamed or deleted."""
        self._names.clear()
        self._ids.clear()
        for owner in self.owners:
            self._ids.update({f"RRS_{r.number}": r for r in owner.rulesets})
        for repo in self.repositories():
            self._names[repo.slug.lower()] = repo
            self._ids[repo.id] = repo
            self._ids.update({f"RRS_{r.number}": r for r in repo.rulesets})

    def delete(self, repo: Repo) -> None:
        """The repository is gone."""
        assert repo.owner is not None
        repo.owner.repos.remove(repo)
        self.index()

    def rename(self, repo: Repo, name: str) -> None:
        """The repository has another name; the old one leads to it."""
        repo.old_names = (*repo.old_names, repo.slug)
        repo.name = name
        self.index()

    def repo(self, owner: str, name: str, *, renames: bool = True) -> Repo | None:
        slug = f"{owner}/{name}".lower()
        if not self._names:
            self.index()
        if slug in self._names or not renames:
            return self._names.get(slug)
        return next(
            (r for r in self.repositories() if slug in (old.lower() for old in r.old_names)), None
        )

    def by_id(self, node_id: str) -> Repo | Ruleset | None:
        if not self._ids:
            self.index()
        return self._ids.get(node_id)
