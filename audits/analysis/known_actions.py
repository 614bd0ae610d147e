"""What a job does with its token, scope by scope, and whether it runs a project's code.

`audits.analysis.action_table` says what actions do. Of a job that uses one which is not there
nobody can say that a permission is superfluous.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct, field

from audits.analysis.action_table import ACTIONS, GitUse, KnownAction
from audits.analysis.git_remote import (
    GitRemote,
    local_action,
    remote_use,
    runs_by_input,
)
from audits.expressions.syntax import contexts
from audits.model.command import Command
from audits.model.location import Inputs
from audits.model.repository import Repository
from audits.model.uses import Uses, UsesKind
from audits.model.workflow import CompositeAction, Job, Level, PermissionsState, Step, Workflow

_READ, _WRITE = Level.READ, Level.WRITE
_RELEASE = {"contents": _WRITE}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


REQUEST_ACTIONS = _words(
    "fjogeleit/http-request-action satak/webrequest-action distributhor/workflow-webhook"
    " joelwmale/webhook-action tyrrrz/action-http-request indiesdev/curl"
    " wei/curl sozo-design/curl"
)
"""Actions that send a request to any address: what they are given may go anywhere."""

# Actions that log in to a cloud with the job's identity, and the cloud's own programs.
_CLOUDS: Mapping[str, frozenset[str]] = {
    "aws-actions/configure-aws-credentials": _words("aws"),
    "google-github-actions/auth": _words("gcloud gsutil bq"),
    "azure/login": _words("az azcopy"),
}

_HARMLESS = _words(
    "cat cd cosign cp date echo env exit export false find gh grep gzip head jq ls mkdir mv printf"
    " pwd rm sed set sha256sum shasum sha512sum sort tail tar test touch tr true unzip wc zip [ [["
    " rekor-cli slsa-verifier : sleep"
)


# Signatures are uploaded to the registry of what they are of.
_NO_REGISTRY = _HARMLESS - {"cosign"}


def known_action(uses: Uses | None) -> KnownAction | None:
    """The table's entry for an action; None for one that is not known, local ones included."""
    if uses is None or uses.kind is not UsesKind.REMOTE:
        return None
    return ACTIONS.get(uses.action)


def hands_out_token(texts: Iterable[str]) -> bool:
    """Whether one of these texts reads the job's token, or a whole context that it is in."""
    return any(
        context.name in _TOKENS for text in texts if "${{" in text for context in contexts(text)
    )


_TOKENS = _words("github.token github github.* github.[]") | _words(
    "secrets.github_token secrets secrets.* secrets.[]"
)


@lru_cache(maxsize=4)
def workflow_hands_out_token(workflow: Workflow) -> bool:
    """Whether a variable of a workflow, which all its jobs see, reads the job's token."""
    return hands_out_token(value.value for value in workflow.env.values())


def gives_token(step: Step) -> bool:
    """Whether a step's script or variables read the job's token: then its commands can use it."""
    texts = [value.value for value in step.env.values()]
    return hands_out_token([*texts, step.run.value if step.run else ""])


def pushes(repo: Repository, step: Step) -> bool:
    """Whether a step talks to the repository with the credentials that checkout left there."""
    return remote_use(repo, (step,)).use in {GitUse.PUSHES, GitUse.READS}


def leaves_credentials(step: Step) -> bool:
    """Whether a step is a checkout that later commands can use the remote with."""
    if step.uses is None or step.uses.action != "actions/checkout":
        return False
    given = step.input("persist-credentials")
    return given is None or given.value != "false"


class ScopeUse(Struct):
    """What a job's steps do with its token.

    ``used`` are scopes that a step is known to use at most, ``doubtful`` those of which nobody
    can tell; with ``all_doubtful`` of no other scope either. ``reasons`` say by name why.
    """

    used: dict[str, Level] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    all_doubtful: bool = False
    reasons: list[str] = field(default_factory=list)

    def add(self, scopes: Mapping[str, Level]) -> None:
        """Count what a step uses."""
        for scope, level in scopes.items():
            if self.used.get(scope) is not _WRITE:
                self.used[scope] = level

    def doubt(self, reason: str, scope: str = "") -> None:
        """Count a step that may use a scope, or any."""
        self.reasons.append(reason)
        if scope:
            self.doubtful.add(scope)
        else:
            self.all_doubtful = True

    def writes(self, scope: str) -> bool | None:
        """Whether a step uses the right to write in a scope; None where nobody can tell."""
        if self.used.get(scope) is _WRITE:
            return True
        return None if self.all_doubtful or scope in self.doubtful else False


