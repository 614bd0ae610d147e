"""Rulesets on tags, the organization's included, and signs of change, by GraphQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from msgspec import Struct

from audits.collect import github_queries as queries
from audits.collect.github_batches import BatchSize, ask
from audits.collect.github_client import GitHubClient, GraphAnswer
from audits.collect.github_errors import GitHubError, GraphError, Json
from audits.collect.github_listed import Listed
from audits.collect.github_pages import UNEXPECTED
from audits.model.memory import Memory
from audits.model.settings import TagRuleset
from audits.model.source import GapReason

_MOST = 100
METADATA = "Metadata: read"


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
        self._rules: dict[str, tuple[str, ...] | GitHubError] = {}

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
        self._learn_rules([node for node, _ in nodes.values()])
        return failed | {key: self._state(*found) for key, found in nodes.items()}

    def _state(self, node: Json, errors: tuple[GraphError, ...]) -> State:
        if not isinstance(node, dict) or "nameWithOwner" not in node:
            gone = GitHubError(
                "The repository was deleted or hidden while it was read.", "Scan again.",
                reason=GapReason.NOT_FOUND, status=410,
            )  # fmt: skip
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
            rulesets = self._rulesets(connection)
        except (KeyError, TypeError, AttributeError):
            return State(rulesets=GitHubError(UNEXPECTED, ""), slug=slug)
        return State(rulesets=rulesets, fingerprint=fingerprint, slug=slug)

    def _rulesets(self, connection: Mapping[str, Json]) -> tuple[TagRuleset, ...] | GitHubError:
        nodes = [n for n in connection["nodes"] if n]
        if connection["totalCount"] > len(nodes):
            return GitHubError("There are more rulesets than are read.", "Merge some of them.")
        found: list[TagRuleset] = []
        for node in _active(nodes):
            rules = self._rules[node["id"]]
            if isinstance(rules, GitHubError):
                return rules
            # rulesets that a person may not see in full have no conditions
            names = node["conditions"].get("refName") or {}
            source = node["source"]
            found.append(
                TagRuleset(
                    name=node["name"], include=tuple(names.get("include") or ()),
                    exclude=tuple(names.get("exclude") or ()), rules=rules,
                    source=source.get("login") or source.get("nameWithOwner") or "enterprise",
                )
            )  # fmt: skip
        return tuple(found)

    def _learn_rules(self, nodes: Sequence[Json]) -> None:
        wanted: dict[str, str] = {}
        for node in nodes:
            connection = node.get("rulesets") if isinstance(node, dict) else None
            for ruleset in _active((connection or {}).get("nodes") or ()):
                key, changed = str(ruleset["id"]), str(ruleset.get("updatedAt"))
                if key in self._rules or key in wanted:
                    continue
                stored = self._memory.answer(self._key(key))
                if stored is not None and stored[0] == changed:
                    self._rules[key] = tuple(json.loads(stored[1]))
                else:
                    wanted[key] = changed
        for items, answer in ask(
            self._client, list(wanted), BatchSize(_MOST), lambda ids: queries.batch(
                "rules", (queries.rules(f"r{i}", key) for i, key in enumerate(ids))
            ),
        ):  # fmt: skip
            for index, key in enumerate(items):
                self._rules[key] = _rule_types(answer, f"r{index}")
            self._memory.keep_answers(
                {
                    self._key(key): (wanted[key], json.dumps(rules))
                    for key in items
                    if not isinstance(rules := self._rules[key], GitHubError)
                }
            )

    def _key(self, ruleset: str) -> str:
        return f"github:{self._client.api_url}:ruleset:{ruleset}"


def _active(nodes: Sequence[Json]) -> list[Json]:
    return [n for n in nodes if n and n.get("enforcement") == "ACTIVE"]


def _rule_types(answer: GraphAnswer | GitHubError, alias: str) -> tuple[str, ...] | GitHubError:
    if isinstance(answer, GitHubError):
        return answer
    try:
        nodes = answer.data[alias]["rules"]["nodes"]
        return tuple(sorted({str(node["type"]).lower() for node in nodes}))
    except (KeyError, TypeError):
        return GitHubError("This token may not see a ruleset's rules.", "", status=403)


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
