"""Settings that only GitHub knows: environments, rulesets, tokens, names of secrets."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Need(StrEnum):
    """A kind of evidence; ``tier`` is the least token that reads it, as README's table of tokens."""

    WORKFLOW = "workflow text"
    SETTINGS = "settings"
    ADMINISTRATION = "administration"
    SECRET_NAMES = "secrets' names"
    INDEX = "package index"
    REFERENCES = "other repositories"


class Unseen(Struct, frozen=True, kw_only=True):
    """A fact that could not be read. It is neither on nor off: never pass on it, never fail.

    ``permission`` is the right that would show it, as GitHub spells it (``Actions: read``).
    """

    need: Need
    reason: str
    permission: str = ""


NOT_READ = Unseen(need=Need.SETTINGS, reason="was not read", permission="Actions: read")
NO_ADMINISTRATION = Unseen(
    need=Need.ADMINISTRATION, reason="was not read", permission="Administration: read"
)
NO_SECRET_NAMES = Unseen(need=Need.SECRET_NAMES, reason="were not read", permission="Secrets: read")
COLLABORATORS = "Metadata: read, with write access"
"""The right that shows who may write: to people who may write themselves, and to Apps.
https://docs.github.com/en/rest/collaborators/collaborators
"""
NO_COLLABORATORS = Unseen(need=Need.SETTINGS, reason="was not read", permission=COLLABORATORS)


class EnvironmentSettings(Struct, frozen=True, kw_only=True):
    """Protection of one deployment environment.

    ``reviewers`` counts required reviewers (users and teams); ``wait_minutes`` is the timer;
    ``ref_patterns`` are the allowed branches and tags as ``branch:main`` or ``tag:v*``, with
    ``protected branches`` for that choice; empty means any ref. ``custom_rules`` are names of
    apps that must approve. ``on_plan`` is False where the plan offers no protection.
    """

    name: str
    database_id: int | None = None
    reviewers: int | Unseen = 0
    wait_minutes: int | Unseen = 0
    prevent_self_review: bool | Unseen = False
    admins_can_bypass: bool | Unseen = True
    ref_patterns: tuple[str, ...] | Unseen = ()
    custom_rules: tuple[str, ...] | Unseen = ()
    secret_names: tuple[str, ...] | Unseen = ()
    on_plan: bool = True


class BypassActor(Struct, frozen=True, kw_only=True):
    """Someone to whom a ruleset does not apply.

    ``kind`` is ``role``, ``team``, ``app``, ``deploy-key``, ``administrators`` or ``other``;
    ``name`` is the role's in lower case, or the team's or app's. ``always`` is False where only
    pull requests may bypass, which tags never are.
    """

    kind: str
    name: str = ""
    always: bool = True


class TagRuleset(Struct, frozen=True, kw_only=True):
    """An active ruleset on tags: patterns as GitHub writes them (``refs/tags/v*``, ``~ALL``)."""

    name: str
    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    source: str = ""
    bypass: tuple[BypassActor, ...] | Unseen = ()


class BranchRuleset(Struct, frozen=True, kw_only=True):
    """An active ruleset on branches: patterns as GitHub writes them (``refs/heads/main``,
    ``~DEFAULT_BRANCH``, ``~ALL``), rules in lower case. ``approvals`` are those that a pull
    request needs, and ``code_owners`` whether owners of the code must be among them; 0 and False
    where no pull request is asked for.
    """

    name: str
    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    approvals: int = 0
    code_owners: bool = False
    last_push_approval: bool = False
    source: str = ""
    bypass: tuple[BypassActor, ...] | Unseen = ()


class WorkflowPolicy(Struct, frozen=True, kw_only=True):
    """An active Actions policy: which workflow files it covers and which events may run them.

    ``include`` and ``exclude`` are patterns of paths, or ``~ALL``. ``events`` is None where it
    says nothing of events; ``limits_actors`` whether it says who may start a run.
    https://docs.github.com/en/organizations/managing-organization-settings/actions-policies
    """

    name: str
    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    events: tuple[str, ...] | None = None
    limits_actors: bool = False
    source: str = ""


class ActionsPolicy(Struct, frozen=True, kw_only=True):
    """What GitHub Actions may do: for an owner, or as it holds for a repository.

    ``set_by`` is ``owner`` or ``repository``: whose choice is in force.
    """

    default_token_write: bool | Unseen
    can_approve_pull_requests: bool | Unseen
    sha_pinning_required: bool | Unseen
    allowed_actions: str | Unseen = ""
    set_by: str = ""


