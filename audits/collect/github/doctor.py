"""Measures what a credential can see of an owner, and what a scan would cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import ceil

from msgspec import Struct

from audits.collect.github.auth import Credential, InstallationAuth
from audits.collect.github.client import GitHubClient
from audits.collect.github.errors import GitHubError, Json
from audits.collect.github.listing import Listed
from audits.collect.github.repositories import Choice, RepositoryPages
from audits.collect.github.rest import path_of
from audits.model.settings import Need

_TEXT_REQUESTS = 50
"""A thousand repositories have about twelve texts each, three hundred to a query."""


class Right(Struct, frozen=True, kw_only=True):
    """One right: whether the credential has it, None where nothing could be tried on."""

    need: Need
    permission: str
    granted: bool | None
    detail: str = ""


class Cost(Struct, frozen=True, kw_only=True):
    """What a first scan would ask at most, and what GitHub allows in an hour."""

    repositories: int
    graphql_requests: int
    points: int
    rest_requests: int
    points_left: int | None
    rest_left: int | None


class DoctorReport(Struct, frozen=True, kw_only=True):
    """The answer of `release-audit doctor`. ``tier`` is that of design section 8.

    ``expires_at`` is None where GitHub names no end. ``scopes`` are a classic token's.
    """

    owner: str
    owner_kind: str
    credential: str
    host: str
    tier: int
    rights: tuple[Right, ...]
    cost: Cost
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    private_seen: bool = False
    tried_on: str = ""
    notes: tuple[str, ...] = ()

    @property
    def unknown(self) -> frozenset[Need]:
        """The kinds of evidence that checks will lack."""
        return frozenset(right.need for right in self.rights if right.granted is not True)


def examine(client: GitHubClient, owner: str, credential: Credential) -> DoctorReport:
    """Try each right on the owner and on one repository; CollectError where nothing is seen."""
    pages = RepositoryPages(client, owner, Choice(archived=False, forks=True))
    listed = next(iter(pages), ())
    sample = next((r for r in listed if r.has_workflows), next(iter(listed), None))
    headers: dict[str, str] = {}
    rights = (*_repository_rights(client, sample, headers),)
    if pages.owner_kind == "Organization":
        rights += (*_organization_rights(client, pages.login, headers),)
    total = pages.total or 0
    return DoctorReport(
        owner=pages.login,
        owner_kind=pages.owner_kind,
        credential=credential.description,
        host=client.host,
        tier=_tier(rights),
        rights=rights,
        cost=_cost(client, total, rights),
        expires_at=_expiry(client, headers),
        scopes=tuple(s.strip() for s in headers.get("x-oauth-scopes", "").split(",") if s.strip()),
        private_seen=any(r.private for r in listed),
        tried_on=sample.slug if sample else "",
        notes=_notes(credential, listed),
    )


def _try(
    client: GitHubClient, need: Need, permission: str, path: str, headers: dict[str, str]
) -> Right:
    try:
        answer = client.get(path, {"per_page": 1})
    except GitHubError as error:
        if error.status in (403, 404):
            named = error.permission or permission
            return Right(need=need, permission=named, granted=False, detail=error.message)
        return Right(need=need, permission=permission, granted=None, detail=error.message)
    headers.update({key.lower(): str(value) for key, value in answer.headers.items()})
    return Right(need=need, permission=permission, granted=True)


def _repository_rights(
    client: GitHubClient, sample: Listed | None, headers: dict[str, str]
) -> list[Right]:
    probes = (
        (Need.SETTINGS, "Actions: read", ("environments",)),
        (Need.ADMINISTRATION, "Administration: read", ("actions", "permissions")),
        (Need.SECRET_NAMES, "Secrets: read", ("actions", "secrets")),
    )
    if sample is None:
        return [
            Right(need=need, permission=name, granted=None, detail="There is no repository to try.")
            for need, name, _ in probes
        ]
    blind = any(gap.permission == "Contents: read" for gap in sample.gaps)
    contents = Right(need=Need.WORKFLOW, permission="Contents: read", granted=not blind)
    base = path_of("repos", sample.owner, sample.name)
    return [
        contents,
        *(_try(client, need, name, base + path_of(*part), headers) for need, name, part in probes),
    ]


def _organization_rights(client: GitHubClient, login: str, headers: dict[str, str]) -> list[Right]:
    probes = (
        (Need.ADMINISTRATION, "Organization administration: read", ("actions", "permissions")),
        (Need.SECRET_NAMES, "Organization secrets: read", ("actions", "secrets")),
    )
    return [
        _try(client, need, name, path_of("orgs", login, *part), headers)
        for need, name, part in probes
    ]


def _tier(rights: tuple[Right, ...]) -> int:
    lacking = {right.need for right in rights if right.granted is not True}
    if Need.SETTINGS in lacking or Need.WORKFLOW in lacking:
        return 0
    if Need.ADMINISTRATION in lacking:
        return 1
    return 2 if Need.SECRET_NAMES in lacking else 3


def _cost(client: GitHubClient, total: int, rights: tuple[Right, ...]) -> Cost:
    granted = {right.need for right in rights if right.granted}
    pages = ceil(total / 100)
    texts = ceil(total * _TEXT_REQUESTS / 1000)
    refs = min(20, pages * 2)
    # an environment's sign of change costs 0.04 points, a repository's rulesets 0.01
    points = pages + texts + ceil(total * 0.06) + refs
    each = 3 + 2 * (Need.ADMINISTRATION in granted) + 2 * (Need.SECRET_NAMES in granted)
    left = _limits(client)
    return Cost(
        repositories=total,
        graphql_requests=2 * pages + texts + refs,
        points=points,
        rest_requests=total * each,
        points_left=left.get("graphql"),
        rest_left=left.get("core"),
    )


def _limits(client: GitHubClient) -> Mapping[str, int]:
    """What is left of the hour, by resource; asking is free."""
    try:
        resources: Json = client.get("/rate_limit").body["resources"]
        return {name: int(resources[name]["remaining"]) for name in ("core", "graphql")}
    except (GitHubError, KeyError, TypeError, ValueError):
        # Enterprise Server has no limits unless somebody sets them
        return {}


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


def _notes(credential: Credential, listed: tuple[Listed, ...]) -> tuple[str, ...]:
    notes = []
    if credential.is_classic:
        notes.append("Classic tokens can also write; a GitHub App or fine-grained token need not.")
    if listed and not any(r.private for r in listed):
        notes.append("No private repository was seen among the first hundred.")
    return tuple(notes)
