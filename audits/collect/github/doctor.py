"""What a credential sees of an owner, which rights it lacks and why, and what a scan would cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import ceil

from msgspec import Struct

from audits.collect.errors import CollectError
from audits.collect.github import queries
from audits.collect.github.auth import CredentialKind, GitHubCredential, InstallationAuth
from audits.collect.github.batches import BatchSize, ask
from audits.collect.github.client import GitHubClient
from audits.collect.github.errors import GitHubError
from audits.collect.github.remaining import limits_of
from audits.collect.github.repositories import Choice
from audits.collect.github.responses import (
    AccountList,
    SurveyNode,
    WithEnvironments,
    read_as,
)
from audits.collect.github.rest import path_of
from audits.collect.github.self_hosted import OWNER_RUNNERS
from audits.model.platform_facts import is_enterprise_server
from audits.model.settings import COLLABORATORS, Need

_TEXT_REQUESTS = 50
"""A thousand repositories have about twelve texts each, three hundred to a query."""

_PAGE = 100
_MOST_PAGES = 500
_COMPARISONS, _PINS = 200, 10
"""How many pinned commits are looked for in the history of their action at most, in all and of
one repository.
"""

_REFUSALS = 15
"""So many requests may be refused before a right counts as missing, and those under way."""

_POLICIES = 20
"""Actions policies that are asked for their rules, once each."""

_NO_ENVIRONMENT = 1
POLICIES = "Administration: read, of Actions policies"
SHARPENS = {
    OWNER_RUNNERS: "whether machines of the owner keep what ran on them",
    COLLABORATORS: "how many people may write",
}
"""What single rights show that no check needs."""

_RIGHTS_PAGE = "https://{host}/settings/personal-access-tokens"


class PermissionProbe(Struct, frozen=True, kw_only=True):
    """One right: whether the credential has it wherever it was tried, None where it could not
    be. ``detail`` says why not, and what helps.
    """

    need: Need
    permission: str
    granted: bool | None
    detail: str = ""


class Cost(Struct, frozen=True, kw_only=True):
    """What a first scan would ask at most, and what GitHub allows in an hour. ``workflows`` are
    the repositories that have any: only these can publish.
    """

    repositories: int
    workflows: int
    environments: int
    graphql_requests: int
    points: int
    rest_requests: int
    points_left: int | None
    rest_left: int | None


class DoctorReport(Struct, frozen=True, kw_only=True):
    """The answer of `release-audit doctor`. ``tier`` is that of README's table of tokens.

    ``expires_at`` is None where GitHub names no end. ``scopes`` are a classic token's.
    ``tried_on`` are the repositories on which rights were tried: a public and a private one.
    """

    owner: str
    owner_kind: str
    credential: str
    host: str
    tier: int
    rights: tuple[PermissionProbe, ...]
    cost: Cost
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    private_seen: bool = False
    tried_on: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unknown(self) -> frozenset[Need]:
        """The kinds of evidence that checks will lack."""
        return frozenset(_lacking(self.rights))


class _Survey(Struct, kw_only=True):
    """The repositories of an owner, and why some were not shown."""

    login: str = ""
    kind: str = ""
    total: int = 0
    nodes: list[SurveyNode]
    hidden: list[str]

    @property
    def with_workflows(self) -> list[SurveyNode]:
        """Those that can publish; also those whose contents are hidden."""
        return [n for n in self.nodes if n.workflows or (n.root is None and not n.is_empty)]

    def samples(self) -> tuple[SurveyNode, ...]:
        """A public and a private repository, those with workflows first."""
        order = [*self.with_workflows, *self.nodes]
        chosen = (
            next((n for n in order if _is_private(n) is want), None) for want in (False, True)
        )
        return tuple(node for node in chosen if node is not None)


def examine(client: GitHubClient, owner: str, credential: GitHubCredential) -> DoctorReport:
    """Try each right on the owner and on a public and a private repository; CollectError where
    nothing is seen.
    """
    survey = _survey(client, owner)
    samples = survey.samples()
    trial = _Trial(client=client, credential=credential, headers={})
    rights = (*_repository_rights(trial, samples, survey.hidden),)
    if survey.kind == "Organization":
        rights += (*_organization_rights(trial, survey.login),)
    scopes = trial.headers.get("x-oauth-scopes", "").split(",")
    return DoctorReport(
        owner=survey.login,
        owner_kind=survey.kind,
        credential=credential.description,
        host=client.host,
        tier=_tier(rights),
        rights=rights,
        cost=_cost(client, survey, rights),
        expires_at=_expiry(client, trial.headers),
        scopes=tuple(scope.strip() for scope in scopes if scope.strip()),
        private_seen=any(map(_is_private, survey.nodes)),
        tried_on=tuple(sample.name_with_owner for sample in samples),
        notes=tuple(_notes(credential, survey)),
    )


def _is_private(node: SurveyNode) -> bool:
    return node.visibility in ("PRIVATE", "INTERNAL")


def _survey(client: GitHubClient, owner: str) -> _Survey:
    found = _Survey(nodes=[], hidden=[])
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        # what a scan reads by default
        variables = Choice().variables() | {"login": owner, "first": _PAGE, "after": cursor}
        answer = client.graphql(queries.document("survey"), variables)
        found.hidden += [error.detail for error in answer.errors if error.detail]
        account = answer.data.get("repositoryOwner")
        if account is None or (isinstance(account, dict) and account.get("repositories") is None):
            raise CollectError(
                f"GitHub shows no account {owner!r} to this token.",
                found.hidden[0] if found.hidden else "Check the spelling, and the token's owner.",
            )
        shown = read_as(AccountList, account)
        found.login, found.kind = shown.login, shown.typename
        found.total = shown.repositories.total_count or 0
        nodes = shown.repositories.nodes or ()
        found.nodes += [read_as(SurveyNode, node) for node in nodes if node is not None]
        page = shown.repositories.page_info
        if page is None or not page.has_next_page or page.end_cursor in (None, cursor):
            break
        cursor = page.end_cursor
    return found


class _Trial(Struct, frozen=True, kw_only=True):
    """Tries rights with one credential; ``headers`` are those of the last answers."""

    client: GitHubClient
    credential: GitHubCredential
    headers: dict[str, str]

    def attempt(self, need: Need, permission: str, path: str, role: str = "") -> PermissionProbe:
        """Whether a resource can be read."""
        try:
            answer = self.client.get(path, {"per_page": 1})
        except GitHubError as error:
            if error.status in (403, 404):
                own = permission in (POLICIES, COLLABORATORS)
                named = permission if own else error.permission or permission
                why = self._why(error, role, permission)
                return PermissionProbe(need=need, permission=named, granted=False, detail=why)
            return PermissionProbe(
                need=need, permission=permission, granted=None, detail=str(error)
            )
        self.headers.update({key.lower(): str(value) for key, value in answer.headers.items()})
        return PermissionProbe(need=need, permission=permission, granted=True)

    def _why(self, error: GitHubError, role: str, permission: str) -> str:
        """Why GitHub refused it, and what helps."""
        if error.saml:
            return error.message
        if self.credential.is_classic:
            takes = "write" if permission == COLLABORATORS else "admin"
            if role and role != "ADMIN":
                return (
                    f"the person of this token has the role {role.lower()} there; it takes {takes}"
                )
            return "the person may not, or the token lacks a scope (repo, admin:org, read:org)"
        if permission == COLLABORATORS and role in ("READ", "TRIAGE"):
            return f"the person of this token has the role {role.lower()} there; it takes write"
        if self.credential.kind is CredentialKind.APP or self.credential.is_installation:
            return "the App does not ask for it, or its owner has not approved it yet"
        return (
            f"the token was not given it: edit it at {_RIGHTS_PAGE.format(host=self.client.host)}"
        )


def _repository_rights(
    trial: _Trial, samples: Sequence[SurveyNode], hidden: Sequence[str]
) -> Iterator[PermissionProbe]:
    probes: tuple[tuple[Need, str, tuple[str, ...]], ...] = (
        (Need.SETTINGS, "Actions: read", ("environments",)),
        (Need.SETTINGS, COLLABORATORS, ("collaborators",)),
        (Need.ADMINISTRATION, "Administration: read", ("actions", "permissions")),
        (Need.ADMINISTRATION, POLICIES, ("actions", "policies")),
        (Need.SECRET_NAMES, "Secrets: read", ("actions", "secrets")),
    )
    if is_enterprise_server(trial.client.host):
        probes = tuple(probe for probe in probes if probe[1] != POLICIES)
    if not samples:
        why = hidden[0] if hidden else "There is no repository to try."
        for need, name, _ in probes:
            yield PermissionProbe(need=need, permission=name, granted=None, detail=why)
        return
    yield _contents(samples)
    lacking: set[Need] = set()
    for need, name, parts in probes:
        if name == POLICIES and need in lacking:
            continue  # one line says enough
        tried = [
            (
                sample,
                trial.attempt(
                    need,
                    name,
                    path_of("repos", *sample.name_with_owner.split("/", 1)) + path_of(*parts),
                    sample.viewer_permission or "",
                ),
            )
            for sample in samples
        ]
        right = _together(tried)
        lacking |= {need} if right.granted is not True else set()
        yield right


def _contents(samples: Sequence[SurveyNode]) -> PermissionProbe:
    blind = [s.name_with_owner for s in samples if s.root is None and not s.is_empty]
    where = f"the files of {' and '.join(blind)} are not shown" if blind else ""
    return PermissionProbe(
        need=Need.WORKFLOW, permission="Contents: read", granted=not blind, detail=where
    )


def _together(tried: Sequence[tuple[SurveyNode, PermissionProbe]]) -> PermissionProbe:
    """One right from what was found on each sample: the worst of it, and where."""
    refused = [(node, right) for node, right in tried if right.granted is False]
    untried = [(node, right) for node, right in tried if right.granted is None]
    if not refused and not untried:
        return tried[0][1]
    node, right = (refused or untried)[0]
    if len(tried) == len(refused):
        return right
    kind = "private" if _is_private(node) else "public"
    where = f"not for the {kind} {node.name_with_owner}: {right.detail}"
    return PermissionProbe(
        need=right.need, permission=right.permission, granted=right.granted, detail=where
    )


def _organization_rights(trial: _Trial, login: str) -> Iterator[PermissionProbe]:
    probes = (
        (Need.ADMINISTRATION, "Organization administration: read", ("actions", "permissions")),
        (Need.SECRET_NAMES, "Organization secrets: read", ("actions", "secrets")),
        (Need.ADMINISTRATION, OWNER_RUNNERS, ("actions", "runner-groups")),
    )
    for need, name, parts in probes:
        yield trial.attempt(need, name, path_of("orgs", login, *parts))


def _lacking(rights: tuple[PermissionProbe, ...]) -> set[Need]:
    """The kinds of evidence that are not seen."""
    missing = (right for right in rights if right.granted is not True)
    return {right.need for right in missing if right.permission not in SHARPENS}


def _tier(rights: tuple[PermissionProbe, ...]) -> int:
    lacking = _lacking(rights)
    if Need.SETTINGS in lacking or Need.WORKFLOW in lacking:
        return 0
    if Need.ADMINISTRATION in lacking:
        return 1
    return 2 if Need.SECRET_NAMES in lacking else 3


def _cost(client: GitHubClient, survey: _Survey, rights: tuple[PermissionProbe, ...]) -> Cost:
    granted = {right.permission for right in rights if right.granted}
    pages = max(1, ceil(survey.total / _PAGE))
    texts = ceil(survey.total * _TEXT_REQUESTS / 1000)
    refs = min(20, pages * 2)
    publishing = survey.with_workflows
    environments = sum(_environments(client, publishing, seen="Actions: read" in granted))
    # of each: environments and newest release; Actions' permissions, policies and approval of
    # forks; secrets' names twice
    each = 2 + 4 * ("Administration: read" in granted) + 2 * ("Secrets: read" in granted)
    # of each environment: refs that may deploy and Apps that must approve; secrets' names
    each_environment = 2 + ("Secrets: read" in granted)
    refused = _REFUSALS * sum(1 for right in rights if right.granted is not True)
    rest = (
        _POLICIES
        + len(publishing) * each
        + environments * each_environment
        + refused
        + min(_COMPARISONS, _PINS * len(publishing))
    )
    left = limits_of(client)
    return Cost(
        repositories=survey.total,
        workflows=len(publishing),
        environments=environments,
        graphql_requests=2 * pages + texts + refs,
        # an environment's sign of change costs 0.04 points, a repository's rulesets and its
        # people 0.01 each
        points=pages + texts + ceil(survey.total * 0.03 + environments * 0.04) + refs,
        rest_requests=rest,
        points_left=left.get("graphql"),
        rest_left=left.get("rest"),
    )


def _environments(
    client: GitHubClient, nodes: Sequence[SurveyNode], *, seen: bool
) -> Iterator[int]:
    """How many environments each repository has; one where that is not shown."""
    if not seen:
        yield from (_NO_ENVIRONMENT for _ in nodes)
        return

    def write(items: Sequence[SurveyNode]) -> str:
        body = "environments(first: 1) { totalCount }"
        parts = (queries.by_id(f"r{i}", node.id, body) for i, node in enumerate(items))
        return queries.batch("environments", parts)

    for items, answer in ask(client, nodes, BatchSize(_PAGE), write):
        for index, _ in enumerate(items):
            try:
                node = None if isinstance(answer, GitHubError) else answer.data.get(f"r{index}")
                yield read_as(WithEnvironments, node).environments.total_count
            except GitHubError:
                yield _NO_ENVIRONMENT


def _expiry(client: GitHubClient, headers: Mapping[str, str]) -> datetime | None:
    if isinstance(client.auth, InstallationAuth):
        return client.auth.expires_at
    text = headers.get("github-authentication-token-expiration", "")
    for form in ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z"):
        try:
            end = datetime.strptime(text, form)
        except ValueError:
            continue
        return end if end.tzinfo else end.replace(tzinfo=UTC)
    return None


def _notes(credential: GitHubCredential, survey: _Survey) -> Iterator[str]:
    if credential.is_classic:
        yield "Classic tokens can also write; a GitHub App or fine-grained token need not."
    yield from dict.fromkeys(f"Not shown: {why}" for why in survey.hidden)
    if survey.nodes and not any(map(_is_private, survey.nodes)):
        yield "No private repository is shown: rights in private ones could not be tried."
