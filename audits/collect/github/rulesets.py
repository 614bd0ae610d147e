"""Reads rulesets on tags and signs of change by GraphQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from audits.collect.github import queries
from audits.collect.github.batches import BatchSize, ask
from audits.collect.github.client import GitHubClient, GraphAnswer
from audits.collect.github.errors import GitHubError, GraphError, Json
from audits.collect.github.listing import Listed
from audits.collect.github.repositories import UNEXPECTED
from audits.model.cache import Memory
from audits.model.settings import NO_ADMINISTRATION, BypassActor, TagRuleset, Unseen
from audits.model.source import GapReason

_MOST = 100
METADATA = "Metadata: read"


_SEES_NO_ACTORS = frozenset({"READ", "TRIAGE", "WRITE", "MAINTAIN"})
_HIDDEN = Unseen(
    need=NO_ADMINISTRATION.need,
    reason="who may bypass the ruleset is shown to administrators only",
    permission=NO_ADMINISTRATION.permission,
)


class _Detail(Struct, frozen=True, kw_only=True):
    """What is asked of a ruleset by itself; ``bypass`` is None where GitHub did not show it."""

    rules: tuple[str, ...]
    bypass: tuple[BypassActor, ...] | None


class State(Struct, frozen=True, kw_only=True):
    """What GraphQL shows of one repository's settings.

    ``fingerprint`` changes when a ruleset, the newest release or the protection of an
    environment does. ``slug`` is its present name.
    """

    rulesets: tuple[TagRuleset, ...] | GitHubError
    fingerprint: str = ""
    slug: str = ""
    missing: bool = False


class Question(Struct, frozen=True, kw_only=True):
    """A repository and the environments whose protection is asked for."""

    repo: Listed
    environments: tuple[str, ...] = ()


class StateReader:
    """Asks for many repositories at once; each ruleset's rules only once."""

    def __init__(self, client: GitHubClient, memory: Memory) -> None:
        self._client = client
        self._memory = memory
        self._size = BatchSize(_MOST)
        self._details: dict[str, _Detail | GitHubError] = {}

    def read(self, questions: Sequence[Question]) -> dict[str, State]:
        """The state of each repository by node id."""
        nodes: dict[str, tuple[Json, tuple[GraphError, ...]]] = {}
        failed: dict[str, State] = {}
        for items, answer in ask(self._client, questions, self._size, _write):
            for index, question in enumerate(items):
                key = question.repo.node_id
                if isinstance(answer, GitHubError):
                    failed[key] = State(rulesets=answer)
                else:
                    nodes[key] = _node(answer, f"r{index}")
        self._learn_details([node for node, _ in nodes.values()])
        roles = {question.repo.node_id: question.repo.permission for question in questions}
        return failed | {
            key: self._state(*found, sees_actors=roles[key] not in _SEES_NO_ACTORS)
            for key, found in nodes.items()
        }

    def _state(self, node: Json, errors: tuple[GraphError, ...], *, sees_actors: bool) -> State:
        if not isinstance(node, dict) or "nameWithOwner" not in node:
            gone = GitHubError(
                "The repository was deleted or hidden while it was read.",
                "Scan again.",
                reason=GapReason.NOT_FOUND,
                status=410,
            )
            return State(rulesets=gone, missing=True)
        slug = str(node["nameWithOwner"])
        text = json.dumps(node, sort_keys=True).encode()
        fingerprint = "" if errors else hashlib.sha256(text).hexdigest()
        connection = node.get("rulesets")
        own = [e for e in errors if len(e.path) < 2 or e.path[1] == "rulesets"]
        if connection is None or own:
            detail = own[0].detail if own else "This token may not see rulesets."
            reason = own[0].reason if own else GapReason.FORBIDDEN
            status = 403 if reason is GapReason.FORBIDDEN else 200
            error = GitHubError(detail, "", reason=reason, status=status)
            return State(rulesets=error, fingerprint=fingerprint, slug=slug)
        try:
            rulesets = self._rulesets(connection, sees_actors=sees_actors)
        except (KeyError, TypeError, AttributeError):
            return State(rulesets=GitHubError(UNEXPECTED, ""), slug=slug)
        return State(rulesets=rulesets, fingerprint=fingerprint, slug=slug)

    def _rulesets(
        self, connection: Mapping[str, Json], *, sees_actors: bool
    ) -> tuple[TagRuleset, ...] | GitHubError:
        nodes = [n for n in connection["nodes"] if n]
        if connection["totalCount"] > len(nodes):
            return GitHubError("There are more rulesets than are read.", "Merge some of them.")
        found: list[TagRuleset] = []
        for node in _active(nodes):
            detail = self._details[node["id"]]
            if isinstance(detail, GitHubError):
                return detail
            # an empty list may be one that this person is not shown
            seen = detail.bypass if sees_actors else detail.bypass or None
            # rulesets that a person may not see in full have no conditions
            names = node["conditions"].get("refName") or {}
            source = node["source"]
            found.append(
                TagRuleset(
                    name=node["name"],
                    include=tuple(names.get("include") or ()),
                    exclude=tuple(names.get("exclude") or ()),
                    rules=detail.rules,
                    source=source.get("login") or source.get("nameWithOwner") or "enterprise",
                    bypass=_HIDDEN if seen is None else seen,
                )
            )
        return tuple(found)

    def _learn_details(self, nodes: Sequence[Json]) -> None:
        wanted: dict[str, str] = {}
        for node in nodes:
            connection = node.get("rulesets") if isinstance(node, dict) else None
            for ruleset in _active((connection or {}).get("nodes") or ()):
                key, changed = str(ruleset["id"]), str(ruleset.get("updatedAt"))
                if key in self._details or key in wanted:
                    continue
                stored = self._memory.answer(self._key(key))
                known = _stored(stored[1]) if stored and stored[0] == changed else None
                if known is not None:
                    self._details[key] = known
                else:
                    wanted[key] = changed
        for items, answer in ask(
            self._client,
            list(wanted),
            BatchSize(_MOST),
            lambda ids: queries.batch(
                "rules", (queries.rules(f"r{i}", key) for i, key in enumerate(ids))
            ),
        ):
            for index, key in enumerate(items):
                self._details[key] = _detail(answer, f"r{index}")
            # what one credential is not shown, another may be
            self._memory.keep_answers(
                {
                    self._key(key): (wanted[key], msgspec.json.encode(detail).decode())
                    for key in items
                    if isinstance(detail := self._details[key], _Detail)
                    and detail.bypass is not None
                }
            )

    def _key(self, ruleset: str) -> str:
        return f"github:{self._client.api_url}:ruleset-detail:{ruleset}"