def scope_use(repo: Repository, workflow: Workflow, job: Job) -> ScopeUse:
    """What the steps of a job do with its token, scope by scope; of a job that calls a workflow
    of this repository, what the jobs there do.

    A known step settles the scopes that it uses, whatever stands beside it. What logs in to a
    registry leaves the token there for the steps behind it, and a checkout leaves it to git.
    """
    # A job with many publications is asked for once for each.
    key = (scope_use, workflow.source.path, job.id)
    return repo.once_for(key, lambda: _scope_use(repo, workflow, job))


def _scope_use(repo: Repository, workflow: Workflow, job: Job) -> ScopeUse:
    found = ScopeUse()
    if workflow_hands_out_token(workflow):
        found.doubt("a variable of the whole workflow holds the token")
    if hands_out_token(value.value for value in job.env.values()):
        found.doubt("a variable of the job holds the token")
    if hands_out_token(value.value for values in job.matrix.values() for value in values):
        found.doubt("the matrix holds the token")
    if any(hands_out_token([i.password.value]) for i in job.images if i.password is not None):
        found.add({"packages": _READ})
    if job.uses is not None:
        _by_call(repo, found, job)
    _Steps(repo, found).all(job.live_steps)
    return found


class _ScriptUse(Struct, frozen=True):
    """What a script does, wherever it stands: whether it is given the token, what it does with
    git's remote, and whether it runs a program that may reach a registry.
    """

    given: bool
    git: GitRemote
    may_reach_registry: bool


class _Steps:
    """Goes through steps in their order, those of local composite actions included."""

    def __init__(self, repo: Repository, found: ScopeUse) -> None:
        self.repo, self.found = repo, found
        self.persisted = self.logged_in = False
        # A composite action may be used by hundreds of steps.
        self.scripts: dict[Step, _ScriptUse] = {}

    def all(self, steps: Iterable[Step], depth: int = 0) -> None:
        for step in steps:
            if step.run is not None:
                self._script(step)
            elif step.uses is not None and step.uses.kind is UsesKind.LOCAL:
                self._local(step, depth)
            elif step.uses is None or step.uses.kind is not UsesKind.REMOTE:
                self._container(step)
            else:
                self._action(step, step.uses.action)

    def _script(self, step: Step) -> None:
        script = self.scripts.get(step)
        if script is None:
            script = self.scripts[step] = self._of_script(step)
        if script.given:
            return
        if script.git.use is GitUse.MAY and self.persisted:
            reason = f"{script.git.by} may push with what the checkout left behind"
            self.found.doubt(reason, "contents")
        if self.logged_in and script.may_reach_registry:
            self.found.add({"packages": _WRITE})

    def _of_script(self, step: Step) -> _ScriptUse:
        commands = self.repo.commands(step)
        given = gives_token(step)
        for command in commands:
            self._command(command, given=given)
        git = remote_use(self.repo, (step,))
        if git.use is GitUse.PUSHES:
            self.found.add(_RELEASE)
        if given:
            self.found.doubt("a script is given the token")
        return _ScriptUse(
            given=given,
            git=git,
            may_reach_registry=any(c.program and c.program not in _NO_REGISTRY for c in commands),
        )

    def _command(self, command: Command, *, given: bool) -> None:
        verb = command.words[1:2]
        if command.program == "gh" and verb == ("release",):
            self.found.add(_RELEASE)
        elif command.program == "gh" and verb == ("pr",):
            self.found.add({"pull-requests": _WRITE})
        elif command.program in _CONTAINER_PROGRAMS and given:
            self.found.add({"packages": _WRITE})

    def _local(self, step: Step, depth: int) -> None:
        action = local_action(self.repo, step)
        name = step.uses.raw.value if step.uses is not None else ""
        if action is None or not action.steps or depth == _DEEPEST:
            self.found.doubt(f"`{name}` is no composite action that was read")
        elif hands_out_token([*_texts(step.inputs), *_texts(step.env), *_defaults(action)]):
            self.found.doubt(f"`{name}` is given the token")
        else:
            self.all((inner for inner in action.steps if not inner.never_runs), depth + 1)

    def _container(self, step: Step) -> None:
        if hands_out_token([*_texts(step.inputs), *_texts(step.env)]):
            self.found.doubt("a container is given the token")
        elif self.persisted:
            self.found.doubt("a container may push with what the checkout left behind", "contents")

    def _action(self, step: Step, name: str) -> None:
        known = ACTIONS.get(name)
        self.persisted = self.persisted or leaves_credentials(step)
        if known is None:
            self.found.doubt(f"`{name}` is not known")
        elif step.inputs_are_dynamic:
            self.found.doubt(f"the inputs of `{name}` are an expression")
        elif known.is_scripted or _gives_away(step, known):
            self.found.doubt(f"`{name}` is given the token for what it runs")
        else:
            self._known(step, known)

    def _known(self, step: Step, known: KnownAction) -> None:
        self.found.add(known.scopes)
        given = {key.lower() for key, value in step.inputs.items() if value.value}
        for name, scopes in known.given.items():
            if name in given:
                self.found.add(scopes)
        if self.logged_in:
            self.found.add(known.after_login)
        self.logged_in = self.logged_in or known.logs_in or _logs_in(step)
        if (known.git is GitUse.MAY or runs_by_input(step, known)) and self.persisted:
            reason = f"`{known.name}` may push with what the checkout left behind"
            self.found.doubt(reason, "contents")


