"""Reads the settings of an organization."""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from audits.collect.github.errors import GitHubError
from audits.collect.github.fact_reader import FactReader, Rights
from audits.collect.github.responses import (
    Account,
    AllowedActions,
    EnforcedReleases,
    NamedRepository,
    SharedSecret,
    TokenPermissions,
)
from audits.collect.github.rest import Answers, Form, RestReader, path_of
from audits.model.settings import ActionsPolicy, Need, OwnerSettings, Unseen
from audits.model.source import Gap

ADMINISTRATION = "Organization administration: read"
SECRETS = "Organization secrets: read"

_PLANS_WITHOUT_PROTECTION = frozenset({"free", "pro", "team"})
"""Plans whose private repositories have no reviewers and no wait timer:
https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
"""


class OrganizationSecret(Struct, frozen=True, kw_only=True):
    """One secret's name and which repositories see it; ``chosen`` are their lower-cased names."""

    name: str
    visibility: str
    chosen: frozenset[str] = frozenset()

    def reaches(self, slug: str, *, private: bool) -> bool:
        """Whether workflows of this repository can read it."""
        if self.visibility == "selected":
            return slug.lower() in self.chosen
        return self.visibility == "all" or private


class OwnerFacts(Struct, frozen=True, kw_only=True):
    """What is known of an owner; ``settings`` is `Unseen` for a personal account."""

    login: str
    settings: OwnerSettings | Unseen
    secrets: tuple[OrganizationSecret, ...] | Unseen
    plan: str = ""
    is_organization: bool = True
    gaps: tuple[Gap, ...] = field(default=())

    @property
    def policy(self) -> ActionsPolicy | None:
        """The organization's policy for Actions, as far as any of it was seen."""
        if isinstance(self.settings, Unseen) or isinstance(self.settings.actions, Unseen):
            return None
        return self.settings.actions

    def protects(self, *, private: bool) -> bool:
        """Whether the plan offers protection of environments to such a repository."""
        return not (private and self.plan in _PLANS_WITHOUT_PROTECTION)


def personal(login: str) -> OwnerFacts:
    """A personal account: everything is set in its repositories."""
    reason = "A personal account has no account-wide settings for Actions."
    unseen = Unseen(need=Need.ADMINISTRATION, reason=reason)
    return OwnerFacts(login=login, settings=unseen, secrets=(), is_organization=False)


def not_shown(login: str, reason: str) -> OwnerFacts:
    """An account that GitHub does not show: nothing of it is asked."""
    unseen = Unseen(need=Need.ADMINISTRATION, reason=reason)
    return OwnerFacts(login=login, settings=unseen, secrets=replace(unseen, need=Need.SECRET_NAMES))


def absent(name: str, need: Need) -> Unseen:
    """A setting that an older Enterprise Server does not have."""
    return Unseen(need=need, reason=f"This version of GitHub does not report {name}.")


class OwnerReader:
    """Reads an organization's settings, once a scan."""

    def __init__(self, rest: RestReader, rights: Rights) -> None:
        self._rest = rest
        self._rights = rights

    def read(self, login: str, answers: Answers) -> OwnerFacts:
        """What this credential may see of an organization."""
        sheet = FactReader(rights=self._rights)
        secrets = self._secrets(sheet, login, answers)
        settings = OwnerSettings(
            login=login,
            actions=self._policy(sheet, login, answers),
            immutable_releases=sheet.fact(
                "owner: immutable releases",
                Need.ADMINISTRATION,
                ADMINISTRATION,
                lambda: (
                    self._one(
                        answers, login, ("settings", "immutable-releases"), EnforcedReleases
                    ).enforced_repositories
                ),
            ),
            secret_names=secrets
            if isinstance(secrets, Unseen)
            else tuple(sorted(s.name for s in secrets)),
        )
        plan = self._plan(login, answers)
        return OwnerFacts(
            login=login, settings=settings, secrets=secrets, plan=plan, gaps=tuple(sheet.gaps)
        )

    def _one(self, answers: Answers, login: str, parts: tuple[str, ...], form: type[Form]) -> Form:
        return self._rest.one(answers, path_of("orgs", login, *parts), form)

    def _plan(self, login: str, answers: Answers) -> str:
        try:
            plan = self._one(answers, login, (), Account).plan
        except GitHubError:
            return ""
        return plan.name if plan else ""

    def _policy(self, sheet: FactReader, login: str, answers: Answers) -> ActionsPolicy | Unseen:
        need = Need.ADMINISTRATION
        workflow = sheet.fact(
            "owner: default token permission",
            need,
            ADMINISTRATION,
            lambda: self._one(
                answers, login, ("actions", "permissions", "workflow"), TokenPermissions
            ),
        )
        permissions = sheet.fact(
            "owner: allowed actions",
            need,
            ADMINISTRATION,
            lambda: self._one(answers, login, ("actions", "permissions"), AllowedActions),
        )
        if isinstance(workflow, Unseen) and isinstance(permissions, Unseen):
            return workflow
        return policy(workflow, permissions, set_by="owner")

    def _secrets(
        self, sheet: FactReader, login: str, answers: Answers
    ) -> tuple[OrganizationSecret, ...] | Unseen:
        path = path_of("orgs", login, "actions", "secrets")

        def read() -> tuple[OrganizationSecret, ...]:
            rows = self._rest.listed(answers, path, "secrets", SharedSecret)
            return tuple(
                OrganizationSecret(
                    name=row.name,
                    visibility=row.visibility,
                    chosen=self._chosen(path, row.name, answers)
                    if row.visibility == "selected"
                    else frozenset(),
                )
                for row in rows
            )

        return sheet.fact("owner: secrets' names", Need.SECRET_NAMES, SECRETS, read)

    def _chosen(self, path: str, name: str, answers: Answers) -> frozenset[str]:
        rows = self._rest.listed(
            answers, path + path_of(name, "repositories"), "repositories", NamedRepository
        )
        return frozenset(row.full_name.lower() for row in rows)


def policy(
    workflow: TokenPermissions | Unseen, permissions: AllowedActions | Unseen, *, set_by: str
) -> ActionsPolicy:
    """The policy from its two halves, either of which may be `Unseen`."""
    write: bool | Unseen
    approve: bool | Unseen
    if isinstance(workflow, Unseen):
        write = approve = workflow
    else:
        write = workflow.default_workflow_permissions == "write"
        approve = workflow.can_approve_pull_request_reviews
    sha: bool | Unseen
    allowed: str | Unseen
    if isinstance(permissions, Unseen):
        sha = allowed = permissions
    else:
        pinning = permissions.sha_pinning_required
        sha = absent("whether SHA pinning is required", Need.ADMINISTRATION)
        sha = sha if pinning is None else pinning
        allowed = permissions.allowed_actions or ""
    return ActionsPolicy(
        default_token_write=write,
        can_approve_pull_requests=approve,
        sha_pinning_required=sha,
        allowed_actions=allowed,
        set_by=set_by,
    )