def _stored(text: str) -> _Detail | None:
    """A stored answer; one of another shape is none."""
    try:
        return msgspec.json.decode(text, type=_Detail)
    except msgspec.DecodeError:
        return None


def _active(nodes: Sequence[Json]) -> list[Json]:
    return [n for n in nodes if n and n.get("enforcement") == "ACTIVE"]


def _detail(answer: GraphAnswer | GitHubError, alias: str) -> _Detail | GitHubError:
    if isinstance(answer, GitHubError):
        return answer
    try:
        node = answer.data[alias]
        rules = tuple(sorted({str(rule["type"]).lower() for rule in node["rules"]["nodes"]}))
    except (KeyError, TypeError):
        return GitHubError("This token may not see a ruleset's rules.", "", status=403)
    try:
        return _Detail(rules=rules, bypass=_actors(node.get("bypassActors")))
    except (KeyError, TypeError, AttributeError):
        return _Detail(rules=rules, bypass=None)


def _actors(connection: Json) -> tuple[BypassActor, ...] | None:
    """Who may bypass a ruleset; None where that is not shown, or not all of it."""
    if connection is None:
        return None
    nodes = connection["nodes"]
    if connection["totalCount"] > len(nodes) or None in nodes:
        return None
    return tuple(_actor(node) for node in nodes)


def _actor(node: Mapping[str, Json]) -> BypassActor:
    actor = node.get("actor") or {}
    kind, name = "other", str(actor.get("slug") or "")
    if node.get("organizationAdmin"):
        kind = "administrators"
    elif node.get("deployKey"):
        kind = "deploy-key"
    elif node.get("repositoryRoleName"):
        kind, name = "role", str(node["repositoryRoleName"]).lower()
    elif actor.get("__typename") in {"App", "Team"}:
        kind = str(actor["__typename"]).lower()
    return BypassActor(kind=kind, name=name, always=node.get("bypassMode") != "PULL_REQUEST")


def _node(answer: GraphAnswer, alias: str) -> tuple[Json, tuple[GraphError, ...]]:
    """The part of an answer under an alias, with its errors."""
    return answer.data.get(alias), answer.errors_at(alias)


def _write(questions: Sequence[Question]) -> str:
    parts = []
    for number, question in enumerate(questions):
        environments = (
            f"e{i}: environment(name: {queries.literal(name)}) {{ ...Protection }}"
            for i, name in enumerate(question.environments)
        )
        body = " ".join(("...State", *environments))
        parts.append(queries.by_id(f"r{number}", question.repo.node_id, body))
    # a fragment that nothing spreads would make the document invalid
    name = "settings" if any(q.environments for q in questions) else "rulesets"
    return queries.batch(name, parts)
