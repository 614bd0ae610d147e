"""Third pass: reads settings of publishing repositories, a hundred at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

from msgspec import Struct
from msgspec.structs import replace

from audits.collect.github.client import GitHubClient
from audits.collect.github.environments import NO_SECRETS, EnvironmentReader
from audits.collect.github.errors import GitHubError
from audits.collect.github.fact_reader import FactReader, Rights, role_refusal
from audits.collect.github.listing import Listed
from audits.collect.github.organization import OwnerFacts, policy
from audits.collect.github.responses import (
    AllowedActions,
    ForkApproval,
    ListedPolicy,
    NamedSecret,
    NewestRelease,
    PathNames,
    ShownPolicy,
    TokenPermissions,
)
from audits.collect.github.rest import FLUSH_SECONDS, Answers, Form, RestReader, path_of
from audits.collect.github.rulesets import METADATA, Question, State, StateReader
from audits.collect.github.self_hosted import OWNER_RUNNERS, RunnerReader
from audits.faults import crash_gap
from audits.model.cache import Memory
from audits.model.errors import AuditError
from audits.model.platform_facts import is_enterprise_server
from audits.model.settings import (
    COLLABORATORS,
    NO_RUNNERS,
    ActionsPolicy,
    BranchRuleset,
    EnvironmentSettings,
    Need,
    RepositorySettings,
    Runner,
    TagRuleset,
    Unseen,
    WorkflowPolicy,
)
from audits.model.source import Gap, GapReason

ADMINISTRATION = "Administration: read"
SECRETS = "Secrets: read"
CONTENTS = "Contents: read"
ALL = "~ALL"

_SUBJECTS = {
    "permissions": "allowed actions",
    "permissions/workflow": "default token permission",
    "permissions/fork-pr-contributor-approval": "approval of forks' runs",
}
_IN_FORCE = "active"
_NOT_ADMIN = ("READ", "TRIAGE", "WRITE", "MAINTAIN")


class SettingsRead(Struct, frozen=True, kw_only=True):
    """What became of one repository's settings."""

    settings: RepositorySettings
    gaps: tuple[Gap, ...]


class SettingsQuestion(Struct, frozen=True, kw_only=True):
    """Whose settings are read: ``environments`` that its workflows name, and whether one of them
    names a runner of one's own.
    """

    repo: Listed
    environments: tuple[str, ...]
    asks_for_runners: bool = False


class _Task(Struct, kw_only=True):
    repo: Listed
    names: tuple[str, ...]
    state: State
    owner: OwnerFacts
    sheet: FactReader
    answers: Answers
    asks_for_runners: bool = False
    unchanged: bool = False

    @property
    def path(self) -> str:
        return path_of("repos", self.repo.owner, self.repo.name)


