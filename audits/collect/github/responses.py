"""Types of GitHub's API responses, with only the fields that this program reads.

An answer of another form is an error of just the thing that was asked for (`unexpected`).
REST's forms are also what is remembered of an answer, so nothing else of it is ever stored:
of people, for instance, only that there is one (`Anything`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct, field

from audits.collect.bounds import shaped
from audits.collect.github.errors import Json, unexpected

Form = TypeVar("Form")

Number = Annotated[int, Meta(ge=0, le=2**53)]
"""An id, a size or a count: what a database's column holds."""

Name = Annotated[str, Meta(min_length=1, max_length=1024)]
"""What is shown and stored as the name of something."""

Slug = Annotated[str, Meta(pattern=r"^[^/\s]+/[^/\s]+$", max_length=400)]
"""``owner/name`` of a repository."""

Oid = Annotated[str, Meta(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
"""Git's id of an object, SHA-1 or SHA-256."""


def read_as(form: type[Form], value: Json) -> Form:
    """The value as a declared form; GitHubError where it is of another."""
    try:
        return shaped(value, form)
    except ValueError:
        raise unexpected() from None


def read_if(form: type[Form], value: Json) -> Form | None:
    """The same for what may be null."""
    return None if value is None else read_as(form, value)


def slug_of(value: Json) -> str:
    """``owner/name`` of a repository; "" where it is none."""
    try:
        return shaped(value, Slug)
    except ValueError:
        return ""


class Row(Struct, frozen=True, kw_only=True):
    """Base of objects of REST answers."""


class Graph(Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of objects of GraphQL answers."""


class Anything(Row, frozen=True, kw_only=True):
    """An object of which only the presence counts."""


# REST: settings of Actions. https://docs.github.com/en/rest/actions/permissions


class TokenPermissions(Row, frozen=True, kw_only=True):
    """``…/actions/permissions/workflow``."""

    default_workflow_permissions: Literal["read", "write"]
    can_approve_pull_request_reviews: bool


class AllowedActions(Row, frozen=True, kw_only=True):
    """``…/actions/permissions``; an older Enterprise Server does not know SHA pinning."""

    allowed_actions: str | None = None
    sha_pinning_required: bool | None = None


class ForkApproval(Row, frozen=True, kw_only=True):
    """``…/actions/permissions/fork-pr-contributor-approval``."""

    approval_policy: Name


class ListedPolicy(Row, frozen=True, kw_only=True):
    """One of ``…/actions/policies``; its rules take a request of their own."""

    id: Number
    enforcement: str | None = None


class PathNames(Row, frozen=True, kw_only=True):
    """Patterns of workflow files."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class PolicyConditions(Row, frozen=True, kw_only=True):
    """What a policy covers."""

    workflow_path: PathNames | None = None


class PolicyParameters(Row, frozen=True, kw_only=True):
    """What a rule of a policy asks for."""

    allowed_events: tuple[str, ...] | None = None


class PolicyRule(Row, frozen=True, kw_only=True):
    """One rule of a policy."""

    type: Name
    parameters: PolicyParameters | None = None


class ShownPolicy(Row, frozen=True, kw_only=True):
    """``…/actions/policies/{id}``: https://docs.github.com/en/rest/actions/policies"""

    name: str
    enforcement: str
    rules: tuple[PolicyRule, ...]
    conditions: PolicyConditions | None = None
    source: str | None = None


class RunnerLabel(Row, frozen=True, kw_only=True):
    """A label of a runner."""

    name: Name


class ListedRunner(Row, frozen=True, kw_only=True):
    """``…/actions/runners``: https://docs.github.com/en/rest/actions/self-hosted-runners"""

    id: Number
    name: str
    labels: tuple[RunnerLabel, ...] = ()
    ephemeral: bool | None = None


class ListedGroup(Row, frozen=True, kw_only=True):
    """``…/actions/runner-groups``: https://docs.github.com/en/rest/actions/self-hosted-runner-groups"""

    id: Number
    name: str
    allows_public_repositories: bool = True
    restricted_to_workflows: bool = False
    selected_workflows: tuple[str, ...] | None = None


class NamedSecret(Row, frozen=True, kw_only=True):
    """A secret of a list; its value is never served."""

    name: Name


class SharedSecret(Row, frozen=True, kw_only=True):
    """A secret of an organization."""

    name: Name
    visibility: Literal["all", "private", "selected"]


class NamedRepository(Row, frozen=True, kw_only=True):
    """A repository of a list."""

    full_name: Slug


class EnforcedReleases(Row, frozen=True, kw_only=True):
    """``/orgs/{org}/settings/immutable-releases``."""

    enforced_repositories: str


class BillingPlan(Row, frozen=True, kw_only=True):
    """What the owner pays for."""

    name: str = ""


class Account(Row, frozen=True, kw_only=True):
    """An organization; its plan is shown to some."""

    plan: BillingPlan | None = None


class NewestRelease(Row, frozen=True, kw_only=True):
    """``/repos/{owner}/{repo}/releases/latest``."""

    tag_name: str
    published_at: str | None = None
    immutable: bool | None = None

    @property
    def name(self) -> str:
        """Tag and time, as the list of repositories names it."""
        return "@".join(filter(None, (self.tag_name, self.published_at)))


# REST: environments. https://docs.github.com/en/rest/deployments/environments


class ProtectionRule(Row, frozen=True, kw_only=True):
    """One rule of an environment; reviewers are only counted."""

    type: str
    wait_timer: Number | None = None
    reviewers: tuple[Anything, ...] | None = None
    prevent_self_review: bool | None = None


class RefPolicy(Row, frozen=True, kw_only=True):
    """Which branches and tags may deploy."""

    protected_branches: bool = False
    custom_branch_policies: bool = False


class DeployEnvironment(Row, frozen=True, kw_only=True):
    """One environment of the list."""

    name: Name
    id: Number | None = None
    protection_rules: tuple[ProtectionRule, ...] | None = None
    deployment_branch_policy: RefPolicy | None = None
    can_admins_bypass: bool | None = None


class RefPattern(Row, frozen=True, kw_only=True):
    """One pattern of a custom policy; ``type`` came later than ``name``."""

    name: Name
    type: Literal["branch", "tag"] | None = None

    @property
    def text(self) -> str:
        """As ``branch:main``."""
        return f"{self.type or 'branch'}:{self.name}"


class GitHubApp(Row, frozen=True, kw_only=True):
    """An App."""

    slug: str | None = None


class CustomRule(Row, frozen=True, kw_only=True):
    """An App that must approve."""

    enabled: bool
    app: GitHubApp | None = None


class CustomRules(Row, frozen=True, kw_only=True):
    """``…/environments/{name}/deployment_protection_rules``."""

    custom_deployment_protection_rules: tuple[CustomRule, ...]


# REST: other things.


class Comparison(Row, frozen=True, kw_only=True):
    """``/repos/{owner}/{repo}/compare/{base}...{head}``."""

    status: str
    ahead_by: int | None = None
    behind_by: int | None = None


class EncodedBlob(Row, frozen=True, kw_only=True):
    """``/repos/{owner}/{repo}/git/blobs/{oid}``."""

    content: str
    encoding: str = "base64"


class TreeRow(Row, frozen=True, kw_only=True):
    """One entry of ``/repos/{owner}/{repo}/git/trees/{oid}``."""

    path: str
    sha: str


class WholeTree(Row, frozen=True, kw_only=True):
    """A tree by REST, which says whether it is cut short."""

    truncated: bool
    tree: tuple[TreeRow, ...]


class AdvisedPackage(Row, frozen=True, kw_only=True):
    """What an advisory is about."""

    ecosystem: str = ""
    name: str | None = None


class Vulnerability(Row, frozen=True, kw_only=True):
    """A package and the versions of it that are vulnerable."""

    package: AdvisedPackage | None = None
    vulnerable_version_range: str | None = None


class AdvisoryRow(Row, frozen=True, kw_only=True):
    """One of ``/advisories``."""

    ghsa_id: Name
    cve_id: str | None = None
    severity: str | None = None
    published_at: str | None = None
    withdrawn_at: str | None = None
    vulnerabilities: tuple[Vulnerability, ...] | None = None


class Installation(Row, frozen=True, kw_only=True):
    """An App's installation."""

    id: Number


class InstallationToken(Row, frozen=True, kw_only=True):
    """What ``/app/installations/{id}/access_tokens`` answers."""

    token: Name
    expires_at: str = ""


# GraphQL.


class TreeEntry(Graph, frozen=True, kw_only=True):
    """One entry of a tree; ``object`` is requested for local actions only."""

    name: str
    type: str
    oid: Oid
    mode: Number = 0
    size: Number = 0
    object: Folder | None = None


class Folder(Graph, frozen=True, kw_only=True):
    """A tree; without entries where the path leads to a file."""

    oid: str = ""
    entries: tuple[TreeEntry, ...] = ()


class Commit(Graph, frozen=True, kw_only=True):
    """What a branch or a tag leads to."""

    oid: str = ""
    committed_date: str | None = None


class Branch(Graph, frozen=True, kw_only=True):
    """The default branch."""

    name: str
    target: Commit | None = None


class ShownRelease(Graph, frozen=True, kw_only=True):
    """A release by GraphQL."""

    tag_name: str = ""
    published_at: str | None = None
    tag_commit: Commit | None = None

    @property
    def name(self) -> str:
        """Tag and time, as `NewestRelease` names it."""
        return "@".join(filter(None, (self.tag_name, self.published_at)))


class TopicName(Graph, frozen=True, kw_only=True):
    """A topic."""

    name: str


class Topic(Graph, frozen=True, kw_only=True):
    """A repository's topic."""

    topic: TopicName


class Topics(Graph, frozen=True, kw_only=True):
    """A page of topics."""

    nodes: tuple[Topic | None, ...] = ()


class Light(Graph, frozen=True, kw_only=True):
    """A repository of the first pass: the fragment of the same name."""

    id: Name
    name_with_owner: Slug
    database_id: Number | None = None
    is_archived: bool = False
    is_fork: bool = False
    is_empty: bool = False
    is_disabled: bool = False
    visibility: str = ""
    viewer_permission: str | None = None
    repository_topics: Topics | None = None
    latest_release: ShownRelease | None = None
    default_branch_ref: Branch | None = None
    root: Folder | None = None
    github: Folder | None = None
    workflows: Folder | None = None
    actions: Folder | None = None


class PageInfo(Graph, frozen=True, kw_only=True):
    """Where a page of a list ends."""

    has_next_page: bool = False
    end_cursor: str | None = None


class PastCommitForm(Graph, frozen=True, kw_only=True):
    """A commit that changed workflows."""

    oid: Oid
    committed_date: str


class PastCommits(Graph, frozen=True, kw_only=True):
    """A page of commits."""

    nodes: tuple[PastCommitForm | None, ...] | None = None
    page_info: PageInfo | None = None


class PastTarget(Graph, frozen=True, kw_only=True):
    """What a branch names, with its commits; neither where it is no commit."""

    history: PastCommits | None = None
    before: PastCommits | None = None


class PastBranch(Graph, frozen=True, kw_only=True):
    """A default branch."""

    name: Name
    target: PastTarget | None = None


class PastRepository(Graph, frozen=True, kw_only=True):
    """A repository and a page of the commits that changed its workflows."""

    created_at: str
    default_branch_ref: PastBranch | None = None


class RepositoryList(Graph, frozen=True, kw_only=True):
    """A page of an owner's repositories; nodes are read one by one."""

    nodes: tuple[Any, ...] | None = None
    total_count: Number | None = None
    page_info: PageInfo | None = None


class AccountList(Graph, frozen=True, kw_only=True):
    """An account and a page of its repositories."""

    login: Name
    repositories: RepositoryList
    typename: str = field(default="", name="__typename")


class Peeled(Graph, frozen=True, kw_only=True):
    """What a tag leads to, through tags of tags."""

    oid: str = ""
    target: Peeled | None = None
    committed_date: str | None = None

    @property
    def last(self) -> Peeled:
        """The end of the chain."""
        found = self
        while found.target is not None:
            found = found.target
        return found


class TagRef(Graph, frozen=True, kw_only=True):
    """A tag of a list."""

    name: str
    target: Peeled | None = None


class TagList(Graph, frozen=True, kw_only=True):
    """A page of tags."""

    nodes: tuple[TagRef | None, ...] | None = None
    page_info: PageInfo | None = None


class HeadCommit(Graph, frozen=True, kw_only=True):
    """Any object at ``HEAD``."""

    oid: str


class ActionNode(Graph, frozen=True, kw_only=True):
    """The repository of an action; refs are read by their aliases. ``head`` is None where the
    credential may not read contents.
    """

    name_with_owner: Slug
    is_archived: bool
    head: HeadCommit | None = None
    default_branch_ref: Branch | None = None
    latest_release: ShownRelease | None = None
    refs: TagList | None = None

    @property
    def branch(self) -> str:
        """The default branch's name."""
        return self.default_branch_ref.name if self.default_branch_ref else ""

    @property
    def branch_commit(self) -> str:
        """The default branch's newest commit."""
        target = self.default_branch_ref.target if self.default_branch_ref else None
        return target.oid if target else ""


class GitObject(Graph, frozen=True, kw_only=True):
    """An object in a repository."""

    oid: str
    typename: str = field(default="", name="__typename")
    committed_date: str | None = None
    byte_size: Number | None = None


class BlobOrTree(Graph, frozen=True, kw_only=True):
    """A blob with its text, or a tree with its entries."""

    oid: str
    typename: str = field(default="", name="__typename")
    text: str | None = None
    is_binary: bool | None = None
    is_truncated: bool = False
    entries: tuple[TreeEntry, ...] = ()


class RepositoryNode(Graph, frozen=True, kw_only=True):
    """A repository in which something is looked for."""

    id: Name
    name_with_owner: Slug


class RefNames(Graph, frozen=True, kw_only=True):
    """Patterns of a ruleset."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class Conditions(Graph, frozen=True, kw_only=True):
    """What a ruleset covers."""

    ref_name: RefNames | None = None


class TotalCount(Graph, frozen=True, kw_only=True):
    """How long a list is."""

    total_count: Number


class SurveyNode(Graph, frozen=True, kw_only=True):
    """A repository as `doctor` sees it; ``root`` is None where contents are hidden."""

    id: Name
    name_with_owner: Slug
    is_empty: bool = False
    visibility: str = ""
    viewer_permission: str | None = None
    root: Anything | None = None
    workflows: Anything | None = None


class WithEnvironments(Graph, frozen=True, kw_only=True):
    """A repository and how many environments it has."""

    environments: TotalCount


class RuleSource(Graph, frozen=True, kw_only=True):
    """Where a ruleset is defined."""

    login: str = ""
    name_with_owner: str = ""


class RulesetNode(Graph, frozen=True, kw_only=True):
    """A ruleset of a list."""

    id: Name
    name: str
    enforcement: str
    source: RuleSource
    target: str = "TAG"
    updated_at: str = ""
    conditions: Conditions | None = None


class RulesetList(Graph, frozen=True, kw_only=True):
    """The rulesets of a repository; one that is null is hidden."""

    total_count: Number
    nodes: tuple[RulesetNode | None, ...]


class RuleParameters(Graph, frozen=True, kw_only=True):
    """What a rule on pull requests asks for; empty for other rules."""

    required_approving_review_count: Number = 0
    require_code_owner_review: bool = False
    require_last_push_approval: bool = False


class RuleNode(Graph, frozen=True, kw_only=True):
    """One rule; only of pull requests is more asked."""

    type: str
    parameters: RuleParameters | None = None


class RuleList(Graph, frozen=True, kw_only=True):
    """The rules of a ruleset."""

    nodes: tuple[RuleNode, ...]


class ActorName(Graph, frozen=True, kw_only=True):
    """An App or a team."""

    slug: str = ""
    typename: str = field(default="", name="__typename")


class ActorNode(Graph, frozen=True, kw_only=True):
    """Who may bypass a ruleset."""

    bypass_mode: str = ""
    organization_admin: bool | None = None
    deploy_key: bool | None = None
    repository_role_name: str | None = None
    actor: ActorName | None = None


class ActorList(Graph, frozen=True, kw_only=True):
    """Those who may bypass a ruleset; null where that is hidden."""

    total_count: Number
    nodes: tuple[ActorNode | None, ...]


class RulesetDetail(Graph, frozen=True, kw_only=True):
    """The answer to the query for one ruleset."""

    rules: RuleList
    bypass_actors: ActorList | None = None


class RoleSource(Graph, frozen=True, kw_only=True):
    """Who gives a person a right: of a team its name, of all others nothing."""

    combined_slug: str = ""


class RoleGrant(Graph, frozen=True, kw_only=True):
    """One right of a person in a repository."""

    permission: str = ""
    source: RoleSource | None = None


class CollaboratorEdge(Graph, frozen=True, kw_only=True):
    """One person's role in a repository; where it comes from is null if that is hidden."""

    permission: str = ""
    permission_sources: tuple[RoleGrant | None, ...] | None = None


class CollaboratorList(Graph, frozen=True, kw_only=True):
    """Some of the people who may see or change a repository."""

    edges: tuple[CollaboratorEdge | None, ...] | None = None
    page_info: PageInfo | None = None


class WithCollaborators(Graph, frozen=True, kw_only=True):
    """A repository with its people; null where the credential may not see them."""

    collaborators: CollaboratorList | None = None


class StateNode(Graph, frozen=True, kw_only=True):
    """What the settings' query shows of a repository."""

    name_with_owner: Slug
    rulesets: RulesetList | None = None
