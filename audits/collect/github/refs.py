"""Resolves ``owner/repo@ref`` in batches; answers are cached for a day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from audits.collect.github import queries
from audits.collect.github.batches import BatchSize, ask
from audits.collect.github.client import GitHubClient, GraphAnswer
from audits.collect.github.commit_reachability import Reach, TagPages, peeled
from audits.collect.github.errors import GitHubError, Json
from audits.collect.github.listing import parse_time
from audits.collect.github.repositories import UNEXPECTED
from audits.model.cache import Memory
from audits.model.evidence import ResolvedRef
from audits.model.source import Gap, GapReason
from audits.model.uses import Uses, UsesKind

FRESH_FOR = timedelta(hours=24)

_MOST_REPOSITORIES = 50
_MOST_REFS = 150
_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_VERSION = re.compile(r"[vV]?\d[\w.+-]*")


class Asked(Struct, frozen=True, kw_only=True):
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
        self._reach = Reach(client)
        self.gaps: dict[str, Gap] = {}

    def resolve(self, uses: Iterable[Uses]) -> dict[tuple[str, str], ResolvedRef]:
        """Each remote (slug, ref) that could be asked; the others are left out, as gaps."""
        remote = [u for u in uses if u.kind is UsesKind.REMOTE and u.ref and "${{" not in u.ref]
        keys = dict.fromkeys((u.slug, u.ref) for u in remote)
        missing = [key for key in keys if key not in self._known]
        now = datetime.now(UTC)
        for key, (ref, seen) in self._memory.references(missing).items():
            if now - seen < self._fresh_for:
                self._known[key] = ref
        asked = _grouped(remote, [key for key in missing if key not in self._known])
        found = [ref for batch in self._ask(asked) for ref in batch]
        if found:
            self._memory.keep_references(found)
            self._known.update({(ref.slug, ref.ref): ref for ref in found})
        return {key: self._known[key] for key in keys if key in self._known}

    def _ask(self, asked: Sequence[Asked]) -> Iterator[list[ResolvedRef]]:
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
        self, asked: Asked, answer: GraphAnswer | GitHubError, alias: str
    ) -> list[ResolvedRef]:
        if isinstance(answer, GitHubError):
            self.gaps[asked.slug] = answer.gap(asked.slug)
            return []
        errors = answer.errors_at(alias)
        node = answer.data.get(alias)
        if node is None and (not errors or errors[0].reason is GapReason.NOT_FOUND):
            return [
                ResolvedRef(slug=asked.slug, ref=r, commit=None, exists=False) for r in asked.refs
            ]
        if errors or not isinstance(node, dict):
            reason = errors[0].reason if errors else GapReason.UNAVAILABLE
            detail = errors[0].detail if errors else UNEXPECTED
            self.gaps[asked.slug] = Gap(subject=asked.slug, reason=reason, detail=detail)
            return []
        try:
            return self._refs(asked, node)
        except (KeyError, TypeError, AttributeError):
            self.gaps[asked.slug] = Gap(
                subject=asked.slug, reason=GapReason.UNAVAILABLE, detail=UNEXPECTED
            )
            return []

    def _refs(self, asked: Asked, node: Mapping[str, Json]) -> list[ResolvedRef]:
        slug = str(node["nameWithOwner"]).lower()
        release = node.get("latestRelease") or {}
        commits = [_commit(node.get(f"c{i}")) for i in range(len(asked.refs))]
        tags = self._tags.of(
            asked.slug,
            node.get("refs"),
            hints=[peeled(node.get(f"n{i}")) for i in range(len(asked.hints))],
            wanted={c for c, ref in zip(commits, asked.refs, strict=True) if c and is_commit(ref)},
        )
        head = ((node.get("defaultBranchRef") or {}).get("target") or {}).get("oid")
        branch = (node.get("defaultBranchRef") or {}).get("name") or ""
        found = []
        for index, (ref, commit) in enumerate(zip(asked.refs, commits, strict=True)):
            is_tag = node.get(f"t{index}") is not None
            is_branch = node.get(f"h{index}") is not None
            named = is_tag or is_branch or commit in (None, head)
            found.append(
                ResolvedRef(
                    slug=asked.slug,
                    ref=ref,
                    commit=commit,
                    is_tag=is_tag,
                    is_branch=is_branch,
                    tags=tags.of_commit(commit),
                    reachable=named or self._reach.of(slug, branch, str(commit), tags),
                    archived=bool(node.get("isArchived")),
                    renamed_to="" if slug == asked.slug else str(node["nameWithOwner"]),
                    committed_at=parse_time((node.get(f"c{index}") or {}).get("committedDate")),
                    newest_release=release.get("tagName") or "",
                    newest_release_commit=(release.get("tagCommit") or {}).get("oid") or "",
                    newest_release_at=parse_time(release.get("publishedAt")),
                )
            )
        return found


def _grouped(uses: Sequence[Uses], missing: Sequence[tuple[str, str]]) -> list[Asked]:
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
        Asked(slug=slug, refs=tuple(chosen), hints=tuple(hints.get(slug, ())))
        for slug, chosen in refs.items()
    ]


def _commit(value: Json) -> str | None:
    if isinstance(value, dict) and value.get("__typename") == "Commit":
        return str(value["oid"])
    return None


def _write(items: Sequence[Asked]) -> str:
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
