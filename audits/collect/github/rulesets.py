"""Reads rulesets, who may write, and signs of change by GraphQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from audits.collect.github import queries
from audits.collect.github.batches import BatchSize, ask
from audits.collect.github.client import GitHubClient, GraphAnswer
from audits.collect.github.collaborators import Writers, WritersReader, WriterTally
from audits.collect.github.errors import GitHubError, GraphError, Json
from audits.collect.github.listing import Listed
from audits.collect.github.responses import (
    ActorList,
    ActorNode,
    RefNames,
    RulesetDetail,
    RulesetList,
    RulesetNode,
    StateNode,
    read_as,
)
from audits.model.cache import Memory, kept_as, kept_text
from audits.model.settings import (
    NO_ADMINISTRATION,
    BranchRuleset,
    BypassActor,
    TagRuleset,
    Unseen,
)
from audits.model.source import GapReason

_MOST = 100
METADATA = "Metadata: read"
_PEOPLE = "collaborators"


_SEES_NO_ACTORS = frozenset({"READ", "TRIAGE", "WRITE", "MAINTAIN"})
_HIDDEN = Unseen(
    need=NO_ADMINISTRATION.need,
    reason="who may bypass the ruleset is shown to administrators only",
    permission=NO_ADMINISTRATION.permission,
)


class _Detail(Struct, frozen=True, kw_only=True):
    """The query for one ruleset; ``bypass`` is None where GitHub did not show it."""

    rules: tuple[str, ...]
    approvals: int
    code_owners: bool
    last_push: bool
    bypass: tuple[BypassActor, ...] | None


class Rulesets(Struct, frozen=True, kw_only=True):
    """The active rulesets of a repository, those above it included."""

    tags: tuple[TagRuleset, ...]
    branches: tuple[BranchRuleset, ...]


class State(Struct, frozen=True, kw_only=True):
    """What GraphQL shows of one repository's settings.

    ``fingerprint`` changes when a ruleset, the newest release or the protection of an
    environment does. ``slug`` is its present name. ``writers`` is None where a person of this
    role is not shown them.
    """

    rulesets: Rulesets | GitHubError
    writers: Writers | GitHubError | None = None
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
        self._writers = WritersReader(client)
        self._details: dict[str, _Detail | GitHubError] = {}

    def read(self, questions: Sequence[Question]) -> dict[str, State]:
        """The state of each repository by node id."""
        nodes: dict[str, tuple[Json, tuple[GraphError, ...]]] = {}
        found: dict[str, State] = {}
        tallies = self._writers.tallies(question.repo for question in questions)
        left = self._ask(questions, tallies, nodes, found)
        while left:
            left = self._ask(left, tallies, nodes, found)
        self._writers.finish(tallies.values())
        self._learn_details([node for node, _ in nodes.values()])
        roles = {question.repo.node_id: question.repo.permission for question in questions}
        for key, seen in nodes.items():
            found[key] = self._state(*seen, sees_actors=roles[key] not in _SEES_NO_ACTORS)
        return {
            key: replace(state, writers=tallies[key].result() if key in tallies else None)
            for key, state in found.items()
        }

    def _ask(
        self,
        questions: Sequence[Question],
        tallies: Mapping[str, WriterTally],
        nodes: dict[str, tuple[Json, tuple[GraphError, ...]]],
        failed: dict[str, State],
    ) -> list[Question]:
        """Ask for the state of each repository; returns those of which less is to be asked for."""
        refused: list[Question] = []

        def write(items: Sequence[Question]) -> str:
            people = [self._writers.selection(tallies.get(each.repo.node_id)) for each in items]
            return _write(items, people)

        for items, answer in ask(self._client, questions, self._size, write):
            if isinstance(answer, GitHubError) and self._writers.asks_less(answer):
                refused += items
                continue
            for index, question in enumerate(items):
                key, alias = question.repo.node_id, f"r{index}"
                if isinstance(answer, GitHubError):
                    failed[key] = State(rulesets=answer)
                else:
                    nodes[key] = _node(answer, alias)
                if key in tallies:
                    self._writers.count(tallies[key], answer, alias)
        return refused

    def _state(self, node: Json, errors: tuple[GraphError, ...], *, sees_actors: bool) -> State:
        if not isinstance(node, dict) or "nameWithOwner" not in node:
            gone = GitHubError(
                "The repository was deleted or hidden while it was read.",
                "Scan again.",
                reason=GapReason.NOT_FOUND,
                status=410,
            )
            return State(rulesets=gone, missing=True)
        try:
            shown = read_as(StateNode, node)
        except GitHubError as odd:
            return State(rulesets=odd)
        errors = tuple(e for e in errors if e.path[1:2] != (_PEOPLE,))
        # people come and go without a change of settings
        text = json.dumps({**node, _PEOPLE: None}, sort_keys=True).encode()
        fingerprint = "" if errors else hashlib.sha256(text).hexdigest()
        own = [e for e in errors if len(e.path) < 2 or e.path[1] == "rulesets"]
        found: Rulesets | GitHubError
        if shown.rulesets is None or own:
            detail = own[0].detail if own else "This token may not see rulesets."
            reason = own[0].reason if own else GapReason.FORBIDDEN
            status = 403 if reason is GapReason.FORBIDDEN else 200
            found = GitHubError(detail, "", reason=reason, status=status)
        else:
            found = self._rulesets(shown.rulesets, sees_actors=sees_actors)
        return State(rulesets=found, fingerprint=fingerprint, slug=shown.name_with_owner)

    def _rulesets(self, connection: RulesetList, *, sees_actors: bool) -> Rulesets | GitHubError:
        nodes = [n for n in connection.nodes if n is not None]
        if connection.total_count > len(nodes):
            return GitHubError("There are more rulesets than are read.", "Merge some of them.")
        tags: list[TagRuleset] = []
        branches: list[BranchRuleset] = []
        for node in nodes:
            if node.enforcement != "ACTIVE":
                continue
            detail = self._details[node.id]
            if isinstance(detail, GitHubError):
                return detail
            if node.target == "BRANCH":
                branches.append(_on_branches(node, detail, sees_actors=sees_actors))
            else:
                tags.append(_on_tags(node, detail, sees_actors=sees_actors))
        return Rulesets(tags=tuple(tags), branches=tuple(branches))

    def _learn_details(self, nodes: Sequence[Json]) -> None:
        wanted: dict[str, str] = {}
        for node in nodes:
            for ruleset in _active(node):
                key, changed = ruleset.id, ruleset.updated_at
                if key in self._details or key in wanted:
                    continue
                stored = self._memory.answer(self._key(key))
                known = kept_as(_Detail, stored[1]) if stored and stored[0] == changed else None
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
                    self._key(key): (wanted[key], kept_text(_Detail, detail))
                    for key in items
                    if isinstance(detail := self._details[key], _Detail)
                    and detail.bypass is not None
                }
            )

    def _key(self, ruleset: str) -> str:
        return self._client.memory_key(f":ruleset-detail:{ruleset}")


def _names(node: RulesetNode) -> RefNames:
    """What a ruleset covers; those that a person may not see in full have no conditions."""
    return (node.conditions and node.conditions.ref_name) or RefNames()


def _source(node: RulesetNode) -> str:
    return node.source.login or node.source.name_with_owner or "enterprise"


def _seen(detail: _Detail, *, sees_actors: bool) -> tuple[BypassActor, ...] | Unseen:
    """Who may bypass a ruleset: an empty list may be one that this person is not shown."""
    seen = detail.bypass if sees_actors else detail.bypass or None
    return _HIDDEN if seen is None else seen


def _on_tags(node: RulesetNode, detail: _Detail, *, sees_actors: bool) -> TagRuleset:
    return TagRuleset(
        name=node.name,
        include=_names(node).include,
        exclude=_names(node).exclude,
        rules=detail.rules,
        source=_source(node),
        bypass=_seen(detail, sees_actors=sees_actors),
    )


def _on_branches(node: RulesetNode, detail: _Detail, *, sees_actors: bool) -> BranchRuleset:
    return BranchRuleset(
        name=node.name,
        include=_names(node).include,
        exclude=_names(node).exclude,
        rules=detail.rules,
        approvals=detail.approvals,
        code_owners=detail.code_owners,
        last_push_approval=detail.last_push,
        source=_source(node),
        bypass=_seen(detail, sees_actors=sees_actors),
    )


def _active(node: Json) -> list[RulesetNode]:
    """The rulesets in force that a repository's state names; none where it is of another form,
    which `StateReader` says about the repository.
    """
    try:
        shown = read_as(StateNode, node)
    except GitHubError:
        return []
    nodes = shown.rulesets.nodes if shown.rulesets else ()
    return [n for n in nodes if n is not None and n.enforcement == "ACTIVE"]


def _detail(answer: GraphAnswer | GitHubError, alias: str) -> _Detail | GitHubError:
    if isinstance(answer, GitHubError):
        return answer
    node = answer.data.get(alias)
    if not isinstance(node, dict) or node.get("rules") is None:
        return GitHubError("This token may not see a ruleset's rules.", "", status=403)
    try:
        found = read_as(RulesetDetail, node)
    except GitHubError as odd:
        return odd
    reviews = [rule.parameters for rule in found.rules.nodes if rule.parameters is not None]
    return _Detail(
        rules=tuple(sorted({rule.type.lower() for rule in found.rules.nodes})),
        approvals=max((each.required_approving_review_count for each in reviews), default=0),
        code_owners=any(each.require_code_owner_review for each in reviews),
        last_push=any(each.require_last_push_approval for each in reviews),
        bypass=_actors(found.bypass_actors),
    )


def _actors(connection: ActorList | None) -> tuple[BypassActor, ...] | None:
    """Who may bypass a ruleset; None where that is not shown, or not all of it."""
    if connection is None or connection.total_count > len(connection.nodes):
        return None
    found = tuple(_actor(node) for node in connection.nodes if node is not None)
    return found if len(found) == len(connection.nodes) else None


def _actor(node: ActorNode) -> BypassActor:
    kind, name = "other", node.actor.slug if node.actor else ""
    if node.organization_admin:
        kind = "administrators"
    elif node.deploy_key:
        kind = "deploy-key"
    elif node.repository_role_name:
        kind, name = "role", node.repository_role_name.lower()
    elif node.actor is not None and node.actor.typename in {"App", "Team"}:
        kind = node.actor.typename.lower()
    return BypassActor(kind=kind, name=name, always=node.bypass_mode != "PULL_REQUEST")


def _node(answer: GraphAnswer, alias: str) -> tuple[Json, tuple[GraphError, ...]]:
    """The part of an answer under an alias, with its errors."""
    return answer.data.get(alias), answer.errors_at(alias)


def _write(questions: Sequence[Question], people: Sequence[str]) -> str:
    parts = []
    for number, (question, selection) in enumerate(zip(questions, people, strict=True)):
        environments = (
            f"e{i}: environment(name: {queries.literal(name)}) {{ ...Protection }}"
            for i, name in enumerate(question.environments)
        )
        body = " ".join(("...State", *environments, selection))
        parts.append(queries.by_id(f"r{number}", question.repo.node_id, body))
    # a fragment that nothing spreads would make the document invalid
    name = "settings" if any(q.environments for q in questions) else "rulesets"
    return queries.batch(name, parts)