class SettingsBatch:
    """Reads settings of many repositories: GraphQL in batches, REST from a few threads."""

    def __init__(
        self,
        client: GitHubClient,
        memory: Memory,
        rights: Rights,
        *,
        installation: bool,
        workers: int = 4,
    ) -> None:
        self._client = client
        self._memory = memory
        self._rights = rights
        self._installation = installation
        self._workers = workers
        self._rest = RestReader(client)
        self._states = StateReader(client, memory)
        self._policies: dict[int, ShownPolicy] = {}
        self._runners = RunnerReader(self._rest)

    def read(self, wanted: Sequence[SettingsQuestion], owner: OwnerFacts) -> list[SettingsRead]:
        """The settings of each repository, in order."""
        answers = Answers()
        tasks = self._tasks(wanted, owner, answers)
        with ThreadPoolExecutor(max_workers=self._workers) as pool:
            try:
                found = self._all(pool, tasks, answers)
            except BaseException as stop:
                if isinstance(stop, KeyboardInterrupt):
                    self._client.pacer.stop()
                pool.shutdown(cancel_futures=True)
                raise
            finally:
                # threads never touch the memory, which may be one connection to a database
                answers.flush(self._memory)
        for task in tasks:
            self._remember(task)
        answers.flush(self._memory)
        return found

    def _all(
        self, pool: ThreadPoolExecutor, tasks: Sequence[_Task], answers: Answers
    ) -> list[SettingsRead]:
        """What becomes of each task; answers are kept while others are waited for."""
        futures = [pool.submit(self._one, task) for task in tasks]
        waiting: Set[Future[SettingsRead]] = set(futures)
        while waiting:
            ended, waiting = wait(waiting, FLUSH_SECONDS, return_when=FIRST_EXCEPTION)
            answers.flush(self._memory)
            for future in ended:
                future.result()
        return [future.result() for future in futures]

    def _tasks(
        self,
        wanted: Sequence[SettingsQuestion],
        owner: OwnerFacts,
        answers: Answers,
    ) -> list[_Task]:
        """What is to be read of each repository, with what the memory holds of it."""
        questions = [
            Question(repo=each.repo, environments=each.environments if self._installation else ())
            for each in wanted
        ]
        states = self._states.read(questions)
        tasks = [
            _Task(
                repo=each.repo,
                names=each.environments,
                state=states[each.repo.node_id],
                owner=owner,
                answers=answers,
                sheet=FactReader(rights=self._rights, private=each.repo.private),
                asks_for_runners=each.asks_for_runners,
            )
            for each in wanted
        ]
        answers.load(self._memory, [key for task in tasks for key in self._keys(task)])
        answers.load(self._memory, [key for task in tasks for key in self._policy_keys(task)])
        for task in tasks:
            known = answers.get(self._state_key(task.repo))
            task.unchanged = known is not None and known[0] == task.state.fingerprint != ""
        return tasks

    def _keys(self, task: _Task) -> Iterator[str]:
        """The keys of everything that may be asked for a repository."""
        actions = task.path + "/actions"
        paths = (
            f"{actions}/permissions",
            f"{actions}/permissions/workflow",
            f"{actions}/permissions/fork-pr-contributor-approval",
            f"{actions}/policies",
            f"{actions}/secrets",
            f"{actions}/organization-secrets",
            f"{task.path}/releases/latest",
            *self._environments(task).paths(),
        )
        yield from map(self._rest.key, paths)
        if task.asks_for_runners:
            yield self._rest.key(f"{actions}/runners")
        if self._installation:
            yield self._state_key(task.repo)

    def _policy_keys(self, task: _Task) -> Iterator[str]:
        """The keys of the policies that the last answer listed."""
        path = f"{task.path}/actions/policies"
        for listed in self._rest.stored(task.answers, path, list[ListedPolicy]) or ():
            yield self._rest.key(f"{path}/{listed.id}")

    def _state_key(self, repo: Listed) -> str:
        return self._client.memory_key(f":state:{repo.node_id}")

    def _remember(self, task: _Task) -> None:
        """Keep the sign of change, unless something could not be read at this state."""
        trouble = any(gap.reason is GapReason.UNAVAILABLE for gap in task.sheet.gaps)
        if self._installation and task.state.fingerprint and not task.unchanged and not trouble:
            task.answers.written[self._state_key(task.repo)] = (task.state.fingerprint, "")

    def _environments(self, task: _Task) -> EnvironmentReader:
        return EnvironmentReader(
            rest=self._rest,
            answers=task.answers,
            sheet=task.sheet,
            slug=task.repo.slug,
            names=frozenset(name.lower() for name in task.names),
            on_plan=task.owner.protects(private=task.repo.private),
            unchanged=task.unchanged,
            role=task.repo.permission,
        )

    def _one(self, task: _Task) -> SettingsRead:
        """What becomes of one repository's settings; a fault of this program costs only these."""
        try:
            return self._read(task)
        except AuditError:
            raise
        except Exception as error:
            what = f"reading the settings of {task.repo.slug}"
            return _nothing(
                "release-audit failed to read it",
                crash_gap(error, what, "settings"),
                *task.sheet.gaps,
            )

    def _read(self, task: _Task) -> SettingsRead:
        sheet, state = task.sheet, task.state
        if state.missing and isinstance(state.rulesets, GitHubError):
            return _nothing(state.rulesets.message, state.rulesets.gap("settings"))
        if state.slug and state.slug.lower() != task.repo.slug.lower():
            detail = f"It was renamed to {state.slug} while it was read. Scan again."
            sheet.gaps.append(Gap(subject="repository", reason=GapReason.NOT_FOUND, detail=detail))
            task.repo = replace(task.repo, slug=state.slug)
        tags: tuple[TagRuleset, ...] | Unseen
        branches: tuple[BranchRuleset, ...] | Unseen
        if isinstance(state.rulesets, GitHubError):
            tags = branches = sheet.unseen("tag rulesets", Need.SETTINGS, state.rulesets, METADATA)
        else:
            tags, branches = state.rulesets.tags, state.rulesets.branches
        people, teams = _writers_of(task)
        settings = RepositorySettings(
            environments=self._environments_of(task),
            tag_rulesets=tags,
            latest_release_immutable=self._immutable(task),
            actions=self._policy(task),
            secret_names=self._secrets(task, "secrets"),
            organization_secret_names=self._organization_secrets(task),
            branch_rulesets=branches,
            workflow_policies=self._workflow_policies(task),
            fork_approval=self._fork_approval(task),
            is_public=task.repo.public,
            runners=self._own_runners(task),
            owner_runners=self._owner_runners(task),
            writers=people,
            writing_teams=teams,
        )
        return SettingsRead(settings=settings, gaps=tuple(sheet.gaps))

    def _environments_of(self, task: _Task) -> dict[str, EnvironmentSettings] | Unseen:
        if not task.names:
            return Unseen(need=Need.SETTINGS, reason="Not asked: no workflow names one.")
        return self._environments(task).read()

    def _immutable(self, task: _Task) -> bool | Unseen | None:
        if not task.repo.release:
            return None
        path = f"{task.path}/releases/latest"
        stored = self._rest.stored(task.answers, path, NewestRelease)
        # a published release neither becomes immutable nor stops being so
        same = stored is not None and stored.name == task.repo.release

        def read() -> NewestRelease | None:
            try:
                return self._rest.one(task.answers, path, NewestRelease, unchanged=same)
            except GitHubError as error:
                if error.status == 404 and not error.permission:
                    return None
                raise

        found = task.sheet.fact("newest release", Need.SETTINGS, CONTENTS, read)
        if found is None or isinstance(found, Unseen):
            return found
        reason = "This version of GitHub does not report immutable releases."
        unsaid = Unseen(need=Need.SETTINGS, reason=reason)
        return unsaid if found.immutable is None else found.immutable

    def _policy(self, task: _Task) -> ActionsPolicy | Unseen:
        imposed = task.owner.policy
        workflow: TokenPermissions | Unseen | None = None
        permissions: AllowedActions | Unseen | None = None
        if imposed is not None:
            # a restrictive choice of the organization cannot be widened by a repository:
            # https://docs.github.com/en/organizations/managing-organization-settings
            if imposed.default_token_write is False and imposed.can_approve_pull_requests is False:
                workflow = TokenPermissions(
                    default_workflow_permissions="read", can_approve_pull_request_reviews=False
                )
            if imposed.sha_pinning_required is True and isinstance(imposed.allowed_actions, str):
                permissions = AllowedActions(
                    allowed_actions=imposed.allowed_actions, sha_pinning_required=True
                )
        asked = workflow is None or permissions is None
        if workflow is None:
            workflow = self._setting(task, "permissions/workflow", TokenPermissions)
        if permissions is None:
            permissions = self._setting(task, "permissions", AllowedActions)
        if isinstance(workflow, Unseen) and isinstance(permissions, Unseen):
            return workflow
        return policy(workflow, permissions, set_by="repository" if asked else "owner")

    def _setting(self, task: _Task, part: str, form: type[Form]) -> Form | Unseen:
        subject = _SUBJECTS[part]
        if task.repo.permission in _NOT_ADMIN:
            return task.sheet.unseen(
                subject,
                Need.ADMINISTRATION,
                role_refusal(task.repo.permission, ADMINISTRATION),
                ADMINISTRATION,
            )
        path = f"{task.path}/actions/{part}"
        return task.sheet.fact(
            subject,
            Need.ADMINISTRATION,
            ADMINISTRATION,
            lambda: self._rest.one(task.answers, path, form, unchanged=task.unchanged),
        )

    def _fork_approval(self, task: _Task) -> str | Unseen:
        """Which outsiders wait for an approval; only public repositories run their code."""
        if task.repo.private:
            return ""
        found = self._setting(task, "permissions/fork-pr-contributor-approval", ForkApproval)
        return found if isinstance(found, Unseen) else found.approval_policy

    def _own_runners(self, task: _Task) -> tuple[Runner, ...] | Unseen:
        """The repository's own machines, where a workflow names such a machine."""
        if not task.asks_for_runners:
            return NO_RUNNERS
        subject = "self-hosted runners"
        if task.repo.permission in _NOT_ADMIN:
            error = role_refusal(task.repo.permission, ADMINISTRATION)
            return task.sheet.unseen(subject, Need.ADMINISTRATION, error, ADMINISTRATION)
        return task.sheet.fact(
            subject,
            Need.ADMINISTRATION,
            ADMINISTRATION,
            lambda: self._runners.own(task.answers, task.path, task.repo.slug),
        )

    def _owner_runners(self, task: _Task) -> tuple[Runner, ...] | Unseen:
        """The machines of the organization that the repository may use."""
        if not task.asks_for_runners:
            return NO_RUNNERS
        if not task.owner.is_organization:
            return ()
        repo = task.repo
        return task.sheet.fact(
            "self-hosted runners of the owner",
            Need.ADMINISTRATION,
            OWNER_RUNNERS,
            lambda: self._runners.of_owner(
                task.answers, repo.owner, repo.name, public=bool(repo.public)
            ),
        )

    def _workflow_policies(self, task: _Task) -> tuple[WorkflowPolicy, ...] | Unseen:
        """The Actions policies in force, which Enterprise Server does not have."""
        if is_enterprise_server(self._client.host):
            return ()
        subject = "Actions policies"
        if task.repo.permission in _NOT_ADMIN:
            error = role_refusal(task.repo.permission, ADMINISTRATION)
            return task.sheet.unseen(subject, Need.ADMINISTRATION, error, ADMINISTRATION)
        path = f"{task.path}/actions/policies"

        def read() -> tuple[WorkflowPolicy, ...]:
            listed = self._rest.listed(
                task.answers, path, "policies", ListedPolicy, unchanged=task.unchanged
            )
            ids = [p.id for p in listed if p.enforcement in (None, _IN_FORCE)]
            shown = [self._shown_policy(task, path, number) for number in ids]
            return tuple(_policy_of(policy) for policy in shown if policy.enforcement == _IN_FORCE)

        return task.sheet.fact(subject, Need.ADMINISTRATION, ADMINISTRATION, read)

    def _shown_policy(self, task: _Task, path: str, number: int) -> ShownPolicy:
        """A policy with its rules; one of the owner is asked once for all its repositories."""
        if number not in self._policies:
            place = f"{path}/{number}"
            self._policies[number] = self._rest.one(
                task.answers, place, ShownPolicy, unchanged=task.unchanged
            )
        return self._policies[number]

    def _secrets(self, task: _Task, part: str) -> tuple[str, ...] | Unseen:
        subject = f"{part.replace('-', ' ')}' names"
        if task.repo.permission in NO_SECRETS:
            return task.sheet.unseen(
                subject, Need.SECRET_NAMES, role_refusal(task.repo.permission, SECRETS), SECRETS
            )
        names = task.sheet.fact(
            subject,
            Need.SECRET_NAMES,
            SECRETS,
            lambda: self._rest.listed(
                task.answers,
                f"{task.path}/actions/{part}",
                "secrets",
                NamedSecret,
                unchanged=task.unchanged,
            ),
        )
        return names if isinstance(names, Unseen) else tuple(sorted(s.name for s in names))

    def _organization_secrets(self, task: _Task) -> tuple[str, ...] | Unseen:
        secrets = task.owner.secrets
        if isinstance(secrets, Unseen):
            return self._secrets(task, "organization-secrets")
        repo = task.repo
        return tuple(sorted(s.name for s in secrets if s.reaches(repo.slug, private=repo.private)))