class Runner(Struct, frozen=True, kw_only=True):
    """A machine of the repository's or its owner's own. ``labels`` in lower case.

    ``is_ephemeral``: it is thrown away after one job; None where GitHub does not say. ``workflows``
    are the only files (``owner/repo/path@ref``) that its group lets run on it, None where any may.
    ``source`` is the repository, or the owner and the group.
    """

    name: str
    labels: tuple[str, ...] = ()
    is_ephemeral: bool | None = None
    workflows: tuple[str, ...] | None = None
    source: str = ""


NO_RUNNERS = Unseen(
    need=Need.ADMINISTRATION, reason="Not asked: no workflow names a runner of one's own."
)


class RepositorySettings(Struct, frozen=True, kw_only=True):
    """Settings of one repository, each a fact or `Unseen`. Environments by lower-cased name.

    ``workflow_policies`` are those of the repository and of what is above it; without any,
    GitHub's default counts. ``fork_approval`` says for which outsiders' pull requests runs wait
    for an approval (``first_time_contributors_new_to_github``, ``first_time_contributors``,
    ``all_external_contributors``), "" where the repository is private. ``is_public`` is None
    where that is not known. ``runners`` are the repository's own machines, ``owner_runners``
    those of its owner that it may use. ``writers`` counts the people who may write, by whatever
    right, and ``writing_teams`` are the teams that give it, as ``owner/team``.
    """

    environments: Mapping[str, EnvironmentSettings] | Unseen
    tag_rulesets: tuple[TagRuleset, ...] | Unseen
    latest_release_immutable: bool | Unseen | None
    actions: ActionsPolicy | Unseen
    secret_names: tuple[str, ...] | Unseen
    organization_secret_names: tuple[str, ...] | Unseen
    branch_rulesets: tuple[BranchRuleset, ...] | Unseen = NOT_READ
    workflow_policies: tuple[WorkflowPolicy, ...] | Unseen = NO_ADMINISTRATION
    fork_approval: str | Unseen = NO_ADMINISTRATION
    is_public: bool | None = None
    runners: tuple[Runner, ...] | Unseen = NO_RUNNERS
    owner_runners: tuple[Runner, ...] | Unseen = NO_RUNNERS
    writers: int | Unseen = NO_COLLABORATORS
    writing_teams: tuple[str, ...] | Unseen = NO_COLLABORATORS

    @classmethod
    def partial(
        cls,
        *environments: EnvironmentSettings,
        tag_rulesets: tuple[TagRuleset, ...] | Unseen = NOT_READ,
        latest_release_immutable: bool | Unseen | None = NOT_READ,
        actions: ActionsPolicy | Unseen = NO_ADMINISTRATION,
        secret_names: tuple[str, ...] | Unseen = NO_SECRET_NAMES,
        organization_secret_names: tuple[str, ...] | Unseen = NO_SECRET_NAMES,
        branch_rulesets: tuple[BranchRuleset, ...] | Unseen = NOT_READ,
        workflow_policies: tuple[WorkflowPolicy, ...] | Unseen = NO_ADMINISTRATION,
        fork_approval: str | Unseen = NO_ADMINISTRATION,
        is_public: bool | None = None,
        runners: tuple[Runner, ...] | Unseen = NO_RUNNERS,
        owner_runners: tuple[Runner, ...] | Unseen = NO_RUNNERS,
        writers: int | Unseen = NO_COLLABORATORS,
        writing_teams: tuple[str, ...] | Unseen = NO_COLLABORATORS,
    ) -> RepositorySettings:
        """Settings of which these environments and what is given were read, and no more."""
        return cls(
            environments={each.name.lower(): each for each in environments},
            tag_rulesets=tag_rulesets,
            latest_release_immutable=latest_release_immutable,
            actions=actions,
            secret_names=secret_names,
            organization_secret_names=organization_secret_names,
            branch_rulesets=branch_rulesets,
            workflow_policies=workflow_policies,
            fork_approval=fork_approval,
            is_public=is_public,
            runners=runners,
            owner_runners=owner_runners,
            writers=writers,
            writing_teams=writing_teams,
        )


class OwnerSettings(Struct, frozen=True, kw_only=True):
    """Settings of the owner, shown on the owner's card and never in a repository's score."""

    login: str
    actions: ActionsPolicy | Unseen
    immutable_releases: str | Unseen
    secret_names: tuple[str, ...] | Unseen
