"""Resolves ``owner/repo@ref`` in batches; answers are cached for a day."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from audits.collect.bounds import moment
from audits.collect.github import queries
from audits.collect.github.batches import BatchSize, ask
from audits.collect.github.client import GitHubClient, GraphAnswer
from audits.collect.github.commit_reachability import CommitReachability, TagPages, peeled
from audits.collect.github.errors import GitHubError, Json
from audits.collect.github.responses import (
    ActionNode,
    GitObject,
    ShownRelease,
    TagRef,
    read_as,
    read_if,
)
from audits.collect.github.rest import FLUSH_SECONDS
from audits.model.cache import Memory, kept_as, kept_text
from audits.model.evidence import ResolvedRef
from audits.model.source import Gap, GapReason
from audits.model.uses import Uses, UsesKind

FRESH_FOR = timedelta(hours=24)

_MOST_REPOSITORIES = 50
_MOST_REFS = 150
_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_VERSION = re.compile(r"[vV]?\d[\w.+-]*")


class RefsToResolve(Struct, frozen=True, kw_only=True):
    """One repository of actions and its refs; ``hints`` are tags that comments name."""

    slug: str
    refs: tuple[str, ...]
    hints: tuple[str, ...] = ()


def is_commit(ref: str) -> bool:
    """Whether a ref is a full commit id."""
    return _COMMIT.fullmatch(ref) is not None


class ReferenceReader:
    """Resolves refs of actions for all repositories of a scan."""

    def __init__(
        self, client: GitHubClient, memory: Memory, *, fresh_for: timedelta = FRESH_FOR
    ) -> None:
        self._client = client
        self._memory = memory
        self._fresh_for = fresh_for
        self._size = BatchSize(_MOST_REPOSITORIES)
        self._known: dict[tuple[str, str], ResolvedRef] = {}
        self._tags = TagPages(client)
        self._reach = CommitReachability(client)
        self._hidden: set[str] = set()
        self.gaps: dict[str, Gap] = {}

    def resolve(self, uses: Iterable[Uses]) -> dict[tuple[str, str], ResolvedRef]:
        """Each remote (slug, ref) that could be asked; the others are left out, as gaps."""
        remote = [u for u in uses if u.kind is UsesKind.REMOTE and u.ref and "${{" not in u.ref]
        keys = dict.fromkeys((u.slug, u.ref) for u in remote)
        missing = [key for key in keys if key not in self._known]
        self._recall(missing)
        unknown = [k for k in missing if k not in self._known and k[0] not in self._hidden]
        asked = _grouped(remote, unknown)
        self._learn(asked)
        return {key: self._known[key] for key in keys if key in self._known}

    def _learn(self, asked: Sequence[RefsToResolve]) -> None:
        """Ask for refs; what was answered is kept while the rest is asked for."""
        kept: dict[str, tuple[str, str]] = {}
        kept_at = time.monotonic()
        try:
            for refs in self._ask(asked):
                for ref in refs:
                    self._known[ref.slug, ref.ref] = ref
                    kept[self._key(ref.slug, ref.ref)] = ("", kept_text(ResolvedRef, ref))
                if kept and time.monotonic() - kept_at >= FLUSH_SECONDS:
                    self._memory.keep_answers(kept)
                    kept, kept_at = {}, time.monotonic()
        finally:
            kept |= {self._hidden_key(a.slug): ("", "") for a in asked if a.slug in self._hidden}
            if kept:
                self._memory.keep_answers(kept)

    def _recall(self, missing: Iterable[tuple[str, str]]) -> None:
        """Take what this credential was answered within a day."""
        by_key = {self._key(*pair): pair for pair in missing}
        now = datetime.now(UTC)
        for key, (_, body, seen) in self._memory.answers(by_key).items():
            ref = kept_as(ResolvedRef, body) if now - seen < self._fresh_for else None
            if ref is not None:
                self._known[by_key[key]] = ref
        hidden = {self._hidden_key(slug): slug for slug, _ in missing}
        for key, (_, _, seen) in self._memory.answers(hidden).items():
            if now - seen < self._fresh_for:
                self._hide(hidden[key])

    def _hide(self, slug: str) -> None:
        self._hidden.add(slug)
        self.gaps[slug] = _not_shown(slug)

    def _hidden_key(self, slug: str) -> str:
        return self._client.memory_key(f":not-shown:{slug}")

    def _key(self, slug: str, ref: str) -> str:
        return self._client.memory_key(f":ref:{slug}@{ref}")

    def _ask(self, asked: Sequence[RefsToResolve]) -> Iterator[list[ResolvedRef]]:
        batches = ask(
            self._client,
            asked,
            self._size,
            _write,
            weight=lambda a: len(a.refs) + len(a.hints),
            heaviest=_MOST_REFS,
        )
        for items, answer in batches:
            for index, item in enumerate(items):
                yield self._resolved(item, answer, f"r{index}")

    def _resolved(
        self, asked: RefsToResolve, answer: GraphAnswer | GitHubError, alias: str
    ) -> list[ResolvedRef]:
        if isinstance(answer, GitHubError):
            self.gaps[asked.slug] = answer.gap(asked.slug)
            return []
        errors = answer.errors_at(alias)
        node = answer.data.get(alias)
        if node is None and (not errors or errors[0].reason is GapReason.NOT_FOUND):
            self._hide(asked.slug)
            return []
        if errors:
            self.gaps[asked.slug] = errors[0].as_gap(asked.slug)
            return []
        try:
            return self._refs(asked, node)
        except GitHubError as odd:
            self.gaps[asked.slug] = odd.gap(asked.slug)
            return []

    def _refs(self, asked: RefsToResolve, node: Json) -> list[ResolvedRef]:
        action = read_as(ActionNode, node)
        if action.default_branch_ref is not None and action.head is None:
            self._hide(asked.slug)
            return []
        slug, release = action.name_with_owner, action.latest_release or ShownRelease()
        commits = [_commit(node.get(f"c{i}")) for i in range(len(asked.refs))]
        named = [read_if(TagRef, node.get(f"n{i}")) for i in range(len(asked.hints))]
        pinned = zip(commits, asked.refs, strict=True)
        tags = self._tags.of(
            asked.slug,
            action.refs,
            hints=[peeled(tag) for tag in named if tag is not None],
            wanted={commit.oid for commit, ref in pinned if commit and is_commit(ref)},
        )
        found = []
        for index, (ref, commit) in enumerate(zip(asked.refs, commits, strict=True)):
            is_tag = node.get(f"t{index}") is not None
            is_branch = node.get(f"h{index}") is not None
            oid = commit.oid if commit else None
            known = is_tag or is_branch or oid is None or oid == action.branch_commit
            found.append(
                ResolvedRef(
                    slug=asked.slug,
                    ref=ref,
                    commit=oid,
                    is_tag=is_tag,
                    is_branch=is_branch,
                    tags=tags.of_commit(oid),
                    reachable=known or self._reach.of(slug, action.branch, str(oid), tags),
                    archived=action.is_archived,
                    renamed_to="" if slug.lower() == asked.slug else slug,
                    committed_at=moment(commit.committed_date) if commit else None,
                    newest_release=release.tag_name,
                    newest_release_commit=release.tag_commit.oid if release.tag_commit else "",
                    newest_release_at=moment(release.published_at),
                )
            )
        return [self._compared(slug, each) for each in found]

    def _compared(self, slug: str, found: ResolvedRef) -> ResolvedRef:
        """A branch that is no release, with how far it is from the newest one."""
        is_other = found.newest_release_commit not in {"", found.commit}
        if not found.is_branch or found.is_tag or found.tags != () or not is_other:
            return found
        ahead, behind = self._reach.apart(slug, found.newest_release, str(found.commit))
        return replace(found, ahead_by=ahead, behind_by=behind)


def _not_shown(slug: str) -> Gap:
    """The gap of an action that GitHub does not show: nobody can tell absence from a refusal."""
    detail = (
        f"GitHub shows no repository {slug} to this token: it does not exist, "
        "or is private and not covered. Check its name, and give the token Contents: read for it."
    )
    return Gap(
        subject=slug,
        reason=GapReason.FORBIDDEN,
        detail=detail,
        permission="Contents: read",
        optional=True,
    )


def _grouped(uses: Sequence[Uses], missing: Sequence[tuple[str, str]]) -> list[RefsToResolve]:
    wanted = set(missing)
    refs: dict[str, dict[str, None]] = {}
    hints: dict[str, dict[str, None]] = {}
    for use in uses:
        if (use.slug, use.ref) not in wanted:
            continue
        refs.setdefault(use.slug, {})[use.ref] = None
        word = _VERSION.match(use.comment.strip())
        if word and use.is_pinned:
            hints.setdefault(use.slug, {})[word.group()] = None
    return [
        RefsToResolve(slug=slug, refs=tuple(chosen), hints=tuple(hints.get(slug, ())))
        for slug, chosen in refs.items()
    ]


def _commit(value: Json) -> GitObject | None:
    """The commit that a ref leads to; None where it is another object, or none."""
    found = read_if(GitObject, value)
    return found if found is not None and found.typename == "Commit" else None


def _write(items: Sequence[RefsToResolve]) -> str:
    parts = []
    for number, item in enumerate(items):
        fields = ["...Action"]
        for index, ref in enumerate(item.refs):
            name = queries.literal
            if is_commit(ref):
                fields.append(f"c{index}: object(oid: {name(ref.lower())}) {{ ...Commit }}")
                continue
            fields += (
                queries.expression(f"c{index}", f"{ref}^{{commit}}", "...Commit"),
                f"t{index}: ref(qualifiedName: {name('refs/tags/' + ref)}) {{ ...Peeled }}",
                f"h{index}: ref(qualifiedName: {name('refs/heads/' + ref)}) {{ name }}",
            )
        fields += (
            f"n{index}: ref(qualifiedName: {queries.literal('refs/tags/' + hint)}) {{ ...Peeled }}"
            for index, hint in enumerate(item.hints)
        )
        parts.append(queries.by_name(f"r{number}", item.slug, " ".join(fields)))
    return queries.batch("references", parts)