def _writers_of(task: _Task) -> tuple[int | Unseen, tuple[str, ...] | Unseen]:
    """How many people may write, and which teams."""
    found = task.state.writers
    if found is None:
        role = task.repo.permission.lower()
        found = GitHubError(
            f"The person of this token has the role {role} there, which does not show who may write.",
            "A token of somebody with write access does, or a GitHub App.",
            reason=GapReason.FORBIDDEN,
            status=403,
            permission=COLLABORATORS,
            advised=True,
        )
    if isinstance(found, GitHubError):
        unseen = task.sheet.unseen("people with write access", Need.SETTINGS, found, COLLABORATORS)
        return unseen, unseen
    hidden = Unseen(need=Need.SETTINGS, reason="GitHub shows no teams to this token.")
    return found.people, hidden if found.teams is None else found.teams


def _policy_of(shown: ShownPolicy) -> WorkflowPolicy:
    paths = (shown.conditions and shown.conditions.workflow_path) or PathNames(include=(ALL,))
    events = [r.parameters for r in shown.rules if r.type == "restrict_action_events"]
    allowed = {e for p in events if p is not None for e in p.allowed_events or ()}
    return WorkflowPolicy(
        name=shown.name,
        include=paths.include,
        exclude=paths.exclude,
        events=tuple(sorted(allowed)) if events else None,
        limits_actors=any("actor" in rule.type for rule in shown.rules),
        source=shown.source or "",
    )


def _nothing(reason: str, *gaps: Gap) -> SettingsRead:
    """Settings of which none was seen."""

    def unseen(need: Need) -> Unseen:
        return Unseen(need=need, reason=reason)

    settings = RepositorySettings(
        environments=unseen(Need.SETTINGS),
        tag_rulesets=unseen(Need.SETTINGS),
        latest_release_immutable=unseen(Need.SETTINGS),
        actions=unseen(Need.ADMINISTRATION),
        secret_names=unseen(Need.SECRET_NAMES),
        organization_secret_names=unseen(Need.SECRET_NAMES),
        branch_rulesets=unseen(Need.SETTINGS),
        workflow_policies=unseen(Need.ADMINISTRATION),
        fork_approval=unseen(Need.ADMINISTRATION),
        runners=unseen(Need.ADMINISTRATION),
        owner_runners=unseen(Need.ADMINISTRATION),
        writers=unseen(Need.SETTINGS),
        writing_teams=unseen(Need.SETTINGS),
    )
    return SettingsRead(settings=settings, gaps=gaps)