def _defaults(action: CompositeAction) -> list[str]:
    """What an action takes where a step gives it nothing."""
    return [each.default.value for each in action.inputs.values() if each.default is not None]


def _gives_away(step: Step, known: KnownAction) -> bool:
    """Whether an action that runs code of the project hands the token to that code."""
    if not known.runs_code:
        return False
    tokens = [key.lower() for key, value in step.inputs.items() if hands_out_token([value.value])]
    own = all(key.replace("_", "-") in _TOKEN_INPUTS for key in tokens)
    return not own or hands_out_token(_texts(step.env))


def _by_call(repo: Repository, found: ScopeUse, job: Job) -> None:
    """What a workflow of this repository asks for: the caller has to give all of it."""
    uses = job.uses
    callee = None
    if uses is not None and uses.kind is UsesKind.LOCAL:
        callee = repo.workflow(uses.path)
    if callee is None or any(inner.uses is not None for inner in callee.live_jobs):
        found.doubt(f"`{uses.raw.value if uses else ''}` is a workflow that was not followed")
        return
    if hands_out_token([*_texts(job.inputs), *_texts(job.secrets)]):
        found.doubt(f"`{callee.path}` is given the token")
    for inner in callee.live_jobs:
        block = inner.permissions
        if block.state is PermissionsState.ABSENT:
            block = callee.permissions
        if block.state is PermissionsState.ABSENT:
            own = scope_use(repo, callee, inner)
            found.add(own.used)
            found.doubtful |= own.doubtful
            found.all_doubtful = found.all_doubtful or own.all_doubtful
            found.reasons += own.reasons
        elif block.state in {PermissionsState.READ_ALL, PermissionsState.WRITE_ALL}:
            found.doubt(f"`{callee.path}` asks for {block.state}")
        else:
            found.add({s: level for s, level in block.scopes.items() if level is not Level.NONE})


def _texts(values: Inputs) -> list[str]:
    return [value.value for value in values.values()]


_DEEPEST = 5
_TOKEN_INPUTS = _words("token github-token repo-token gh-token githubtoken access-token")
_CONTAINER_PROGRAMS = _words("docker podman buildah helm oras skopeo crane ko cosign regctl")


def _logs_in(step: Step) -> bool:
    """Whether an action that is known hands the job's token to a registry's client."""
    name = step.uses.action if step.uses is not None else ""
    given = [text.value for text in (*step.inputs.values(), *step.env.values())]
    return ("login" in name or "setup-" in name) and hands_out_token(given)


def needed_scopes(repo: Repository, workflow: Workflow, job: Job) -> dict[str, Level] | None:
    """The scopes that a job's steps can use; None where some step is not known well enough."""
    found = scope_use(repo, workflow, job)
    return None if found.all_doubtful or found.doubtful else dict(found.used)


def unknown_step(repo: Repository, job: Job) -> str:
    """A step of a job that may use any right it has, for people: a script of the project, or an
    action that is not known; "" where there is none.
    """
    for step in job.live_steps:
        if step.run is None and known_action(step.uses) is None:
            return f"`{step.uses.raw.value}`" if step.uses else "A step"
        use = remote_use(repo, (step,))
        if use.use is GitUse.MAY:
            return use.by
    return ""


def deploys(repo: Repository, job: Job) -> bool:
    """Whether a job runs the program of a cloud that it has logged in to with its identity."""
    programs: frozenset[str] = frozenset()
    for step in job.live_steps:
        programs |= _CLOUDS.get(step.uses.action if step.uses else "", frozenset())
        if programs and any(c.program in programs for c in repo.commands(step)):
            return True
    return False


def runs_project_code(repo: Repository, job: Job) -> bool | None:
    """Whether a job runs code of the project or its dependencies; None where that is not known.

    A script does unless all of its commands are of the plain kind that moves, signs or prints,
    or of the cloud that the job has logged in to.
    """
    doubt = False
    harmless = _HARMLESS
    for step in job.live_steps:
        if step.run is not None:
            if any(c.program and c.program not in harmless for c in repo.commands(step)):
                return True
            doubt = doubt or not repo.commands(step)
        elif step.uses is not None and step.uses.kind is not UsesKind.REMOTE:
            return True
        else:
            known = known_action(step.uses)
            if known is not None and (known.runs_code or runs_by_input(step, known)):
                return True
            doubt = doubt or known is None
            harmless |= _CLOUDS.get(step.uses.action if step.uses else "", frozenset())
    return None if doubt else False
